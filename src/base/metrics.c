#include "base/metrics.h"

#include "base/die.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	LABELS_MAX = 4,
	LABELS_BYTES = 512, /* one series' labels as text */
	REFRESHERS_MAX = 8,
	BUCKETS = 14,
};

/* Upper bounds in microseconds, and as they are written. */
static const struct {
	uint64_t microseconds;
	const char *text;
} buckets[BUCKETS] = {
	{500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},
	{25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
	{1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"},
};

enum kind { COUNTER, GAUGE, HISTOGRAM };

struct counter {
	atomic_uint_fast64_t value;
};

struct gauge {
	atomic_int_fast64_t value;
};

struct histogram {
	atomic_uint_fast64_t in_bucket[BUCKETS + 1]; /* not yet cumulative; the last is beyond all bounds */
	atomic_uint_fast64_t sum;                    /* microseconds */
};

/* One family member. On cache lines of its own, so that counting it slows down no other. */
struct series {
	struct series *next;
	char *labels; /* `route="/x",code="200"`; "" without labels */
	union {
		struct counter counter;
		struct gauge gauge;
		struct histogram histogram;
	} as;
};

struct family {
	struct family *next;
	const char *name;
	const char *help;
	enum kind kind;
	struct series *first;
	struct series **last;
};

struct metrics {
	pthread_mutex_t lock; /* the lists, not the values */
	struct family *first;
	struct family **last;
	struct {
		void (*call)(void *owner);
		void *owner;
	} refreshers[REFRESHERS_MAX];
	size_t refresher_count;
};

static void *must_allocate(size_t size)
{
	const size_t line = 64;
	void *memory = aligned_alloc(line, (size + line - 1) / line * line);
	if (memory == NULL)
		die("out of memory");
	return memset(memory, 0, size);
}

struct metrics *metrics_new(void)
{
	struct metrics *metrics = must_allocate(sizeof(*metrics));
	pthread_mutex_init(&metrics->lock, NULL);
	metrics->last = &metrics->first;
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	for (struct family *family = metrics->first; family != NULL;) {
		for (struct series *series = family->first; series != NULL;) {
			struct series *next = series->next;
			free(series->labels);
			free(series);
			series = next;
		}
		struct family *next = family->next;
		free(family);
		family = next;
	}
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

static struct family *family_get(struct metrics *metrics, enum kind kind, const char *name, const char *help)
{
	for (struct family *family = metrics->first; family != NULL; family = family->next) {
		if (strcmp(family->name, name) != 0)
			continue;
		if (family->kind != kind)
			die("one metric name with two kinds");
		return family;
	}
	struct family *family = must_allocate(sizeof(*family));
	family->name = name;
	family->help = help;
	family->kind = kind;
	family->last = &family->first;
	*metrics->last = family;
	metrics->last = &family->next;
	return family;
}

static void put_label_value(struct buffer *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buffer_append_char(out, '\\');
		if (*value == '\n')
			buffer_append_text(out, "\\n");
		else
			buffer_append_char(out, *value);
	}
}

static struct series *series_get(struct metrics *metrics, enum kind kind, const char *name, const char *help,
				 va_list pairs)
{
	char room[LABELS_BYTES];
	struct buffer labels;
	buffer_init_over(&labels, room, sizeof(room));
	const char *label = NULL;
	for (unsigned count = 0; (label = va_arg(pairs, const char *)) != NULL; count++) {
		if (count == LABELS_MAX)
			die("too many labels for a metric");
		if (count > 0)
			buffer_append_char(&labels, ',');
		buffer_append_text(&labels, label);
		buffer_append_text(&labels, "=\"");
		put_label_value(&labels, va_arg(pairs, const char *));
		buffer_append_char(&labels, '"');
	}
	if (labels.overflowed)
		die("a metric's labels are too long");
	const char *text = buffer_text(&labels);

	pthread_mutex_lock(&metrics->lock);
	struct family *family = family_get(metrics, kind, name, help);
	struct series *series = family->first;
	while (series != NULL && strcmp(series->labels, text) != 0)
		series = series->next;
	if (series == NULL) {
		series = must_allocate(sizeof(*series));
		series->labels = strdup(text);
		if (series->labels == NULL)
			die("out of memory");
		*family->last = series;
		family->last = &series->next;
	}
	pthread_mutex_unlock(&metrics->lock);
	return series;
}

struct counter *metrics_counter(struct metrics *metrics, const char *name, const char *help, ...)
{
	va_list pairs;
	va_start(pairs, help);
	struct series *series = series_get(metrics, COUNTER, name, help, pairs);
	va_end(pairs);
	return &series->as.counter;
}

struct gauge *metrics_gauge(struct metrics *metrics, const char *name, const char *help, ...)
{
	va_list pairs;
	va_start(pairs, help);
	struct series *series = series_get(metrics, GAUGE, name, help, pairs);
	va_end(pairs);
	return &series->as.gauge;
}

struct histogram *metrics_histogram(struct metrics *metrics, const char *name, const char *help, ...)
{
	va_list pairs;
	va_start(pairs, help);
	struct series *series = series_get(metrics, HISTOGRAM, name, help, pairs);
	va_end(pairs);
	return &series->as.histogram;
}

void counter_add(struct counter *counter, uint64_t amount)
{
	atomic_fetch_add_explicit(&counter->value, amount, memory_order_relaxed);
}

uint64_t counter_read(const struct counter *counter)
{
	return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

void gauge_set(struct gauge *gauge, int64_t value)
{
	atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

void gauge_add(struct gauge *gauge, int64_t amount)
{
	atomic_fetch_add_explicit(&gauge->value, amount, memory_order_relaxed);
}

int64_t gauge_read(const struct gauge *gauge)
{
	return atomic_load_explicit(&gauge->value, memory_order_relaxed);
}

void histogram_observe(struct histogram *histogram, double seconds)
{
	uint64_t microseconds = seconds > 0 ? (uint64_t)(seconds * 1e6) : 0;
	size_t bucket = 0;
	while (bucket < BUCKETS && microseconds > buckets[bucket].microseconds)
		bucket++;
	atomic_fetch_add_explicit(&histogram->in_bucket[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, microseconds, memory_order_relaxed);
}

void metrics_on_render(struct metrics *metrics, void (*refresh)(void *owner), void *owner)
{
	pthread_mutex_lock(&metrics->lock);
	if (metrics->refresher_count == REFRESHERS_MAX)
		die("too many refreshers of metrics");
	metrics->refreshers[metrics->refresher_count].call = refresh;
	metrics->refreshers[metrics->refresher_count].owner = owner;
	metrics->refresher_count++;
	pthread_mutex_unlock(&metrics->lock);
}

static void render_value(struct buffer *out, const char *name, const char *labels)
{
	buffer_append_text(out, name);
	if (*labels != '\0')
		buffer_printf(out, "{%s}", labels);
}

static void render_histogram(struct buffer *out, const char *name, const struct series *series)
{
	const char *comma = *series->labels != '\0' ? "," : "";
	const struct histogram *histogram = &series->as.histogram;
	uint64_t seen = 0;
	for (size_t i = 0; i <= BUCKETS; i++) {
		seen += atomic_load_explicit(&histogram->in_bucket[i], memory_order_relaxed);
		buffer_printf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, series->labels, comma,
			      i < BUCKETS ? buckets[i].text : "+Inf", seen);
	}
	uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
	buffer_append_text(out, name);
	render_value(out, "_sum", series->labels);
	buffer_printf(out, " %" PRIu64 ".%06" PRIu64 "\n", sum / 1000000, sum % 1000000);
	buffer_append_text(out, name);
	render_value(out, "_count", series->labels);
	buffer_printf(out, " %" PRIu64 "\n", seen);
}

static void render_family(struct buffer *out, const struct family *family)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		      kinds[family->kind]);
	for (const struct series *series = family->first; series != NULL; series = series->next) {
		switch (family->kind) {
		case COUNTER:
			render_value(out, family->name, series->labels);
			buffer_printf(out, " %" PRIu64 "\n", counter_read(&series->as.counter));
			break;
		case GAUGE:
			render_value(out, family->name, series->labels);
			buffer_printf(out, " %" PRId64 "\n", gauge_read(&series->as.gauge));
			break;
		case HISTOGRAM:
			render_histogram(out, family->name, series);
			break;
		}
	}
}

void metrics_render(struct metrics *metrics, struct buffer *out)
{
	for (size_t i = 0; i < metrics->refresher_count; i++)
		metrics->refreshers[i].call(metrics->refreshers[i].owner);
	pthread_mutex_lock(&metrics->lock);
	for (const struct family *family = metrics->first; family != NULL; family = family->next)
		render_family(out, family);
	pthread_mutex_unlock(&metrics->lock);
}
