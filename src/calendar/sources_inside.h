/* What the files of calendar/sources.h share. */
#ifndef CALENDAR_SOURCES_INSIDE_H
#define CALENDAR_SOURCES_INSIDE_H

#include "calendar/sources.h"
#include "domain/ical_busy.h"
#include "net/dav.h"

#include <pthread.h>

/*
 * How a source is read. Quickly: small answers, little time, several at once. What does not end by that is
 * left to the thread that reads patiently: one at a time, so that one large file is in memory, and whoever is
 * slow keeps only others waiting who are, too.
 */
enum reading { READING_QUICK, READING_PATIENT, READINGS };

/* What was left to the patient reading. */
enum left { LEFT_NOT, LEFT_LARGE, LEFT_SLOW };

struct sources {
	struct sources_settings settings;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a turn is free, or it stops */
	size_t turns[READINGS]; /* taken */
	int64_t answer_ms;      /* that an answer may take, of those that are due; sources_read_due's own */
	pthread_t patient;      /* reads what is slow or large; only where sources are possible */
	bool runs;
};

enum { HORIZON_DAYS_MAX = 1100 }; /* that a source is read for */

/* A claimed source. Texts lie in the rows it was read from. */
struct claimed {
	const char *id;
	const char *coach_id;
	const char *sealed_address;
	const char *etag; /* NULL: the file is to be read whole */
	int64_t events, empty_polls, failures;
	instant known_until; /* 0: nothing is */
	const char *time_zone;
	const char *email;
	const char *user; /* of the account on a CalDAV server, often an address; NULL */
	int64_t horizon_days;
	const char *kind;
	const char *collections; /* of a CalDAV server, see busy_source; NULL: all is to be read */
	enum reading reading;
	int64_t answer_ms; /* that each answer may take; 0: until the deadline */
	bool is_asked_for; /* a coach waits, and is told at once that it takes too long */
	/* What came of it. */
	enum fetch_failure failure; /* how the last request failed */
	enum left left;
};

/* What an address is sealed for. */
const char *source_seal_name(struct arena *mem, const char *id);

/* Note that a source could not be read: `detail` is a sentence for the coach. What only took too long, or was
 * too large, for a quick reading is left to the patient one. */
enum db_result source_failed(struct worker *worker, struct claimed *claimed, const char *detail);

/* Note that it has nothing where there was something. */
enum db_result source_suddenly_empty(struct worker *worker, const struct claimed *claimed);

/* What the coach should know about a file that was read; NULL: nothing. */
const char *source_remarks(const struct ical_busy *busy, const char *time_zone, struct arena *mem);

/* What is asked of its files. False: the coach's zone is not known. */
bool source_question(const struct claimed *claimed, instant now, struct arena *mem,
		     struct ical_busy_question *ret_question);

/* Whether what was expanded still reaches beyond the horizon; else all is to be read. */
bool source_reaches(const struct claimed *claimed, instant now);

/* Read the one of those that is due; each answer may take answer_ms, 0: as long as all of it. DB_NONE: none
 * is due. */
enum db_result source_read_next(struct sources *sources, struct worker *worker, enum reading reading,
				int64_t answer_ms, enum left *ret_left);

/* The same for the patient thread, in its turn. False: there is nothing to do, or it cannot be done now. */
bool source_read_patiently(struct sources *sources, struct worker *worker);

/* How the call to a server failed, for the coach. Never FETCH_OK. */
const char *source_failure_sentence(enum fetch_failure failure);

/*
 * A source's secret text is its address, for CalDAV with the user and the password, a line each. Cuts it in
 * place. False: it is none for CalDAV.
 */
bool source_secret_cut(char *secret, const char **ret_address, const char **ret_user,
		       const char **ret_password);

/*
 * The calendars of the account that takes events and makes busy, as absolute addresses in mem. NULL with
 * *ret_detail, a sentence for the coach: none was found. Blocks until dav->deadline at most.
 */
struct collection {
	const char *url;
	const char *token; /* NULL: the server gives none, or all is to be read */
	const char *name;  /* NULL: it has none */
	bool may_write;    /* or does not say */
};

enum { COLLECTIONS_MAX = 40 };

struct collection *source_discover(const struct dav *dav, struct arena *mem, size_t *ret_count,
				   const char **ret_detail);

/* Read what changed on a CalDAV server and note it. Blocks until dav->deadline, and for the database. */
enum db_result source_look(struct worker *worker, struct claimed *claimed, const struct dav *dav, instant now,
			   struct arena *mem);

#endif
