#include "domain/zone.h"

#include "base/arena.h"
#include "domain/tzif.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The Gregorian calendar, weekdays included, repeats after 400 years. */
#define CALENDAR_TURN ((seconds)146097 * SECONDS_PER_DAY)

enum { OFFSET_BOUND = 26 * SECONDS_PER_HOUR }; /* no offset is that large */

struct zone {
	struct zone *next;
	const char *name;
	struct tzif table;
};

/* Zones are only ever added, at the head, and never freed: readers need no lock. */
static _Atomic(struct zone *) zones;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static struct arena forever; /* guarded by `loading` */
static _Atomic(const char *) release;

static const char *zone_folder(void)
{
	const char *folder = getenv("TZDIR");
	return folder != NULL && folder[0] == '/' ? folder : "/usr/share/zoneinfo";
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

/* Up to `max` bytes of a regular file of the zone folder; 0 if there is none. */
static size_t read_zone_file(const char *name, unsigned char *bytes, size_t max)
{
	char path[1024];
	int length = snprintf(path, sizeof(path), "%s/%s", zone_folder(), name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return 0;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return 0;
	struct stat status;
	size_t size = 0;
	if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
		ssize_t got = 0;
		while (size < max && (got = read(file, bytes + size, max - size)) > 0)
			size += (size_t)got;
	}
	close(file);
	return size;
}

static const struct zone *find_loaded(const char *name)
{
	for (const struct zone *zone = atomic_load(&zones); zone != NULL; zone = zone->next) {
		if (strcmp(zone->name, name) == 0)
			return zone;
	}
	return NULL;
}

static const struct zone *load(const char *name)
{
	unsigned char bytes[TZIF_BYTES_MAX];
	size_t length = read_zone_file(name, bytes, sizeof(bytes));
	struct tzif table;
	if (length == 0 || !tzif_read(bytes, length, &forever, &table))
		return NULL;
	struct zone *zone = arena_alloc(&forever, sizeof(*zone));
	zone->name = arena_strdup(&forever, name);
	zone->table = table;
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

const char *zone_name(const struct zone *zone)
{
	return zone->name;
}

const char *zone_release(void)
{
	const char *known = atomic_load(&release);
	if (known != NULL)
		return known;
	/* The first line of the data's source form: "# version 2025b". */
	static const char opening[] = "# version ";
	char text[64] = "";
	if (read_zone_file("tzdata.zi", (unsigned char *)text, sizeof(text) - 1) == 0 ||
	    strncmp(text, opening, sizeof(opening) - 1) != 0)
		return NULL;
	pthread_mutex_lock(&loading);
	if (atomic_load(&release) == NULL) {
		const char *first = text + sizeof(opening) - 1;
		atomic_store(&release, arena_strndup(&forever, first, strcspn(first, "\n")));
	}
	pthread_mutex_unlock(&loading);
	return atomic_load(&release);
}

/* How many changes have come by then. */
static size_t changes_until(const struct tzif *table, instant at)
{
	size_t low = 0;
	size_t high = table->change_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (table->changes[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct zone_period zone_period_at(const struct zone *zone, instant at)
{
	const struct tzif *table = &zone->table;
	seconds turned = 0;
	if (table->repeats && at >= table->changes[table->change_count - 1]) {
		instant last = table->changes[table->change_count - 1];
		turned = ((at - last) / CALENDAR_TURN + 1) * CALENDAR_TURN;
		at -= turned;
	}
	size_t passed = changes_until(table, at);
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
