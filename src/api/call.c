/*
 * From a request to its handler: limits, identity, authority, idempotency; and what all handlers use.
 */
#include "api/api.h"
#include "api/figures.h"
#include "api/identity_refusals.h"
#include "api/pages.h"
#include "api/render.h"
#include "base/crash_point.h"
#include "base/crypto.h"
#include "base/die.h"
#include "base/json.h"
#include "base/log.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	GOOGLE_WAIT_MS = 3000,       /* the contract: a reply waits for Google at most this long */
	STATEMENT_TIMEOUT_MS = 5000, /* no statement of ours takes longer unless something is wrong */
	IDEMPOTENCY_KEY_MAX = 255,
};

void call_problem(struct call *call, enum problem_code code, const char *field, const char *detail)
{
	unsigned status = problem_terms(code)->status;
	struct problem problem = {
		.code = code,
		.detail = detail,
		.field = field,
		.retry_after = status == 503   ? 5
			       : status == 429 ? SECONDS_PER_HOUR /* a limit of a day's */
					       : 0,
		.appointment_id = call->appointment_id,
	};
	reply_problem(call->reply, &problem);
	if (status == 401) /* RFC 9110 section 15.5.2 */
		reply_header_literal(call->reply, "WWW-Authenticate", "Bearer realm=\"bookingd\"");
}

void call_log_failure(const struct call *call, enum db_result result)
{
	log_line(LOG_ERROR, "database", LOG_TEXT_FIELD("request_id", call->request->id),
		 LOG_TEXT_FIELD("result", db_result_name(result)),
		 LOG_TEXT_FIELD("detail", db_failure(call->worker->db)->detail));
}

void call_database_failure(struct call *call, enum db_result result)
{
	bool away = result == DB_UNAVAILABLE || result == DB_UNKNOWN || result == DB_BUSY ||
		    (result == DB_FAILED && db_failure(call->worker->db)->lost);
	call_log_failure(call, result);
	call_problem(call, away ? PROBLEM_DATABASE_UNAVAILABLE : PROBLEM_INTERNAL_ERROR, NULL, NULL);
}

bool call_found(struct call *call, enum db_result result, const char *missing)
{
	if (result == DB_NONE)
		call_problem(call, PROBLEM_NOT_FOUND, NULL, missing);
	else if (result != DB_OK)
		call_database_failure(call, result);
	return result == DB_OK;
}

struct viewer call_viewer(const struct call *call)
{
	return (struct viewer){.caller = call->caller,
			       .now = call->request->now,
			       .pass = call->pass,
			       .mail = notices_mail_on(call->api->notices)};
}

int64_t call_deadline(const struct call *call)
{
	return call->request->complete_ms + GOOGLE_WAIT_MS;
}

/* How many schemes the X-Forwarded-Proto lines name, as one list; that of number `wanted` in *ret_scheme. */
static size_t forwarded_schemes(const struct request *request, size_t wanted, const char **ret_scheme,
				size_t *ret_length)
{
	size_t seen = 0;
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i].name, "X-Forwarded-Proto") != 0)
			continue;
		const char *rest = request->headers[i].value;
		const char *scheme = NULL;
		size_t length = 0;
		while (request_list_next(&rest, &scheme, &length))
			if (seen++ == wanted) {
				*ret_scheme = scheme;
				*ret_length = length;
			}
	}
	return seen;
}

/* Whether the client came by https, as the outermost of the trusted proxies saw it (X-Forwarded-Proto). */
static bool came_by_https(const struct call *call)
{
	const char *scheme = "";
	size_t length = 0;
	size_t hops = call->api->trusted_proxy_hops;
	size_t count = hops > 0 ? forwarded_schemes(call->request, 0, &scheme, &length) : 0;
	/* A proxy replaces the header, or appends to it: what stands left of ours is the client's own. */
	if (count > hops)
		forwarded_schemes(call->request, count - hops, &scheme, &length);
	return length == 5 && strncasecmp(scheme, "https", 5) == 0;
}

