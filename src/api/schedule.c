/*
 * The schedule document: read, replaced as a whole, guarded by If-Match.
 */
#include "api/coach.h"
#include "api/pages.h"
#include "app/feed_token.h"
#include "base/json.h"
#include "domain/schedule_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_etag(struct call *call, int64_t version)
{
	reply_header_printf(call->reply, "ETag", "\"%" PRId64 "\"", version);
}

void api_coach_schedule_get(struct call *call)
{
	const struct coach *read = NULL;
	enum coach_found found = coaches_read(call->api->coaches, call->worker,
					      request_parameter(call->request, "coach"), &read);
	COACH_LOCAL coach = found == COACH_FOUND ? read : NULL;
	if (found == COACH_FAILURE) {
		call_database_failure(call, DB_UNAVAILABLE);
		return;
	}
	if (coach == NULL) {
		call_problem(call, PROBLEM_UNKNOWN_COACH, NULL, NULL);
		return;
	}
	char etag[32];
	snprintf(etag, sizeof(etag), "\"%" PRId64 "\"", coach->schedule_version);
	bool current = request_none_match(call->request, etag);
	schedule_write(coach->schedule, reply_begin_json(call->reply, current ? 304 : 200));
	set_etag(call, coach->schedule_version);
	reply_header(call->reply, "Cache-Control", "private, no-cache");
}

