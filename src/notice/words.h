/*
 * words - the language of a mail: one file per language fills one table.
 *
 * To add a language: copy words_en.c, translate, and add its row to notice_words_for() in words.c. Templates
 * hold names in braces, such as {type}; the table's comments say which. Pure.
 */
#ifndef NOTICE_WORDS_H
#define NOTICE_WORDS_H

#include "base/arena.h"
#include "base/instant.h"
#include "notice/message.h"

#include <stddef.h>

/* Of a session that another coach has now, instead of MOVED; and instead of CANCELLED, to whose it was. */
enum { HEADING_OTHER_COACH = NOTICE_KINDS, HEADINGS };

/* What stands in a mail of one kind. */
struct heading_words {
	const char *subject; /* {type} {when} {who} */
	const char *title;   /* {who} */
};

/* What stands in a mail about several dates of a series: {n} is how many, two at least; {when} the first. Of
 * the kinds only those that announce. */
struct series_words {
	struct heading_words client[NOTICE_KINDS];
	struct heading_words coach[NOTICE_KINDS];
	struct heading_words guest_invited;
	struct heading_words guest_uninvited;
	const char *cancelled_by_you_title;
	const char *invitation;   /* what the attachments are for */
	const char *asked;        /* {who} {when}: of requests, to the client; and to the coach */
	const char *asked_of_you; /* {when} */
};

/* What a coach has lost; {name}: of a host, a calendar or an account. */
struct alert_words {
	const char *title; /* also the subject */
	const char *lead;  /* {name} */
};

struct notice_words {
	const char *code; /* BCP 47, for lang= and Content-Language */
	/* "Tuesday, December 8, 2026": {weekday} {month} {day} {year} */
	const char *day_format;
	const char *first_day;   /* {day} of the first of a month; NULL: as of the others, a number */
	const char *weekdays[7]; /* Monday first */
	const char *months[12];
	/* "2:30 PM" or "14:30", into `mem`. */
	char *(*clock)(struct arena *mem, int hour, int minute);
	const char *at_format;    /* {day} {clock}: "Tuesday, December 8, 2026 at 2:30 PM" */
	const char *range_format; /* {from} {to} */
	const char *zone_format;  /* {place}: "Toronto time"; nothing for UTC, which is said as it is */

	/* Plural forms: which of up to three a number takes. */
	size_t (*plural)(int64_t number);
	const char *minutes[3];    /* {n} */
	const char *hours[3];      /* {n} */
	const char *credits[3];    /* {n}: how many are left */
	const char *credits_until; /* {when} */

	struct heading_words client[HEADINGS]; /* {who}: the coach */
	struct heading_words coach[HEADINGS];  /* {who}: the client; {to}: who has it now */
	struct heading_words guest_invited;    /* {who}: the coach; to a guest, instead of the client's */
	struct heading_words guest_uninvited;
	const char *cancelled_by_you_title; /* the recipient cancelled */
	struct series_words series;
	const char *a_client; /* for a client without a name */

	const char *with;           /* {who} */
	const char *was;            /* {when}: where it was before it was moved */
	const char *was_with;       /* {when} {who}: and whose */
	const char *reason;         /* {reason}: why it was cancelled or moved */
	const char *too_few_booked; /* the reason where bookingd has cancelled a group's session */
	const char *others_clock;   /* {who} {clock} {place}: "2:30 PM for Robin, in New York" */
	const char *others_utc;     /* {who} {clock}: the same where the zone has no place */
	const char *colon;          /* between a label and what it names, which a blank follows */
	const char *video;
	const char *video_follows; /* the link is not known yet */
	const char *by_phone;
	const char *by_phone_at; /* {phone} */
	const char *in_person;
	const char *no_place;         /* instead of a place, where there was one */
	const char *change_until;     /* {when}: both */
	const char *reschedule_until; /* {when} */
	const char *cancel_until;     /* {when} */
	const char *change;           /* the button */
	const char *see;              /* the button where nothing can be changed any more */
	const char *join;             /* the button to the video call */
	const char *invitation;       /* what the attachment is for */
	const char *offer_until;      /* {when} */
	const char *take_offer;       /* the button */
	const char *asked;            /* {who} {when}: of a request, to the client; and to the coach */
	const char *asked_of_you;     /* {when} */
	const char *decide;           /* the button */
	const char *why;              /* {who}: why this mail came, to a client */
	const char *why_coach;
	const char *why_guest;      /* {who}: the client */
	const char *stop_reminders; /* the link */
	const char *stop_mails;     /* the link, to a guest */
	struct notice_stop_words stop_reminders_page;
	struct notice_stop_words stop_mails_page;
	const char *email_label;
	const char *phone_label;
	const char *guests_label;

	struct alert_words alerts[NOTICE_ALERTS];
	const char *alert_see; /* the button */

	const char *code_subject; /* {code} */
	const char *code_title;
	const char *code_lead; /* above the code */
	const char *code_link; /* the button */
	const char *code_ends; /* {minutes} */
	const char *code_ignore;
	/* Of a code that proves an address, instead of code_lead and code_ends. */
	const char *proof_lead;
	const char *proof_ends; /* {minutes} */
};

extern const struct notice_words words_en;
extern const struct notice_words words_fr;
extern const struct notice_words words_pl;

/* A day as day_format has it. */
char *words_day(const struct notice_words *words, civil_day day, struct arena *mem);

/* `template` with each {name} replaced by its value: pairs of name and value, ended by NULL. In `mem`. */
char *words_fill(struct arena *mem, const char *template, ...) __attribute__((sentinel));

#endif
