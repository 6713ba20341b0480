#include "domain/zone.h"

#include "domain/observance.h"
#include "domain/tzif.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The Gregorian calendar, weekdays included, repeats after 400 years. */
#define CALENDAR_TURN ((seconds)146097 * SECONDS_PER_DAY)

enum { OFFSET_BOUND = 26 * SECONDS_PER_HOUR }; /* no offset is that large */

/* What tells one version of a file from the next: a package puts a new file in the place of the old one. */
struct file_stamp {
	dev_t device;
	ino_t number;
	off_t size;
	struct timespec modified;
};

struct zone {
	struct zone *next;
	const char *name;
	const char *file;        /* below the folder of zone data; another name for an old name */
	struct file_stamp stamp; /* guarded by `loading` */
	_Atomic(const struct tzif *) table;
};

/* Zones are only ever added, at the head, and never freed: readers need no lock. */
static _Atomic(struct zone *) zones;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static struct arena forever; /* guarded by `loading` */
static const char *release;  /* NULL: not told; guarded by `loading` */

static const char system_folder[] = "/usr/share/zoneinfo";
static const char source_form[] = "tzdata.zi";

static const char *zone_folder(void)
{
	const char *folder = getenv("TZDIR");
	return folder != NULL && folder[0] == '/' ? folder : system_folder;
}

/* Names are paths below the folder: no empty part, none that begins with a dot, nothing but these characters.
 */
static bool name_is_sane(const char *name)
{
	size_t length = strnlen(name, ZONE_NAME_MAX + 1);
	if (length == 0 || length > ZONE_NAME_MAX || name[length - 1] == '/')
		return false;
	char before = '/';
	for (const char *at = name; *at != '\0'; at++) {
		bool letter = (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z');
		bool inside = (*at >= '0' && *at <= '9') || strchr("+-_/", *at) != NULL;
		if (!letter && (!inside || before == '/'))
			return false;
		before = *at;
	}
	/* These lie in the folder but are no names of zones. */
	return strncmp(name, "posix/", 6) != 0 && strncmp(name, "right/", 6) != 0 &&
	       strcmp(name, "posixrules") != 0 && strcmp(name, "localtime") != 0;
}

static void close_file(const int *file)
{
	if (*file >= 0)
		close(*file);
}

/* Open a regular file of a folder of zone data. -1 if there is none. */
static int open_zone_file(const char *folder, const char *name, struct file_stamp *ret_stamp)
{
	char path[1024];
	struct stat status;
	int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return -1;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file >= 0 && (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))) {
		close(file);
		return -1;
	}
	if (file >= 0)
		*ret_stamp =
			(struct file_stamp){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
	return file;
}

static bool stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->number == b->number && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Up to `max` bytes of a file of zone data; 0 if there is none. */
static size_t read_zone_file(const char *folder, const char *name, unsigned char *bytes, size_t max,
			     struct file_stamp *ret_stamp)
{
	__attribute__((cleanup(close_file))) int file = open_zone_file(folder, name, ret_stamp);
	size_t size = 0;
	ssize_t got = 0;
	while (file >= 0 && size < max && (got = read(file, bytes + size, max - size)) > 0)
		size += (size_t)got;
	return size;
}

static bool read_table(const char *file, struct arena *mem, struct tzif *ret_table,
		       struct file_stamp *ret_stamp)
{
	unsigned char bytes[TZIF_BYTES_MAX];
	size_t length = read_zone_file(zone_folder(), file, bytes, sizeof(bytes), ret_stamp);
	return length > 0 && tzif_read(bytes, length, mem, ret_table);
}

static const struct zone *find_loaded(const char *name)
{
	for (const struct zone *zone = atomic_load(&zones); zone != NULL; zone = zone->next) {
		if (strcmp(zone->name, name) == 0)
			return zone;
	}
	return NULL;
}

static void close_stream(FILE **stream)
{
	if (*stream != NULL)
		fclose(*stream);
}

/*
 * What the source form of the data calls a name that has no file: `L Asia/Kolkata Asia/Calcutta`. Some
 * systems keep the files of former names in a package of their own. Zones begin with `Z Asia/Kolkata `.
 */
