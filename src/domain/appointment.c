#include "domain/appointment.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

static const char *const status_names[] = {
#define STATUS(name, word) [APPOINTMENT_##name] = (word),
	APPOINTMENT_STATUSES(STATUS)
#undef STATUS
};

static const char *const cancelled_by_names[] = {
#define WHO(name, word) [CANCELLED_BY_##name] = (word),
	CANCELLED_BY(WHO)
#undef WHO
};

static const char *const inviter_names[] = {
	[INVITER_OPEN] = NULL,
	[INVITER_GOOGLE] = "google",
	[INVITER_EMAIL] = "email",
	[INVITER_NONE] = "none",
};

static const char *const payment_names[] = {[PAYMENT_NONE] = NULL,
#define STATE(name, word) [PAYMENT_##name] = (word),
					    PAYMENT_STATES(STATE)
#undef STATE
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool find_name(const char *const names[], size_t count, const char *name, size_t *ret_index)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i] != NULL && strcmp(names[i], name) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

const char *appointment_status_name(enum appointment_status status)
{
	return status_names[status];
}

bool appointment_status_parse(const char *name, enum appointment_status *ret_status)
{
	size_t index = 0;
	if (!find_name(status_names, COUNT(status_names), name, &index))
		return false;
	*ret_status = (enum appointment_status)index;
	return true;
}

const char *cancelled_by_name(enum cancelled_by who)
{
	return cancelled_by_names[who];
}

bool cancelled_by_parse(const char *name, enum cancelled_by *ret_who)
{
	size_t index = 0;
	if (!find_name(cancelled_by_names, COUNT(cancelled_by_names), name, &index))
		return false;
	*ret_who = (enum cancelled_by)index;
	return true;
}

const char *inviter_name(enum inviter inviter)
{
	return inviter_names[inviter];
}

bool inviter_parse(const char *name, enum inviter *ret_inviter)
{
	size_t index = 0;
	if (!find_name(inviter_names, COUNT(inviter_names), name, &index))
		return false;
	*ret_inviter = (enum inviter)index;
	return true;
}

const char *payment_state_name(enum payment_state state)
{
	return payment_names[state];
}

bool payment_state_parse(const char *name, enum payment_state *ret_state)
{
	size_t index = 0;
	if (!find_name(payment_names, COUNT(payment_names), name, &index))
		return false;
	*ret_state = (enum payment_state)index;
	return true;
}

static enum refusal cancel_refusal(const struct appointment_facts *facts, instant now, instant before,
				   bool exempt)
{
	if (facts->status == APPOINTMENT_HELD)
		return facts->hold_expires_at <= now ? REFUSAL_NOT_ACTIVE : REFUSAL_NONE;
	if (facts->status != APPOINTMENT_SCHEDULED)
		return REFUSAL_NOT_ACTIVE;
	if (facts->end <= now)
		return exempt ? REFUSAL_NOT_ACTIVE : REFUSAL_CANCELLATION_CLOSED;
	if (now <= before || exempt)
		return REFUSAL_NONE;
	bool keeps = facts->late_cancel == LATE_CANCEL_KEEP && now < facts->start;
	return keeps ? REFUSAL_NONE : REFUSAL_CANCELLATION_CLOSED;
}

static enum refusal reschedule_refusal(const struct appointment_facts *facts, instant now, instant before,
				       bool exempt)
{
	if (facts->status != APPOINTMENT_SCHEDULED)
		return REFUSAL_NOT_ACTIVE;
	if (facts->end <= now || (now > before && !exempt))
		return REFUSAL_RESCHEDULE_CLOSED;
	bool moves_left = exempt || facts->max_reschedules == POLICY_NO_LIMIT ||
			  facts->reschedule_count < facts->max_reschedules;
	return moves_left ? REFUSAL_NONE : REFUSAL_RESCHEDULE_LIMIT;
}

struct appointment_terms appointment_terms(const struct appointment_facts *facts, instant now, bool exempt)
{
	struct appointment_terms terms = {
		.cancel_before = facts->start - facts->cancel_notice_minutes * SECONDS_PER_MINUTE,
		.reschedule_before = facts->start - facts->reschedule_notice_minutes * SECONDS_PER_MINUTE,
	};
	terms.cancel = cancel_refusal(facts, now, terms.cancel_before, exempt);
	terms.keeps = terms.cancel == REFUSAL_NONE && facts->status == APPOINTMENT_SCHEDULED && !exempt &&
		      now > terms.cancel_before;
	terms.reschedule = reschedule_refusal(facts, now, terms.reschedule_before, exempt);
	return terms;
}

const char *appointment_uid(const char *id, struct arena *mem)
{
	char *digits = arena_strdup(mem, id);
	char *to = digits;
	for (const char *from = digits; *from != '\0'; from++) {
		if (*from != '-')
			*to++ = *from;
	}
	*to = '\0';
	return arena_printf(mem, "%s@google.com", digits);
}

size_t appointment_guests(const char *guests, struct arena *mem,
			  const char *ret_addresses[static APPOINTMENT_GUESTS_MAX])
{
	size_t count = 0;
	for (const char *at = guests; at != NULL && *at != '\0' && count < APPOINTMENT_GUESTS_MAX;) {
		size_t length = strcspn(at, " ");
		ret_addresses[count++] = arena_strndup(mem, at, length);
		at += length + (at[length] == ' ');
	}
	return count;
}

bool appointment_invites(const char *guests, const char *address)
{
	return text_has_word(guests, address);
}

const char *appointment_guests_text(const char *guests, struct arena *mem)
{
	const char *addresses[APPOINTMENT_GUESTS_MAX];
	size_t count = appointment_guests(guests, mem, addresses);
	const char *text = NULL;
	for (size_t i = 0; i < count; i++)
		text = text == NULL ? addresses[i] : arena_printf(mem, "%s, %s", text, addresses[i]);
	return text;
}
