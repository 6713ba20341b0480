#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/metrics.h"

#include <pthread.h>
#include <string.h>

static void assert_rendered(struct metrics *metrics, const char *expected)
{
	__attribute__((cleanup(buffer_clear))) struct buffer out;
	buffer_init(&out, 64 * 1024);
	metrics_render(metrics, &out);
	assert_false(out.overflowed);
	assert_string_equal(buffer_text(&out), expected);
}

static void counters_and_gauges_are_rendered_with_help_and_type(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	counter_add(metrics_counter(metrics, "a_total", "All of them.", "kind", "x", "code", "200", NULL), 2);
	struct gauge *gauge = metrics_gauge(metrics, "depth", "How deep.", NULL);
	gauge_set(gauge, 5);
	gauge_add(gauge, -7);
	counter_add(metrics_counter(metrics, "a_total", "All of them.", "kind", "y", "code", "200", NULL), 1);
	assert_rendered(metrics, "# HELP a_total All of them.\n# TYPE a_total counter\n"
				 "a_total{kind=\"x\",code=\"200\"} 2\na_total{kind=\"y\",code=\"200\"} 1\n"
				 "# HELP depth How deep.\n# TYPE depth gauge\ndepth -2\n");
	metrics_free(metrics);
}

static void the_same_name_and_labels_are_the_same_counter(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	struct counter *one = metrics_counter(metrics, "a_total", "A.", "kind", "x", NULL);
	assert_ptr_equal(metrics_counter(metrics, "a_total", "A.", "kind", "x", NULL), one);
	assert_ptr_not_equal(metrics_counter(metrics, "a_total", "A.", "kind", "y", NULL), one);
	metrics_free(metrics);
}

static void label_values_are_escaped(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	counter_add(metrics_counter(metrics, "a_total", "A.", "kind", "q\"b\\n\n", NULL), 1);
	assert_rendered(metrics,
			"# HELP a_total A.\n# TYPE a_total counter\na_total{kind=\"q\\\"b\\\\n\\n\"} 1\n");
	metrics_free(metrics);
}

static void histograms_are_cumulative(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	struct histogram *histogram = metrics_histogram(metrics, "took_seconds", "Time.", "lane", "x", NULL);
	histogram_observe(histogram, 0.0005); /* a bound belongs to its bucket */
	histogram_observe(histogram, 0.003);
	histogram_observe(histogram, 99);
	histogram_observe(histogram, -1);
	__attribute__((cleanup(buffer_clear))) struct buffer out;
	buffer_init(&out, 64 * 1024);
	metrics_render(metrics, &out);
	const char *text = buffer_text(&out);
	assert_non_null(strstr(text, "# TYPE took_seconds histogram\n"));
	assert_non_null(strstr(text, "took_seconds_bucket{lane=\"x\",le=\"0.0005\"} 2\n"));
	assert_non_null(strstr(text, "took_seconds_bucket{lane=\"x\",le=\"0.0025\"} 2\n"));
	assert_non_null(strstr(text, "took_seconds_bucket{lane=\"x\",le=\"0.005\"} 3\n"));
	assert_non_null(strstr(text, "took_seconds_bucket{lane=\"x\",le=\"10\"} 3\n"));
	assert_non_null(strstr(text, "took_seconds_bucket{lane=\"x\",le=\"+Inf\"} 4\n"));
	assert_non_null(strstr(text, "took_seconds_sum{lane=\"x\"} 99.003500\n"));
	assert_non_null(strstr(text, "took_seconds_count{lane=\"x\"} 4\n"));
	metrics_free(metrics);
}

static void refresh_depth(void *gauge)
{
	gauge_set(gauge, 42);
}

static void gauges_may_be_read_when_asked_for(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	metrics_on_render(metrics, refresh_depth, metrics_gauge(metrics, "depth", "D.", NULL));
	assert_rendered(metrics, "# HELP depth D.\n# TYPE depth gauge\ndepth 42\n");
	metrics_free(metrics);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *count_much(void *metrics)
{
	for (int i = 0; i < ROUNDS; i++)
		counter_add(
			metrics_counter(metrics, "a_total", "A.", "kind", i % 2 != 0 ? "odd" : "even", NULL),
			1);
	return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
	(void)state;
	struct metrics *metrics = metrics_new();
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_much, metrics), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter_read(metrics_counter(metrics, "a_total", "A.", "kind", "odd", NULL)),
			 THREADS * ROUNDS / 2);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_and_gauges_are_rendered_with_help_and_type),
		cmocka_unit_test(the_same_name_and_labels_are_the_same_counter),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(histograms_are_cumulative),
		cmocka_unit_test(gauges_may_be_read_when_asked_for),
		cmocka_unit_test(no_count_is_lost_between_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
