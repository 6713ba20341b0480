#include <string.h>

#include "net/google.h"

struct remedy {
	const char *reason;
	const char *sentence;
};

/* clang-format off */
static const struct remedy remedies[] = {
	{"invalid_grant",
	 "Check that the service account's key is not deleted or disabled, that the user in GOOGLE_IMPERSONATE "
	 "exists, and that this machine's clock is right."},
	{"unauthorized_client",
	 "In the Workspace Admin console, under domain-wide delegation, enter the service account's numeric client "
	 "id with exactly the scopes calendar.events and calendar.freebusy; it can take 24 hours to work."},
	{"access_denied",
	 "In the Workspace Admin console, grant the service account both scopes, calendar.events and "
	 "calendar.freebusy."},
	{"admin_policy_enforced",
	 "A Workspace policy blocks the calendar scopes: an administrator has to trust this app."},
	{"invalid_client",
	 "Google does not know this client: check the OAuth client's id and secret, or the service account's key."},
	{"deleted_client",
	 "The OAuth client was deleted: restore it within 30 days, or make a new one."},
	{"disabled_client",
	 "The OAuth client or the key was disabled: enable it in the Google Cloud console."},
	{"redirect_uri_mismatch",
	 "Register PUBLIC_URL followed by /oauth/google/callback as a redirect URI of the OAuth client."},
	{"org_internal",
	 "The OAuth client is for its own organisation only: connect an account of it, or make the app external."},
	{"accessNotConfigured",
	 "Enable the Google Calendar API for the project in the Google Cloud console."},
	{"SERVICE_DISABLED",
	 "Enable the Google Calendar API for the project in the Google Cloud console."},
	{"insufficientPermissions",
	 "Connect the calendar again and leave both boxes ticked."},
	{"ACCESS_TOKEN_SCOPE_INSUFFICIENT",
	 "Connect the calendar again and leave both boxes ticked."},
	{"requiredAccessLevel",
	 "Share the calendar with this account with the right to make changes to events."},
	{"notFound",
	 "Check the calendar's id, and that the calendar is shared with this account."},
	{"forbiddenForServiceAccounts",
	 "A service account by itself can invite nobody: let the coach connect their own account, or set "
	 "GOOGLE_IMPERSONATE in a Workspace."},
	{"quotaExceeded",
	 "Google holds this account back for having written or invited too much; that passes after some hours."},
	{"tls",
	 "The certificate of Google's server is not trusted: check ca-certificates, the clock, and any proxy."},
	{"connect",
	 "Check that this machine can reach Google."},
	{"timeout",
	 "Google did not answer in time; it is asked again."},
};

bool google_refused_meet(const struct google_answer *answer)
{
	return answer->status == 400 && strstr(answer->message, "Invalid conference type value") != NULL;
}

bool google_refused_guests(const struct google_answer *answer)
{
	return strcmp(answer->reason, "forbiddenForServiceAccounts") == 0;
}

const char *google_remedy(const struct google_answer *answer)
{
	if (answer->outcome == GOOGLE_DEAD_GRANT)
		return "Connect the calendar again. If the OAuth consent screen is in \"Testing\", every consent ends "
		       "after 7 days: publish it.";
	if (google_refused_meet(answer))
		return "These credentials can make no Meet link: let the coach connect their own account, or set "
		       "GOOGLE_IMPERSONATE in a Workspace with Meet turned on.";
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (strcmp(answer->reason, remedies[i].reason) == 0)
			return remedies[i].sentence;
	}
	return NULL;
}
/* clang-format on */
