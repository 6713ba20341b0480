#include "env_file.h"

#include "base/die.h"
#include "config_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!(isalpha((unsigned char)text[i]) || text[i] == '_' ||
		      (i > 0 && isdigit((unsigned char)text[i]))))
			return false;
	}
	return length > 0;
}

static void pairs_free(char **pairs, size_t count)
{
	for (size_t i = 0; pairs != NULL && i < count; i++) {
		explicit_bzero(pairs[i], strlen(pairs[i]));
		free(pairs[i]);
	}
	free(pairs);
}

/* "NAME=value" of a line, or NULL if it is none. */
static char *read_pair(const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length);
	if (equals == NULL)
		return NULL;
	size_t name = (size_t)(equals - line);
	while (name > 0 && strchr(" \t", line[name - 1]) != NULL)
		name--;
	if (!is_name(line, name))
		return NULL;
	const char *value = equals + 1;
	size_t left = length - (size_t)(value - line);
	while (left > 0 && strchr(" \t", *value) != NULL) {
		value++;
		left--;
	}
	if (left >= 2 && (*value == '"' || *value == '\'') && value[left - 1] == *value) {
		value++;
		left -= 2;
	}
	char *pair = calloc(1, name + left + 2);
	if (pair == NULL)
		die("out of memory");
	memcpy(pair, line, name);
	pair[name] = '=';
	memcpy(pair + name + 1, value, left);
	return pair;
}

/* Which of the pairs has the name that `pair` has; `count` if none. */
static size_t place_of(char *const pairs[], size_t count, const char *pair)
{
	size_t length = strcspn(pair, "=");
	size_t i = 0;
	/* The first `count` are set: clang's analyzer loses the count when the text is wiped.
	 * NOLINTNEXTLINE(*core.NonNullParamChecker) */
	while (i < count && !(strncmp(pairs[i], pair, length) == 0 && pairs[i][length] == '='))
		i++;
	return i;
}

/* The pairs of the file's text; NULL and the number of the line that is none. `room` fits all, and the
 * environment. */
static char **read_pairs(const char *text, size_t room, size_t *ret_count, size_t *ret_bad_line)
{
	char **pairs = calloc(room, sizeof(*pairs));
	if (pairs == NULL)
		die("out of memory");
	size_t count = 0;
	size_t number = 0;
	for (const char *line = text; *line != '\0';) {
		size_t whole = strcspn(line, "\n");
		const char *start = line + strspn(line, " \t");
		size_t length = start < line + whole ? whole - (size_t)(start - line) : 0;
		while (length > 0 && strchr(" \t\r", start[length - 1]) != NULL)
			length--;
		number++;
		line += whole + (line[whole] == '\n');
		if (length == 0 || *start == '#' || *start == ';')
			continue;
		pairs[count] = read_pair(start, length);
		if (pairs[count] == NULL) {
			pairs_free(pairs, count);
			*ret_bad_line = number;
			return NULL;
		}
		size_t before = place_of(pairs, count, pairs[count]);
		if (before < count) { /* the last one counts */
			char *former = pairs[before];
			pairs[before] = pairs[count];
			explicit_bzero(former, strlen(former));
			free(former);
			continue;
		}
		count++;
	}
	*ret_count = count;
	return pairs;
}

bool env_file_read(struct env_file *ret_file, const char *path, char *const inherited[], FILE *complaints)
{
	const char *why = NULL;
	char *text = value_read_file(path, &why);
	if (text == NULL) {
		fprintf(complaints, "%s: %s\n", path, why);
		return false;
	}
	size_t room = 2;
	for (const char *at = text; *at != '\0'; at++)
		room += *at == '\n';
	for (char *const *pair = inherited; *pair != NULL; pair++)
		room++;
	size_t count = 0;
	size_t bad_line = 0;
	char **pairs = read_pairs(text, room, &count, &bad_line);
	explicit_bzero(text, strlen(text));
	free(text);
	if (pairs == NULL) {
		fprintf(complaints, "%s:%zu: is not NAME=value\n", path, bad_line);
		return false;
	}
	*ret_file = (struct env_file){.environment = pairs, .own = count};
	for (char *const *pair = inherited; *pair != NULL; pair++)
		if (place_of(pairs, ret_file->own, *pair) == ret_file->own)
			pairs[count++] = *pair;
	return true;
}

void env_file_wipe(struct env_file *file)
{
	pairs_free(file->environment, file->own);
	*file = (struct env_file){NULL, 0};
}
