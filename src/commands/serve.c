/*
 * serve - the daemon: compose the layers, start, drain, stop.
 */
#include "api/api.h"
#include "api/availability.h"
#include "api/event.h"
#include "api/figures.h"
#include "api/identity_refusals.h"
#include "api/pages.h"
#include "app/feed_token.h"
#include "app/housekeeping.h"
#include "app/offer_judge.h"
#include "base/log.h"
#include "base/service.h"
#include "calendar/busy.h"
#include "calendar/keys.h"
#include "calendar/sources.h"
#include "commands/command.h"
#include "compose.h"
#include "config.h"
#include "db/migrate.h"
#include "db/schema_guard.h"
#include "domain/zone.h"
#include "metrics_listener.h"
#include "reload.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

enum { LIMITED_KEYS = 65536 }; /* callers or addresses whose rate is remembered at once */

enum {
	DATABASE_PAUSE_SECONDS = 1, /* between two looks for a database that is away */
	STUCK_MS = 60000,           /* every job ends by its deadline, long before that */
};

/* How the service manager is told. A message that does not get through costs a restart at most: it is logged.
 */
static void notify(const char *state)
{
	if (!service_notify(state))
		log_line(LOG_WARNING, "service_manager_deaf", LOG_TEXT_FIELD("detail", strerror(errno)));
}

/* ---- composing the layers ---- */

/* Everything that lives as long as the daemon. */
struct daemon {
	struct settings settings;
	struct database *database;
	struct api api;
	struct seal_keys seal_keys;
	struct seal_keys feed_keys;
	atomic_bool stopping;
	struct server *server;
	struct metrics_listener *metrics;
	struct schema_guard *guard;
	struct housekeeping *housekeeping;
	struct offer_judge offer_judge;
	char *schedule; /* COACH_SCHEDULE in canonical form; NULL: the default */
	struct reload reload;
};

/*
 * Block the signals that are waited for: those that other servers are stopped or reloaded by. Others that
 * people send to servers, to have them open their logs again or the like, must not end this one undrained.
 */
static void block_signals(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGQUIT);
	sigaddset(ret_signals, SIGHUP);
	sigprocmask(SIG_BLOCK, ret_signals, NULL);
	static const int ignored[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM};
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

/*
 * Wait for SIGTERM, SIGINT or SIGQUIT, at most so many milliseconds; below 0: for ever. True when asked to
 * stop. SIGHUP reads the settings again meanwhile.
 */
static bool wait_for_stop(struct daemon *daemon, const sigset_t *signals, int64_t patience_ms)
{
	struct timespec patience = {.tv_sec = patience_ms / 1000, .tv_nsec = patience_ms % 1000 * 1000000};
	for (;;) {
		int came =
			patience_ms < 0 ? sigwaitinfo(signals, NULL) : sigtimedwait(signals, NULL, &patience);
		if (came == SIGHUP)
			reload_settings(&daemon->reload);
		else if (came > 0)
			return true;
		/* Stopped and continued, or looked at by a debugger, it ends with EINTR (signal(7)). */
		if (patience_ms >= 0)
			return false;
	}
}

/*
 * Until somebody asks to stop. The service manager's watchdog is fed while requests get done; when a loop or
 * a worker hangs it is not, and so the daemon is restarted.
 */
static void serve_until_stopped(struct daemon *daemon, const sigset_t *signals)
{
	int64_t feed_ms = service_watchdog_ms();
	if (feed_ms == 0) {
		wait_for_stop(daemon, signals, -1);
		return;
	}
	bool told = false;
	do {
		int64_t stuck_ms = server_stuck_ms(daemon->server);
		if (stuck_ms < STUCK_MS)
			notify("WATCHDOG=1");
		else if (!told)
			log_line(LOG_ERROR, "stuck", LOG_INTEGER_FIELD("ms", stuck_ms));
		told = stuck_ms >= STUCK_MS;
	} while (!wait_for_stop(daemon, signals, feed_ms));
}

static void calendar_freed(void *owner, const char *coach_id)
{
	struct daemon *daemon = owner;
	coaches_freed(daemon->api.coaches, coach_id);
}

