/* Reading a multistatus document (RFC 4918 section 13) by expat. */
#include "net/dav.h"

#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "base/buffer.h"
#include "base/die.h"

enum { DEPTH_MAX = 32, TEXT_MAX = 2000 };

enum element {
	OTHER,
	MULTISTATUS,
	RESPONSE,
	HREF,
	PROPSTAT,
	PROP,
	STATUS,
	SYNC_TOKEN,
	ETAG,
	NAME,
	RESOURCE_TYPE,
	PRINCIPAL,
	HOME,
	PRIVILEGES,
	PRIVILEGE,
	WRITE,
	CALENDAR,
	DATA,
	COMPONENTS,
	COMPONENT,
	TRANSPARENCY,
	TRANSPARENT,
};

static const struct {
	const char *name;
	enum element element;
} elements[] = {
	{"DAV:|multistatus", MULTISTATUS},
	{"DAV:|response", RESPONSE},
	{"DAV:|href", HREF},
	{"DAV:|propstat", PROPSTAT},
	{"DAV:|prop", PROP},
	{"DAV:|status", STATUS},
	{"DAV:|sync-token", SYNC_TOKEN},
	{"DAV:|getetag", ETAG},
	{"DAV:|displayname", NAME},
	{"DAV:|resourcetype", RESOURCE_TYPE},
	{"DAV:|current-user-principal", PRINCIPAL},
	{"DAV:|current-user-privilege-set", PRIVILEGES},
	{"DAV:|privilege", PRIVILEGE},
	{"DAV:|all", WRITE},
	{"DAV:|write", WRITE},
	{"DAV:|write-content", WRITE},
	{"urn:ietf:params:xml:ns:caldav|calendar", CALENDAR},
	{"urn:ietf:params:xml:ns:caldav|calendar-data", DATA},
	{"urn:ietf:params:xml:ns:caldav|calendar-home-set", HOME},
	{"urn:ietf:params:xml:ns:caldav|supported-calendar-component-set", COMPONENTS},
	{"urn:ietf:params:xml:ns:caldav|comp", COMPONENT},
	{"urn:ietf:params:xml:ns:caldav|schedule-calendar-transp", TRANSPARENCY},
	{"urn:ietf:params:xml:ns:caldav|transparent", TRANSPARENT},
};

struct reading {
	XML_Parser parser;
	struct arena *mem;
	struct dav_answer *answer;
	size_t room;
	enum element path[DEPTH_MAX];
	size_t depth;
	struct buffer text;           /* of the element that is open */
	struct dav_response response; /* so far */
	size_t first;                 /* of its hrefs, of which there may be several with one status */
	struct dav_response pending;  /* properties whose status has not come yet */
	int pending_status;
	bool is_multistatus;
	bool refused;
};

static enum element parent(const struct reading *reading, size_t above)
{
	return reading->depth > above ? reading->path[reading->depth - 1 - above] : OTHER;
}

static enum element element_named(const char *name)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		if (strcmp(elements[i].name, name) == 0)
			return elements[i].element;
	}
	return OTHER;
}

static void refuse(struct reading *reading)
{
	reading->refused = true;
	XML_StopParser(reading->parser, XML_FALSE);
}

static void note_component(struct reading *reading, const char **attributes)
{
	reading->pending.says_components = true;
	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], "name") == 0 && strcmp(attributes[1], "VEVENT") == 0)
			reading->pending.takes_events = true;
	}
}

static void XMLCALL opened(void *closure, const char *name, const char **attributes)
{
	struct reading *reading = closure;
	const enum element element = element_named(name);
	if (reading->depth == DEPTH_MAX) {
		refuse(reading);
		return;
	}
	if (element == RESPONSE) {
		reading->response = (struct dav_response){0};
		reading->first = reading->answer->count;
	}
	if (element == PROPSTAT) {
		reading->pending = (struct dav_response){0};
		reading->pending_status = 200;
	}
	if (reading->depth == 0)
		reading->is_multistatus = element == MULTISTATUS;
	else if (element == CALENDAR && parent(reading, 0) == RESOURCE_TYPE)
		reading->pending.is_calendar = true;
	else if (element == COMPONENT && parent(reading, 0) == COMPONENTS)
		note_component(reading, attributes);
	else if (element == TRANSPARENT && parent(reading, 0) == TRANSPARENCY)
		reading->pending.is_transparent = true;
	else if (element == PRIVILEGES)
		reading->pending.says_privileges = true;
	else if (element == WRITE && parent(reading, 0) == PRIVILEGE)
		reading->pending.may_write = true;
	reading->path[reading->depth++] = element;
	buffer_reset(&reading->text);
}

/* The text of the element that ends, without blanks around it. NULL: empty or too long. */
static const char *taken(struct reading *reading)
{
	static const char blanks[] = " \t\r\n";
	const char *text = buffer_text(&reading->text);
	text += strspn(text, blanks);
	size_t length = strlen(text);
	while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
		length--;
	return length > 0 && length <= TEXT_MAX ? arena_strndup(reading->mem, text, length) : NULL;
}

/* "HTTP/1.1 404 Not Found" */
static int taken_status(struct reading *reading)
{
	const char *text = taken(reading);
	const char *blank = text != NULL ? strchr(text, ' ') : NULL;
	return blank != NULL ? atoi(blank) : 0;
}

