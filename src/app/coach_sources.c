#include "app/coach_sources.h"

static bool is_stale(const struct coach_source *source, instant now)
{
	return source->known_until == 0 || source->read_at + source->good_for < now;
}

const struct coach_source *coach_sources_stale(const struct coach *coach, instant now)
{
	for (size_t i = 0; i < coach->source_count; i++) {
		if (is_stale(&coach->sources[i], now))
			return &coach->sources[i];
	}
	return NULL;
}

/* What is beyond the known is as good as busy. */
static struct interval beyond(const struct coach_source *source)
{
	return (struct interval){source->known_until, INSTANT_MAX};
}

static bool is_busy(const struct coach_source *source, struct interval within)
{
	for (size_t i = 0; i < source->count && source->times[i].start < within.end; i++) {
		if (interval_overlaps(source->times[i], within))
			return true;
	}
	return interval_overlaps(beyond(source), within);
}

const char *coach_sources_busy(const struct coach *coach, struct interval within, struct arena *mem)
{
	const char *names = NULL;
	for (size_t i = 0; i < coach->source_count; i++) {
		const struct coach_source *source = &coach->sources[i];
		if (is_busy(source, within))
			names = names == NULL ? arena_strdup(mem, source->name)
					      : arena_printf(mem, "%s, %s", names, source->name);
	}
	return names;
}

void coach_sources_join(const struct coach *coach, struct interval within, instant now, struct arena *mem,
			struct calendar_busy *busy)
{
	if (coach->source_count == 0 || busy->knowledge == CALENDAR_UNKNOWN)
		return;
	if (coach_sources_stale(coach, now) != NULL) {
		busy->knowledge = CALENDAR_UNKNOWN;
		return;
	}
	size_t room = busy->times.count + coach->source_count;
	for (size_t i = 0; i < coach->source_count; i++)
		room += coach->sources[i].count;
	struct interval *times = arena_array(mem, room, sizeof(*times));
	size_t count = 0;
	for (size_t i = 0; i < busy->times.count; i++)
		times[count++] = busy->times.at[i];
	for (size_t i = 0; i < coach->source_count; i++) {
		const struct coach_source *source = &coach->sources[i];
		for (size_t at = 0; at < source->count; at++) {
			if (interval_overlaps(source->times[at], within))
				times[count++] = source->times[at];
		}
		if (interval_overlaps(beyond(source), within))
			times[count++] = beyond(source);
		if (busy->knowledge == CALENDAR_KNOWN_OFF && (i == 0 || source->read_at < busy->as_of))
			busy->as_of = source->read_at;
	}
	if (busy->knowledge == CALENDAR_KNOWN_OFF)
		busy->knowledge = CALENDAR_KNOWN_LIVE;
	busy->times = (struct intervals){times, intervals_normalize(times, count)};
}