const char *call_origin(struct call *call)
{
	if (call->api->public_url != NULL)
		return call->api->public_url;
	const char *host = request_header(call->request, "Host");
	return arena_printf(call->mem, "%s://%s", came_by_https(call) ? "https" : "http",
			    host != NULL ? host : "localhost");
}

/* ---- identity, authority, tolls ---- */

static void refuse_identity(struct call *call, enum identity_outcome outcome,
			    const struct identity_reason *reason)
{
	identity_refusals_add(call->api->refusals, reason->name, outcome != IDENTITY_ANONYMOUS,
			      call->request->id, monotonic_ms());
	if (outcome == IDENTITY_UNAVAILABLE) {
		call_problem(call, PROBLEM_DATABASE_UNAVAILABLE, NULL, reason->detail);
		return;
	}
	call_problem(call, PROBLEM_UNAUTHENTICATED, NULL, reason->detail);
	if (outcome == IDENTITY_REFUSED)
		reply_header_literal(call->reply, "WWW-Authenticate",
				     "Bearer realm=\"bookingd\", error=\"invalid_token\"");
}

void call_is_from(struct call *call, const struct identity *caller)
{
	static const char *const roles[] = {
		[IDENTITY_USER] = "user", [IDENTITY_COACH] = "coach", [IDENTITY_ADMIN] = "admin"};
	call->caller = caller;
	call->actor = (struct actor){
		.user_id = caller->user_id, .role = roles[caller->role], .request_id = call->request->id};
}

static struct credentials credentials_of(const struct call *call)
{
	return (struct credentials){
		.authorization = request_header(call->request, "Authorization"),
		.session_id = request_header(call->request, "X-Session-ID"),
		.now = call->request->now,
	};
}

/*
 * Who is calling, from memory on the loop, else with the worker. IDENTITY_UNDECIDED: a worker is needed.
 * Anything but KNOWN has been answered, unless anyone may make this call.
 */
static enum identity_outcome identify(struct call *call)
{
	if (call->caller != NULL)
		return IDENTITY_KNOWN;
	const struct credentials credentials = credentials_of(call);
	struct identity_reason reason = {"none", "Please sign in first."};
	enum identity_outcome outcome =
		call->worker == NULL ? identity_recall(call->api->identities, &credentials, call->mem,
						       &call->identity, &reason)
				     : identity_find(call->api->identities, call->worker, &credentials,
						     call->mem, &call->identity, &reason);
	if (call->worker == NULL)
		figures_cache(call->api->figures, CACHE_IDENTITY, outcome != IDENTITY_UNDECIDED);
	if (outcome == IDENTITY_UNDECIDED)
		return outcome;
	if (outcome == IDENTITY_KNOWN) {
		call_is_from(call, &call->identity);
		return outcome;
	}
	bool open = call->endpoint->authority == AUTHORITY_READER && call->api->public_availability;
	if (open && outcome != IDENTITY_UNAVAILABLE)
		return IDENTITY_ANONYMOUS;
	/* Whoever shows an identity that is not good hears so: they would book as somebody else. */
	if (call->endpoint->guests && call->api->public_booking && outcome == IDENTITY_ANONYMOUS)
		return IDENTITY_ANONYMOUS;
	refuse_identity(call, outcome, &reason);
	return IDENTITY_REFUSED;
}

/* A manage link is for its appointment, for times to move it to, and for its own session. */
static bool is_in_scope(const struct call *call)
{
	if (call->endpoint->of_session)
		return true;
	if (call->endpoint->authority == AUTHORITY_READER) {
		const char *moved = request_query(call->request, "rescheduling");
		return moved == NULL || strcasecmp(moved, call->caller->appointment_id) == 0;
	}
	bool names_one = strstr(call->request->route->pattern, "/:id") != NULL;
	return names_one &&
	       strcasecmp(request_parameter(call->request, "id"), call->caller->appointment_id) == 0;
}

