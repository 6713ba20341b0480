/*
 * message - the words of a mail: subject, plain text and HTML, in the reader's language and zone.
 *
 * Pure: facts in, texts out, memory from the caller. The HTML looks like the pages (their tokens, in inline
 * CSS, for light and dark), loads nothing from anywhere, and holds no more than the plain text does. No notes
 * and no answers are ever in it. Whatever people typed is escaped; a name that reads like a link is left out.
 */
#ifndef NOTICE_MESSAGE_H
#define NOTICE_MESSAGE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "domain/notices.h"
#include "domain/schedule.h"

#include <stdbool.h>

struct notice_words;

/* The language of a BCP 47 tag ("fr-CA" is French); English for NULL and every other one. */
const struct notice_words *notice_words_for(const char *locale);

enum notice_kind {
	NOTICE_KIND_CONFIRMED,
	NOTICE_KIND_MOVED,
	NOTICE_KIND_CANCELLED,
	NOTICE_KIND_REMINDER,
	NOTICE_KIND_OFFER,
	NOTICE_KIND_CREDITS_LOW, /* these two are about the client's credits, not about the session */
	NOTICE_KIND_CREDITS_ENDING,
	NOTICE_KIND_REQUESTED, /* these three are about what waits for the coach's approval */
	NOTICE_KIND_DECLINED,
	NOTICE_KIND_EXPIRED,
	NOTICE_KIND_MEETING_CHANGED, /* it takes place elsewhere */
	NOTICE_KINDS,
};

/* "confirmed", "credits_low"; static. */
const char *notice_kind_name(enum notice_kind kind);
bool notice_kind_parse(const char *name, enum notice_kind *ret_kind);
bool notice_kind_is_about_credits(enum notice_kind kind);

/* The reason of a group's session that was cancelled because too few had booked it (sql/functions/group.sql).
 */
#define NOTICE_TOO_FEW_BOOKED "too_few_booked"

/* What a mail about an appointment tells. Texts are UTF-8; NULL where not known. */
struct notice_facts {
	enum notice_kind kind;
	enum notice_recipient recipient;
	const struct notice_words *words;
	const char *session_type; /* its name */
	const char *coach_name;
	const char *client_name;
	const char *client_email; /* shown to the coach */
	const char *client_phone; /* shown to the coach, and to the client if the session is by phone */
	const char *guests; /* shown to both: "ann@example.com, ben@example.com"; NULL: there are none */
	bool to_guest;      /* one of these reads it (recipient CLIENT), who learns as little as may be */
	bool uninvited;     /* with CANCELLED: that guest alone need not come */
	instant start;
	instant end;
	instant old_start;             /* where it was before it was moved; 0: not told */
	const char *moved_from;        /* with MOVED: the coach whose it was; NULL: the one who has it */
	const char *moved_to;          /* with CANCELLED: the coach who has it instead of who reads this */
	const struct zone *zone;       /* the recipient's */
	const struct zone *other_zone; /* of the person on the other side; may be the same */
	enum meeting_kind meeting;
	const char *meeting_label;        /* of a link; NULL: it has no name */
	const char *meeting_place;        /* the address or number; NULL */
	const char *meeting_instructions; /* NULL: none */
	const char *meeting_url;
	instant cancel_before;       /* 0: cannot be cancelled (any more) */
	instant reschedule_before;   /* 0: cannot be moved (any more) */
	bool by_recipient;           /* cancelled by who reads this */
	const char *reason;          /* why the other side cancelled or moved it; NULL: not said */
	bool invitation;             /* a calendar file is attached */
	instant offer_until;         /* of an offer, and of a request */
	int64_t credits;             /* of a notice about credits: what can be spent now */
	instant credits_until;       /* when the grant it is about ends; 0: never */
	const char *manage_url;      /* NULL: no button */
	const char *unsubscribe_url; /* where reminders are stopped; NULL: no link */
};

struct notice_text {
	const char *subject;
	const char *text; /* "\n" between lines */
	const char *html;
};

struct notice_text notice_text_make(const struct notice_facts *facts, struct arena *mem);

/* Of several dates of a series that have changed alike, by start: all have reader, kind and persons in
 * common. One date reads as above. */
struct notice_text notice_text_make_all(const struct notice_facts facts[], size_t count, struct arena *mem);

/* The same as one line for a text message, with the link behind it: at most some 300 characters. */
const char *notice_text_short(const struct notice_facts *facts, struct arena *mem);

/* A code, and a link, to be mailed. */
struct notice_code {
	const char *address;
	const char *code;   /* six digits */
	const char *link;   /* where the browser that asked can complete; NULL: none */
	const char *locale; /* NULL: not known */
	int64_t minutes;    /* how long both last */
	bool proves;        /* that an address is somebody's: it signs nobody in */
};

/* Its mail; the address and the locale are not looked at. */
struct notice_text notice_text_code(const struct notice_words *words, const struct notice_code *mail,
				    struct arena *mem);

/* What a coach has lost that does not come back by itself. */
enum notice_alert_kind {
	NOTICE_ALERT_WEBHOOK,  /* an address takes no events */
	NOTICE_ALERT_CALENDAR, /* a further calendar cannot be read */
	NOTICE_ALERT_GOOGLE,   /* Google has ended the consent */
	NOTICE_ALERTS,
};

/* "webhook", "calendar", "google"; false: none of these. */
bool notice_alert_parse(const char *name, enum notice_alert_kind *ret_kind);

/* The mail about one. name: of the host, the calendar or the account; url: where it can be mended; NULL: no
 * button. */
struct notice_text notice_text_alert(const struct notice_words *words, enum notice_alert_kind kind,
				     const char *name, const char *url, struct arena *mem);

/* The name as it may stand in a mail, without links: NULL if there is nothing to read, or little but a link.
 */
const char *notice_plain_name(struct arena *mem, const char *name);

/* What is said where mails are stopped by one click; static. */
struct notice_stop_words {
	const char *title;
	const char *rule; /* what it changes, and what not */
	const char *button;
	const char *done;
};

/* In the language of a BCP 47 tag, as notice_words_for(); to a guest, or to who is reminded. Any thread. */
const struct notice_stop_words *notice_stop_words(const char *locale, bool guest);

/* "en", "fr": for Content-Language. */
const char *notice_words_code(const struct notice_words *words);

#endif
