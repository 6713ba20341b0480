/*
 * question - what a coach asks whoever books a session type, and the answers. Pure.
 */
#ifndef DOMAIN_QUESTION_H
#define DOMAIN_QUESTION_H

#include "base/arena.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	QUESTIONS_MAX = 20, /* of a session type */
	QUESTION_OPTIONS_MAX = 50,
	QUESTION_LABEL_MAX = 200, /* characters; of an option too */
	ANSWER_LINE_MAX = 500,    /* characters */
	ANSWER_NOTE_MAX = 2000,
	ANSWERS_BYTES_MAX = 16000, /* of all answers to one booking, written as JSON */
};

enum question_kind {
	QUESTION_TEXT,   /* one line */
	QUESTION_LONG,   /* may break lines */
	QUESTION_CHOICE, /* one of the options */
	QUESTION_MULTI,  /* some of them */
	QUESTION_BOOL,
	QUESTION_URL,
	QUESTION_KINDS,
};

struct question {
	const char *id;
	const char *label;
	enum question_kind kind;
	bool required;
	bool at_start; /* may be answered until the session starts; else when it is booked */
	const char *const *options;
	size_t option_count;
	int64_t max; /* characters, or how many options; 0: what the kind allows */
};

const char *question_kind_name(enum question_kind kind);
bool question_kind_parse(const char *name, enum question_kind *ret_kind);

/*
 * Check answers against the questions and write what is to be kept: {"answers":{id:value},"questions":[{"id",
 * "label","kind"}]}, with the wording as it was asked.
 *
 * answers   an object by question id; NULL counts as {}.
 * complete  whether a required question must be answered; of those `at_start` none must while booking.
 *
 * False: *ret_fault tells which one is at fault ("answers.goal"). *ret_text is NULL if nothing was answered.
 */
bool answers_read(const json_t *answers, const struct question questions[], size_t count, bool complete,
		  struct arena *mem, const char **ret_text, struct json_fault *ret_fault);

#endif
