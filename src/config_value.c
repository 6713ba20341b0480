#include "config_value.h"

#include "config.h"

#include "base/crypto.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/webhook_key.h"
#include "db/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SITES_MAX = 4096, /* they go into a header */
	FEWEST_BYTES = 4, /* different ones in what was drawn */
};

/* ---- checks: each answers NULL when the value is good, else what it must be ---- */

static const char *check_text(struct value_rule rule, const char *value)
{
	size_t length = strlen(value);
	if ((int64_t)length > rule.max)
		return "is too long";
	if ((int64_t)length < rule.min) {
		static char wanted[80];
		snprintf(wanted, sizeof(wanted), "must be %" PRId64 " bytes or more", rule.min);
		return wanted;
	}
	for (; *value; value++) {
		if (iscntrl((unsigned char)*value) && !(rule.kind == KIND_SQL && strchr("\t\r\n", *value)))
			return "must have no control characters in it";
	}
	return NULL;
}

/* What would be a secret, were it not one character, or a few, over and over. */
static const char *check_drawn(const void *secret, size_t size)
{
	const unsigned char *bytes = secret;
	size_t different = 0;
	for (size_t i = 0; i < size; i++)
		different += memchr(bytes, bytes[i], i) == NULL;
	return different >= FEWEST_BYTES ? NULL
					 : "must be drawn, as by openssl rand -base64 32: it has fewer than "
					   "four different characters";
}

bool config_split_address(const char *value, char ret_host[static CONFIG_HOST_BYTES], uint16_t *ret_port)
{
	const char *colon = strrchr(value, ':');
	bool bracketed = value[0] == '[';
	if (colon == NULL || (bracketed && (colon == value || colon[-1] != ']')))
		return false;
	size_t length = (size_t)(colon - value) - (bracketed ? 2 : 0);
	size_t digits = strspn(colon + 1, "0123456789");
	long port = digits > 0 && digits <= 5 && colon[1 + digits] == '\0' ? strtol(colon + 1, NULL, 10) : 0;
	if (length >= CONFIG_HOST_BYTES || port < 1 || port > 65535)
		return false;
	snprintf(ret_host, CONFIG_HOST_BYTES, "%.*s", (int)length, value + bracketed);
	*ret_port = (uint16_t)port;
	return inet_pton(bracketed ? AF_INET6 : AF_INET, ret_host, &(struct in6_addr){0}) == 1;
}

static const char *check_id(const char *value)
{
	bool good = strlen(value) <= 64;
	for (; *value; value++)
		good = good && (isalnum((unsigned char)*value) || strchr("._-", *value)) &&
		       (*value & 0x80) == 0;
	return good ? NULL : "must be 1 to 64 letters, digits, dots, dashes and underscores";
}

static const char *check_email(struct value_rule rule, const char *value)
{
	const char *at = strchr(value, '@');
	bool good = at != NULL && at != value && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
		    strpbrk(value, " \t<>,;\"") == NULL && check_text(rule, value) == NULL;
	return good ? NULL : "must be an email address";
}

/* Length of scheme://host[:port], or 0. */
static size_t origin_length(const char *value)
{
	const char *host = strncmp(value, "https://", 8) == 0  ? value + 8
			   : strncmp(value, "http://", 7) == 0 ? value + 7
							       : NULL;
	if (host == NULL)
		return 0;
	const char *end = host;
	if (*end == '[') {
		end += strspn(end + 1, "0123456789abcdefABCDEF:.") + 1;
		if (*end++ != ']' || end == host + 2)
			return 0;
	} else {
		while (isalnum((unsigned char)*end) || *end == '.' || *end == '-' || *end == '_')
			end++;
		if (end == host)
			return 0;
	}
	if (*end == ':') {
		size_t digits = strspn(end + 1, "0123456789");
		if (digits == 0 || digits > 5 || atoi(end + 1) > 65535)
			return 0;
		end += 1 + digits;
	}
	return (size_t)(end - value);
}

static const char *check_url(const char *value)
{
	static const char wanted[] =
		"must be a URL that begins with http:// or https://, without user, blank or #";
	size_t length = origin_length(value);
	if (length == 0 || strlen(value) > 2048 || (value[length] != '\0' && value[length] != '/'))
		return wanted;
	for (value += length; *value; value++) {
		if (*value <= ' ' || *value > '~' || strchr("#\"<>\\^`{|}", *value))
			return wanted;
	}
	return NULL;
}

