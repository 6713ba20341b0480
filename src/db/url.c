#include "db/url.h"

#include "base/die.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

enum { NAME_MAX_BYTES = 32 };

static void options_free(PQconninfoOption **options)
{
	PQconninfoFree(*options);
}

static void message_free(char **message)
{
	PQfreemem(*message);
}

static void text_free(char **text)
{
	free(*text);
}

static void connection_free(PGconn **connection)
{
	PQfinish(*connection);
}

static const char *option_value(const PQconninfoOption *options, const char *name)
{
	for (; options->keyword != NULL; options++) {
		if (strcmp(options->keyword, name) == 0)
			return options->val;
	}
	return NULL;
}

static bool is_keyword(const char *text, size_t length)
{
	__attribute__((cleanup(options_free))) PQconninfoOption *known = PQconndefaults();
	for (const PQconninfoOption *option = known; option != NULL && option->keyword != NULL; option++) {
		if (strlen(option->keyword) == length && strncmp(option->keyword, text, length) == 0)
			return true;
	}
	return false;
}

/*
 * Whether a quoted piece of libpq's message may be shown: a parameter's name. A name that libpq does not know
 * is shown only where it cannot be the rest of a password.
 */
static bool may_show(const char *message, const char *piece, size_t length, const char *url)
{
	if (is_keyword(piece, length))
		return true;
	bool names_a_parameter = strstr(message, "URI query parameter") != NULL ||
				 strstr(message, "invalid connection option") != NULL;
	const char *query = strchr(url, '?');
	bool no_secret = strstr(url, "://") != NULL ? query != NULL && strchr(query, '@') == NULL
						    : strstr(url, "password") == NULL;
	return names_a_parameter && no_secret && length > 0 && length <= NAME_MAX_BYTES &&
	       strspn(piece, "abcdefghijklmnopqrstuvwxyz_") >= length && strchr(url, '"') == NULL;
}

/* libpq's message on one line, its quoted pieces left out but for names of parameters. */
static void redact(const char *message, const char *url, char ret_reason[static DATABASE_URL_REASON])
{
	char text[DATABASE_URL_REASON] = "";
	size_t used = 0;
	for (const char *at = message; *at != '\0' && *at != '\n' && used < sizeof(text) - 1;) {
		size_t length = strcspn(at, "\"\n");
		if (length == 0 && *at == '"') {
			/* With a quote inside what is quoted: up to the last one. */
			const char *close =
				strchr(url, '"') != NULL ? strrchr(at + 1, '"') : strchr(at + 1, '"');
			if (close == NULL)
				break;
			bool show = may_show(message, at + 1, (size_t)(close - at - 1), url);
			length = (size_t)(close - at) + 1;
			if (!show) {
				at += length;
				while (used > 0 && strchr(" :", text[used - 1]) != NULL)
					text[--used] = '\0';
				continue;
			}
		}
		int wrote = snprintf(text + used, sizeof(text) - used, "%.*s", (int)length, at);
		used = (size_t)wrote < sizeof(text) - used ? used + (size_t)wrote : sizeof(text) - 1;
		at += length;
	}
	memcpy(ret_reason, text, sizeof(text));
}

/* As many times a folder that is not there as `hosts` names hosts, so that nobody is asked. */
static char *nowhere(const char *hosts)
{
	static const char folder[] = "/nonexistent";
	size_t count = 1;
	for (const char *at = hosts; at != NULL && *at != '\0'; at++)
		count += *at == ',';
	char *list = malloc(count * sizeof(folder));
	if (list == NULL)
		die("out of memory");
	char *out = list;
	for (size_t i = 0; i < count; i++)
		out += sprintf(out, "%s%s", i > 0 ? "," : "", folder);
	return list;
}

/* What libpq says to these options before it asks any server; "" when nothing. whole: with all it adds. */
static void try_options(const PQconninfoOption *options, const PQconninfoOption *whole, const char *url,
			char ret_reason[static DATABASE_URL_REASON])
{
	enum { OPTIONS_MAX = 64 };
	const char *names[OPTIONS_MAX + 1] = {NULL};
	const char *values[OPTIONS_MAX + 1] = {NULL};
	const char *given = option_value(whole, "hostaddr");
	if (given == NULL)
		given = option_value(whole, "host");
	__attribute__((cleanup(text_free))) char *hosts = nowhere(given);
	size_t count = 0;
	names[count] = "host";
	values[count++] = hosts;
	for (; options->keyword != NULL && count < OPTIONS_MAX; options++) {
		if (options->val == NULL || strcmp(options->keyword, "host") == 0 ||
		    strcmp(options->keyword, "hostaddr") == 0 || strcmp(options->keyword, "service") == 0)
			continue;
		names[count] = options->keyword;
		values[count++] = options->val;
	}
	__attribute__((cleanup(connection_free))) PGconn *connection = PQconnectStartParams(names, values, 0);
	if (connection == NULL)
		die("out of memory");
	if (PQstatus(connection) != CONNECTION_BAD)
		PQconnectPoll(connection);
	const char *message = PQerrorMessage(connection);
	bool asked = strncmp(message, "connection to server", 20) == 0;
	redact(asked ? "" : message, url, ret_reason);
}

/*
 * `url` with what its service, the environment and libpq add, and what libpq says of it all; "" when nothing.
 * Nobody is asked, since no server is "none".
 */