static void coach_freed(void *owner, const char *coach_id)
{
	struct daemon *daemon = owner;
	if (coach_id != NULL)
		calendar_forget(daemon->api.calendars, coach_id);
}

static void client_erased(void *owner, const char *user_id)
{
	struct daemon *daemon = owner;
	identity_forget(daemon->api.identities, user_id);
}

static bool make_calendars(struct daemon *daemon)
{
	const struct seal_keys *keys = compose_seal_keys(&daemon->settings, &daemon->seal_keys);
	struct calendar_settings calendar = compose_calendar_settings(&daemon->settings, keys);
	calendar.database = daemon->database;
	calendar.schema_sound = daemon->api.schema_sound;
	calendar.metrics = daemon->api.metrics;
	calendar.freed = calendar_freed;
	calendar.owner = daemon;
	const char *reason = NULL;
	daemon->api.seal_keys = keys;
	daemon->api.calendars = calendars_new(&calendar, &reason);
	if (daemon->api.calendars == NULL)
		fprintf(stderr, "bookingd: GOOGLE_SERVICE_ACCOUNT_KEY: %s\n", reason);
	return daemon->api.calendars != NULL;
}

static void log_schema(bool sound, const char *detail)
{
	if (sound)
		log_line(LOG_INFO, "booking_goes_on", LOG_TEXT_FIELD("detail", "the schema is whole again"));
	else
		log_line(LOG_ERROR, "booking_stopped", LOG_TEXT_FIELD("detail", detail),
			 LOG_TEXT_FIELD("remedy", SCHEMA_REMEDY));
}

#define BLIND_REMEDY                                                                                         \
	" until a look succeeds: see pg_stat_activity for what locks bookingd's tables or keeps the server " \
	"busy"

static void log_blind(bool sound, const char *detail)
{
	log_line(sound ? LOG_WARNING : LOG_ERROR, "schema_not_seen", LOG_TEXT_FIELD("detail", detail),
		 LOG_TEXT_FIELD("remedy", sound ? "bookings go on unguarded" BLIND_REMEDY
						: "nothing is booked" BLIND_REMEDY));
}

static void log_trouble(enum database_trouble trouble, const char *detail)
{
	if (trouble == TROUBLE_NONE)
		log_line(LOG_INFO, "database_serves", LOG_TEXT_FIELD("detail", "requests are served again"));
	else
		log_line(LOG_ERROR, "database_trouble",
			 LOG_TEXT_FIELD("state", database_trouble_name(trouble)),
			 LOG_TEXT_FIELD("detail", detail),
			 LOG_TEXT_FIELD("remedy", database_trouble_remedy(trouble)));
}

static void make_sources(struct daemon *daemon)
{
	const struct settings *settings = &daemon->settings;
	daemon->api.sources = sources_new(&(struct sources_settings){
		.database = daemon->database,
		.seal_keys = daemon->seal_keys.count > 0 ? &daemon->seal_keys : NULL,
		.allow_private = settings->calendar_allow_private,
		.stopping = &daemon->stopping,
	});
}

static bool make_identities(struct daemon *daemon)
{
	const struct settings *settings = &daemon->settings;
	struct identity_settings identity = {
		.session_query = settings->auth_session_query,
		.session_cache_seconds = settings->session_cache_seconds,
		.jwt_secret = settings->auth_jwt_secret,
		.jwt_public_key = settings->auth_jwt_public_key,
		.jwks_url = settings->auth_jwks_url,
		.jwt_issuer = settings->auth_jwt_issuer,
		.jwt_audience = settings->auth_jwt_audience,
		.own_sessions = settings->mail_url != NULL,
		.admin_emails = settings->admin_emails,
	};
	daemon->api.identities = identity_source_new(&identity);
	if (daemon->api.identities == NULL) {
		fprintf(stderr, "bookingd: AUTH_JWT_PUBLIC_KEY: %s\n",
			strstr(settings->auth_jwt_public_key, "PRIVATE KEY") != NULL
				? "is a private key; set the public one (openssl pkey -pubout)"
				: "is no usable public key (RSA of 2048 bits or more, or P-256)");
		return false;
	}
	if (!identity_possible(&identity) && settings->mail_url == NULL)
		log_line(LOG_WARNING, "nobody_can_sign_in",
			 LOG_TEXT_FIELD("remedy",
					"set AUTH_JWT_SECRET, AUTH_JWT_PUBLIC_KEY, AUTH_JWKS_URL or "
					"AUTH_SESSION_QUERY, or MAIL_URL for signing in by mail"));
	if (identity.jwks_url != NULL && identity.jwt_audience == NULL)
		log_line(LOG_WARNING, "tokens_for_others_accepted",
			 LOG_TEXT_FIELD("remedy",
					"set AUTH_JWT_AUDIENCE: without it a token that the same provider "
					"made for another service is accepted as well"));
	return true;
}