/* Whether http:// goes no further than this machine: by address, since a name may begin like one. */
static bool is_loopback(const char *url)
{
	char host[64] = "";
	const char *begin = url + strlen("http://");
	size_t length = *begin == '[' ? strcspn(begin, "]") + 1 : strcspn(begin, ":/");
	if (length >= sizeof(host))
		return false;
	memcpy(host, begin, length);
	struct in_addr four;
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127);
}

bool config_url_is_plain(const char *url)
{
	return strncmp(url, "http://", 7) == 0 && !is_loopback(url);
}

static const char *check_secure_url(const char *value)
{
	const char *why = check_url(value);
	if (why != NULL)
		return why;
	return config_url_is_plain(value) ? "must begin with https://: what comes by http:// may be anybody's"
					  : NULL;
}

/* What paths are put behind. */
static const char *check_base(const char *value)
{
	const char *why = check_url(value);
	return why != NULL                  ? why
	       : strchr(value, '?') != NULL ? "must have no ? in it: paths are put behind it"
					    : NULL;
}

/* A page of the platform's, where {id} stands for the appointment. */
static const char *check_page(const char *value)
{
	static char wanted[80];
	char plain[2049] = "";
	const char *place = strstr(value, "{id}");
	size_t length = place != NULL ? (size_t)(place - value) : strlen(value);
	if (strlen(value) < sizeof(plain)) {
		snprintf(plain, sizeof(plain), "%.*s%s", (int)length, value,
			 place != NULL ? place + strlen("{id}") : "");
		for (char *c = strchr(plain, '#'); c != NULL; c = strchr(c, '#'))
			*c = '/';
	}
	snprintf(wanted, sizeof(wanted), "must be a URL, in which {id} may stand for the appointment");
	return check_url(plain) == NULL ? NULL : wanted;
}

static const char *check_mail_url(const char *value)
{
	static const char wanted[] =
		"must be smtp://host:port or smtps://host:port, and may end in / and the name "
		"to greet with; user and password are settings of their own";
	const char *host = strncmp(value, "smtp://", 7) == 0    ? value + 7
			   : strncmp(value, "smtps://", 8) == 0 ? value + 8
								: NULL;
	char url[600];
	if (host == NULL || strlen(host) > 512)
		return wanted;
	snprintf(url, sizeof(url), "http://%s", host);
	size_t length = origin_length(url);
	if (length == 0 || (url[length] != '\0' && url[length] != '/'))
		return wanted;
	const char *name = url + length + (url[length] == '/');
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr(".-_", *name))
			return wanted;
	}
	return NULL;
}

static const char *check_emails(const char *value)
{
	static const char wanted[] = "must be email addresses with commas between";
	char one[255];
	for (const char *item = value + strspn(value, ", "); *item; item += strspn(item, ", ")) {
		size_t length = strcspn(item, ", ");
		if (length >= sizeof(one))
			return wanted;
		memcpy(one, item, length);
		one[length] = '\0';
		if (check_email((struct value_rule){KIND_EMAIL, 3, 254}, one) != NULL)
			return wanted;
		item += length;
	}
	return NULL;
}

static const char *check_database(const char *value)
{
	static char reason[DATABASE_URL_REASON];
	bool url = strncmp(value, "postgresql://", 13) == 0 || strncmp(value, "postgres://", 11) == 0;
	bool keywords = strstr(value, "://") == NULL && strchr(value, '=') != NULL;
	if (!url && !keywords)
		return "must begin with postgresql:// (or be keyword=value pairs)";
	return database_url_check(value, reason) ? NULL : reason;
}

static const char *read_integer(const char *value, int64_t min, int64_t max, int64_t *ret_number)
{
	static char wanted[80];
	snprintf(wanted, sizeof(wanted), "must be a whole number from %" PRId64 " to %" PRId64, min, max);
	char *end;
	errno = 0;
	int64_t number = strtoll(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end != '\0' || errno != 0 || number < min || number > max)
		return wanted;
	*ret_number = number;
	return NULL;
}

