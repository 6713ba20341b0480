#include "domain/policy.h"

#include <string.h>

enum {
	YEAR_MINUTES = 366 * 1440,
	DAY_MINUTES = 1440,
	HORIZON_DAYS_MAX = 36500,
	LIMIT_MAX = 100000,
};

#define RULE(field, least, most, nullable)                                                                   \
	{                                                                                                    \
#field, offsetof(struct policy, field), least, most, nullable, NULL                          \
	}

static const char *const late_cancels[LATE_CANCELS] = {
	[LATE_CANCEL_REFUSE] = "refuse",
	[LATE_CANCEL_KEEP] = "keep",
};

const char *late_cancel_name(enum late_cancel late_cancel)
{
	return late_cancels[late_cancel];
}

bool late_cancel_parse(const char *name, enum late_cancel *ret_late_cancel)
{
	for (size_t i = 0; i < LATE_CANCELS; i++) {
		if (strcmp(late_cancels[i], name) == 0) {
			*ret_late_cancel = (enum late_cancel)i;
			return true;
		}
	}
	return false;
}

const struct policy_field_rule policy_fields[POLICY_FIELD_COUNT] = {
	[POLICY_MIN_NOTICE_MINUTES] = RULE(min_notice_minutes, 0, YEAR_MINUTES, false),
	[POLICY_HORIZON_DAYS] = RULE(horizon_days, 0, HORIZON_DAYS_MAX, false),
	[POLICY_STEP_MINUTES] = RULE(step_minutes, 1, DAY_MINUTES, false),
	[POLICY_BUFFER_BEFORE_MINUTES] = RULE(buffer_before_minutes, 0, DAY_MINUTES, false),
	[POLICY_BUFFER_AFTER_MINUTES] = RULE(buffer_after_minutes, 0, DAY_MINUTES, false),
	[POLICY_CANCEL_NOTICE_MINUTES] = RULE(cancel_notice_minutes, 0, YEAR_MINUTES, false),
	[POLICY_RESCHEDULE_NOTICE_MINUTES] = RULE(reschedule_notice_minutes, 0, YEAR_MINUTES, false),
	[POLICY_MAX_ACTIVE_PER_USER] = RULE(max_active_per_user, 0, LIMIT_MAX, true),
	[POLICY_MAX_PER_DAY] = RULE(max_per_day, 0, LIMIT_MAX, true),
	[POLICY_MAX_RESCHEDULES] = RULE(max_reschedules, 0, LIMIT_MAX, true),
	[POLICY_MAX_TOTAL_PER_USER] = RULE(max_total_per_user, 1, LIMIT_MAX, true),
	[POLICY_LATE_CANCEL] = {"late_cancel", offsetof(struct policy, late_cancel), 0, LATE_CANCELS - 1,
				false, late_cancels},
};

const struct policy policy_default = {
	.min_notice_minutes = 1440,
	.horizon_days = 30,
	.step_minutes = 30,
	.buffer_before_minutes = 0,
	.buffer_after_minutes = 0,
	.cancel_notice_minutes = 1440,
	.reschedule_notice_minutes = 1440,
	.max_active_per_user = 1,
	.max_per_day = POLICY_NO_LIMIT,
	.max_reschedules = POLICY_NO_LIMIT,
	.max_total_per_user = POLICY_NO_LIMIT,
	.late_cancel = LATE_CANCEL_REFUSE,
};

int64_t policy_get(const struct policy *policy, enum policy_field field)
{
	int64_t value = 0;
	memcpy(&value, (const char *)policy + policy_fields[field].offset, sizeof(value));
	return value;
}

void policy_set(struct policy *policy, enum policy_field field, int64_t value)
{
	memcpy((char *)policy + policy_fields[field].offset, &value, sizeof(value));
}