/* Make all parts; nothing runs yet. False: one line on stderr says why. */
static bool compose(struct daemon *daemon)
{
	const struct settings *settings = &daemon->settings;
	struct api *api = &daemon->api;
	if (!compose_schedule(&daemon->settings, &daemon->schedule))
		return false;
	daemon->database = compose_database(settings);
	daemon->guard = schema_guard_new(daemon->database,
					 &(struct schema_guard_calls){log_schema, log_blind, log_trouble});
	*api = (struct api){
		.schema_sound = schema_guard_sound(daemon->guard),
		.metrics = metrics_new(),
		.assets = assets_new((const char *const *)settings->frame_allowed_origins),
		.read_limit = rate_limit_new("read", (unsigned)settings->rate_limit_read, LIMITED_KEYS),
		.book_limit = rate_limit_new("book", (unsigned)settings->rate_limit_book, LIMITED_KEYS),
		.other_limit = rate_limit_new("other", (unsigned)settings->rate_limit_other, LIMITED_KEYS),
		.address_limit =
			rate_limit_new("address", (unsigned)settings->rate_limit_address, LIMITED_KEYS),
		.availability = availability_cache_new(),
		.public_availability = settings->public_availability || settings->public_booking,
		.public_booking = settings->public_booking,
		.hold_minutes = settings->hold_minutes,
		.routes = api_routes,
		.route_count = api_route_count,
		.feed_keys = compose_feed_keys(settings, &daemon->feed_keys),
		.webhook_allow_private = settings->webhook_allow_private,
		.mail_hook_secret = settings->mail_hook_secret,
		.trusted_proxy_hops = (unsigned)settings->trusted_proxy_hops,
		.public_url = settings->public_url,
		.redirect_origins = (const char *const *)settings->redirect_allowed_origins,
		.sign_in = {.admin_emails = settings->admin_emails, .public_url = settings->public_url},
		.sign_in_url = settings->sign_in_url,
		.database = daemon->database,
		.stopping = &daemon->stopping,
		.started_ms = monotonic_ms(),
	};
	if (!make_identities(daemon))
		return false;
	api->refusals = identity_refusals_new(api->metrics);
	api->coaches = coaches_new(daemon->database, coach_freed, client_erased, daemon);
	bool made = make_calendars(daemon);
	struct notice_settings notice = compose_notice_settings(settings);
	notice.database = daemon->database;
	notice.metrics = api->metrics;
	notice.webhooks.seal_keys = api->feed_keys;
	notice.webhooks.write_event = event_payload;
	daemon->offer_judge = (struct offer_judge){
		.coaches = api->coaches,
		.calendars = api->calendars,
		.fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, &daemon->stopping),
	};
	notice.judge_offer = offer_judge;
	notice.judge = &daemon->offer_judge;
	api->notices = notices_new(&notice);
	make_sources(daemon);
	config_wipe_keys(&daemon->settings);
	api->metrics_apart = settings->metrics_address != NULL;
	if (made)
		api->figures = figures_new(api);
	return made;
}

