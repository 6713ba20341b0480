#include "net/mail.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/die.h"
#include "curl_trust.h"
#include "net/mail_header.h"

enum {
	CONNECT_MS_MAX = 10000,
	QUIT_MS_MAX = 1000,
	CODE_SEND_IT = 354, /* the server waits for the message: RFC 5321 section 4.3.2 */
	CODE_BAD_SEQUENCE = 503,
	CODE_BAD_PARAMETER = 504,
	CODE_NO_RIGHT = 530,
	CODE_TOO_LONG = 552,
	REPLY_OCTETS = 180,
};

struct mail_client {
	CURL *curl; /* NULL until the first message */
	struct mail_settings settings;
	const atomic_bool *stop;
	/* of the running call */
	char verb[12];
	char reply[REPLY_OCTETS]; /* the last line the server said */
	int64_t quit_at; /* when QUIT was said, as monotonic_ms; what follows tells nothing. 0: not yet */
};

struct mail_client *mail_client_new(const struct mail_settings *settings, const atomic_bool *stop)
{
	struct mail_client *client = calloc(1, sizeof(*client));

	if (!client)
		die("out of memory");
	client->settings = *settings;
	client->stop = stop;
	return client;
}

void mail_client_free(struct mail_client *client)
{
	if (!client)
		return;
	curl_easy_cleanup(client->curl);
	free(client);
}

static bool stopped(const struct mail_client *client)
{
	return client->stop && atomic_load_explicit(client->stop, memory_order_relaxed);
}

static int progress(void *closure, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	const struct mail_client *client = closure;

	(void)down_total, (void)down, (void)up_total, (void)up;
	/* libcurl would wait for the answer to QUIT as long as for any other. */
	return stopped(client) || (client->quit_at && monotonic_ms() - client->quit_at > QUIT_MS_MAX);
}

/* The first word of a line, without what follows: an argument may be a password or an address. */
static void copy_verb(const char *line, size_t length,
		      char verb[static sizeof(((struct mail_client *)0)->verb)])
{
	size_t size = 0;

	while (size < length && size + 1 < sizeof(((struct mail_client *)0)->verb) && line[size] >= 'A' &&
	       line[size] <= 'Z')
		size++;
	/* What continues AUTH is base64 and no command. */
	if (size < 4 || (size < length && !strchr(" \r\n", line[size])))
		return;
	memcpy(verb, line, size);
	verb[size] = '\0';
}

/* libcurl says what goes over the wire: commands tell where we are, replies what the server thinks of it. */
static int listen_in(CURL *curl, curl_infotype type, char *bytes, size_t length, void *closure)
{
	struct mail_client *client = closure;
	size_t size = 0;

	(void)curl;
	if (client->quit_at)
		return 0;
	if (type == CURLINFO_HEADER_OUT) {
		if (length >= 4 && memcmp(bytes, "QUIT", 4) == 0) {
			client->quit_at = monotonic_ms();
			return 0;
		}
		copy_verb(bytes, length, client->verb);
	} else if (type == CURLINFO_HEADER_IN) {
		for (size_t i = 0; i < length && size + 1 < sizeof(client->reply); i++) {
			if ((unsigned char)bytes[i] >= 0x20 && bytes[i] != 0x7f)
				client->reply[size++] = bytes[i];
		}
		client->reply[size] = '\0';
	}
	return 0;
}

/* ---- the message ---- */

static char *with_crlf(struct arena *mem, const char *text)
{
	size_t breaks = 0;

	for (const char *c = text; *c; c++)
		breaks += *c == '\n';
	char *out = arena_alloc(mem, strlen(text) + breaks + 1);
	char *to = out;
	for (const char *c = text; *c; c++) {
		if (*c == '\n' && (c == text || c[-1] != '\r'))
			*to++ = '\r';
		*to++ = *c;
	}
	return out;
}

static void append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		die("out of memory");
	*list = longer;
}

static void list_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static void mime_cleanup(curl_mime **mime)
{
	curl_mime_free(*mime);
}

