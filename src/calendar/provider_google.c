/* Google Calendar as a provider. */
#include "provider.h"

const struct provider provider_google = {
	.name = "google",
	.busy = google_busy_query,
	.insert = google_event_insert,
	.get = google_event_get,
	.patch = google_event_patch,
	.remove = google_event_delete,
	.list = google_events_page,
	.watch = google_events_watch,
	.stop = google_channel_stop,
};
