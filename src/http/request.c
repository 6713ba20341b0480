#include "http/request.h"

#include "base/die.h"

#include <string.h>
#include <strings.h>

const char *request_parameter(const struct request *request, const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < request->parameters.count; i++)
		if (request->parameters.at[i].name_length == length &&
		    memcmp(request->parameters.at[i].name, name, length) == 0)
			return request->parameters.at[i].value;
	die("the route's pattern has no such parameter");
}

const char *request_query(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->query_count; i++)
		if (request->query[i].name[0] == name[0] && strcmp(request->query[i].name, name) == 0)
			return request->query[i].value;
	return NULL;
}

const char *request_header(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		/* Most names differ in the first letter already. */
		const char *sent = request->headers[i].name;
		if ((sent[0] | 0x20) == (name[0] | 0x20) && strcasecmp(sent, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

const char *request_header_list(const struct request *request, const char *name)
{
	const char *list = NULL;
	for (size_t i = 0; i < request->header_count; i++) {
		const struct request_header *header = &request->headers[i];
		if (strcasecmp(header->name, name) != 0)
			continue;
		list = list == NULL ? header->value
				    : arena_printf(request->mem, "%s,%s", list, header->value);
	}
	return list;
}

const char *request_cookie(const struct request *request, const char *name, struct arena *mem)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < request->header_count; i++) {
		/* A proxy may have cut the line up (RFC 9113 section 8.2.3). */
		const char *rest = strcasecmp(request->headers[i].name, "Cookie") == 0
					   ? request->headers[i].value
					   : NULL;
		while (rest != NULL) {
			rest += strspn(rest, "; \t");
			size_t pair = strcspn(rest, ";");
			if (pair > length && strncmp(rest, name, length) == 0 && rest[length] == '=')
				return arena_strndup(mem, rest + length + 1, pair - length - 1);
			rest = rest[pair] == ';' ? rest + pair : NULL;
		}
	}
	return NULL;
}

bool request_list_next(const char **rest, const char **ret_text, size_t *ret_length)
{
	const char *text = *rest + strspn(*rest, ", \t");
	if (*text == '\0')
		return false;
	size_t length = strcspn(text, ",");
	*rest = text + length;
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	*ret_text = text;
	*ret_length = length;
	return true;
}

/* "0.85" in thousandths. What is no quality is none. */
static unsigned quality_of(const char *text, const char *end)
{
	unsigned quality = 0;
	if (text < end && *text >= '1' && *text <= '9')
		return REQUEST_QUALITY_MAX;
	text += text < end && *text == '0';
	if (text < end && *text++ == '.')
		for (unsigned place = 100; place > 0 && text < end && *text >= '0' && *text <= '9';
		     place /= 10)
			quality += place * (unsigned)(*text++ - '0');
	return quality;
}

bool request_choice_next(const char **rest, struct request_choice *ret_choice)
{
	const char *text = NULL;
	size_t length = 0;
	if (!request_list_next(rest, &text, &length))
		return false;
	const char *end = text + length;
	const char *parameter = memchr(text, ';', length);
	const char *name_end = parameter != NULL ? parameter : end;
	while (name_end > text && (name_end[-1] == ' ' || name_end[-1] == '\t'))
		name_end--;
	*ret_choice = (struct request_choice){text, (size_t)(name_end - text), REQUEST_QUALITY_MAX};
	while (parameter != NULL) {
		parameter += 1 + strspn(parameter + 1, " \t");
		const char *next = parameter < end ? memchr(parameter, ';', (size_t)(end - parameter)) : NULL;
		if (end - parameter >= 2 && (*parameter | 0x20) == 'q' && parameter[1] == '=') {
			ret_choice->quality = quality_of(parameter + 2, next != NULL ? next : end);
			break;
		}
		parameter = next;
	}
	return true;
}

bool request_accepts_gzip(const struct request *request)
{
	const char *rest = request_header_list(request, "Accept-Encoding");
	bool any = false;
	struct request_choice coding;
	while (rest != NULL && request_choice_next(&rest, &coding)) {
		if (coding.length == 4 && strncasecmp(coding.text, "gzip", 4) == 0)
			return coding.quality > 0; /* named itself, it counts more than the star */
		if (coding.length == 1 && coding.text[0] == '*')
			any = coding.quality > 0;
	}
	return any;
}

bool request_none_match(const struct request *request, const char *etag)
{
	const char *rest = request_header_list(request, "If-None-Match");
	if (rest == NULL)
		return false;
	if (etag[0] == 'W' && etag[1] == '/')
		etag += 2;
	size_t etag_length = strlen(etag);
	const char *element = NULL;
	size_t length = 0;
	while (request_list_next(&rest, &element, &length)) {
		if (length == 1 && element[0] == '*')
			return true;
		/* The comparison is the weak one, so a W/ that a proxy put in front does not matter. */
		if (length > 2 && element[0] == 'W' && element[1] == '/') {
			element += 2;
			length -= 2;
		}
		if (length == etag_length && memcmp(element, etag, length) == 0)
			return true;
	}
	return false;
}

/* Add one `name=value`, decoded where it lies. False if it is malformed, repeated, or one too many. */
static bool query_add(struct request *request, char *name, size_t length, const char **ret_fault)
{
	char *equals = memchr(name, '=', length);
	size_t name_length = equals != NULL ? (size_t)(equals - name) : length;
	*ret_fault = NULL;
	if (request->query_count == REQUEST_QUERY_MAX || !percent_decode_in_place(name, name_length, true))
		return false;
	*ret_fault = name;
	char *value = name + length;
	if (equals != NULL) {
		value = equals + 1;
		if (!percent_decode_in_place(value, length - name_length - 1, true))
			return false;
	}
	if (request_query(request, name) != NULL)
		return false;
	request->query[request->query_count++] = (struct query_parameter){name, value};
	return true;
}

bool request_read_query(struct request *request, const char **ret_field)
{
	bool sound = true;
	char *rest = arena_strdup(request->mem, request->query_text);
	while (*rest != '\0') {
		char *end = strchrnul(rest, '&');
		char *next = end + (*end == '&');
		const char *fault = NULL;
		*end = '\0'; /* the value of a name without `=`, too */
		if (end > rest && !query_add(request, rest, (size_t)(end - rest), &fault) && sound) {
			sound = false;
			*ret_field = fault;
		}
		rest = next;
	}
	return sound;
}

bool request_id_is_sane(const char *id)
{
	size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
	return length > 0 && length < REQUEST_ID_BYTES && id[length] == '\0';
}
