/*
 * config_names - the names of all settings, for config_unknown.c. Only config.c has more of them.
 */
#ifndef CONFIG_NAMES_H
#define CONFIG_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct config_name {
	const char *name;
	bool secret; /* may also be given as NAME_FILE */
};

size_t config_name_count(void);

/* The one at `place`, below config_name_count(). */
struct config_name config_name(size_t place);

#endif
