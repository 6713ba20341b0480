/*
 * reload - SIGHUP: read again what can change while the daemon runs.
 */
#ifndef RELOAD_H
#define RELOAD_H

#include "api/api.h"
#include "config.h"

/* What a reload changes, for the life of the daemon. */
struct reload {
	struct settings *settings;
	struct api *api;
	struct server *server; /* NULL: not open yet */
	char ***past_origins;  /* lists that a loop may still read; past_count of them */
	size_t past_count;
};

/*
 * Read the environment, the file of --env-file and the files of secrets once more, and take over the limits,
 * the origins, the log's level and form, and the secret and key of tokens. If any of them is bad, all stay as
 * they are. Logs what came of it. For the main thread.
 */
void reload_settings(struct reload *reload);

/* Free what reloads have left. The server is closed. */
void reload_clear(struct reload *reload);

#endif
