/*
 * meeting - where a session takes place.
 *
 * Pure; any thread.
 */
#ifndef DOMAIN_MEETING_H
#define DOMAIN_MEETING_H

#include "base/arena.h"

#include <stdbool.h>

enum {
	MEETING_URL_BYTES_MAX = 2000,
	MEETING_LABEL_MAX = 100, /* characters, as the next two */
	MEETING_PLACE_MAX = 500, /* of an address or a number */
	MEETING_INSTRUCTIONS_MAX = 1000,
};

/* How a session is held, X(NAME, the word of schedules, of the database and of replies). */
#define MEETING_KINDS(X)                                                                                     \
	X(GOOGLE_MEET, "google_meet")                                                                        \
	X(PHONE, "phone")                                                                                    \
	X(IN_PERSON, "in_person")                                                                            \
	X(NONE, "none")                                                                                      \
	X(LINK, "link")

enum meeting_kind {
#define KIND(name, word) MEETING_##name,
	MEETING_KINDS(KIND)
#undef KIND
};

/* "google_meet" and so on; static. */
const char *meeting_kind_name(enum meeting_kind kind);
bool meeting_kind_parse(const char *name, enum meeting_kind *ret_kind);

/* Texts are NULL where nothing was said, and belong to whoever made it. */
struct meeting {
	enum meeting_kind kind;
	const char *url;          /* of a link; https; `{id}` in it stands for the appointment's id */
	const char *label;        /* of a link: what people call it ("Zoom") */
	const char *place;        /* in person the address, by phone the number */
	const char *instructions; /* of any of these: a passcode, which bell to ring */
};

/*
 * Whether a link may be given to clients: https, a host, no user or password in it, nothing but visible
 * ASCII, and no braces but `{id}`, at most MEETING_URL_BYTES_MAX.
 */
bool meeting_url_is_usable(const char *url);

/*
 * Whether a browser may be led to `url`: usable as above, and its origin is one of `origins`
 * (https://host[:port] each, NULL at the end; NULL: none). A port that is named has to be named there too;
 * only the case of letters makes no difference.
 */
bool meeting_url_is_of(const char *url, const char *const origins[]);

/* The link with each `{id}` replaced, in mem. NULL for NULL. */
const char *meeting_url_for(struct arena *mem, const char *url, const char *appointment_id);

/*
 * Whether the parts fit the kind. False: *ret_field is the part that does not ("url"), *ret_sentence what is
 * wrong with it.
 */
bool meeting_is_whole(const struct meeting *meeting, const char **ret_field, const char **ret_sentence);

#endif
