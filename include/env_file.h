/*
 * env_file - settings from a file of NAME=value lines, instead of the environment alone.
 *
 * The form is that of systemd's EnvironmentFile and of `docker run --env-file`: blank lines and lines that
 * begin with # or ; are passed over; blanks round the name and the value are cut; a value that stands in ' or
 * " loses them. Nothing else is interpreted, so that JSON and keys stand as they are. At most 64 KiB.
 */
#ifndef ENV_FILE_H
#define ENV_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct env_file {
	char **environment; /* NAME=value texts, NULL at the end; where file and inherited both have a name,
			       the file's */
	size_t own;         /* so many of them, the first, belong to the struct */
};

/*
 * Read the file over `inherited`, whose texts are borrowed. False: one line in `complaints` says why, naming
 * the file and the line but not the value, and nothing was made.
 */
bool env_file_read(struct env_file *ret_file, const char *path, char *const inherited[], FILE *complaints);

/* Overwrite and free; the struct is empty afterwards. */
void env_file_wipe(struct env_file *file);

#endif
