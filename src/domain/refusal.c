#include "domain/refusal.h"

#include <stddef.h>

const char *refusal_code(enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_NONE:
		return NULL;
	case REFUSAL_BAD_DURATION:
		return "bad_duration";
	case REFUSAL_TOO_SOON:
		return "too_soon";
	case REFUSAL_TOO_FAR:
		return "too_far";
	case REFUSAL_BLOCKED:
		return "blocked";
	case REFUSAL_OUTSIDE_HOURS:
		return "outside_hours";
	case REFUSAL_NOT_ALIGNED:
		return "not_aligned";
	case REFUSAL_BOOKING_LIMIT:
		return "booking_limit";
	case REFUSAL_DAY_FULL:
		return "day_full";
	case REFUSAL_SLOT_TAKEN:
		return "slot_taken";
	case REFUSAL_CALENDAR_BUSY:
		return "calendar_busy";
	case REFUSAL_CANCELLATION_CLOSED:
		return "cancellation_closed";
	case REFUSAL_RESCHEDULE_CLOSED:
		return "reschedule_closed";
	case REFUSAL_RESCHEDULE_LIMIT:
		return "reschedule_limit";
	case REFUSAL_NOT_ACTIVE:
		return "not_active";
	case REFUSAL_NOT_STARTED:
		return "not_started";
	case REFUSAL_HOLD_EXPIRED:
		return "hold_expired";
	}
	return NULL;
}
