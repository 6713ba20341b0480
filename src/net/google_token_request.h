/* What google_auth.c and google_token.c share; no business of anybody else. */
#ifndef NET_GOOGLE_TOKEN_REQUEST_H
#define NET_GOOGLE_TOKEN_REQUEST_H

#include "net/google_auth.h"

/* Post a form to a token endpoint and read the grant. Never sent twice unless may_be_repeated. */
enum google_outcome google_token_request(struct fetch_client *fetcher, struct arena *mem, const char *url,
					 const char *form, enum google_grant_kind kind, bool may_be_repeated,
					 int64_t deadline, struct google_grant *ret_grant,
					 struct google_answer *ret_answer);

/* The form that asks for a new access token by a refresh token. */
char *google_refresh_form(struct arena *mem, const struct google_oauth_client *client,
			  const char *refresh_token);

#endif