static bool is_allowed(const struct call *call)
{
	const struct identity *caller = call->caller;
	if (caller->appointment_id != NULL && !is_in_scope(call))
		return false;
	switch (call->endpoint->authority) {
	case AUTHORITY_ANYONE:
	case AUTHORITY_CALLER:
	case AUTHORITY_READER:
		return true;
	case AUTHORITY_SELF: {
		const char *user_id = request_parameter(call->request, "user_id");
		return strcmp(user_id, "me") == 0 || strcmp(user_id, caller->user_id) == 0 ||
		       caller->role == IDENTITY_ADMIN;
	}
	case AUTHORITY_COACH:
		return identity_is_exempt(caller, request_parameter(call->request, "coach"));
	case AUTHORITY_STAFF:
		return caller->role != IDENTITY_USER;
	}
	return false;
}

/* One token of the caller's bucket. False: answered 429. */
static bool take_toll(struct call *call)
{
	if (call->toll_taken || call->endpoint->toll == TOLL_NONE)
		return true;
	call->toll_taken = true;
	struct rate_limit *limit =
		call->endpoint->toll == TOLL_BOOK ? call->api->book_limit : call->api->read_limit;
	const void *key = call->request->address.key;
	size_t length = sizeof(call->request->address.key);
	if (call->caller != NULL) {
		key = call->caller->user_id;
		length = strlen(call->caller->user_id);
	}
	struct rate_verdict verdict = rate_limit_take(limit, key, length, call->request->complete_ms);
	if (verdict.allowed) {
		rate_limit_headers(limit, verdict, call->reply);
		return true;
	}
	rate_limit_refuse(limit, verdict, call->reply);
	return false;
}

/* Everything before the handler. False: answered, or (undecided) to be handed over. */
static bool admit(struct call *call, bool *ret_undecided)
{
	*ret_undecided = false;
	if (call->endpoint->authority != AUTHORITY_ANYONE) {
		enum identity_outcome outcome = identify(call);
		*ret_undecided = outcome == IDENTITY_UNDECIDED;
		if (outcome != IDENTITY_KNOWN && outcome != IDENTITY_ANONYMOUS)
			return false;
		if (!take_toll(call))
			return false;
		if (call->caller != NULL && !is_allowed(call)) {
			call_problem(call, PROBLEM_FORBIDDEN, NULL, NULL);
			return false;
		}
	}
	return true;
}

/* Whether the guest who calls is a person by now: another request has confirmed their hold. */
static bool has_become_known(struct call *call)
{
	const struct credentials credentials = credentials_of(call);
	const struct actor asked = call->actor;
	struct identity now;
	identity_forget(call->api->identities, call->caller->user_id);
	if (identity_find(call->api->identities, call->worker, &credentials, call->mem, &now, NULL) !=
		    IDENTITY_KNOWN ||
	    now.guest)
		return false;
	call->identity = now;
	call_is_from(call, &call->identity);
	call->actor.idempotency_key = asked.idempotency_key;
	call->actor.request_hash = asked.request_hash;
	return true;
}

/* A guest who is refused may have sent the same twice, and be who the other request has made of them. */
static void run_handler(struct call *call)
{
	call->endpoint->handle(call);
	const bool refused = call->reply->status >= 400;
	if (!refused || call->caller == NULL || !call->caller->guest || !has_become_known(call))
		return;
	call->reply->code = NULL;
	call->endpoint->handle(call);
}

/* ---- idempotency ---- */

static bool is_key(const char *key)
{
	size_t length = strlen(key);
	if (length < 1 || length > IDEMPOTENCY_KEY_MAX)
		return false;
	for (; *key != '\0'; key++) {
		if (*key < 0x21 || *key > 0x7E)
			return false;
	}
	return true;
}

/* Which request a key was used for: method, path and body. */
static void hash_request(const struct request *request, unsigned char ret_hash[static CRYPTO_SHA256_SIZE])
{
	struct buffer text;
	buffer_init(&text, REPLY_BODY_MAX);
	buffer_printf(&text, "%s %s\n", http_method_name(request->method), request->path);
	buffer_append(&text, request->body, request->body_length);
	crypto_sha256(text.bytes, text.length, ret_hash);
	buffer_clear(&text);
}

