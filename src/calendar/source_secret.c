/* What it takes to read a source: sealed in its row, opened only here. */
#include "sources_inside.h"

#include <string.h>

const char *source_seal_name(struct arena *mem, const char *id)
{
	return arena_printf(mem, "busy_source %s", id);
}

bool source_secret_cut(char *secret, const char **ret_address, const char **ret_user,
		       const char **ret_password)
{
	char *user = strchr(secret, '\n');
	char *password = user != NULL ? strchr(user + 1, '\n') : NULL;
	if (password == NULL)
		return false;
	*user = *password = '\0';
	*ret_address = secret;
	*ret_user = user + 1;
	*ret_password = password + 1;
	return true;
}
