#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "domain/tzif.h"
#include "domain/zone.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_YEAR = 1970, NAMES_MAX = 2000 };

static instant at(const char *text)
{
	instant result = 0;
	if (!instant_parse(text, strlen(text), &result))
		fail_msg("no instant: %s", text);
	return result;
}

static const struct zone *zone(const char *name)
{
	const struct zone *found = zone_find(name);
	if (found == NULL)
		fail_msg("no zone: %s", name);
	return found;
}

static instant wall(const char *name, int year, int month, int day, int hour, int minute)
{
	civil_day date = date_to_days((struct civil_date){year, month, day});
	return zone_instant(zone(name), date, hour * SECONDS_PER_HOUR + minute * SECONDS_PER_MINUTE);
}

/* ---------------------------------------------------------------- against zdump, zone by zone */

struct name {
	char *text;
	char *same_as; /* the name this one is a link to, or NULL */
};

static struct name names[NAMES_MAX];
static size_t name_count;
static const char folder[] = "/usr/share/zoneinfo";

static int collect(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)place;
	char magic[4] = "";
	FILE *file = kind == FTW_F || kind == FTW_SL ? fopen(path, "rbe") : NULL;
	if (file == NULL)
		return 0;
	size_t got = fread(magic, 1, sizeof(magic), file);
	fclose(file);
	const char *name = path + sizeof(folder);
	bool other = strncmp(name, "posix/", 6) == 0 || strncmp(name, "right/", 6) == 0 ||
		     strcmp(name, "posixrules") == 0 || strcmp(name, "localtime") == 0;
	if (got < sizeof(magic) || memcmp(magic, "TZif", 4) != 0 || other || name_count == NAMES_MAX)
		return 0;
	char *target = kind == FTW_SL ? realpath(path, NULL) : NULL;
	bool inside = target != NULL && strncmp(target, folder, sizeof(folder) - 1) == 0;
	names[name_count++] = (struct name){strdup(name), inside ? strdup(target + sizeof(folder)) : NULL};
	free(target);
	return 0;
}

/* zdump's `Sun Mar  8 06:59:59 2026` as seconds, read as UTC. */
static instant zdump_time(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "";
	int day = 0, hour = 0, minute = 0, second = 0, year = 0;
	if (sscanf(text, "%*3s %3s %d %d:%d:%d %d", month, &day, &hour, &minute, &second, &year) != 6)
		fail_msg("not zdump's form: %s", text);
	const char *found = strstr(months, month);
	assert_non_null(found);
	return date_to_days((struct civil_date){year, (int)(found - months) / 3 + 1, day}) * SECONDS_PER_DAY +
	       hour * 3600 + minute * 60 + second;
}

static void compare_with_zdump(const char *name, int end_year)
{
	char command[256];
	char line[256];
	snprintf(command, sizeof(command), "zdump -v -c %d,%d %s", FIRST_YEAR, end_year, name);
	FILE *dump = popen(command, "re");
	assert_non_null(dump);
	const struct zone *ours = zone(name);
	const instant first = date_to_days((struct civil_date){FIRST_YEAR, 1, 1}) * SECONDS_PER_DAY;
	const instant end = date_to_days((struct civil_date){end_year, 1, 1}) * SECONDS_PER_DAY;
	size_t theirs = 0;
	instant before = INT64_MIN;
	long before_offset = 0;
	while (fgets(line, sizeof(line), dump) != NULL) {
		const char *utc = strstr(line, "  ");
		const char *local = strstr(line, " UT = ");
		const char *offset = strstr(line, " gmtoff=");
		const char *summer = strstr(line, " isdst=");
		if (utc == NULL || local == NULL || offset == NULL || summer == NULL)
			continue; /* the ends of time */
		instant when = zdump_time(utc + 2);
		if (when < first || when >= end)
			continue;
		struct zone_period period = zone_period_at(ours, when);
		long wanted = strtol(offset + 8, NULL, 10);
		if (period.offset != wanted || period.daylight != (summer[7] == '1'))
			fail_msg("%s: at %.24s we say %ld, daylight %d; zdump: %s", name, utc + 2,
				 (long)period.offset, period.daylight, line);
		/* zdump shows a pair of lines around a change: a second before, and the change itself. */
		if (when == before + 1 && before_offset != wanted) {
			assert_int_equal(period.start, when);
			theirs++;
		}
		before = when;
		before_offset = wanted;
	}
	assert_int_equal(pclose(dump), 0);

	size_t mine = 0;
	struct zone_period period = zone_period_at(ours, first);
	while (period.end < end) {
		struct zone_period next = zone_period_at(ours, period.end);
		assert_int_equal(next.start, period.end);
		mine += next.offset != period.offset;
		period = next;
	}
	if (mine != theirs)
		fail_msg("%s: we have %zu changes of offset, zdump %zu", name, mine, theirs);
}

