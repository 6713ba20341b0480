/*
 * link - which credentials and which calendars serve a coach.
 *
 * A link is read from the settings and the database, immutable and counted: each conversation with a provider
 * holds one, and a new consent makes another. In order: the coach's own consent; the CalDAV account that
 * their appointments are written to; the service account, for the coach of the settings and for those who
 * have rows in coach_calendar; else none.
 */
#ifndef CALENDAR_LINK_H
#define CALENDAR_LINK_H

#include "base/arena.h"
#include "base/seal.h"
#include "calendar/calendar.h"
#include "db/db.h"
#include "net/dav.h"
#include "net/google_auth.h"
#include "provider.h"

#include <stdatomic.h>

enum link_mode {
	LINK_OFF,
	LINK_SERVICE_ACCOUNT,
	LINK_CONSENT,
	LINK_CALDAV,
};

/* The source of access tokens, shared by links of the same consent. */
struct shared_tokens {
	atomic_int references;
	struct google_token_source *source;
};

struct link {
	atomic_int references;
	struct arena mem;
	enum link_mode mode;
	const struct provider *provider;
	bool connected;     /* there are credentials, perhaps dead ones */
	bool needs_consent; /* Google has ended the consent, or there is none yet */
	bool undelegated;   /* a service account without domain-wide delegation: no guests, no Meet */
	bool may_read_busy; /* by what the coach has granted; true for a service account */
	bool may_write_events;
	const char *account;          /* NULL: not known */
	const char *detail;           /* why consent is needed, or the credentials do not open; NULL */
	const char *sealed;           /* the sealed refresh token, or CalDAV account; NULL: none */
	struct shared_tokens *tokens; /* see link_may_call */
	struct dav dav;               /* of LINK_CALDAV, without fetcher and deadline */
	char *secret;                 /* what dav points into; NULL */
	size_t secret_size;
	const char **calendar_ids; /* the first is written to */
	size_t calendar_count;
};

/* What the settings say about credentials, read once by link_settings_read. */
struct link_settings {
	const struct google_oauth_client *oauth; /* id NULL: no consent is offered */
	const struct seal_keys *seal_keys;       /* NULL: none */
	const char *coach_id;                    /* whom calendar_ids belongs to */
	const char *calendar_ids;                /* "a,b" without blanks; NULL: "primary" */
	struct shared_tokens *service_tokens;    /* NULL: no service account */
	const char *service_account;             /* its address, or the user it impersonates */
	bool delegated;
	bool allow_private; /* CALENDAR_ALLOW_PRIVATE */
};

/* Whether there is something to make calls with. */
static inline bool link_may_call(const struct link *link)
{
	return link->tokens != NULL || link->secret != NULL;
}

/* Whether the provider is asked for busy times. */
static inline bool link_tells_busy(const struct link *link)
{
	return link->connected && link->provider->busy != NULL;
}

/*
 * Returns NULL, or one sentence in mem that says why the credentials cannot be used. Texts live in mem or are
 * those of the settings. link_settings_clear in any case.
 */
const char *link_settings_read(struct link_settings *links, struct arena *mem,
			       const struct calendar_settings *settings);
void link_settings_clear(struct link_settings *links);

/*
 * Read the coach's link. DB_OK fills *ret_link with a held one, LINK_OFF for an unknown coach; otherwise the
 * failure of the database.
 *
 * before  the link so far, whose access token is used on if the consent is the same; NULL: none.
 */
enum db_result link_read(const struct link_settings *links, struct db *db, const char *coach_id,
			 const struct link *before, struct link **ret_link);

struct link *link_hold(struct link *link);
void link_release(struct link *link);

/* The names that a refresh token and a PKCE verifier are sealed under, so that neither opens as another's. */
const char *seal_name_token(struct arena *mem, const char *coach_id);
const char *seal_name_verifier(struct arena *mem, const char *coach_id);

#endif