static bool find_listed(const char *name, int compare(const char *, const char *),
			char ret_target[static ZONE_NAME_MAX + 1])
{
	struct file_stamp stamp;
	int file = open_zone_file(zone_folder(), source_form, &stamp);
	__attribute__((cleanup(close_stream))) FILE *lines = file >= 0 ? fdopen(file, "r") : NULL;
	if (lines == NULL) {
		close_file(&file);
		return false;
	}
	char line[256];
	while (fgets(line, sizeof(line), lines) != NULL) {
		char target[ZONE_NAME_MAX + 1];
		char link[ZONE_NAME_MAX + 1];
		const bool is_zone = line[0] == 'Z' && sscanf(line, "Z %64s", target) == 1;
		const bool is_link = line[0] == 'L' && sscanf(line, "L %64s %64s", target, link) == 2;
		if ((is_zone || is_link) && compare(is_zone ? target : link, name) == 0 &&
		    name_is_sane(target)) {
			memcpy(ret_target, target, sizeof(target));
			return true;
		}
	}
	return false;
}

static const struct zone *load(const char *name)
{
	struct tzif table;
	struct file_stamp stamp;
	char target[ZONE_NAME_MAX + 1];
	const char *file = name;
	bool found = read_table(file, &forever, &table, &stamp);
	if (!found && find_listed(name, strcmp, target)) {
		file = target;
		found = read_table(file, &forever, &table, &stamp);
	}
	if (!found)
		return NULL;
	struct zone *zone = arena_alloc(&forever, sizeof(*zone));
	struct tzif *kept = arena_alloc(&forever, sizeof(*kept));
	*kept = table;
	zone->name = arena_strdup(&forever, name);
	zone->file = file == name ? zone->name : arena_strdup(&forever, file);
	zone->stamp = stamp;
	atomic_init(&zone->table, kept);
	zone->next = atomic_load(&zones);
	atomic_store(&zones, zone);
	return zone;
}

const struct zone *zone_find(const char *name)
{
	if (!name_is_sane(name))
		return NULL;
	const struct zone *zone = find_loaded(name);
	if (zone != NULL)
		return zone;
	pthread_mutex_lock(&loading);
	zone = find_loaded(name);
	if (zone == NULL)
		zone = load(name);
	pthread_mutex_unlock(&loading);
	return zone;
}

const struct zone *zone_find_any_case(const char *name)
{
	char target[ZONE_NAME_MAX + 1];
	return name_is_sane(name) && find_listed(name, strcasecmp, target) ? zone_find(target) : NULL;
}

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

const char *zone_file_name(const struct zone *zone)
{
	return zone->file;
}

/* ---------------------------------------------------------------- releases */

/* The first line of the data's source form: "# version 2025b". False if there is none. */
static bool read_release(const char *folder, char ret_release[static ZONE_RELEASE_BYTES],
			 struct file_stamp *ret_stamp)
{
	static const char opening[] = "# version ";
	char text[64] = "";
	size_t length =
		read_zone_file(folder, source_form, (unsigned char *)text, sizeof(text) - 1, ret_stamp);
	if (length == 0 || strncmp(text, opening, sizeof(opening) - 1) != 0)
		return false;
	snprintf(ret_release, ZONE_RELEASE_BYTES, "%.*s", (int)strcspn(text + sizeof(opening) - 1, "\n"),
		 text + sizeof(opening) - 1);
	return true;
}

const char *zone_release(void)
{
	char text[ZONE_RELEASE_BYTES];
	struct file_stamp stamp;
	pthread_mutex_lock(&loading);
	if (release == NULL && read_release(zone_folder(), text, &stamp))
		release = arena_strdup(&forever, text);
	const char *known = release;
	pthread_mutex_unlock(&loading);
	return known;
}

/* The year of a release such as "2025b"; 0 if it is not of that form. */
static int release_year(const char *text)
{
	return strspn(text, "0123456789") == 4 ? atoi(text) : 0;
}

/* "2025b" before "2025c", "2025z" before "2025za", years first. */
static bool release_before(const char *a, const char *b)
{
	if (release_year(a) == 0 || release_year(b) == 0)
		return false;
	if (release_year(a) != release_year(b))
		return release_year(a) < release_year(b);
	return strlen(a) != strlen(b) ? strlen(a) < strlen(b) : strcmp(a, b) < 0;
}

enum zone_data_age zone_data_age(const char *used, const char *installed, instant now)
{
	if (used == NULL || release_year(used) == 0)
		return ZONE_DATA_UNDATED;
	if (installed != NULL && release_before(used, installed))
		return ZONE_DATA_BEHIND_SYSTEM;
	return release_year(used) < civil_from_instant(now, 0).date.year ? ZONE_DATA_OF_FORMER_YEAR
									 : ZONE_DATA_CURRENT;
}

