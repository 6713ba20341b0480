/*
 * api - the HTTP calls of the contract: parse, one use case, render.
 *
 * routes.c holds the one table: method, path, who may call, lane, limits, handler. The router, the OpenAPI
 * document and the authority test read the same rows. A handler gets a call whose caller is known and
 * allowed, and leaves a complete reply. Handlers run on a worker's thread and may block, but those marked
 * `early`, which run on the HTTP loop first and answer from memory or decline.
 */
#ifndef API_API_H
#define API_API_H

#include "db/database.h"
#include "api/render.h"
#include "app/coaches.h"
#include "calendar/calendar.h"
#include "notice/notice.h"
#include "app/identity.h"
#include "app/sign_in.h"
#include "calendar/worker.h"
#include "base/json.h"
#include "db/appointments.h"
#include "http/assets.h"
#include "base/metrics.h"
#include "http/problem.h"
#include "http/rate_limit.h"
#include "http/server.h"

#include <stdatomic.h>
#include <stdbool.h>

struct availability_cache;
struct figures;

/* All that handlers stand on. Filled by main, borrowed for the life of the server. */
struct api {
	struct coaches *coaches;
	struct calendars *calendars;
	struct notices *notices;
	struct sign_in_settings sign_in;
	const char *sign_in_url; /* SIGN_IN_URL: the platform's own; NULL: by mail */
	struct sources *sources;
	struct identity_source *identities;
	struct metrics *metrics;
	struct figures *figures;
	bool metrics_apart; /* they have a listener of their own */
	struct identity_refusals *refusals;
	struct assets *assets;
	struct rate_limit *read_limit;
	struct rate_limit *book_limit;
	struct rate_limit *address_limit;
	struct rate_limit *other_limit;          /* by address too, for what is no call: see uncalled */
	struct availability_cache *availability; /* finished bodies, see api/availability.h */
	bool public_availability;
	bool public_booking;               /* guests may hold a time without an identity */
	const struct seal_keys *seal_keys; /* the operator's, for answers and notes; NULL: none */
	int64_t hold_minutes;
	const struct route *routes; /* the table, for the OpenAPI document */
	size_t route_count;
	const struct seal_keys *feed_keys; /* of tokens of feeds, and of pseudonyms; NULL: none */
	bool webhook_allow_private;
	const char *mail_hook_secret;        /* NULL: there is no such hook */
	unsigned trusted_proxy_hops;         /* proxies in front that are believed */
	const char *const *redirect_origins; /* that session types may lead to; NULL: none */
	const char *public_url;              /* NULL: addresses are made from the Host header */
	struct database *database;           /* for the workers' connections */
	const atomic_bool *stopping;         /* ends calls to Google */
	atomic_bool migrated;                /* the schema is up to date */
	const atomic_bool *schema_sound;     /* and keeps appointments apart: db/schema_guard.h */
	int64_t started_ms;                  /* of monotonic_ms() */
};

/* Who may make a call. */
enum authority {
	AUTHORITY_ANYONE, /* pages, scripts, health */
	AUTHORITY_CALLER, /* anybody known */
	AUTHORITY_READER, /* as CALLER, or anyone with PUBLIC_AVAILABILITY */
	AUTHORITY_SELF,   /* the user in the path (or `me`), or an admin */
	AUTHORITY_COACH,  /* the coach in the path, or an admin */
	AUTHORITY_STAFF,  /* any coach, or an admin; the handler looks whose appointment it is */
};

/* What a call costs the caller. */
enum toll { TOLL_NONE, TOLL_READ, TOLL_BOOK };

struct call;

/* The caller's own part of a route; a row of the table in routes.c. */
struct endpoint {
	enum authority authority;
	enum toll toll;
	bool uncalled;                     /* no client calls it: it counts with unknown paths and OPTIONS */
	bool of_session;                   /* about the session itself, so also for that of a manage link */
	bool guests;                       /* with PUBLIC_BOOKING also for those who show no identity */
	bool idempotent;                   /* takes an Idempotency-Key */
	bool etag;                         /* its replies carry one, and it heeds If-None-Match, If-Match */
	bool body_optional;                /* an empty body counts as {} */
	void (*handle)(struct call *call); /* on a worker, or on the loop for LANE_LOOP */
	/*
	 * Answers a request that is sent again under its key, where the daemon died before it could keep the
	 * reply: how what was done stands now. False, or NULL: as the appointment does. On a worker.
	 */
	bool (*retell)(struct call *call, const struct appointment *appointment, unsigned status);
	bool (*early)(struct call *call); /* on the loop, from memory only; false: not here. May be NULL */
	enum lane (*lane_of)(
		const struct call *call); /* for what depends on the request. NULL: the route's */
	const char *asset;                /* file of src/web that is the answer */
	const char *page;      /* such a file for a browser that opens the path and names no appointment */
	const char *redirect;  /* where the answer is, relative to the path */
	const char *summary;   /* for the OpenAPI document */
	const char *query;     /* names of query parameters, blanks between; NULL: none */
	int64_t limit_default; /* of the parameter `limit`, where there is one: see api/rows.h */
	int64_t limit_max;
	const char *body;     /* schema name of the body; NULL: none */
	const char *reply;    /* schema name of the reply; NULL: none */
	const char *takes;    /* media types of a body that has no schema, blanks between; NULL: none */
	const char *gives;    /* the same of a success */
	const char *statuses; /* of success, blanks between; NULL: 200 */
};

