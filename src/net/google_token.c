/* The access token that all threads share: google_token_source of net/google_auth.h. */
#include "net/google_auth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/die.h"
#include "base/thread.h"
#include "google_token_request.h"

enum {
	RENEW_EARLY = 5 * SECONDS_PER_MINUTE,
	EARLY_RENEWAL_MS_MAX = 2000, /* what a caller may lose to a renewal that could wait */
	EARLY_RENEWAL_PAUSE_MS = 15000,
};

struct google_token_source {
	/* Set once. */
	struct arena mem;
	enum google_grant_kind kind;
	struct google_service_account account;
	const char *subject;
	struct google_oauth_client client;

	pthread_mutex_t lock; /* guards what follows; never held during a request */
	pthread_cond_t renewal_ended;
	bool renewing;
	uint64_t renewals;         /* how many have ended */
	struct google_answer last; /* how the last one ended */
	char *token;               /* NULL: none */
	instant renew_at;          /* when to try to renew it */
	instant expires;
	int64_t no_early_renewal_before; /* as monotonic_ms */
	char *refresh_token;
	bool dead;     /* the refresh token is; last says why */
	char *rotated; /* NULL: none that nobody has taken */
};

/* --- Making and ending ------------------------------------------------------------------------------- */

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		die("out of memory");
	return copied;
}

