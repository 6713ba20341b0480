/*
 * doctor_mail - does the mail server let us in, and does a mail get through?
 */
#include "doctor.h"

#include "base/crypto.h"
#include "base/encode.h"
#include "compose.h"
#include "domain/email.h"
#include "net/mail.h"

#include <stdio.h>
#include <string.h>

enum { CHECK_MS = 15000, SEND_MS = 60000, ID_BYTES = 16 };

static const char *remedy(const struct mail_answer *answer)
{
	if (strcmp(answer->verb, "AUTH") == 0)
		return "; check MAIL_USER and MAIL_PASSWORD";
	if (strcmp(answer->verb, "STARTTLS") == 0 || strcmp(answer->verb, "EHLO") == 0)
		return "; with MAIL_TLS=require the server must offer STARTTLS with a certificate that this "
		       "machine "
		       "trusts (smtps:// for TLS from the start)";
	if (strcmp(answer->verb, "MAIL") == 0)
		return "; check MAIL_FROM: the server takes no mail from it";
	if (strcmp(answer->verb, "RCPT") == 0 && answer->outcome == MAIL_LATER && answer->code >= 500)
		return "; the server passes no mail on for us: set MAIL_USER and MAIL_PASSWORD, or make it "
		       "allow this machine to relay";
	return answer->code == 0 ? "; check host and port of MAIL_URL, and what stands between" : "";
}

static void check(struct mail_client *client)
{
	struct mail_answer answer;
	if (mail_check(client, monotonic_ms() + CHECK_MS, &answer) == MAIL_ACCEPTED)
		doctor_tell(GOOD, "mail", "the server greets us and lets us in");
	else
		doctor_tell(BAD, "mail", "%s: %s%s", answer.verb[0] != '\0' ? answer.verb : "connecting",
			    answer.detail, remedy(&answer));
}

static void send(struct mail_client *client, const char *address)
{
	unsigned char bytes[ID_BYTES];
	char hex[ENCODE_HEX_SIZE(ID_BYTES)];
	char id[sizeof(hex) + sizeof("@bookingd.invalid")];
	crypto_random(bytes, sizeof(bytes));
	encode_hex(bytes, sizeof(bytes), hex);
	snprintf(id, sizeof(id), "%s@bookingd.invalid", hex);
	const struct mail_message message = {
		.from_name = "bookingd",
		.to = {NULL, address},
		.subject = "A mail from bookingd doctor",
		.message_id = id,
		.date = instant_now(),
		.language = "en",
		.text = "Mail from bookingd arrives here.\n\nIf it lies in the spam folder, look at SPF, "
			"DKIM and DMARC of the "
			"domain in MAIL_FROM.\n",
		.html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta "
			"charset=\"utf-8\"><title>bookingd</title></head>\n"
			"<body><p>Mail from bookingd arrives here.</p>\n<p>If it lies in the spam folder, "
			"look at SPF, DKIM "
			"and DMARC of the domain in MAIL_FROM.</p></body>\n</html>\n",
	};
	struct mail_answer answer;
	mail_send(client, &message, monotonic_ms() + SEND_MS, &answer);
	if (answer.outcome == MAIL_ACCEPTED)
		doctor_tell(GOOD, "mail", "sent to %s; the server said: %s", address, answer.detail);
	else
		doctor_tell(BAD, "mail", "not sent (%s): %s: %s%s", mail_outcome_name(answer.outcome),
			    answer.verb[0] != '\0' ? answer.verb : "connecting", answer.detail,
			    remedy(&answer));
}

void doctor_mail(const struct settings *settings, const char *address)
{
	if (settings->mail_url == NULL) {
		doctor_tell(
			address != NULL ? BAD : NOTE, "mail",
			"MAIL_URL is not set: nobody is told anything by mail, and nobody signs in by it");
		return;
	}
	const struct notice_settings notice = compose_notice_settings(settings);
	struct mail_client *client = mail_client_new(&notice.mail, NULL);
	if (settings->public_url == NULL)
		doctor_tell(NOTE, "mail", "PUBLIC_URL is not set, so mails have no links");
	if (address != NULL && !email_is_usable(address))
		doctor_tell(BAD, "mail", "%s is not an address", address);
	else if (address != NULL)
		send(client, address);
	else
		check(client);
	mail_client_free(client);
}