static PQconninfoOption *try_whole(const char *url, char ret_reason[static DATABASE_URL_REASON])
{
	const char *const names[] = {"dbname", "target_session_attrs", NULL};
	const char *const values[] = {url, "none", NULL};
	__attribute__((cleanup(connection_free))) PGconn *connection = PQconnectStartParams(names, values, 1);
	PQconninfoOption *whole = PQconninfo(connection);
	if (whole == NULL)
		die("out of memory");
	const char *message = PQerrorMessage(connection);
	redact(strstr(message, names[1]) != NULL ? "" : message, url, ret_reason);
	return whole;
}

/* Sockets have no TLS. */
static bool is_socket(const PQconninfoOption *whole)
{
	const char *host = option_value(whole, "host");
	return option_value(whole, "hostaddr") == NULL &&
	       (host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@');
}

static bool is_unreadable(const char *path)
{
	return path != NULL && path[0] != '\0' && access(path, R_OK) != 0;
}

/* What libpq meets only behind a server that answers, and no waiting mends: its name, *ret_why; or NULL. */
static const char *hopeless(const PQconninfoOption *options, const PQconninfoOption *whole,
			    const char **ret_why)
{
	const char *mode = option_value(options, "sslmode");
	const char *role = option_value(options, "target_session_attrs");
	const char *root = option_value(options, "sslrootcert");
	const bool verifies = mode != NULL && strncmp(mode, "verify-", 7) == 0 && !is_socket(whole);
	*ret_why = "leads to a server that takes no writes";
	if (role != NULL && (strcmp(role, "read-only") == 0 || strcmp(role, "standby") == 0))
		return "target_session_attrs";
	*ret_why = "names a file that cannot be read";
	if (verifies && is_unreadable(root) && strcmp(root, "system") != 0)
		return "sslrootcert";
	return NULL;
}

/* The numbers that libpq reads only while it connects; the name of one that is none, or NULL. */
static const char *bad_number(const PQconninfoOption *options)
{
	static const char *const names[] = {"connect_timeout",     "keepalives",       "keepalives_idle",
					    "keepalives_interval", "keepalives_count", "tcp_user_timeout"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = option_value(options, names[i]);
		if (value == NULL)
			continue;
		value += strspn(value, " ") + (*value == '-');
		size_t digits = strspn(value, "0123456789");
		if (digits == 0 || digits > 9 || value[digits + strspn(value + digits, " ")] != '\0')
			return names[i];
	}
	return NULL;
}

/* What libpq refuses to be empty, but only while it connects; its name, or NULL. */
static const char *empty_choice(const PQconninfoOption *options)
{
	static const char *const names[] = {"sslmode", "channel_binding", "gssencmode",
					    "target_session_attrs"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = option_value(options, names[i]);
		if (value != NULL && value[0] == '\0')
			return names[i];
	}
	return NULL;
}

/* Whether a URI has two @ before its path: libpq takes the second one for a name in the abstract namespace.
 */
static bool has_stray_at(const char *url)
{
	const char *authority = strstr(url, "://");
	if (authority == NULL)
		return false;
	authority += strlen("://");
	const char *at = memchr(authority, '@', strcspn(authority, "/?"));
	return at != NULL && at[1] == '@';
}

bool database_url_check(const char *url, char ret_reason[static DATABASE_URL_REASON])
{
	__attribute__((cleanup(message_free))) char *message = NULL;
	__attribute__((cleanup(options_free))) PQconninfoOption *options = PQconninfoParse(url, &message);
	if (options == NULL) {
		if (message == NULL)
			die("out of memory");
		bool percent = strstr(message, "percent") != NULL;
		redact(message, url, ret_reason);
		if (percent)
			snprintf(ret_reason, DATABASE_URL_REASON,
				 "has a %% that two hexadecimal digits do not follow; write a %% in user or "
				 "password as %%25");
		return false;
	}
	const char *host = option_value(options, "host");
	if ((host != NULL && strchr(host, '@') != NULL && host[0] != '@') || has_stray_at(url)) {
		snprintf(ret_reason, DATABASE_URL_REASON,
			 "host: has an @ in it; write an @ in user or password as %%40");
		return false;
	}
	const char *bad = bad_number(options);
	if (bad != NULL) {
		snprintf(ret_reason, DATABASE_URL_REASON, "%s: is not a whole number", bad);
		return false;
	}
	const char *empty = empty_choice(options);
	if (empty != NULL) {
		snprintf(ret_reason, DATABASE_URL_REASON, "%s: has no value", empty);
		return false;
	}
	const char *why = NULL;
	__attribute__((cleanup(options_free))) PQconninfoOption *whole = try_whole(url, ret_reason);
	const char *vain = hopeless(options, whole, &why);
	if (vain != NULL)
		snprintf(ret_reason, DATABASE_URL_REASON, "%s: %s", vain, why);
	else if (ret_reason[0] == '\0')
		try_options(options, whole, url, ret_reason);
	if (strstr(ret_reason, "port") != NULL && strstr(url, "://") != NULL)
		strncat(ret_reason, "; write a / in user or password as %2F",
			DATABASE_URL_REASON - strlen(ret_reason) - 1);
	return ret_reason[0] == '\0';
}

struct database_url database_url_describe(const char *url)
{
	struct database_url described = {.hosts = 1};
	__attribute__((cleanup(options_free))) PQconninfoOption *options = PQconninfoParse(url, NULL);
	if (options == NULL)
		return described;
	const char *host = option_value(options, "host");
	for (; host != NULL && *host != '\0'; host++)
		described.hosts += *host == ',';
	const char *role = option_value(options, "target_session_attrs");
	described.asks_for_role = role != NULL && strcmp(role, "any") != 0;
	return described;
}