/* Every fault with its path, besides the first as the problem's own field. */
static void answer_faults(struct call *call, const struct schedule_faults *faults)
{
	const struct json_fault *first = &faults->at[0];
	struct json_writer writer;
	call_problem(call, call_fault_code(first->verdict), first->field, first->detail);
	json_writer_reopen(&writer, &call->reply->body);
	json_write_array(&writer, "errors");
	for (size_t i = 0; i < faults->count; i++) {
		json_write_object(&writer, NULL);
		json_write_text(&writer, "code", problem_terms(call_fault_code(faults->at[i].verdict))->code);
		json_write_text(&writer, "field", faults->at[i].field);
		json_write_text(&writer, "detail", faults->at[i].detail);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
}

/* Session types lead clients to no site but those of the settings. False: answered 422. */
static bool redirects_allowed(struct call *call, const struct schedule *schedule)
{
	struct schedule_faults faults = {.count = 0};
	for (size_t i = 0; i < schedule->type_count && faults.count < SCHEDULE_FAULTS_MAX; i++) {
		const char *url = schedule->types[i].redirect_url;
		if (url == NULL || meeting_url_is_of(url, call->api->redirect_origins))
			continue;
		const char *field = arena_printf(call->mem, "session_types[%zu].redirect_url", i);
		faults.at[faults.count++] = (struct json_fault){
			JSON_INVALID_FIELD, field,
			arena_printf(call->mem,
				     "%s must lead to a site that this server's settings allow "
				     "(REDIRECT_ALLOWED_ORIGINS).",
				     field)};
	}
	if (faults.count > 0)
		answer_faults(call, &faults);
	return faults.count == 0;
}

/*
 * Whether an appointment of that type (NULL: of one that is no more) still lies in the hours: what a new
 * schedule does to those that stand.
 */
static bool in_hours(const struct schedule *schedule, const struct session_type *type, struct interval time,
		     struct arena *mem)
{
	if (schedule_blocked_time(schedule, time, mem).count > 0)
		return false;
	civil_day day = zone_day(schedule->zone, time.start);
	for (civil_day date = day - 1; date <= day; date++) {
		struct intervals hours = schedule_day(schedule, type, date, mem);
		for (size_t i = 0; i < hours.count; i++) {
			if (hours.at[i].start <= time.start && time.end <= hours.at[i].end)
				return true;
		}
	}
	return false;
}

static void answer_schedule(struct call *call, unsigned status, const struct schedule *schedule,
			    const struct coach *coach, int64_t version)
{
	struct buffer *out = reply_begin_json(call->reply, status);
	schedule_write(schedule, out);
	struct json_writer writer;
	json_writer_reopen(&writer, out);
	json_write_array(&writer, "appointments_outside_hours");
	for (size_t i = 0; coach != NULL && i < coach->appointment_count; i++) {
		const struct busy_appointment *appointment = &coach->appointments[i];
		struct interval time = busy_appointment_time(appointment);
		const struct session_type *type = NULL;
		if (appointment->type >= 0)
			type = schedule_type(schedule, coach->schedule->types[appointment->type].id);
		if (!appointment->live || time.end <= call->request->now ||
		    in_hours(schedule, type, time, call->mem))
			continue;
		struct uuid id;
		char text[UUID_TEXT_SIZE];
		memcpy(id.bytes, appointment->id, sizeof(id.bytes));
		uuid_format(id, text);
		json_write_object(&writer, NULL);
		json_write_text(&writer, "id", text);
		json_write_instant(&writer, "start", time.start);
		json_write_instant(&writer, "end", time.end);
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	set_etag(call, version);
}

/* What a PUT asks of the schedule there is: RFC 9110 section 13.1. */
struct precondition {
	const char *versions; /* one of these, blanks between; NULL: any */
	bool exists;          /* If-Match: * */
	bool may_create;      /* neither it nor a version */
};

/* The versions that If-Match names. The comparison is the strong one: W/"1" is no version. */
static const char *versions_named(const char *if_match, struct arena *mem)
{
	char *versions = arena_alloc(mem, strlen(if_match) + 2);
	const char *tag = NULL;
	size_t length = 0;
	char *end = versions;
	while (request_list_next(&if_match, &tag, &length)) {
		size_t digits = tag[0] == '"' ? strspn(tag + 1, "0123456789") : 0;
		if (digits > 0 && length == digits + 2 && tag[digits + 1] == '"')
			end = mempcpy(mempcpy(end, tag + 1, digits), " ", 1);
	}
	*end = '\0';
	return versions;
}

static struct precondition read_precondition(const struct call *call)
{
	const char *none = request_header_list(call->request, "If-None-Match");
	const char *match = request_header_list(call->request, "If-Match");
	struct precondition wanted = {.exists = match != NULL && strcmp(match, "*") == 0,
				      .may_create = match == NULL};
	if (none != NULL && strcmp(none, "*") == 0)
		wanted.versions = "0"; /* no schedule has it */
	else if (match != NULL && !wanted.exists)
		wanted.versions = versions_named(match, call->mem);
	return wanted;
}

/* The first schedule creates a coach that does not exist yet. DB_NONE: somebody else has just done so. */
static enum db_result create_coach(struct call *call, const char *id, const char *document)
{
	/* No coach's id is that long, by the schema's own check; and no token can be sealed for it. */
	enum { ID_MAX = 64 };
	if (strlen(id) > ID_MAX || coach_name_is_reserved(call->api, id))
		return DB_INVALID;
	struct feed_token token = feed_token_new(call->mem, call->api->feed_keys, id);
	return db_run(call->worker->db, QUERY_COACH_CREATE,
		      DB_PARAMETERS(db_text(id), db_json(document), db_text(token.digest),
				    db_text(token.sealed), db_text(call->actor.user_id),
				    db_text(call->actor.role), db_text(call->actor.request_id)),
		      NULL);
}

/* What became of a PUT. */
struct put {
	enum db_result result; /* DB_NONE: the precondition failed */
	int64_t version;
	bool created;
	enum coach_found found; /* the coach, read after it */
	const struct coach *coach;
};

/* Replace the schedule there is, else make the first. DB_NONE with `created`: another first one was faster.
 */
static void put_once(struct call *call, const char *id, const char *document,
		     const struct precondition *wanted, struct put *put)
{
	DB_ROWS rows = {0};
	coach_release(put->coach);
	*put = (struct put){.found = COACH_FOUND, .version = 1};
	put->result = db_run(call->worker->db, QUERY_COACH_SCHEDULE_PUT,
			     DB_PARAMETERS(db_text(id), db_json(document), db_text(wanted->versions),
					   db_text(call->actor.user_id), db_text(call->actor.role),
					   db_text(call->actor.request_id)),
			     &rows);
	if (put->result == DB_OK) {
		put->version = db_get_int(&rows, 0, 0);
		coaches_changed(call->api->coaches, id);
	}
	if (put->result == DB_OK || put->result == DB_NONE)
		put->found = coaches_read(call->api->coaches, call->worker, id, &put->coach);
	/* It was not replaced, and why not the database could not say. */
	if (put->result == DB_NONE && put->found == COACH_FAILURE)
		put->result = DB_UNAVAILABLE;
	if (put->result == DB_NONE && put->found == COACH_UNKNOWN && wanted->may_create) {
		put->created = true;
		put->result = create_coach(call, id, document);
		if (put->result == DB_OK)
			coaches_changed(call->api->coaches, id);
	}
}

/* Whether there was none to replace, and by now there is. */
static bool was_overtaken(const struct put *put, const struct precondition *wanted)
{
	return put->result == DB_NONE && (put->created || (put->found == COACH_FOUND && wanted->may_create &&
							   wanted->versions == NULL));
}

void api_coach_schedule_put(struct call *call)
{
	const char *id = request_parameter(call->request, "coach");
	const struct precondition wanted = read_precondition(call);
	struct schedule_faults faults;
	const struct schedule *schedule = schedule_read_text(call->request->body, call->request->body_length,
							     call->mem, call->mem, &faults);
	if (schedule == NULL) {
		answer_faults(call, &faults);
		return;
	}
	if (!redirects_allowed(call, schedule))
		return;
	struct buffer document;
	buffer_init(&document, REPLY_BODY_MAX);
	schedule_write(schedule, &document);
	struct put put = {0};
	put_once(call, id, document.bytes, &wanted, &put);
	if (was_overtaken(&put, &wanted))
		put_once(call, id, document.bytes, &wanted, &put);
	buffer_clear(&document);
	COACH_LOCAL coach = put.found == COACH_FOUND ? put.coach : NULL;
	if (put.result == DB_OK)
		answer_schedule(call, put.created ? 201 : 200, schedule, coach, put.version);
	else if (put.result == DB_INVALID)
		call_problem(call, PROBLEM_UNKNOWN_COACH, NULL, "This can't be the id of a coach.");
	else if (put.result == DB_NONE)
		call_problem(call,
			     put.found == COACH_UNKNOWN && !wanted.exists ? PROBLEM_UNKNOWN_COACH
									  : PROBLEM_CHANGED_MEANWHILE,
			     NULL, NULL);
	else
		call_database_failure(call, put.result);
}