static void decompose(struct daemon *daemon)
{
	struct api *api = &daemon->api;
	notices_free(api->notices);
	fetch_client_free(daemon->offer_judge.fetcher);
	sources_free(api->sources);
	calendars_free(api->calendars);
	schema_guard_free(daemon->guard);
	coaches_free(api->coaches);
	identity_source_free(api->identities);
	availability_cache_free(api->availability);
	rate_limit_free(api->address_limit);
	rate_limit_free(api->other_limit);
	rate_limit_free(api->book_limit);
	rate_limit_free(api->read_limit);
	assets_free(api->assets);
	identity_refusals_free(api->refusals);
	figures_free(api->figures);
	metrics_free(api->metrics);
	seal_keys_clear(&daemon->seal_keys);
	seal_keys_clear(&daemon->feed_keys);
	free(daemon->schedule);
	reload_clear(&daemon->reload);
	database_free(daemon->database);
	config_wipe(&daemon->settings);
}

static bool open_server(struct daemon *daemon)
{
	const struct settings *settings = &daemon->settings;
	struct server_settings server = server_settings_default();
	int passed;
	server.listener = service_socket(&passed);
	if (server.listener < 0 && passed > 0) {
		fprintf(stderr, "bookingd: one listening socket is taken from the service manager, not %d\n",
			passed);
		return false;
	}
	server.address = settings->bind_address;
	server.port = (uint16_t)settings->port;
	server.connections = (unsigned)settings->max_connections;
	/* One address may not shut all others out; behind a proxy all come from one. */
	if (settings->trusted_proxy_hops == 0)
		server.connections_per_address = (server.connections + 1) / 2;
	server.trusted_proxy_hops = (unsigned)settings->trusted_proxy_hops;
	server.cors_origins = (const char *const *)settings->cors_allowed_origins;
	server.lanes[LANE_DATABASE].workers = (unsigned)compose_workers(settings);
	server.lanes[LANE_LISTING].workers = (unsigned)settings->listing_workers;
	server.lanes[LANE_GOOGLE].workers = (unsigned)compose_calendar_workers(settings);
	server.routes = api_routes;
	server.route_count = api_route_count;
	server.metrics = daemon->api.metrics;
	server.allow = api_allow;
	server.early = api_early;
	server.handle = api_handle;
	server.worker_open = api_worker_open;
	server.worker_close = api_worker_close;
	server.worker_fit = api_worker_fit;
	server.owner = &daemon->api;
	const char *reason = NULL;
	daemon->server = server_open(&server, &reason);
	if (daemon->server == NULL)
		fprintf(stderr, "bookingd: PORT: %s\n", reason);
	return daemon->server != NULL;
}

/* METRICS_ADDRESS, if it is set. */
static bool open_metrics(struct daemon *daemon)
{
	char host[CONFIG_HOST_BYTES];
	uint16_t port = 0;
	const char *address = daemon->settings.metrics_address;
	const char *reason = "not an address and a port";
	if (address == NULL)
		return true;
	if (config_split_address(address, host, &port))
		daemon->metrics = metrics_listener_open(host, port, daemon->api.metrics, &reason);
	if (daemon->metrics == NULL)
		fprintf(stderr, "bookingd: METRICS_ADDRESS: %s\n", reason);
	return daemon->metrics != NULL;
}

enum bring_up { UP, LATER, STOPPED, HOPELESS };

/* With a key that does not open what is sealed, nothing may be served or written. */
static enum bring_up check_keys(const struct daemon *daemon, struct db *db, struct migrate_report *ret_report)
{
	char line[CALENDAR_LINE];
	const struct seal_keys *keys = daemon->settings.token_encryption_key ? &daemon->seal_keys : NULL;
	enum calendar_keys verdict = calendar_check_keys(db, keys, line);
	if (verdict == CALENDAR_KEYS_GOOD)
		return UP;
	snprintf(ret_report->line, sizeof(ret_report->line), "%s", line);
	return verdict == CALENDAR_KEYS_WRONG ? HOPELESS : LATER;
}

