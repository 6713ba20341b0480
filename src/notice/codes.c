/* Codes that wait for their mail, in memory: they are worth nothing after ten minutes, and rest nowhere. */
#include "notice_inside.h"

#include "base/crypto.h"
#include "base/die.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 5000 };

static char *copy(const char *text)
{
	char *bytes = text != NULL ? strdup(text) : NULL;
	if (text != NULL && bytes == NULL)
		die("no memory");
	return bytes;
}

void code_free(struct waiting_code *code)
{
	crypto_wipe(code->code, sizeof(code->code));
	if (code->link != NULL)
		crypto_wipe(code->link, strlen(code->link));
	free(code->link);
	free(code->address);
	free(code->locale);
	free(code);
}

/* The caller holds the lock. */
static void append(struct notices *notices, struct waiting_code *code)
{
	struct waiting_code **place = &notices->codes;
	while (*place != NULL)
		place = &(*place)->next;
	code->next = NULL;
	*place = code;
	notices->code_count++;
}

bool notices_send_code(struct notices *notices, const struct notice_code *wanted)
{
	if (!notices_mail_on(notices))
		return false;
	struct waiting_code *code = calloc(1, sizeof(*code));
	if (code == NULL)
		die("no memory");
	code->address = copy(wanted->address);
	code->link = copy(wanted->link);
	code->locale = copy(wanted->locale);
	code->minutes = wanted->minutes;
	code->proves = wanted->proves;
	code->ends_at = monotonic_ms() + wanted->minutes * SECONDS_PER_MINUTE * 1000;
	crypto_random(&code->serial, sizeof(code->serial));
	snprintf(code->code, sizeof(code->code), "%s", wanted->code);
	pthread_mutex_lock(&notices->lock);
	bool room = notices->code_count < CODES_MAX;
	if (room)
		append(notices, code);
	pthread_mutex_unlock(&notices->lock);
	if (room)
		notices_raise(notices, &notices->due);
	else
		code_free(code);
	return room;
}

struct waiting_code *code_take(struct notices *notices, int64_t now_ms)
{
	pthread_mutex_lock(&notices->lock);
	struct waiting_code **place = &notices->codes;
	struct waiting_code *code = NULL;
	while (*place != NULL && code == NULL) {
		if ((*place)->due_at <= now_ms) {
			code = *place;
			*place = code->next;
			notices->code_count--;
		} else {
			place = &(*place)->next;
		}
	}
	pthread_mutex_unlock(&notices->lock);
	return code;
}

void code_again(struct notices *notices, struct waiting_code *code, int64_t now_ms)
{
	code->attempts++;
	code->due_at = now_ms + AGAIN_MS * code->attempts;
	if (code->due_at >= code->ends_at) {
		code_free(code);
		return;
	}
	pthread_mutex_lock(&notices->lock);
	append(notices, code);
	pthread_mutex_unlock(&notices->lock);
}