static void must(CURLcode code)
{
	if (code != CURLE_OK)
		die("out of memory"); /* nothing else can lack: names of encodings are constants */
}

static curl_mimepart *add_part(curl_mime *mime, const char *type, const char *encoding, const char *bytes,
			       size_t length)
{
	curl_mimepart *part = curl_mime_addpart(mime);

	if (!part)
		die("out of memory");
	must(curl_mime_data(part, bytes, length));
	must(curl_mime_type(part, type));
	must(curl_mime_encoder(part, encoding));
	return part;
}

static void add_text(curl_mime *mime, struct arena *mem, const char *type, const char *text)
{
	/* libcurl writes a bare LF as =0A, and the whole text as one endless line. */
	const char *lines = with_crlf(mem, text);

	add_part(mime, type, "quoted-printable", lines, strlen(lines));
}

/* What a mail program offers to take into its calendar: the bytes of one file, beside the text or attached to
 * it. */
static curl_mimepart *add_calendar(curl_mime *mime, const char *type, const struct mail_calendar *calendar)
{
	return add_part(mime, type, "base64", calendar->bytes, calendar->length);
}

/*
 * mixed { alternative { plain, html, calendar }, invite.ics }; of several calendars each is attached, since a
 * program takes only one for the message itself: mixed { alternative { plain, html }, invite-1.ics, ... }.
 * Without one the alternative alone.
 */
static curl_mime *make_mime(CURL *curl, struct arena *mem, const struct mail_message *message)
{
	const char *type = arena_printf(mem, "text/calendar; charset=utf-8; method=%s",
					message->calendar_method != NULL ? message->calendar_method : "");
	const bool alone = message->calendar_count == 1;
	curl_mime *alternative = curl_mime_init(curl);
	curl_mime *mixed = message->calendar_count > 0 ? curl_mime_init(curl) : NULL;

	if (!alternative || (message->calendar_count > 0 && !mixed))
		die("out of memory");
	add_text(alternative, mem, "text/plain; charset=utf-8", message->text);
	add_text(alternative, mem, "text/html; charset=utf-8", message->html);
	if (!mixed)
		return alternative;
	if (alone)
		add_calendar(alternative, type, &message->calendars[0]);
	curl_mimepart *body = curl_mime_addpart(mixed);
	if (!body)
		die("out of memory");
	must(curl_mime_subparts(body, alternative));
	must(curl_mime_type(body, "multipart/alternative"));
	for (size_t i = 0; i < message->calendar_count; i++) {
		const char *name = alone ? "invite.ics" : arena_printf(mem, "invite-%zu.ics", i + 1);
		const char *file_type =
			arena_printf(mem, "%s; name=\"%s\"", alone ? "application/ics" : type, name);
		curl_mimepart *file = add_calendar(mixed, file_type, &message->calendars[i]);
		must(curl_mime_filename(file, name));
	}
	return mixed;
}

