#include "health.h"

#include <stdio.h>
#include <string.h>

enum {
	FAILURES_TO_CLOSE = 3, /* in a row, until the breaker answers for the provider */
	CLOSED_MS_MAX = 5000,  /* so that a provider that is back is noticed within 5 s */
	PATIENCE_MS_MAX = 64000,
	REFUSALS_MAX = 16, /* more make no pause longer */
	HOLD_MS = 3600 * 1000,
	HOLD_MS_MAX = 6 * HOLD_MS,
};

int64_t backoff_ms(int64_t attempt, int64_t longest_ms, uint32_t random)
{
	int64_t full = attempt >= 20 ? longest_ms : 1000 * ((int64_t)1 << (attempt < 0 ? 0 : attempt));
	if (full > longest_ms)
		full = longest_ms;
	return full - (int64_t)(random % (uint64_t)(full / 3 + 1));
}

bool health_may_call(const struct health *health, int64_t now_ms)
{
	return now_ms >= health->closed_until;
}

bool health_may_write(const struct health *health, int64_t now_ms)
{
	return health_may_call(health, now_ms) && now_ms >= health->writes_wait_until &&
	       now_ms >= health->held_until;
}

static void note_failure(struct health *health, struct moment now)
{
	health->failures++;
	if (health->failures >= FAILURES_TO_CLOSE)
		health->closed_until =
			now.ms + backoff_ms(health->failures - FAILURES_TO_CLOSE, CLOSED_MS_MAX, now.random);
}

static void note_rate_limit(struct health *health, enum call_kind kind, seconds retry_after,
			    struct moment now)
{
	int64_t wait = backoff_ms(health->refusals, PATIENCE_MS_MAX, now.random);
	if (health->refusals < REFUSALS_MAX)
		health->refusals++;
	if (wait < retry_after * 1000)
		wait = retry_after * 1000;
	if (kind == CALL_WRITE)
		health->writes_wait_until = now.ms + wait;
	else
		health->closed_until = now.ms + wait;
}

static bool note_quota(struct health *health, struct moment now)
{
	if (now.ms < health->held_until)
		return false;
	health->held_until = now.ms + (health->holds >= 3 ? HOLD_MS_MAX : (int64_t)HOLD_MS << health->holds);
	health->holds++;
	return true;
}

/* Whether an answer says something about the credentials or the calendar rather than about one event. */
static bool is_trouble(const struct google_answer *answer)
{
	switch (answer->outcome) {
	case GOOGLE_UNAUTHORIZED:
	case GOOGLE_RATE_LIMITED:
	case GOOGLE_QUOTA_EXCEEDED:
	case GOOGLE_DEAD_GRANT:
	case GOOGLE_TEMPORARY:
	case GOOGLE_OPERATOR:
		return true;
	case GOOGLE_FORBIDDEN:
		return strcmp(answer->reason, "requiredAccessLevel") == 0;
	case GOOGLE_OK:
	case GOOGLE_NOT_FOUND:
	case GOOGLE_GONE:
	case GOOGLE_DUPLICATE:
	case GOOGLE_PRECONDITION_FAILED:
	case GOOGLE_INVALID:
	case GOOGLE_FULL_SYNC_REQUIRED:
		break;
	}
	return false;
}

static void set_trouble(struct trouble *trouble, enum google_outcome outcome, const char *reason,
			const char *detail)
{
	trouble->outcome = outcome;
	snprintf(trouble->reason, sizeof(trouble->reason), "%s", reason);
	snprintf(trouble->detail, sizeof(trouble->detail), "%s", detail);
}

static void note_success(struct health *health, enum call_kind kind, struct moment now)
{
	health->last_success_at = now.at;
	health->trouble[kind].outcome = GOOGLE_OK;
	if (kind == CALL_WRITE) {
		health->refusals = health->holds = 0;
		health->held_until = 0;
	}
}

bool health_note(struct health *health, enum call_kind kind, const struct google_answer *answer,
		 const char *detail, struct moment now)
{
	bool held = false;
	if (is_trouble(answer))
		set_trouble(&health->trouble[kind], answer->outcome, answer->reason, detail);
	switch (answer->outcome) {
	case GOOGLE_OK:
		note_success(health, kind, now);
		break;
	case GOOGLE_RATE_LIMITED:
		note_rate_limit(health, kind, answer->retry_after, now);
		health->failures = 0;
		return false;
	case GOOGLE_QUOTA_EXCEEDED:
		held = note_quota(health, now);
		break;
	case GOOGLE_UNAUTHORIZED:
	case GOOGLE_DEAD_GRANT:
	case GOOGLE_TEMPORARY:
	case GOOGLE_OPERATOR:
		note_failure(health, now);
		return false;
	case GOOGLE_FORBIDDEN:
		if (strcmp(answer->reason, "requiredAccessLevel") == 0)
			health->can.write_events = ABILITY_NO;
		break;
	case GOOGLE_NOT_FOUND:
	case GOOGLE_GONE:
	case GOOGLE_DUPLICATE:
	case GOOGLE_PRECONDITION_FAILED:
	case GOOGLE_INVALID:
	case GOOGLE_FULL_SYNC_REQUIRED:
		break;
	}
	health->failures = 0;
	health->closed_until = 0;
	return held;
}

void health_note_unknown(struct health *health, const char *reason, const char *detail)
{
	health->can.read_busy = ABILITY_NO;
	set_trouble(&health->trouble[CALL_READ], GOOGLE_NOT_FOUND, reason, detail);
}

void health_retry(struct health *health, bool undelegated, bool read_only)
{
	health->failures = health->refusals = health->holds = 0;
	health->closed_until = health->writes_wait_until = health->held_until = 0;
	if (!undelegated && !read_only)
		health->can.write_events = health->can.invite_guests = health->can.create_meet =
			ABILITY_UNKNOWN;
	health->trouble[CALL_WRITE] = (struct trouble){.outcome = GOOGLE_OK};
}