/* The place of `value` in a list of words (NULL at the end), or -1. */
static int word(const char *value, const char *const words[])
{
	for (int i = 0; words[i] != NULL; i++) {
		if (strcasecmp(value, words[i]) == 0)
			return i;
	}
	return -1;
}

static const char *read_boolean(const char *value, bool *ret_truth)
{
	int place =
		word(value, (const char *const[]){"0", "1", "false", "true", "no", "yes", "off", "on", NULL});
	if (place < 0)
		return "must be 1 or 0";
	*ret_truth = place % 2 == 1;
	return NULL;
}

static void origins_free(char **origins)
{
	for (size_t i = 0; origins != NULL && origins[i] != NULL; i++)
		free(origins[i]);
	free(origins);
}

/* As browsers write it: in small letters, and without the port that the scheme has by itself. */
static void origin_as_sent(char *origin)
{
	for (char *c = origin; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	const char *port = strncmp(origin, "https:", 6) == 0 ? ":443" : ":80";
	size_t length = strlen(origin);
	if (length > strlen(port) && strcmp(origin + length - strlen(port), port) == 0)
		origin[length - strlen(port)] = '\0';
}

#define ORIGINS_WANTED "must be a list of origins such as https://example.org (no path, no slash at the end)"

static const char *read_origins(const char *value, bool any_allowed, char ***ret_origins)
{
	char **origins = calloc(strlen(value) / 2 + 2, sizeof(*origins));
	if (origins == NULL)
		die("out of memory");
	size_t count = 0;
	bool good = any_allowed || strlen(value) <= SITES_MAX;
	bool any = false;
	for (const char *item = value + strspn(value, ", "); *item; item += strspn(item, ", ")) {
		size_t length = strcspn(item, ", ");
		origins[count] = value_copy(item, length);
		any = any || strcmp(origins[count], "*") == 0;
		good = good && (origin_length(origins[count]) == length || strcmp(origins[count], "*") == 0);
		if (any_allowed) /* the others are compared by us, or by browsers who know better */
			origin_as_sent(origins[count]);
		count++;
		item += length;
	}
	if (!good || count == 0 || (any && (count > 1 || !any_allowed))) {
		origins_free(origins);
		return any_allowed ? ORIGINS_WANTED ", or * alone"
				   : ORIGINS_WANTED ", of 4096 characters at most";
	}
	*ret_origins = origins;
	return NULL;
}

static const char *check_keys(const char *value)
{
	struct seal_keys keys;
	const char *why = seal_keys_init(&keys, value)
				  ? check_drawn(keys.keys[0].secret, sizeof(keys.keys[0].secret))
				  : "must be 32 bytes in base64, as `openssl rand -base64 32` prints them";
	seal_keys_clear(&keys);
	return why;
}

/* Whether values of this kind stay a text. */
static bool is_kept_text(enum value_kind kind)
{
	return kind != KIND_INTEGER && kind != KIND_BOOLEAN && kind != KIND_ORIGINS && kind != KIND_SITES &&
	       kind != KIND_LEVEL && kind != KIND_FORMAT && kind != KIND_MAIL_TLS;
}

static const char *check_webhook_keys(const char *value)
{
	struct webhook_key key;
	struct webhook_key former;
	size_t first = strcspn(value, " ");
	bool good = webhook_key_read(value, first, &key) &&
		    (value[first] == '\0' ||
		     webhook_key_read(value + first + 1, strlen(value + first + 1), &former));
	const char *why =
		good ? check_drawn(key.bytes, key.size)
		     : "must be whsec_ and 24 to 64 bytes in base64 (echo whsec_$(openssl rand -base64 32)); "
		       "while it "
		       "is being replaced the former one may follow after a blank";
	crypto_wipe(&key, sizeof(key));
	crypto_wipe(&former, sizeof(former));
	return why;
}

/* Those that stay a text as given. */
static const char *check_kept(struct value_rule rule, char *value)
{
	switch (rule.kind) {
	case KIND_SQL:
		if (strstr(value, "$1") == NULL)
			return "must have $1, the session's id, in it";
		return check_text(rule, value);
	case KIND_TEXT:
		return check_text(rule, value);
	case KIND_SECRET: {
		const char *why = check_text(rule, value);
		return why != NULL ? why : check_drawn(value, strlen(value));
	}
	case KIND_ID:
		return check_id(value);
	case KIND_EMAIL:
		return check_email(rule, value);
	case KIND_ADDRESS:
		return inet_pton(AF_INET, value, &(struct in_addr){0}) == 1 ||
				       inet_pton(AF_INET6, value, &(struct in6_addr){0}) == 1
			       ? NULL
			       : "must be an IPv4 or IPv6 address";
	case KIND_LISTEN:
		return config_split_address(value, (char[CONFIG_HOST_BYTES]){0}, &(uint16_t){0})
			       ? NULL
			       : "must be an address and a port such as 127.0.0.1:9464 or [::1]:9464";
	case KIND_URL:
	case KIND_BASE:
	case KIND_SECURE_URL:
		for (size_t end = strlen(value); end > 0 && value[end - 1] == '/'; end--)
			value[end - 1] = '\0';
		return rule.kind == KIND_URL    ? check_url(value)
		       : rule.kind == KIND_BASE ? check_base(value)
						: check_secure_url(value);
	case KIND_ENDPOINT:
		return check_url(value);
	case KIND_WEBHOOK_KEYS:
		return check_webhook_keys(value);
	case KIND_PAGE:
		return check_page(value);
	case KIND_MAIL_URL:
		return check_mail_url(value);
	case KIND_EMAILS:
		return check_emails(value);
	case KIND_DATABASE:
		return check_database(value);
	case KIND_KEYS:
		return check_keys(value);
	case KIND_INTEGER:
	case KIND_BOOLEAN:
	case KIND_ORIGINS:
	case KIND_SITES:
	case KIND_LEVEL:
	case KIND_FORMAT:
	case KIND_MAIL_TLS:
	case KIND_JSON:
	case KIND_ACCOUNT:
	case KIND_PEM:
		break;
	}
	die("a kind that is no text");
}

const char *value_store(struct value_rule rule, char *value, void *place)
{
	const char *why = NULL;
	int choice;
	switch (rule.kind) {
	case KIND_INTEGER:
		why = read_integer(value, rule.min, rule.max, place);
		break;
	case KIND_BOOLEAN:
		why = read_boolean(value, place);
		break;
	case KIND_ORIGINS:
	case KIND_SITES:
		why = read_origins(value, rule.kind == KIND_ORIGINS, place);
		break;
	case KIND_LEVEL:
		choice = word(value, (const char *const[]){"debug", "info", "warning", "error", NULL});
		why = choice < 0 ? "must be debug, info, warning or error" : NULL;
		*(enum log_level *)place = choice < 0 ? LOG_INFO : (enum log_level)choice;
		break;
	case KIND_FORMAT:
		choice = word(value, (const char *const[]){"json", "text", NULL});
		why = choice < 0 ? "must be json or text" : NULL;
		*(enum log_format *)place = choice == 1 ? LOG_TEXT : LOG_JSON;
		break;
	case KIND_MAIL_TLS:
		choice = word(value, (const char *const[]){"none", "require", NULL});
		why = choice < 0 ? "must be require or none" : NULL;
		*(bool *)place = choice != 0;
		break;
	case KIND_JSON:
	case KIND_ACCOUNT:
	case KIND_PEM:
		value = value_document(rule.kind, value, &why);
		break;
	case KIND_TEXT:
	case KIND_SECRET:
	case KIND_SQL:
	case KIND_ID:
	case KIND_EMAIL:
	case KIND_ADDRESS:
	case KIND_LISTEN:
	case KIND_URL:
	case KIND_BASE:
	case KIND_SECURE_URL:
	case KIND_ENDPOINT:
	case KIND_WEBHOOK_KEYS:
	case KIND_PAGE:
	case KIND_MAIL_URL:
	case KIND_EMAILS:
	case KIND_DATABASE:
	case KIND_KEYS:
		why = check_kept(rule, value);
		break;
	}
	if (why == NULL && is_kept_text(rule.kind))
		*(char **)place = value;
	else
		value_wipe(value);
	return why;
}

void value_free(enum value_kind kind, void *place)
{
	if (kind == KIND_ORIGINS || kind == KIND_SITES)
		origins_free(*(char ***)place);
	else if (is_kept_text(kind))
		value_wipe(*(char **)place);
}