/* Whether the coach is there already, or may be called so. */
static enum bring_up check_name(const struct daemon *daemon, struct db *db, struct migrate_report *ret_report)
{
	const char *id = daemon->settings.coach_id;
	if (!coach_name_is_reserved(&daemon->api, id))
		return UP;
	const enum db_result result = db_run(db, QUERY_COACH_BY_ID, DB_PARAMETERS(db_text(id)), NULL);
	if (result == DB_OK)
		return UP;
	if (result == DB_NONE)
		snprintf(ret_report->line, sizeof(ret_report->line),
			 "COACH_ID: %s has another meaning in addresses; choose another id", id);
	else
		snprintf(ret_report->line, sizeof(ret_report->line), "%s", db_failure(db)->detail);
	return result == DB_NONE ? HOPELESS : LATER;
}

/* Makes the coach COACH_ID if there is none. */
static enum bring_up seed_coach(const struct daemon *daemon, struct db *db, struct migrate_report *ret_report)
{
	const struct settings *settings = &daemon->settings;
	if (settings->coach_id == NULL)
		return UP;
	enum bring_up state = check_name(daemon, db, ret_report);
	if (state != UP)
		return state;
	__attribute__((cleanup(arena_cleanup))) struct arena mem = ARENA_EMPTY;
	struct feed_token token = feed_token_new(&mem, daemon->api.feed_keys, settings->coach_id);
	enum db_result result =
		db_run(db, QUERY_COACH_SEED,
		       DB_PARAMETERS(db_text(settings->coach_id), db_text(settings->coach_email),
				     db_json(daemon->schedule), db_text(token.digest), db_text(token.sealed)),
		       NULL);
	if (result == DB_OK && settings->coach_email != NULL)
		result = db_run(db, QUERY_COACH_EMAIL_PUT,
				DB_PARAMETERS(db_text(settings->coach_id), db_text(settings->coach_email)),
				NULL);
	if (result == DB_OK)
		return UP;
	snprintf(ret_report->line, sizeof(ret_report->line), "%s", db_failure(db)->detail);
	return LATER;
}

static void tell_migrating(const char *step)
{
	log_line(LOG_INFO, "migrating", LOG_TEXT_FIELD("step", step));
}

/*
 * One try to get the schema where this binary needs it, and the coach, and then to look whether it is sound;
 * *ret_report says what came of it.
 */
static enum bring_up database_try(const struct daemon *daemon, struct migrate_report *ret_report)
{
	const struct settings *settings = &daemon->settings;
	struct db *db = db_open(daemon->database, 5000);
	enum migrate_result result = settings->migrate
					     ? migrate_run(daemon->database, db, tell_migrating, ret_report)
					     : migrate_check(daemon->database, db, ret_report);
	enum bring_up state = result == MIGRATE_REFUSED || result == MIGRATE_FAILED ? HOPELESS : LATER;
	if (result == MIGRATE_DONE)
		state = check_keys(daemon, db, ret_report);
	if (state == UP)
		state = seed_coach(daemon, db, ret_report);
	if (state == UP)
		schema_guard_start(daemon->guard, db); /* before anything can be booked */
	db_close(db);
	return state;
}

/* However long the database is away; each reason to wait is told once. */
static enum bring_up database_bring_up(struct daemon *daemon, const sigset_t *stop)
{
	char told[sizeof(((struct migrate_report *)0)->line)] = "";
	for (;;) {
		struct migrate_report report;
		enum bring_up state = database_try(daemon, &report);
		if (state == HOPELESS)
			log_line(LOG_ERROR, "database_refused", LOG_TEXT_FIELD("detail", report.line));
		if (state == UP)
			log_line(LOG_INFO, "database_ready", LOG_TEXT_FIELD("detail", report.line),
				 LOG_INTEGER_FIELD("schema", report.known));
		if (state != LATER)
			return state;
		if (strcmp(told, report.line) != 0)
			log_line(LOG_WARNING, "database_awaited", LOG_TEXT_FIELD("detail", report.line));
		memcpy(told, report.line, sizeof(told));
		/* A start takes as long as the database is away; half a minute more each time. */
		notify("EXTEND_TIMEOUT_USEC=30000000\nSTATUS=Waiting for the database; see the log");
		if (wait_for_stop(daemon, stop, DATABASE_PAUSE_SECONDS * 1000))
			return STOPPED;
	}
}