/* A link has the same changes as what it stands for, which is compared by its own name. */
static void compare_with_target(const struct name *name)
{
	const instant end = at("2110-01-01T00:00:00Z");
	for (instant when = 0; when < end;) {
		struct zone_period mine = zone_period_at(zone(name->text), when);
		struct zone_period theirs = zone_period_at(zone(name->same_as), when);
		if (mine.end != theirs.end || mine.offset != theirs.offset)
			fail_msg("%s differs from %s", name->text, name->same_as);
		when = mine.end;
	}
}

static void every_zone_of_the_system_agrees_with_zdump(void **state)
{
	(void)state;
	assert_int_equal(nftw(folder, collect, 16, FTW_PHYS), 0);
	assert_true(name_count > 300);
	for (size_t i = 0; i < name_count; i++) {
		if (names[i].same_as != NULL)
			compare_with_target(&names[i]);
		else
			compare_with_zdump(names[i].text, 2040);
		free(names[i].text);
		free(names[i].same_as);
	}
	print_message("%zu names agree with zdump\n", name_count);
}

static void years_past_the_file_s_table_agree_with_zdump(void **state)
{
	(void)state;
	static const char *const asked[] = {
		"America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca",
		"Antarctica/Troll", "America/Havana",      "America/Santiago", "Africa/Cairo",
		"Atlantic/Azores",  "Europe/Dublin",       "America/Godthab",  "Asia/Gaza",
	};
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		compare_with_zdump(asked[i], 2110);
}

static void years_after_the_unrolled_ones_repeat_those_400_years_before(void **state)
{
	(void)state;
	const struct zone *york = zone("America/New_York");
	assert_int_equal(zone_offset(york, at("9900-01-15T12:00:00Z")), -5 * 3600);
	assert_int_equal(zone_offset(york, at("9900-07-15T12:00:00Z")), -4 * 3600);
	/* 9026 begins on the weekday 2226 begins on: the change is on 10 March. */
	struct zone_period summer = zone_period_at(york, at("9026-07-15T12:00:00Z"));
	struct zone_period same = zone_period_at(york, at("2226-07-15T12:00:00Z"));
	const seconds turns = (seconds)17 * 146097 * SECONDS_PER_DAY;
	assert_int_equal(summer.start, same.start + turns);
	assert_int_equal(summer.end, same.end + turns);
	assert_int_equal(zone_instant(york, zone_day(york, summer.start), 12 * 3600) % 86400, 16 * 3600);
	assert_int_equal(zone_period_at(zone("Etc/UTC"), at("9999-12-31T23:59:59Z")).end, INT64_MAX);
}

/* ---------------------------------------------------------------- wall clock to instant */

