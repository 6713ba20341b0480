/*
 * A coach's profile is public as a whole. Pictures are stored and served as they came: nothing here decodes
 * them, so a picture can harm at most who looks at it, and the reply's own policy keeps it from being
 * anything but a picture.
 */
#include "api/profile.h"

#include "api/coach.h"
#include "api/pages.h"
#include "api/rows.h"
#include "base/crypto.h"
#include "base/die.h"
#include "base/encode.h"
#include "domain/zone.h"

#include <stdio.h>
#include <string.h>

enum { LANGUAGES_MAX = 8, LANGUAGE_LENGTH_MAX = 35, TAG_BYTES = 8 };

struct profile {
	const char *name;
	const char *headline;
	const char *about;
	const char *accent;
	const char *slug;
	const char *time_zone;
	const char *picture_version; /* read and put back, never taken */
	const char *languages;       /* BCP 47 tags, blanks between */
};

static void write_words(struct json_writer *writer, const char *name, const char *words)
{
	json_write_array(writer, name);
	while (words != NULL && *words != '\0') {
		size_t length = strcspn(words, " ");
		char word[LANGUAGE_LENGTH_MAX + 1];
		if (length > 0 && length < sizeof(word)) {
			memcpy(word, words, length);
			word[length] = '\0';
			json_write_text(writer, NULL, word);
		}
		words += length + (words[length] == ' ');
	}
	json_write_array_end(writer);
}

/* The profile as it stands. The coach exists. */
static void answer_profile(struct call *call, const struct coach *coach)
{
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_PROFILE_BY_COACH, DB_PARAMETERS(db_text(coach->id)), &rows);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	bool kept = result == DB_OK;
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "name", kept ? db_get_text(&rows, 0, 0) : NULL);
	json_write_text(&writer, "headline", kept ? db_get_text(&rows, 0, 1) : NULL);
	json_write_text(&writer, "about", kept ? db_get_text(&rows, 0, 2) : NULL);
	json_write_text(&writer, "time_zone", zone_name(coach->schedule->zone));
	json_write_text(&writer, "accent", kept ? db_get_text(&rows, 0, 3) : NULL);
	write_words(&writer, "languages", kept ? db_get_text(&rows, 0, 4) : NULL);
	json_write_text(&writer, "slug", kept ? db_get_text(&rows, 0, 5) : coach->id);
	json_write_text(&writer, "picture_version", kept ? db_get_text(&rows, 0, 6) : NULL);
	json_write_object_end(&writer);
	reply_header_literal(call->reply, "Cache-Control", "no-cache");
}

void api_profile_get(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (api_coach_find(call, &coach))
		answer_profile(call, coach);
}

/* ---- writing it ---- */

static bool refuse_field(struct call *call, const char *field, const char *detail)
{
	call_problem(call, PROBLEM_INVALID_FIELD, field, detail);
	return false;
}