/* The JWKS is fetched on a thread that may block, so that the first callers need not wait. */
static void warm_identities(struct daemon *daemon)
{
	struct fetch_client *fetcher = fetch_client_new("bookingd/" BOOKINGD_VERSION, &daemon->stopping);
	identity_warm(daemon->api.identities, fetcher, instant_now());
	fetch_client_free(fetcher);
}

static void log_zone_data(void)
{
	struct zone_data zones;
	zone_data_look(instant_now(), &zones);
	const char *remedy = zone_data_remedy(&zones);
	log_line(remedy != NULL ? LOG_WARNING : LOG_INFO, "zone_data",
		 LOG_TEXT_FIELD("release", zones.release != NULL ? zones.release : "unknown"),
		 LOG_TEXT_FIELD("detail", remedy != NULL ? remedy : "up to date"));
}

/* From the first look for the database until somebody asks to stop. */
static enum exit_code run(struct daemon *daemon, const sigset_t *stop)
{
	log_line(LOG_INFO, "listening", LOG_TEXT_FIELD("version", BOOKINGD_VERSION),
		 LOG_TEXT_FIELD("address", daemon->settings.bind_address),
		 LOG_INTEGER_FIELD("port", server_port(daemon->server)),
		 LOG_TEXT_FIELD("google_calendar",
				daemon->settings.google_service_account_key != NULL ||
						daemon->settings.google_oauth_client_id != NULL
					? "on"
					: "off"));
	coaches_start(daemon->api.coaches); /* first, to have its connection when the schema is there */
	enum bring_up up = database_bring_up(daemon, stop);
	if (up == UP) {
		calendars_start(daemon->api.calendars);
		atomic_store(&daemon->api.migrated, true); /* what else there is to start nobody waits for */
		notices_start(daemon->api.notices);
		daemon->housekeeping = housekeeping_start(daemon->database, daemon->settings.retention_days,
							  daemon->api.sources, &daemon->stopping);
		sources_start(daemon->api.sources);
		log_zone_data();
		warm_identities(daemon);
		notify("READY=1\nSTATUS=Serving");
		serve_until_stopped(daemon, stop);
	}
	notify("STOPPING=1\nSTATUS=Finishing what is under way");
	return up == HOPELESS ? EXIT_FAILED : EXIT_DONE;
}

/* In this order: no new requests, what runs is finished, then the threads behind it. */
static void stop_all(struct daemon *daemon)
{
	metrics_listener_close(daemon->metrics); /* renders what the server counts */
	daemon->metrics = NULL;
	server_close(daemon->server);
	atomic_store(&daemon->stopping, true);
	housekeeping_stop(daemon->housekeeping);
	sources_stop(daemon->api.sources);
	schema_guard_stop(daemon->guard);
	notices_stop(daemon->api.notices);
	calendars_stop(daemon->api.calendars);
	coaches_stop(daemon->api.coaches);
}

enum exit_code command_serve(char *arguments[])
{
	(void)arguments;
	/* glibc would keep up to eight heaps a processor, each with the peak of some thread's past. */
	mallopt(M_ARENA_MAX, get_nprocs());

	static struct daemon daemon;
	if (config_load(&daemon.settings, environ, true, stderr) > 0) {
		config_wipe(&daemon.settings);
		return EXIT_USAGE;
	}
	config_hide_secrets(environ);
	log_setup(daemon.settings.log_level, daemon.settings.log_format);

	/* Blocked before there are threads, so that none of them is ever hit. */
	sigset_t stop;
	block_signals(&stop);

	enum exit_code code = EXIT_USAGE;
	if (!fetch_global_begin()) {
		fputs("bookingd: libcurl cannot be set up\n", stderr);
		code = EXIT_FAILED;
	} else if (compose(&daemon) && open_metrics(&daemon) && open_server(&daemon)) {
		daemon.reload = (struct reload){
			.settings = &daemon.settings, .api = &daemon.api, .server = daemon.server};
		code = run(&daemon, &stop);
		stop_all(&daemon);
		log_line(LOG_INFO, "stopped", LOG_TEXT_FIELD("version", BOOKINGD_VERSION));
	}
	metrics_listener_close(daemon.metrics);
	decompose(&daemon);
	fetch_global_end();
	return code;
}