const char *zone_data_remedy(const struct zone_data *data)
{
	switch (data->age) {
	case ZONE_DATA_CURRENT:
		return NULL;
	case ZONE_DATA_OF_FORMER_YEAR:
		return "is of a former year; countries change their clocks every year: upgrade the package "
		       "tzdata (no restart is needed)";
	case ZONE_DATA_BEHIND_SYSTEM:
		return "is older than the installed package tzdata; unset TZDIR or bring its files up to "
		       "date";
	case ZONE_DATA_UNDATED:
		return "does not tell its age (no file tzdata.zi); install the package tzdata";
	}
	return NULL;
}

void zone_data_look(instant now, struct zone_data *ret_data)
{
	struct file_stamp stamp;
	*ret_data = (struct zone_data){.release = zone_release()};
	if (!read_release(system_folder, ret_data->installed, &stamp))
		ret_data->installed[0] = '\0';
	ret_data->age = zone_data_age(ret_data->release, ret_data->installed, now);
}

/* Take over a zone's file if it has changed. Caller holds `loading`. */
static bool reload(struct zone *zone)
{
	struct file_stamp stamp;
	struct tzif fresh;
	__attribute__((cleanup(close_file))) int file = open_zone_file(zone_folder(), zone->file, &stamp);
	if (file < 0 || stamp_equal(&stamp, &zone->stamp))
		return false;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	if (!read_table(zone->file, &mem, &fresh, &stamp))
		return false;
	zone->stamp = stamp;
	if (tzif_equal(&fresh, atomic_load(&zone->table)))
		return false;
	/* A reader may still have the former table, so it stays; that is a few KB for a change of a law. */
	struct tzif *kept = arena_alloc(&forever, sizeof(*kept));
	if (!read_table(zone->file, &forever, kept, &zone->stamp))
		return false;
	atomic_store(&zone->table, kept);
	return true;
}

size_t zone_reload(bool *ret_new_release)
{
	size_t changed = 0;
	char text[ZONE_RELEASE_BYTES];
	struct file_stamp stamp;
	pthread_mutex_lock(&loading);
	for (struct zone *zone = atomic_load(&zones); zone != NULL; zone = zone->next)
		changed += reload(zone);
	*ret_new_release =
		read_release(zone_folder(), text, &stamp) && (release == NULL || strcmp(text, release) != 0);
	if (*ret_new_release)
		release = arena_strdup(&forever, text);
	pthread_mutex_unlock(&loading);
	return changed;
}

/* ---------------------------------------------------------------- what a zone says */

struct zone_period zone_period_at(const struct zone *zone, instant at)
{
	const struct tzif *table = atomic_load(&zone->table);
	seconds turned = 0;
	if (table->rule != NULL && at >= table->changes[table->change_count - 1]) {
		instant last = table->changes[table->change_count - 1];
		turned = ((at - last) / CALENDAR_TURN + 1) * CALENDAR_TURN;
		at -= turned;
	}
	size_t passed = tzif_changes_until(table, at);
	const struct tzif_kind *kind = &table->kinds[passed > 0 ? table->change_kinds[passed - 1] : 0];
	return (struct zone_period){
		.start = passed > 0 ? table->changes[passed - 1] + turned : INT64_MIN,
		.end = passed < table->change_count ? table->changes[passed] + turned : INT64_MAX,
		.offset = kind->offset,
		.daylight = kind->daylight,
		.letters = kind->letters,
	};
}

seconds zone_offset(const struct zone *zone, instant at)
{
	return zone_period_at(zone, at).offset;
}

instant zone_instant(const struct zone *zone, civil_day day, seconds second_of_day)
{
	seconds local = day * SECONDS_PER_DAY + second_of_day;
	/*
	 * Every period that ends before this first one shows only earlier wall clock times, so the first
	 * period from here that ends later on the wall clock either holds the time or begins after it: a gap.
	 */
	struct zone_period period = zone_period_at(zone, local - OFFSET_BOUND);
	seconds offset_before = period.offset;
	while (period.end != INT64_MAX && local >= period.end + period.offset) {
		offset_before = period.offset;
		period = zone_period_at(zone, period.end);
	}
	if (period.start != INT64_MIN && local < period.start + period.offset)
		return local - offset_before;
	return local - period.offset;
}

struct civil_time zone_civil(const struct zone *zone, instant at)
{
	return civil_from_instant(at, zone_offset(zone, at));
}

civil_day zone_day(const struct zone *zone, instant at)
{
	seconds local = at + zone_offset(zone, at);
	civil_day day = local / SECONDS_PER_DAY;
	return local % SECONDS_PER_DAY < 0 ? day - 1 : day;
}

size_t zone_observances(const struct zone *zone, instant since, struct arena *mem,
			const struct zone_observance **ret_observances)
{
	return observances_list(atomic_load(&zone->table), since, mem, ret_observances);
}