/* Answer again what was answered first. */
static void replay(struct call *call, const struct db_rows *rows)
{
	unsigned status = (unsigned)db_get_int(rows, 0, 2);
	const char *body = db_get_text(rows, 0, 3);
	char id[UUID_TEXT_SIZE];
	db_get_uuid(rows, 0, 4, id);
	struct appointment appointment;
	if (body == NULL) {
		/* The daemon died between the booking and its reply: tell how the appointment stands. */
		enum db_result read = appointments_by_id(call->worker->db, call->mem, id, &appointment);
		if (read != DB_OK) {
			call_database_failure(call, read);
			return;
		}
	}
	const bool told = body == NULL && call->endpoint->retell != NULL &&
			  call->endpoint->retell(call, &appointment, status);
	if (!told) {
		struct json_writer writer;
		json_writer_init(&writer, reply_begin_json(call->reply, status));
		if (body != NULL)
			json_write_raw(&writer, NULL, body, strlen(body));
		else
			render_appointment(&writer, NULL, &appointment, call_viewer(call));
		if (status == 201)
			reply_header_printf(call->reply, "Location", "/booking/%s", id);
	}
	reply_header(call->reply, "Idempotent-Replayed", "true");
	reply_header(call->reply, "Cache-Control", "no-store");
}

/*
 * Run the handler under the caller's key. The key's row is written with the booking; here it gets the
 * finished reply. A refused request leaves nothing, so its key is free again.
 */
static void handle_once(struct call *call, const char *key)
{
	const char *caller = call->caller->user_id; /* who may be somebody else when it is done */
	unsigned char hash[CRYPTO_SHA256_SIZE];
	hash_request(call->request, hash);
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_IDEMPOTENCY_BEGIN,
		       DB_PARAMETERS(db_text(caller), db_text(key), db_bytes(hash, sizeof(hash))), &rows);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	if (!db_get_bool(&rows, 0, 0)) {
		call_problem(call, PROBLEM_REQUEST_IN_PROGRESS, NULL, NULL);
		return;
	}
	if (db_is_null(&rows, 0, 1)) {
		CRASH_POINT("begun");
		call->actor.idempotency_key = key;
		call->actor.request_hash = hash;
		run_handler(call);
		if (call->reply->status < 300) {
			result = db_run(
				call->worker->db, QUERY_IDEMPOTENCY_STORE,
				DB_PARAMETERS(db_text(caller), db_text(key), db_bytes(hash, sizeof(hash)),
					      db_uuid(call->appointment_id), db_int(call->reply->status),
					      db_text(buffer_text(&call->reply->body))),
				NULL);
		}
		CRASH_POINT("before_reply");
	} else if (db_get_bool(&rows, 0, 1)) {
		replay(call, &rows);
	} else {
		call_problem(call, PROBLEM_IDEMPOTENCY_KEY_REUSED, NULL, NULL);
	}
	enum db_result ended = db_run(call->worker->db, QUERY_IDEMPOTENCY_END,
				      DB_PARAMETERS(db_text(caller), db_text(key)), NULL);
	/* The booking stands whatever happens here: a replay then tells how the appointment stands. */
	if (result != DB_OK || (ended != DB_OK && ended != DB_UNAVAILABLE))
		log_line(LOG_WARNING, "idempotency_reply_not_kept",
			 LOG_TEXT_FIELD("request_id", call->request->id),
			 LOG_TEXT_FIELD("detail", db_failure(call->worker->db)->detail));
}

static void handle(struct call *call)
{
	/* A key is its caller's own, so that of a guest's hold is not looked at. */
	const char *key = call->endpoint->idempotent && call->caller != NULL
				  ? request_header(call->request, "Idempotency-Key")
				  : NULL;
	if (key == NULL)
		run_handler(call);
	else if (is_key(key))
		handle_once(call, key);
	else
		call_problem(call, PROBLEM_BAD_PARAMETER, "Idempotency-Key",
			     "Idempotency-Key must be 1 to 255 visible ASCII characters.");
}

