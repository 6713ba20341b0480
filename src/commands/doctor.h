/*
 * doctor - findings of `bookingd doctor`, and the checks that have a file of their own.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "config.h"
#include "db/db.h"

enum finding {
	GOOD,
	NOTE, /* worth knowing, and perhaps meant so */
	BAD,  /* makes the exit code 1 */
};

/* Print one line: state, subject (at most 12 characters), and a sentence that has the remedy if it is BAD. */
void doctor_tell(enum finding finding, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many BAD lines were printed. */
size_t doctor_bad_findings(void);

/*
 * Names in the environment that look like settings and are none, the ports, and proxies that are not counted.
 * Asks whoever listens on a port whether it is bookingd: at most 2 s.
 */
void doctor_settings(const struct settings *settings);

/* Whether a secret looks typed instead of drawn. */
bool doctor_is_weak(const char *secret);

/* Secrets of the settings that can be guessed; AUTH_JWT_SECRET is told with who can sign in. */
void doctor_secrets(const struct settings *settings);

/*
 * Connect and look at the server, its clock and the schema. False: `db` is not connected, or what follows
 * needs tables that are not there.
 */
bool doctor_database(const struct settings *settings, struct database *database, struct db *db);

/* The role that we connect as. */
struct doctor_role {
	const char *name;
	bool superuser;
	bool schema;     /* there is one */
	bool owner;      /* of the schema */
	bool may_create; /* schemas, in the database */
	bool more;       /* CREATE on the schema, or rights over roles and databases */
};

/* Whether the role may do what the daemon's statements do, and what more than that. Blocks for a statement.
 */
void doctor_rights(const struct settings *settings, struct db *db, const struct doctor_role *role);

/* Fetch the JWKS (8 s at most) and try the session query, if `db` is connected. */
void doctor_identity(const struct settings *settings, struct db *db);

/*
 * Ask Google what the credentials may really do, coach by coach. `db` is connected and migrated. Blocks for
 * some seconds a coach when Google is away.
 */
void doctor_calendar(const struct settings *settings, struct db *db);

/*
 * Greet the mail server: EHLO, STARTTLS, AUTH. With an address (`--mail`): send one mail there instead.
 * Blocks for a minute at most.
 */
void doctor_mail(const struct settings *settings, const char *address);

/*
 * Whether anybody answers at WEBHOOK_URL and at SMS_URL, which are told nothing. Blocks for some seconds each
 * when nobody does.
 */
void doctor_receivers(const struct settings *settings);

/* Which webhooks take nothing, and that of the settings. `db` is connected and migrated. Blocks for a
 * statement. */
void doctor_webhooks(const struct settings *settings, struct db *db);

/* Each of the coaches' further calendars, 200 at most: its state, when it was read and what is wrong; neither
 * its address nor its name. `db` is connected and migrated. Blocks for a statement. */
void doctor_sources(const struct settings *settings, struct db *db);

/* Whether what keeps appointments apart is in force. `db` is connected and migrated. Blocks for a statement.
 */
void doctor_schema(struct db *db);

/* Every two appointments of a coach that overlap, at most 1,000. Reads all appointments. */
void doctor_overlaps(struct db *db);

#endif
