#include "sign_in_answer.h"

struct sign_in_call sign_in_use_case(struct call *call)
{
	return (struct sign_in_call){.settings = &call->api->sign_in,
				     .notices = call->api->notices,
				     .worker = call->worker,
				     .network = call->request->address.key,
				     .network_length = sizeof(call->request->address.key),
				     .mem = call->mem};
}

void sign_in_refuse(struct call *call, enum sign_in_outcome outcome)
{
	switch (outcome) {
	case SIGN_IN_WRONG:
		call_problem(call, PROBLEM_WRONG_CODE, NULL, NULL);
		break;
	case SIGN_IN_EXPIRED:
		call_problem(call, PROBLEM_CODE_EXPIRED, NULL, NULL);
		break;
	case SIGN_IN_TOO_OFTEN:
		call_problem(call, PROBLEM_RATE_LIMITED, NULL,
			     "You've asked for codes for too many email addresses today. Please try again "
			     "tomorrow.");
		break;
	case SIGN_IN_DONE:
	case SIGN_IN_FAILED:
		call_database_failure(call, DB_UNAVAILABLE);
		break;
	}
}

bool api_take_code(struct call *call, const char *email, const char *code)
{
	if (code == NULL || email == NULL)
		return true;
	struct sign_in_call use = sign_in_use_case(call);
	enum sign_in_outcome outcome = sign_in_proved(&use, call->caller->user_id, email, code);
	if (outcome != SIGN_IN_DONE)
		sign_in_refuse(call, outcome);
	return outcome == SIGN_IN_DONE;
}