/* ---- the hooks ---- */

static struct call *call_of(struct api *api, struct request *request, struct reply *reply,
			    struct worker *worker)
{
	struct call *call = request->caller;
	if (call == NULL) {
		call = arena_alloc(request->mem, sizeof(*call));
		call->api = api;
		call->request = request;
		call->reply = reply;
		call->mem = request->mem;
		call->endpoint = request->route->endpoint;
		request->caller = call;
	}
	call->worker = worker;
	return call;
}

/* The bucket of the address: one for calls, one for whatever else comes from there. NULL: no limit. */
static struct rate_limit *address_bucket(struct api *api, const struct request *request)
{
	const struct route *route = request->route;
	if (route == NULL || route->method != request->method)
		return api->other_limit; /* a path or method that there is not, OPTIONS */
	if ((route->flags & ROUTE_UNLIMITED) != 0)
		return NULL;
	const struct endpoint *endpoint = route->endpoint;
	return endpoint->uncalled ? api->other_limit : api->address_limit;
}

bool api_allow(void *owner, const struct request *request, struct reply *reply)
{
	struct rate_limit *bucket = address_bucket(owner, request);
	if (bucket != NULL) {
		struct rate_verdict verdict = rate_limit_take(bucket, request->address.key,
							      sizeof(request->address.key), monotonic_ms());
		if (!verdict.allowed) {
			rate_limit_refuse(bucket, verdict, reply);
			return false;
		}
	}
	return !pages_stray(owner, request, reply);
}

/* Where the call goes when it is handed over. */
static enum lane lane_of(const struct call *call)
{
	enum lane lane =
		call->endpoint->lane_of != NULL ? call->endpoint->lane_of(call) : call->request->route->lane;
	return lane == LANE_GOOGLE && !calendars_on(call->api->calendars) ? LANE_DATABASE : lane;
}

enum handled api_early(void *owner, struct request *request, struct reply *reply)
{
	struct api *api = owner;
	struct call *call = call_of(api, request, reply, NULL);
	const struct endpoint *endpoint = call->endpoint;
	if (endpoint->asset != NULL) {
		if (!assets_reply(api->assets, endpoint->asset, 200, request, reply))
			call_problem(call, PROBLEM_NOT_FOUND, NULL, NULL);
		return HANDLED;
	}
	if (pages_opened(call))
		return HANDLED;
	request->lane = lane_of(call);
	if (request->lane != LANE_LOOP && endpoint->early == NULL)
		return HAND_OVER;
	bool undecided = false;
	if (!admit(call, &undecided))
		return undecided ? HAND_OVER : HANDLED;
	if (request->lane == LANE_LOOP) {
		endpoint->handle(call);
		return HANDLED;
	}
	return endpoint->early(call) ? HANDLED : HAND_OVER;
}

void api_handle(void *owner, struct request *request, struct reply *reply, void *worker)
{
	struct call *call = call_of(owner, request, reply, worker);
	bool undecided = false;
	if (admit(call, &undecided))
		handle(call);
	if (db_misread(call->worker->db)) {
		reply_reset(reply);
		call_database_failure(call, DB_FAILED);
	}
}

void *api_worker_open(void *owner, enum lane lane, unsigned number)
{
	(void)lane;
	(void)number;
	struct api *api = owner;
	struct worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		die("out of memory");
	worker->db = db_open(api->database, STATEMENT_TIMEOUT_MS);
	db_serve(worker->db);
	db_guard(worker->db, api->schema_sound);
	worker->fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, api->stopping);
	return worker;
}

void api_worker_close(void *owner, void *resource)
{
	(void)owner;
	struct worker *worker = resource;
	db_close(worker->db);
	fetch_client_free(worker->fetcher);
	free(worker);
}

bool api_worker_fit(void *owner, void *resource)
{
	(void)owner;
	struct worker *worker = resource;
	return db_usable(worker->db);
}
