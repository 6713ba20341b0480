#include "domain/meeting.h"

#include <string.h>
#include <strings.h>

static const char *const kind_names[] = {
#define KIND(name, word) [MEETING_##name] = (word),
	MEETING_KINDS(KIND)
#undef KIND
};

static const char scheme[] = "https://";
static const char id_mark[] = "{id}";

const char *meeting_kind_name(enum meeting_kind kind)
{
	return kind_names[kind];
}

bool meeting_kind_parse(const char *name, enum meeting_kind *ret_kind)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (strcmp(kind_names[i], name) == 0) {
			*ret_kind = (enum meeting_kind)i;
			return true;
		}
	}
	return false;
}

/* Where the first `{id}` is; NULL: nowhere. */
static const char *find_id(const char *url)
{
	return strstr(url, id_mark);
}

bool meeting_url_is_usable(const char *url)
{
	if (strlen(url) > MEETING_URL_BYTES_MAX || strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	const char *host = url + sizeof(scheme) - 1;
	size_t authority = strcspn(host, "/?#");
	if (strcspn(host, "/?#:") == 0 || memchr(host, '@', authority) != NULL ||
	    memchr(host, '{', authority) != NULL)
		return false;
	for (const char *c = url; *c != '\0'; c++) {
		if (*c == '{' && find_id(c) == c)
			c += sizeof(id_mark) - 2;
		else if (*c <= ' ' || *c > '~' || strchr("<>\"\\^`{|}", *c) != NULL)
			return false;
	}
	return true;
}

bool meeting_url_is_of(const char *url, const char *const origins[])
{
	if (!meeting_url_is_usable(url))
		return false;
	const char *host = url + sizeof(scheme) - 1;
	size_t length = (size_t)(host - url) + strcspn(host, "/?#");
	for (; origins != NULL && *origins != NULL; origins++)
		if (strlen(*origins) == length && strncasecmp(*origins, url, length) == 0)
			return true;
	return false;
}

const char *meeting_url_for(struct arena *mem, const char *url, const char *appointment_id)
{
	const char *at = url != NULL ? find_id(url) : NULL;
	while (at != NULL) {
		url = arena_printf(mem, "%.*s%s%s", (int)(at - url), url, appointment_id,
				   at + sizeof(id_mark) - 1);
		at = find_id(url);
	}
	return url;
}

bool meeting_is_whole(const struct meeting *meeting, const char **ret_field, const char **ret_sentence)
{
	const bool link = meeting->kind == MEETING_LINK;
	const bool placed = meeting->kind == MEETING_IN_PERSON || meeting->kind == MEETING_PHONE;
	*ret_field = "url";
	if (link && (meeting->url == NULL || !meeting_url_is_usable(meeting->url))) {
		*ret_sentence =
			"must be an address such as https://meet.example/room; {id} in it stands for the "
			"appointment's id.";
		return false;
	}
	*ret_sentence = "doesn't go with this kind of meeting.";
	if (!link && meeting->url != NULL)
		return false;
	*ret_field = "label";
	if (!link && meeting->label != NULL)
		return false;
	*ret_field = meeting->kind == MEETING_PHONE ? "number" : "address";
	if (!placed && meeting->place != NULL)
		return false;
	*ret_field = "instructions";
	return link || placed || meeting->instructions == NULL;
}