static void a_wall_clock_time_in_a_gap_is_read_with_the_offset_before_it(void **state)
{
	(void)state;
	assert_int_equal(wall("America/New_York", 2026, 3, 8, 2, 30), at("2026-03-08T07:30:00Z"));
	assert_int_equal(wall("America/New_York", 2026, 3, 8, 2, 0), at("2026-03-08T07:00:00Z"));
	assert_int_equal(wall("America/New_York", 2026, 3, 8, 1, 59), at("2026-03-08T06:59:00Z"));
	assert_int_equal(wall("America/New_York", 2026, 3, 8, 3, 0), at("2026-03-08T07:00:00Z"));
	assert_int_equal(wall("Europe/London", 2026, 3, 29, 1, 30), at("2026-03-29T01:30:00Z"));
	/* Half an hour at two in the night. */
	assert_int_equal(wall("Australia/Lord_Howe", 2026, 10, 4, 2, 15), at("2026-10-03T15:45:00Z"));
	/* Midnight itself is missing. */
	assert_int_equal(wall("America/Havana", 2026, 3, 8, 0, 0), at("2026-03-08T05:00:00Z"));
	assert_int_equal(wall("America/Havana", 2026, 3, 8, 1, 0), at("2026-03-08T05:00:00Z"));
	/* A whole day is missing. */
	assert_int_equal(wall("Pacific/Apia", 2011, 12, 30, 9, 0), at("2011-12-30T19:00:00Z"));
	assert_int_equal(wall("Pacific/Apia", 2011, 12, 31, 9, 0), at("2011-12-30T19:00:00Z"));
	assert_int_equal(wall("Pacific/Apia", 2011, 12, 29, 23, 0), at("2011-12-30T09:00:00Z"));
}

static void a_wall_clock_time_that_happens_twice_is_its_first_occurrence(void **state)
{
	(void)state;
	assert_int_equal(wall("America/New_York", 2026, 11, 1, 1, 30), at("2026-11-01T05:30:00Z"));
	assert_int_equal(wall("America/New_York", 2026, 11, 1, 1, 0), at("2026-11-01T05:00:00Z"));
	assert_int_equal(wall("America/New_York", 2026, 11, 1, 2, 0), at("2026-11-01T07:00:00Z"));
	assert_int_equal(wall("Australia/Lord_Howe", 2026, 4, 5, 1, 45), at("2026-04-04T14:45:00Z"));
	/* In Santiago 24:00 of Saturday becomes 23:00 of the same Saturday. */
	assert_int_equal(wall("America/Santiago", 2026, 4, 4, 23, 30), at("2026-04-05T02:30:00Z"));
	assert_int_equal(wall("America/Santiago", 2026, 4, 5, 0, 0), at("2026-04-05T04:00:00Z"));
	/* In St. John's of 2010 it was at one minute past midnight. */
	assert_int_equal(wall("America/St_Johns", 2010, 11, 7, 0, 0), at("2010-11-07T02:30:00Z"));
	assert_int_equal(wall("America/St_Johns", 2010, 11, 7, 0, 1), at("2010-11-07T03:31:00Z"));
	assert_int_equal(wall("America/St_Johns", 2010, 11, 6, 23, 30), at("2010-11-07T02:00:00Z"));
}

static void the_wall_clock_of_an_instant_is_read_back(void **state)
{
	(void)state;
	struct civil_time civil = zone_civil(zone("Asia/Kathmandu"), at("2026-12-31T18:15:00Z"));
	assert_int_equal(civil.date.year, 2027);
	assert_int_equal(civil.date.day, 1);
	assert_int_equal(civil.second_of_day, 0);
	assert_int_equal(zone_day(zone("America/New_York"), at("1970-01-01T04:59:59Z")), -1);
	assert_string_equal(zone_period_at(zone("America/New_York"), at("2026-07-01T00:00:00Z")).letters,
			    "EDT");
}

/* ---------------------------------------------------------------- names and files */

static void a_name_that_is_no_zone_or_a_path_trick_finds_nothing(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"Mars/Olympus",
		"America",
		"America/",
		"/usr/share/zoneinfo/UTC",
		"../zoneinfo/UTC",
		"America/../UTC",
		"America/./New_York",
		"America//New_York",
		"posix/UTC",
		"right/UTC",
		"localtime",
		"posixrules",
		"zone.tab",
		"tzdata.zi",
		"leapseconds",
		"UTC\n",
		"UTC ",
		" UTC",
		"Europe/Z\xC3\xBCrich",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (zone_find(wrong[i]) != NULL)
			fail_msg("found: %s", wrong[i]);
	}
	assert_ptr_equal(zone("Etc/GMT+5"), zone("Etc/GMT+5"));
	assert_string_equal(zone_name(zone("America/Port-au-Prince")), "America/Port-au-Prince");
}

