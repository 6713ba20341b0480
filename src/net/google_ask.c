#include "google_ask.h"

bool google_ask(const struct google_call *call, struct fetch_request *request, enum google_subject subject,
		struct fetch_reply *reply, struct google_answer *answer)
{
	request->deadline = call->deadline;
	for (int attempt = 0;; attempt++) {
		if (google_token_get(call->tokens, call->fetcher, call->mem, call->now, call->deadline,
				     &request->bearer, answer) != GOOGLE_OK) {
			/* It was only the token request that may have been carried out. */
			answer->may_be_applied = false;
			return false;
		}
		fetch(call->fetcher, call->mem, request, reply);
		google_answer_read(reply, subject, answer);
		if (answer->outcome != GOOGLE_UNAUTHORIZED || attempt > 0)
			return answer->outcome == GOOGLE_OK;
		google_token_refused(call->tokens, request->bearer);
	}
}

bool google_ask_json(const struct google_call *call, struct fetch_request *request, const struct buffer *body,
		     enum google_subject subject, struct fetch_reply *reply, struct google_answer *answer)
{
	if (body->overflowed) {
		google_answer_set(answer, GOOGLE_INVALID, "too_long");
		return false;
	}
	request->content_type = "application/json";
	request->body = buffer_text(body);
	request->body_length = body->length;
	return google_ask(call, request, subject, reply, answer);
}

enum google_outcome google_unreadable(const struct fetch_reply *reply, struct google_answer *answer)
{
	google_answer_set(answer, GOOGLE_TEMPORARY, "unreadable_reply");
	answer->status = reply->status;
	answer->may_be_applied = true;
	return answer->outcome;
}