/* One request on its way through the handlers. */
struct call {
	struct api *api;
	struct request *request;
	struct reply *reply;
	struct worker *worker; /* NULL on the loop */
	const struct endpoint *endpoint;
	struct arena *mem;             /* the request's */
	const struct identity *caller; /* NULL: nobody known */
	struct identity identity;      /* where caller points */
	struct actor actor;
	const struct guest_pass *pass; /* of a hold by nobody known; else NULL */
	bool toll_taken;
	const char *appointment_id; /* which one the reply is about; NULL: none */
};

/* The hooks of http/server.h. `owner` is a struct api. */
bool api_allow(void *owner, const struct request *request, struct reply *reply);
enum handled api_early(void *owner, struct request *request, struct reply *reply);
void api_handle(void *owner, struct request *request, struct reply *reply, void *worker);
void *api_worker_open(void *owner, enum lane lane, unsigned number);
void api_worker_close(void *owner, void *resource);
bool api_worker_fit(void *owner, void *resource);

/* The table, for the router and for tests. */
extern const struct route api_routes[];
extern const size_t api_route_count;

/* ---- for handlers ---- */

/* How many characters the fields of several calls may have. */
enum {
	EMAIL_MAX_CHARACTERS = 254,
	LOCALE_MAX_CHARACTERS = 35,
	CODE_MAX_CHARACTERS = 16, /* of a code that was mailed */
};

/* How long a reply may wait for Google in all (the contract's 3 s), as monotonic_ms. */
int64_t call_deadline(const struct call *call);

/* From now on this is who calls; `caller` is borrowed as long as the call lives. */
void call_is_from(struct call *call, const struct identity *caller);

/* Who reads the reply. */
struct viewer call_viewer(const struct call *call);

/* Answer with a problem. field: which one is at fault, or NULL. detail: a sentence; NULL: the code's own. */
void call_problem(struct call *call, enum problem_code code, const char *field, const char *detail);

/* A failed db_run: logs it with the request's id and, the second one, answers 503 or 500. */
void call_log_failure(const struct call *call, enum db_result result);
void call_database_failure(struct call *call, enum db_result result);

/* Whether the statement found what it is about. DB_NONE is answered 404 with this sentence, a failure as
 * above. */
bool call_found(struct call *call, enum db_result result, const char *missing);

/* A query parameter as a whole number. False: answered 400. *ret_value stays as it is when it was not sent.
 */
bool call_query_integer(struct call *call, const char *name, int64_t min, int64_t max, int64_t *ret_value);

/* An id in the path. False: it is none, which is answered 404 with this sentence. */
bool call_path_uuid(struct call *call, const char *name, const char *missing, const char **ret_id);

/*
 * An instant out of a query. The `+` of an offset that was not percent-encoded has become a blank; it is
 * clear what was meant.
 */
bool call_read_instant(struct call *call, const char *text, instant *ret_at);

/* A query parameter as an instant. False: answered 400. *ret_given says whether it was sent. */
bool call_query_instant(struct call *call, const char *name, bool *ret_given, instant *ret_at);

/* Read the JSON body into fields; false: answered 400 or 422. */
bool call_body(struct call *call, const struct json_field fields[], size_t count);

/*
 * The same for an object inside the body, whose faults are told as `name`.field. NULL: not sent, {} is read.
 */
bool call_object(struct call *call, const char *name, const json_t *object, const struct json_field fields[],
		 size_t count);

/* The contract's code for what is wrong with a body. */
enum problem_code call_fault_code(enum json_verdict verdict);

/* The origin this daemon is known by, without a slash at the end: PUBLIC_URL, else made from the request. */
const char *call_origin(struct call *call);

/* Whether the field's value is a language tag (BCP 47): "fr", "pt-BR"; or NULL. False: answered 422. */
bool call_check_locale(struct call *call, const char *field, const char *tag);

/* The language that Accept-Language prefers, of equals the first; NULL if there is none. In the call's
 * memory. */
const char *call_accepted_locale(const struct call *call);

#endif