static void damaged_files_are_refused_whatever_byte_is_missing_or_wrong(void **state)
{
	(void)state;
	unsigned char bytes[TZIF_BYTES_MAX];
	FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "rbe");
	assert_non_null(file);
	size_t length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	struct arena mem = ARENA_EMPTY;
	struct tzif table;
	assert_true(tzif_read(bytes, length, &mem, &table));
	assert_true(table.change_count > 800);
	for (size_t cut = 0; cut < length; cut++)
		assert_false(tzif_read(bytes, cut, &mem, &table));
	for (size_t i = 0; i < length; i++) {
		/* Read or refused, but never past the end (the sanitizers watch). */
		bytes[i] ^= 0xFF;
		tzif_read(bytes, length, &mem, &table);
		bytes[i] ^= 0xFF;
		arena_reset(&mem);
	}
	arena_clear(&mem);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[TZIF_BYTES_MAX];
	FILE *in = fopen(from, "rbe");
	FILE *out = fopen(to, "wbe");
	assert_non_null(in);
	assert_non_null(out);
	size_t length = fread(bytes, 1, sizeof(bytes), in);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	fclose(in);
	fclose(out);
}

/* Put a file of the system's zone data in the place of `name`, as a package does: by renaming. */
static void install(const char *place, const char *name, const char *from)
{
	char fresh[128];
	char file[128];
	snprintf(fresh, sizeof(fresh), "%s/%s.dpkg-new", place, name);
	snprintf(file, sizeof(file), "%s/%s", place, name);
	copy_file(from, fresh);
	assert_int_equal(rename(fresh, file), 0);
}

static void write_release(const char *place, const char *lines)
{
	char file[128];
	snprintf(file, sizeof(file), "%s/tzdata.zi", place);
	FILE *out = fopen(file, "wbe");
	assert_non_null(out);
	fputs(lines, out);
	fclose(out);
}

static void a_new_package_of_zone_data_is_used_at_once(void **state)
{
	(void)state;
	char place[] = "/tmp/zone-test-XXXXXX";
	char command[64];
	bool new_release = true;
	assert_non_null(mkdtemp(place));
	install(place, "Land", "/usr/share/zoneinfo/Asia/Tokyo");
	install(place, "Isle", "/usr/share/zoneinfo/Asia/Tokyo");
	write_release(place, "# version 2098a\nL Land Old/Land\n");
	setenv("TZDIR", place, 1);
	zone_reload(&new_release);
	const struct zone *land = zone("Land");
	const struct zone *isle = zone("Isle");
	const struct zone *link = zone("Old/Land");
	assert_string_equal(zone_name(link), "Old/Land");
	assert_null(zone_find("Old/Sea"));
	assert_int_equal(zone_reload(&new_release), 0);
	assert_false(new_release);

	install(place, "Land", "/usr/share/zoneinfo/Asia/Kolkata");
	install(place, "Isle", "/usr/share/zoneinfo/Asia/Tokyo"); /* a new file that says the same */
	write_release(place, "# version 2099a\n");
	assert_int_equal(zone_offset(land, 0), 9 * 3600);
	assert_int_equal(zone_reload(&new_release), 2);
	assert_true(new_release);
	assert_string_equal(zone_release(), "2099a");
	assert_int_equal(zone_offset(land, 0), 19800);
	assert_int_equal(zone_offset(link, 0), 19800);
	assert_int_equal(zone_offset(isle, 0), 9 * 3600);
	assert_ptr_equal(zone("Land"), land);

	/* In the midst of an upgrade: damaged or gone. */
	write_release(place, "");
	install(place, "Land", "/etc/passwd");
	snprintf(command, sizeof(command), "rm -r %s/Isle", place);
	assert_int_equal(system(command), 0);
	assert_int_equal(zone_reload(&new_release), 0);
	assert_false(new_release);
	assert_int_equal(zone_offset(land, 0), 19800);
	assert_int_equal(zone_offset(isle, 0), 9 * 3600);
	unsetenv("TZDIR");
	snprintf(command, sizeof(command), "rm -r %s", place);
	assert_int_equal(system(command), 0);
}