static bool is_language(const char *tag)
{
	size_t length = strlen(tag);
	return length >= 2 && length <= LANGUAGE_LENGTH_MAX && tag[0] != '-' && tag[length - 1] != '-' &&
	       strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

/* Takes `languages` out of the body: tags, blanks between. False: answered. */
static bool take_languages(struct call *call, json_t *body, const char **ret_languages)
{
	const json_t *list = json_object_get(body, "languages");
	struct buffer words;
	buffer_init(&words, (LANGUAGE_LENGTH_MAX + 1) * (size_t)LANGUAGES_MAX + 1);
	bool sound = list == NULL || json_is_null(list) ||
		     (json_is_array(list) && json_array_size(list) <= LANGUAGES_MAX);
	for (size_t i = 0; sound && i < json_array_size(list); i++) {
		const char *tag = json_string_value(json_array_get(list, i));
		sound = tag != NULL && is_language(tag);
		if (sound)
			buffer_printf(&words, "%s%s", i > 0 ? " " : "", tag);
	}
	*ret_languages = words.length > 0 ? arena_strndup(call->mem, words.bytes, words.length) : NULL;
	buffer_clear(&words);
	if (!sound)
		return refuse_field(
			call, "languages",
			"languages must be a list of at most 8 tags such as \"en\" or \"fr-CA\".");
	if (list != NULL && json_object_del(body, "languages") != 0)
		die("a member that was read is gone");
	return true;
}

static bool is_colour(const char *text)
{
	return strlen(text) == 7 && text[0] == '#' && strspn(text + 1, "0123456789abcdef") == 6;
}

/* Lower-case words of letters and digits with single hyphens between: what is easy to read out and to type.
 */
static bool is_slug(const char *text)
{
	size_t length = strlen(text);
	return length > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length &&
	       text[0] != '-' && text[length - 1] != '-' && strstr(text, "--") == NULL;
}

/* False: answered. */
static bool read_profile(struct call *call, const struct coach *coach, struct profile *profile)
{
	*profile = (struct profile){0};
	struct json_fault fault;
	__attribute__((cleanup(json_cleanup))) json_t *body =
		json_parse_object(call->mem, call->request->body, call->request->body_length, &fault);
	if (body != NULL && !take_languages(call, body, &profile->languages))
		return false;
	const struct json_field fields[] = {
		{"name", JSON_FIELD_LINE, false, 1, 100, &profile->name, NULL},
		{"headline", JSON_FIELD_LINE, false, 1, 160, &profile->headline, NULL},
		{"about", JSON_FIELD_NOTE, false, 1, 2000, &profile->about, NULL},
		{"accent", JSON_FIELD_TEXT, false, 7, 7, &profile->accent, NULL},
		{"slug", JSON_FIELD_TEXT, false, 1, 64, &profile->slug, NULL},
		{"time_zone", JSON_FIELD_TEXT, false, 1, 64, &profile->time_zone, NULL},
		{"picture_version", JSON_FIELD_TEXT, false, 0, 64, &profile->picture_version, NULL},
	};
	if (body == NULL ||
	    !json_read_fields(call->mem, body, fields, sizeof(fields) / sizeof(fields[0]), &fault)) {
		call_problem(call, call_fault_code(fault.verdict), fault.field, fault.detail);
		return false;
	}
	if (profile->accent != NULL && !is_colour(profile->accent))
		return refuse_field(call, "accent", "accent must be a colour such as \"#2f5bd7\".");
	if (profile->time_zone != NULL && zone_find(profile->time_zone) == NULL)
		return refuse_field(call, "time_zone",
				    "time_zone must be the name of a time zone such as Europe/Paris.");
	if (profile->slug != NULL && strcmp(profile->slug, coach->id) == 0)
		profile->slug = NULL; /* the coach's id leads to the page anyway */
	else if (profile->slug != NULL &&
		 (!is_slug(profile->slug) || coach_name_is_reserved(call->api, profile->slug)))
		return refuse_field(
			call, "slug",
			"slug must be small letters, digits and single hyphens, such as \"robin-example\".");
	return true;
}

void api_profile_put(struct call *call)
{
	COACH_LOCAL coach = NULL;
	struct profile profile;
	if (!api_coach_find(call, &coach) || !read_profile(call, coach, &profile))
		return;
	enum db_result result = db_run(call->worker->db, QUERY_PROFILE_PUT,
				       DB_PARAMETERS(db_text(coach->id), db_text(profile.name),
						     db_text(profile.headline), db_text(profile.about),
						     db_text(profile.accent), db_text(profile.languages),
						     db_text(profile.slug), db_text(profile.time_zone)),
				       NULL);
	if (result == DB_NONE) {
		refuse_field(call, "slug", "This name is already taken by another coach.");
		return;
	}
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	coaches_changed(call->api->coaches, coach->id);
	COACH_LOCAL now = NULL;
	if (api_coach_find(call, &now))
		answer_profile(call, now);
}

/* ---- the picture ---- */

const char *picture_type(const char *bytes, size_t length)
{
	if (length >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	if (length >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	if (length >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
		return "image/webp";
	return NULL;
}

void api_picture_put(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	const struct request *request = call->request;
	const char *type = picture_type(request->body, request->body_length);
	if (type == NULL) {
		call_problem(call, PROBLEM_UNSUPPORTED_MEDIA_TYPE, NULL,
			     "A picture must be a PNG, JPEG or WebP file of at most 200 KB.");
		return;
	}
	unsigned char hash[CRYPTO_SHA256_SIZE];
	char tag[2 * TAG_BYTES + 1];
	crypto_sha256(request->body, request->body_length, hash);
	encode_hex(hash, TAG_BYTES, tag);
	enum db_result result =
		db_run(call->worker->db, QUERY_PICTURE_PUT,
		       DB_PARAMETERS(db_text(coach->id), db_bytes(request->body, request->body_length),
				     db_text(type), db_text(tag)),
		       NULL);
	if (result != DB_OK) {
		call_database_failure(call, result);
		return;
	}
	coaches_changed(call->api->coaches, coach->id);
	struct json_writer writer;
	json_writer_init(&writer, reply_begin_json(call->reply, 200));
	json_write_object(&writer, NULL);
	json_write_text(&writer, "picture_version", tag);
	json_write_object_end(&writer);
}

void api_picture_delete(struct call *call)
{
	COACH_LOCAL coach = NULL;
	if (!api_coach_find(call, &coach))
		return;
	enum db_result result =
		db_run(call->worker->db, QUERY_PICTURE_REMOVE, DB_PARAMETERS(db_text(coach->id)), NULL);
	if (result != DB_OK && result != DB_NONE) {
		call_database_failure(call, result);
		return;
	}
	coaches_changed(call->api->coaches, coach->id);
	reply_empty(call->reply, 204);
}

void api_picture_get(struct call *call)
{
	DB_ROWS rows = {0};
	enum db_result result =
		db_run(call->worker->db, QUERY_PICTURE_GET,
		       DB_PARAMETERS(db_text(request_parameter(call->request, "coach"))), &rows);
	if (!call_found(call, result, "This coach has no picture."))
		return;
	size_t length = 0;
	const void *bytes = db_get_bytes(&rows, 0, 0, &length);
	const char *tag = db_get_text(&rows, 0, 2);
	char etag[2 * TAG_BYTES + 3];
	snprintf(etag, sizeof(etag), "\"%s\"", tag);
	bool current = request_none_match(call->request, etag);
	struct buffer *out = reply_begin(call->reply, current ? 304 : 200,
					 arena_strndup(call->mem, db_get_text(&rows, 0, 1), 16));
	if (!current)
		buffer_append(out, bytes, length);
	const char *version = request_query(call->request, "v");
	bool lasting = version != NULL && strcmp(version, tag) == 0;
	reply_header(call->reply, "ETag", etag);
	reply_header_literal(call->reply, "Cache-Control",
			     lasting ? "public, max-age=31536000, immutable" : "public, no-cache");
	reply_header_literal(call->reply, "Content-Security-Policy", "default-src 'none'; sandbox");
	reply_header_literal(call->reply, "Access-Control-Allow-Origin", "*");
	reply_header_literal(call->reply, "Cross-Origin-Resource-Policy", "cross-origin");
}

/* ---- whom a client may choose ---- */

void api_coaches(struct call *call)
{
	DB_ROWS rows = {0};
	DB_ROWS shared = {0};
	enum db_result result = db_run(call->worker->db, QUERY_PROFILES, DB_NO_PARAMETERS, &rows);
	if (result == DB_OK)
		result = db_run(call->worker->db, QUERY_SHARED_TYPES, DB_NO_PARAMETERS, &shared);
	static const char *const names[] = {"id", "slug", "name", "headline", "accent", "picture_version"};
	const size_t texts = sizeof(names) / sizeof(names[0]);
	struct json_writer writer;
	if (!rows_begin_list(call, result, "coaches", &writer))
		return;
	for (size_t row = 0; row < rows.count; row++) {
		json_write_object(&writer, NULL);
		for (size_t column = 0; column < texts; column++)
			json_write_text(&writer, names[column], db_get_text(&rows, row, column));
		write_words(&writer, "languages", db_get_text(&rows, row, texts));
		json_write_object_end(&writer);
	}
	json_write_array_end(&writer);
	json_write_array(&writer, "shared_types");
	for (size_t row = 0; row < shared.count; row++)
		json_write_text(&writer, NULL, db_get_text(&shared, row, 0));
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	reply_header_literal(call->reply, "Cache-Control", "no-cache");
}