/* The former value, or the latter where that says something. */
static void take_over(struct dav_response *into, const struct dav_response *from)
{
	const char *href = into->href;
	const int status = into->status;
	const struct dav_response before = *into;
	*into = *from;
	into->href = href;
	into->status = status;
	into->etag = from->etag != NULL ? from->etag : before.etag;
	if (from->data == NULL) {
		into->data = before.data;
		into->data_length = before.data_length;
	}
	into->name = from->name != NULL ? from->name : before.name;
	into->sync_token = from->sync_token != NULL ? from->sync_token : before.sync_token;
	into->principal = from->principal != NULL ? from->principal : before.principal;
	into->home = from->home != NULL ? from->home : before.home;
	into->is_calendar |= before.is_calendar;
	into->says_components |= before.says_components;
	into->takes_events |= before.takes_events;
	into->is_transparent |= before.is_transparent;
	into->says_privileges |= before.says_privileges;
	into->may_write |= before.may_write;
}

static void keep_response(struct reading *reading)
{
	struct dav_answer *answer = reading->answer;
	if (reading->response.href == NULL)
		return;
	if (answer->count == DAV_RESPONSES_MAX) {
		refuse(reading);
		return;
	}
	if (answer->count == reading->room) {
		const size_t more = reading->room == 0 ? 16 : reading->room * 2;
		struct dav_response *larger = arena_array(reading->mem, more, sizeof(*larger));
		if (answer->count > 0)
			memcpy(larger, answer->responses, answer->count * sizeof(*larger));
		answer->responses = larger;
		reading->room = more;
	}
	answer->responses[answer->count++] = reading->response;
}

static void take_href(struct reading *reading)
{
	const char *href = taken(reading);
	if (parent(reading, 1) == RESPONSE) {
		keep_response(reading);
		reading->response.href = href;
	} else if (parent(reading, 1) == PRINCIPAL) {
		reading->pending.principal = href;
	} else if (parent(reading, 1) == HOME && reading->pending.home == NULL) {
		reading->pending.home = href;
	}
}

static void take_status(struct reading *reading)
{
	if (parent(reading, 1) == PROPSTAT)
		reading->pending_status = taken_status(reading);
	else if (parent(reading, 1) == RESPONSE)
		reading->response.status = taken_status(reading);
}

static void take_sync_token(struct reading *reading)
{
	if (parent(reading, 1) == MULTISTATUS)
		reading->answer->sync_token = taken(reading);
	else
		reading->pending.sync_token = taken(reading);
}

static void take_data(struct reading *reading)
{
	reading->pending.data =
		arena_strndup(reading->mem, buffer_text(&reading->text), reading->text.length);
	reading->pending.data_length = reading->text.length;
}

static void XMLCALL closed(void *closure, const char *name)
{
	struct reading *reading = closure;
	(void)name;
	switch (parent(reading, 0)) {
	case HREF:
		take_href(reading);
		break;
	case STATUS:
		take_status(reading);
		break;
	case SYNC_TOKEN:
		take_sync_token(reading);
		break;
	case ETAG:
		reading->pending.etag = taken(reading);
		break;
	case NAME:
		reading->pending.name = taken(reading);
		break;
	case DATA:
		take_data(reading);
		break;
	case PROPSTAT:
		if (reading->pending_status / 100 == 2)
			take_over(&reading->response, &reading->pending);
		else if (reading->pending_status / 100 == 5 && reading->response.status == 0)
			reading->response.status = reading->pending_status;
		break;
	case RESPONSE:
		keep_response(reading);
		for (size_t i = reading->first; i < reading->answer->count; i++)
			reading->answer->responses[i].status = reading->response.status;
		break;
	case OTHER:
	case MULTISTATUS:
	case PROP:
	case RESOURCE_TYPE:
	case PRINCIPAL:
	case HOME:
	case PRIVILEGES:
	case PRIVILEGE:
	case WRITE:
	case CALENDAR:
	case COMPONENTS:
	case COMPONENT:
	case TRANSPARENCY:
	case TRANSPARENT:
		break;
	}
	reading->depth--;
	buffer_reset(&reading->text);
}

static void XMLCALL spoke(void *closure, const char *text, int length)
{
	struct reading *reading = closure;
	buffer_append(&reading->text, text, (size_t)length);
}

/* Nothing in DAV needs one, and all attacks by entities do. */
static void XMLCALL declared(void *closure, const char *name, const char *system, const char *public,
			     int has_internal)
{
	(void)name, (void)system, (void)public, (void)has_internal;
	refuse(closure);
}

bool dav_multistatus_read(struct arena *mem, const char *body, size_t length, struct dav_answer *answer)
{
	struct reading reading = {.mem = mem, .answer = answer};
	answer->responses = NULL;
	answer->count = 0;
	answer->sync_token = NULL;
	if (length > DAV_REPLY_MAX)
		return false;
	reading.parser = XML_ParserCreateNS(NULL, '|');
	if (reading.parser == NULL)
		die("out of memory");
	buffer_init(&reading.text, DAV_REPLY_MAX);
	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, opened, closed);
	XML_SetCharacterDataHandler(reading.parser, spoke);
	XML_SetStartDoctypeDeclHandler(reading.parser, declared);
	const bool parsed =
		XML_Parse(reading.parser, body, (int)length, 1) == XML_STATUS_OK && !reading.refused;
	if (!parsed && XML_GetErrorCode(reading.parser) == XML_ERROR_NO_MEMORY)
		die("out of memory");
	XML_ParserFree(reading.parser);
	buffer_clear(&reading.text);
	return parsed && reading.is_multistatus;
}