static void the_age_of_zone_data_is_known(void **state)
{
	(void)state;
	const instant now = at("2026-11-28T12:00:00Z");
	assert_int_equal(zone_data_age("2026a", "2026a", now), ZONE_DATA_CURRENT);
	assert_int_equal(zone_data_age("2026a", NULL, now), ZONE_DATA_CURRENT);
	assert_int_equal(zone_data_age("2026b", "2026a", now), ZONE_DATA_CURRENT);
	assert_int_equal(zone_data_age("2025z", "2025z", now), ZONE_DATA_OF_FORMER_YEAR);
	assert_int_equal(zone_data_age("2025z", "", now), ZONE_DATA_OF_FORMER_YEAR);
	assert_int_equal(zone_data_age("2025z", "2026a", now), ZONE_DATA_BEHIND_SYSTEM);
	assert_int_equal(zone_data_age("2026z", "2026za", now), ZONE_DATA_BEHIND_SYSTEM);
	assert_int_equal(zone_data_age(NULL, "2026a", now), ZONE_DATA_UNDATED);
	assert_int_equal(zone_data_age("", "2026a", now), ZONE_DATA_UNDATED);
	assert_int_equal(zone_data_age("mine", "2026a", now), ZONE_DATA_UNDATED);
	struct zone_data data = {.age = ZONE_DATA_CURRENT};
	assert_null(zone_data_remedy(&data));
	data.age = ZONE_DATA_BEHIND_SYSTEM;
	assert_non_null(strstr(zone_data_remedy(&data), "TZDIR"));
}

static void other_zone_data_are_read_from_tzdir(void **state)
{
	(void)state;
	char place[] = "/tmp/zone-test-XXXXXX";
	char file[64];
	assert_non_null(mkdtemp(place));
	snprintf(file, sizeof(file), "%s/Brand-New", place);
	copy_file("/usr/share/zoneinfo/Asia/Tokyo", file);
	assert_null(zone_find("Brand-New"));
	setenv("TZDIR", place, 1);
	const struct zone *found = zone_find("Brand-New");
	unsetenv("TZDIR");
	unlink(file);
	rmdir(place);
	assert_non_null(found);
	assert_int_equal(zone_offset(found, 0), 9 * 3600);
	/* Once read, a zone stays as it is. */
	assert_ptr_equal(zone_find("Brand-New"), found);
}

static void the_release_of_the_zone_data_is_told(void **state)
{
	(void)state;
	const char *release = zone_release();
	assert_non_null(release);
	assert_true(strlen(release) >= 5 && strncmp(release, "20", 2) == 0);
	assert_string_equal(zone_release(), release);
}

/* A version 2 file without changes of its own: one kind and a footer. */
static bool read_footer(const char *footer, struct arena *mem, struct tzif *ret_table)
{
	static const unsigned char header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
	static const unsigned char kind[10] = {0, 0, 0, 0, 0, 0, 'U', 'T', 'C', '\0'};
	unsigned char bytes[300];
	size_t length = 0;
	for (int block = 0; block < 2; block++) {
		memcpy(bytes + length, header, sizeof(header));
		memcpy(bytes + length + sizeof(header), kind, sizeof(kind));
		length += sizeof(header) + sizeof(kind);
	}
	length += (size_t)snprintf((char *)bytes + length, sizeof(bytes) - length, "\n%s\n", footer);
	return tzif_read(bytes, length, mem, ret_table);
}

