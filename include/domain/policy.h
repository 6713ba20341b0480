/*
 * policy - the numbers a coach sets: notice, horizon, step, buffers, cut-offs, limits.
 *
 * The names and units are those of the schedule document. One table tells name, place and
 * range of each, for the reader and the writer of the document. Pure.
 */
#ifndef DOMAIN_POLICY_H
#define DOMAIN_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Value of a limit (max_...) that is null in the document. */
#define POLICY_NO_LIMIT ((int64_t)-1)

struct policy {
	int64_t min_notice_minutes;
	int64_t horizon_days;
	int64_t step_minutes; /* >= 1 */
	int64_t buffer_before_minutes;
	int64_t buffer_after_minutes;
	int64_t cancel_notice_minutes;
	int64_t reschedule_notice_minutes;
	int64_t max_active_per_user; /* or POLICY_NO_LIMIT, as the three below */
	int64_t max_per_day;
	int64_t max_reschedules;
	int64_t max_total_per_user; /* sessions of one client, ever */
	int64_t late_cancel;        /* enum late_cancel */
};

/* What becomes of a cancellation by the client after the cut-off. */
enum late_cancel {
	LATE_CANCEL_REFUSE,
	LATE_CANCEL_KEEP, /* it is taken until the session starts; what was paid is kept */
	LATE_CANCELS,
};

enum policy_field {
	POLICY_MIN_NOTICE_MINUTES,
	POLICY_HORIZON_DAYS,
	POLICY_STEP_MINUTES,
	POLICY_BUFFER_BEFORE_MINUTES,
	POLICY_BUFFER_AFTER_MINUTES,
	POLICY_CANCEL_NOTICE_MINUTES,
	POLICY_RESCHEDULE_NOTICE_MINUTES,
	POLICY_MAX_ACTIVE_PER_USER,
	POLICY_MAX_PER_DAY,
	POLICY_MAX_RESCHEDULES,
	POLICY_MAX_TOTAL_PER_USER,
	POLICY_LATE_CANCEL,
	POLICY_FIELD_COUNT,
};

struct policy_field_rule {
	const char *name; /* in the document */
	size_t offset;    /* in struct policy */
	int64_t min;
	int64_t max;
	bool may_be_null;         /* null means no limit */
	const char *const *words; /* the document has a word, its place here is the value; NULL: a number */
};

extern const struct policy_field_rule policy_fields[POLICY_FIELD_COUNT];

/* "refuse", "keep". Static. */
const char *late_cancel_name(enum late_cancel late_cancel);
bool late_cancel_parse(const char *name, enum late_cancel *ret_late_cancel);

/* The policy of a new coach. */
extern const struct policy policy_default;

int64_t policy_get(const struct policy *policy, enum policy_field field);
void policy_set(struct policy *policy, enum policy_field field, int64_t value);

#endif