static struct curl_slist *make_headers(const struct mail_client *client, struct arena *mem,
				       const struct mail_message *message)
{
	struct curl_slist *list = NULL;

	append(&list, mail_header_date(mem, message->date));
	append(&list, mail_header_person(mem, "From", message->from_name, client->settings.from));
	append(&list, mail_header_person(mem, "To", message->to.name, message->to.address));
	if (message->reply_to.address && mail_address_good(message->reply_to.address))
		append(&list, mail_header_person(mem, "Reply-To", message->reply_to.name,
						 message->reply_to.address));
	append(&list, mail_header_text(mem, "Subject", message->subject));
	append(&list, arena_printf(mem, "Message-ID: <%s>", message->message_id));
	if (message->thread_id) {
		append(&list, arena_printf(mem, "In-Reply-To: <%s>", message->thread_id));
		append(&list, arena_printf(mem, "References: <%s>", message->thread_id));
	}
	/* Nobody's out-of-office reply is wanted (RFC 3834 section 5, and the form Exchange reads). */
	append(&list, "Auto-Submitted: auto-generated");
	append(&list, "X-Auto-Response-Suppress: All");
	append(&list, arena_printf(mem, "Content-Language: %s", message->language));
	append(&list, message->calendar_count > 0 ? "Content-Type: multipart/mixed"
						  : "Content-Type: multipart/alternative");
	if (message->unsubscribe_url) {
		/* Never folded: that has broken the signatures of some relays. */
		append(&list, arena_printf(mem, "List-Unsubscribe: <%s>", message->unsubscribe_url));
		append(&list, "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
	}
	return list;
}

/* ---- the conversation ---- */

static void prepare(struct mail_client *client, int64_t left, char problem[static CURL_ERROR_SIZE])
{
	if (!client->curl && !(client->curl = curl_easy_init()))
		die("out of memory");
	CURL *curl = client->curl;

	client->verb[0] = client->reply[0] = '\0';
	client->quit_at = 0;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, client->settings.url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
			 (long)(client->settings.require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	curl_trust(curl);
	if (client->settings.user) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, client->settings.user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, client->settings.password);
	}
	/*
	 * A connection each: servers end kept ones whenever they like, and libcurl 7.88.1 keeps one whose
	 * message was never answered, so that the next message would wait there as well.
	 */
	curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(left < CONNECT_MS_MAX ? left : CONNECT_MS_MAX));
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
	curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, listen_in);
	curl_easy_setopt(curl, CURLOPT_DEBUGDATA, client);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
}

static bool begins(const char *text, const char *opening)
{
	return strncmp(text, opening, strlen(opening)) == 0;
}

/* Whether "relay", "relaying" and the like is a word of it, and no part of a name. */
static bool tells_of_relaying(const char *said)
{
	for (const char *at = said; (at = strcasestr(at, "relay")) != NULL; at++) {
		const char *end = at;
		while (isalpha((unsigned char)*end))
			end++;
		end += *end == '.'; /* of the sentence */
		if ((at == said || at[-1] == ' ') && strchr(" ,;:)", *end) != NULL)
			return true;
	}
	return false;
}

/*
 * Many servers say only at RCPT or DATA what they hold against us: a policy (RFC 3463, x.7.x: not to pass
 * mail on, our host, our domain's SPF or DKIM, a password that is wanting), our sender (x.1.7, x.1.8), what
 * came before (503, 504). An operator mends that. Without such a code the words must do.
 */
static bool is_about_us(const struct mail_client *client, long reply)
{
	const char *said = client->reply + strcspn(client->reply, " -");
	said += *said != '\0';
	const char *last = strstr(said, "(#5."); /* as qmail writes it */
	const char *code = begins(said, "5.") ? said : last != NULL ? last + 2 : NULL;
	if (reply == CODE_BAD_SEQUENCE || reply == CODE_BAD_PARAMETER)
		return true;
	if (code == NULL)
		return tells_of_relaying(said);
	return begins(code, "5.7.") || begins(code, "5.1.7") || begins(code, "5.1.8");
}

/*
 * What is known by libcurl's code, the server's last reply and the command it answered. Measured with libcurl
 * 7.88.1: a refusal of RCPT or DATA is CURLE_SEND_ERROR, one of the message CURLE_WEIRD_SERVER_REPLY, so the
 * reply tells more than the code. While the last reply is 354 the message was under way.
 */
static enum mail_outcome judge(const struct mail_client *client, CURLcode code, long reply)
{
	if (code == CURLE_OK)
		return MAIL_ACCEPTED;
	if (reply == CODE_SEND_IT)
		return MAIL_UNKNOWN;
	if (code == CURLE_ABORTED_BY_CALLBACK && stopped(client))
		return MAIL_STOPPED;
	/* Up to MAIL, which names us, it is about us and the server, which an operator mends, and not about
	 * this message, unless it is too long. So is a want of TLS or a password, which some tell later. */
	bool named = strcmp(client->verb, "RCPT") == 0 || strcmp(client->verb, "DATA") == 0;
	bool about_message =
		reply != CODE_NO_RIGHT && ((named && !is_about_us(client, reply)) ||
					   (strcmp(client->verb, "MAIL") == 0 && reply == CODE_TOO_LONG));
	return about_message && reply >= 500 && reply <= 599 ? MAIL_REFUSED : MAIL_LATER;
}

