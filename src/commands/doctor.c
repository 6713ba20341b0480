/*
 * doctor - look at everything bookingd depends on, one line a check, with the remedy. Changes nothing.
 */
#include "doctor.h"

#include "base/instant.h"
#include "commands/command.h"
#include "compose.h"
#include "domain/zone.h"
#include "net/fetch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	STATEMENT_TIMEOUT_MS = 5000,
	DEEP_TIMEOUT_MS = 600000, /* all appointments are read */
};

static void check_zones(void)
{
	struct zone_data zones;
	zone_data_look(instant_now(), &zones);
	const char *remedy = zone_data_remedy(&zones);
	const char *release = zones.release != NULL ? zones.release : "unknown";
	if (zone_find("America/New_York") == NULL || zone_find("Australia/Lord_Howe") == NULL)
		doctor_tell(BAD, "zone data", "there is none; install the package tzdata");
	else if (remedy != NULL && zones.age == ZONE_DATA_BEHIND_SYSTEM)
		doctor_tell(NOTE, "zone data", "release %s %s (%s)", release, remedy, zones.installed);
	else if (remedy != NULL)
		doctor_tell(NOTE, "zone data", "release %s %s", release, remedy);
	else
		doctor_tell(GOOD, "zone data", "release %s", release);
}

static void check_all(const struct settings *settings, bool deep)
{
	doctor_settings(settings);
	doctor_secrets(settings);
	check_zones();
	struct database *database = compose_database(settings);
	struct db *db = db_open(database, deep ? DEEP_TIMEOUT_MS : STATEMENT_TIMEOUT_MS);
	bool migrated = doctor_database(settings, database, db);
	if (migrated)
		doctor_schema(db);
	if (migrated && deep)
		doctor_overlaps(db);
	doctor_identity(settings, db_usable(db) ? db : NULL);
	if (migrated) {
		doctor_webhooks(settings, db);
		doctor_sources(settings, db);
		doctor_calendar(settings, db);
	} else {
		doctor_tell(NOTE, "google", "is looked at once the schema is there: run bookingd migrate");
	}
	db_close(db);
	database_free(database);
	doctor_receivers(settings);
	doctor_mail(settings, NULL);
}

enum exit_code command_doctor(char *arguments[])
{
	bool deep = arguments[0] != NULL && strcmp(arguments[0], "--deep") == 0;
	bool mail = arguments[0] != NULL && strcmp(arguments[0], "--mail") == 0 && arguments[1] != NULL;
	if (arguments[mail ? 2 : deep ? 1 : 0] != NULL) {
		fprintf(stderr, "bookingd: doctor knows --deep, or --mail and an address\n");
		return EXIT_USAGE;
	}
	struct settings settings;
	if (config_load(&settings, environ, !mail, stderr) > 0) {
		config_wipe(&settings);
		return EXIT_USAGE;
	}
	bool ready = fetch_global_begin();
	if (ready && mail)
		doctor_mail(&settings, arguments[1]);
	else if (ready)
		check_all(&settings, deep);
	else
		doctor_tell(BAD, "libcurl", "cannot be set up");
	fetch_global_end();
	config_wipe(&settings);
	return doctor_bad_findings() > 0 ? EXIT_FAILED : EXIT_DONE;
}