static void forget(char **secret)
{
	if (*secret)
		crypto_wipe(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static struct google_token_source *source_new(enum google_grant_kind kind)
{
	struct google_token_source *source = calloc(1, sizeof(*source));

	if (!source)
		die("out of memory");
	source->kind = kind;
	source->mem = ARENA_EMPTY;
	google_answer_set(&source->last, GOOGLE_OK, "");
	pthread_mutex_init(&source->lock, NULL);
	condition_init(&source->renewal_ended);
	return source;
}

struct google_token_source *google_token_source_service_account(const struct google_service_account *account,
								const char *subject)
{
	struct google_token_source *source = source_new(GOOGLE_GRANT_ASSERTION);

	source->account = (struct google_service_account){
		.client_email = arena_strdup(&source->mem, account->client_email),
		.private_key = arena_strdup(&source->mem, account->private_key),
		.token_uri = arena_strdup(&source->mem, account->token_uri),
	};
	source->subject = arena_strdup(&source->mem, subject);
	return source;
}

struct google_token_source *google_token_source_consent(const struct google_oauth_client *client,
							const char *refresh_token)
{
	struct google_token_source *source = source_new(GOOGLE_GRANT_CONSENT);

	source->client = (struct google_oauth_client){
		.id = arena_strdup(&source->mem, client->id),
		.secret = arena_strdup(&source->mem, client->secret),
		.token_url = arena_strdup(&source->mem, client->token_url),
	};
	source->refresh_token = copy(refresh_token);
	return source;
}

static void wipe_text(const char *text)
{
	if (text)
		crypto_wipe((char *)text, strlen(text));
}

void google_token_source_free(struct google_token_source *source)
{
	if (!source)
		return;
	forget(&source->token);
	forget(&source->refresh_token);
	forget(&source->rotated);
	wipe_text(source->account.private_key);
	wipe_text(source->client.secret);
	arena_clear(&source->mem);
	pthread_cond_destroy(&source->renewal_ended);
	pthread_mutex_destroy(&source->lock);
	free(source);
}

/* --- Renewal ----------------------------------------------------------------------------------------------
 */

/* Ask for a new token. The lock is not held. refresh_token is a copy in `mem`, NULL for a service account.
 * It hands on what google_token_get was given. NOLINTNEXTLINE(readability-function-size) */
static void renew(const struct google_token_source *source, const char *refresh_token,
		  struct fetch_client *fetcher, struct arena *mem, instant now, int64_t deadline,
		  struct google_grant *ret_grant, struct google_answer *ret_answer)
{
	const char *url = source->account.token_uri;
	char *form;

	if (refresh_token) {
		url = source->client.token_url;
		form = google_refresh_form(mem, &source->client, refresh_token);
	} else {
		form = google_assertion_body(mem, &source->account, source->subject, now);
	}
	if (!form) {
		google_answer_set(ret_answer, GOOGLE_OPERATOR, "bad_key");
		return;
	}
	google_token_request(fetcher, mem, url, form, source->kind, true, deadline, ret_grant, ret_answer);
	crypto_wipe(form, strlen(form));
}

static void keep_grant(struct google_token_source *source, const struct google_grant *grant, instant now)
{
	seconds early = grant->expires_in > 2 * RENEW_EARLY ? RENEW_EARLY : grant->expires_in / 2;

	forget(&source->token);
	source->token = copy(grant->access_token);
	source->expires = now + grant->expires_in;
	source->renew_at = source->expires - early;
	if (grant->refresh_token && source->refresh_token &&
	    strcmp(grant->refresh_token, source->refresh_token) != 0) {
		forget(&source->refresh_token);
		source->refresh_token = copy(grant->refresh_token);
		forget(&source->rotated);
		source->rotated = copy(grant->refresh_token);
	}
}

/* The lock is held on entry and on return, but not in between. */
static void renew_for_all(struct google_token_source *source, struct fetch_client *fetcher, struct arena *mem,
			  instant now, int64_t deadline)
{
	char *refresh_token = arena_strdup(mem, source->refresh_token);
	struct google_grant grant = {.access_token = ""};
	struct google_answer answer;
	int64_t early_deadline = monotonic_ms() + EARLY_RENEWAL_MS_MAX;

	if (source->token && now < source->expires && early_deadline < deadline)
		deadline = early_deadline;
	source->renewing = true;
	pthread_mutex_unlock(&source->lock);
	renew(source, refresh_token, fetcher, mem, now, deadline, &grant, &answer);
	pthread_mutex_lock(&source->lock);
	source->renewing = false;
	source->renewals++;
	source->last = answer;
	source->dead = answer.outcome == GOOGLE_DEAD_GRANT;
	if (answer.outcome == GOOGLE_OK)
		keep_grant(source, &grant, now);
	else
		source->no_early_renewal_before = monotonic_ms() + EARLY_RENEWAL_PAUSE_MS;
	pthread_cond_broadcast(&source->renewal_ended);
}

/* Wait for a running renewal to end. False if the deadline comes first. The lock is held. */
static bool wait_for_renewal(struct google_token_source *source, int64_t deadline)
{
	uint64_t renewals = source->renewals;

	while (source->renewing && source->renewals == renewals) {
		if (!condition_wait_until(&source->renewal_ended, &source->lock, deadline))
			return source->renewals != renewals;
	}
	return true;
}

/* Is the token good without more ado: fresh, or still good while no renewal can be had? The lock is held. */
static bool token_serves(const struct google_token_source *source, instant now)
{
	if (!source->token || now >= source->expires)
		return false;
	return now < source->renew_at || source->renewing || monotonic_ms() < source->no_early_renewal_before;
}

/* A thread's own fetcher and memory, both clocks, and two results.
 * NOLINTNEXTLINE(readability-function-size) */
enum google_outcome google_token_get(struct google_token_source *source, struct fetch_client *fetcher,
				     struct arena *mem, instant now, int64_t deadline, const char **ret_token,
				     struct google_answer *ret_answer)
{
	google_answer_set(ret_answer, GOOGLE_OK, "");
	pthread_mutex_lock(&source->lock);
	while (!source->dead && !token_serves(source, now)) {
		bool usable = source->token && now < source->expires;

		if (!source->renewing) {
			renew_for_all(source, fetcher, mem, now, deadline);
		} else if (!wait_for_renewal(source, deadline)) {
			google_answer_set(ret_answer, GOOGLE_TEMPORARY, "timeout");
			break;
		}
		if (source->last.outcome != GOOGLE_OK && !usable) {
			*ret_answer = source->last;
			break;
		}
	}
	if (source->dead)
		*ret_answer = source->last;
	else if (ret_answer->outcome == GOOGLE_OK)
		*ret_token = arena_strdup(mem, source->token);
	pthread_mutex_unlock(&source->lock);
	return ret_answer->outcome;
}

/* --- What callers tell and ask
 * ------------------------------------------------------------------------------ */

void google_token_refused(struct google_token_source *source, const char *token)
{
	pthread_mutex_lock(&source->lock);
	if (source->token && strcmp(source->token, token) == 0)
		forget(&source->token);
	pthread_mutex_unlock(&source->lock);
}

char *google_token_rotated(struct google_token_source *source, struct arena *mem)
{
	char *token;

	pthread_mutex_lock(&source->lock);
	token = arena_strdup(mem, source->rotated);
	forget(&source->rotated);
	pthread_mutex_unlock(&source->lock);
	return token;
}