static void every_form_of_rule_in_a_footer_is_read(void **state)
{
	(void)state;
	struct arena mem = ARENA_EMPTY;
	struct tzif table;
	const struct {
		const char *footer;
		const char *first_change;
		int offset_after;
	} good[] = {
		{"EST5EDT,M3.2.0,M11.1.0", "1970-03-08T07:00:00Z", -4 * 3600},
		{"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "1970-03-29T01:00:00Z", -2 * 3600},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", "1970-03-29T01:00:00Z", 3600},
		{"EET-2EEST,M3.4.4/50,M10.4.4/50", "1970-03-28T00:00:00Z", 3 * 3600},
		{"ABC-5:30:15DEF-6:30:15,J60/0,J300", "1970-02-28T18:29:45Z", 23415},
		{"ABC0DEF,59/0,300", "1970-03-01T00:00:00Z", 3600},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!read_footer(good[i].footer, &mem, &table))
			fail_msg("refused: %s", good[i].footer);
		assert_int_equal(table.changes[0], at(good[i].first_change));
		assert_int_equal(table.kinds[table.change_kinds[0]].offset, good[i].offset_after);
		assert_non_null(table.rule);
	}
	/* J60 is 1 March in a leap year too, day 59 is 29 February. */
	assert_true(read_footer("ABC0DEF,J60/0,300", &mem, &table));
	assert_int_equal(table.changes[4], at("1972-03-01T00:00:00Z"));
	assert_true(read_footer("ABC0DEF,59/0,300", &mem, &table));
	assert_int_equal(table.changes[4], at("1972-02-29T00:00:00Z"));
	/* Daylight saving time all year round (RFC 9636 section 3.3.1). */
	assert_true(read_footer("XXX3EDT4,0/0,J365/23", &mem, &table));
	assert_int_equal(table.change_count, 2);
	assert_true(read_footer("", &mem, &table));
	assert_int_equal(table.change_count, 0);

	static const char *const wrong[] = {
		"E5",
		"EST",
		"EST5EDT",
		"EST5EDT,M3.2.0",
		"EST5EDT,M13.2.0,M11.1.0",
		"EST5EDT,M3.0.0,M11.1.0",
		"EST5EDT,M3.2.7,M11.1.0",
		"EST5EDT,J0,J300",
		"EST5EDT,366,300",
		"<EST5EDT,M3.2.0,M11.1.0",
		"EST5EDT,M3.2.0,M11.1.0x",
		"EST25",
		"EST5EDT,M3.2.0/168,M11.1.0",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (read_footer(wrong[i], &mem, &table))
			fail_msg("read: %s", wrong[i]);
	}
	arena_clear(&mem);
}

/* ---------------------------------------------------------------- threads */

static void *ask_many(void *unused)
{
	(void)unused;
	static const char *const asked[] = {"Europe/Paris", "Asia/Tokyo", "Africa/Cairo", "Asia/Tehran"};
	for (size_t i = 0; i < 4000; i++) {
		const struct zone *found = zone_find(asked[i % 4]);
		if (found == NULL || strcmp(zone_name(found), asked[i % 4]) != 0 ||
		    zone_offset(found, 0) == 1)
			return (void *)1;
	}
	return NULL;
}

static void threads_that_ask_at_once_get_the_same_zone(void **state)
{
	(void)state;
	pthread_t threads[8];
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_many, NULL), 0);
	for (size_t i = 0; i < 8; i++) {
		void *wrong = NULL;
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_ask_at_once_get_the_same_zone),
		cmocka_unit_test(every_zone_of_the_system_agrees_with_zdump),
		cmocka_unit_test(years_past_the_file_s_table_agree_with_zdump),
		cmocka_unit_test(years_after_the_unrolled_ones_repeat_those_400_years_before),
		cmocka_unit_test(a_wall_clock_time_in_a_gap_is_read_with_the_offset_before_it),
		cmocka_unit_test(a_wall_clock_time_that_happens_twice_is_its_first_occurrence),
		cmocka_unit_test(the_wall_clock_of_an_instant_is_read_back),
		cmocka_unit_test(a_name_that_is_no_zone_or_a_path_trick_finds_nothing),
		cmocka_unit_test(damaged_files_are_refused_whatever_byte_is_missing_or_wrong),
		cmocka_unit_test(other_zone_data_are_read_from_tzdir),
		cmocka_unit_test(a_new_package_of_zone_data_is_used_at_once),
		cmocka_unit_test(the_age_of_zone_data_is_known),
		cmocka_unit_test(the_release_of_the_zone_data_is_told),
		cmocka_unit_test(every_form_of_rule_in_a_footer_is_read),
	};
	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