static enum mail_outcome perform(struct mail_client *client, const char *problem,
				 struct mail_answer *ret_answer)
{
	CURLcode code = curl_easy_perform(client->curl);
	long reply = 0;

	if (code == CURLE_OUT_OF_MEMORY)
		die("out of memory");
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply);
	curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, NULL);
	*ret_answer = (struct mail_answer){.outcome = judge(client, code, reply), .code = (int)reply};
	memcpy(ret_answer->verb, client->verb, sizeof(ret_answer->verb));
	if (code == CURLE_OK || (reply >= 400 && client->reply[0]))
		snprintf(ret_answer->detail, sizeof(ret_answer->detail), "%s", client->reply);
	else
		snprintf(ret_answer->detail, sizeof(ret_answer->detail), "%s",
			 problem[0] ? problem : curl_easy_strerror(code));
	return ret_answer->outcome;
}

static enum mail_outcome give_up(struct mail_answer *answer, enum mail_outcome outcome, const char *detail)
{
	*answer = (struct mail_answer){.outcome = outcome};
	snprintf(answer->detail, sizeof(answer->detail), "%s", detail);
	return outcome;
}

enum mail_outcome mail_send(struct mail_client *client, const struct mail_message *message, int64_t deadline,
			    struct mail_answer *ret_answer)
{
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	__attribute__((cleanup(list_cleanup))) struct curl_slist *recipients = NULL;
	__attribute__((cleanup(list_cleanup))) struct curl_slist *headers = NULL;
	__attribute__((cleanup(mime_cleanup))) curl_mime *mime = NULL;
	char problem[CURL_ERROR_SIZE] = "";
	int64_t left = deadline - monotonic_ms();

	if (!mail_address_good(message->to.address))
		return give_up(ret_answer, MAIL_REFUSED, "the recipient's address is malformed");
	if (stopped(client))
		return give_up(ret_answer, MAIL_STOPPED, "shutting down");
	if (left <= 0)
		return give_up(ret_answer, MAIL_LATER, "no time was left to send");
	prepare(client, left, problem);
	headers = make_headers(client, &mem, message);
	mime = make_mime(client->curl, &mem, message);
	append(&recipients, arena_printf(&mem, "<%s>", message->to.address));
	curl_easy_setopt(client->curl, CURLOPT_MAIL_FROM,
			 arena_printf(&mem, "<%s>",
				      message->envelope_from != NULL ? message->envelope_from
								     : client->settings.from));
	curl_easy_setopt(client->curl, CURLOPT_MAIL_RCPT, recipients);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_MIMEPOST, mime);
	perform(client, problem, ret_answer);
	curl_easy_reset(client->curl); /* it points to what goes with this scope */
	return ret_answer->outcome;
}

enum mail_outcome mail_check(struct mail_client *client, int64_t deadline, struct mail_answer *ret_answer)
{
	char problem[CURL_ERROR_SIZE] = "";
	int64_t left = deadline - monotonic_ms();

	if (left <= 0)
		return give_up(ret_answer, MAIL_LATER, "no time was left to ask");
	prepare(client, left, problem);
	curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	/* The server's words would go to stdout. */
	curl_easy_setopt(client->curl, CURLOPT_NOBODY, 1L);
	return perform(client, problem, ret_answer);
}

const char *mail_outcome_name(enum mail_outcome outcome)
{
	switch (outcome) {
	case MAIL_ACCEPTED:
		return "accepted";
	case MAIL_REFUSED:
		return "refused";
	case MAIL_LATER:
		return "later";
	case MAIL_UNKNOWN:
		return "unknown";
	case MAIL_STOPPED:
		return "stopped";
	}
	return "unknown";
}
