#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/work_queue.h"

#include "base/instant.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

static atomic_uint opened, closed;

static void *open_resource(void *owner, unsigned worker)
{
	(void)worker;
	opened++;
	return owner;
}

static void close_resource(void *owner, void *resource)
{
	assert_ptr_equal(owner, resource);
	closed++;
}

/* A job that waits at a gate, so that a test decides when a worker is busy. */
struct job {
	struct work work;
	sem_t begun;
	sem_t gate;
	sem_t done;
	bool gated;
	bool refused;
	void *resource;
};

static void run(struct work *work, void *resource)
{
	struct job *job = (struct job *)work;
	job->resource = resource;
	sem_post(&job->begun);
	if (job->gated)
		sem_wait(&job->gate);
	sem_post(&job->done);
}

static void refuse(struct work *work)
{
	struct job *job = (struct job *)work;
	job->refused = true;
	sem_post(&job->done);
}

static void job_init(struct job *job, bool gated)
{
	memset(job, 0, sizeof(*job));
	job->work = (struct work){.run = run, .refuse = refuse};
	job->gated = gated;
	sem_init(&job->begun, 0, 0);
	sem_init(&job->gate, 0, 0);
	sem_init(&job->done, 0, 0);
}

static struct work_queue *open_queue(unsigned workers, unsigned capacity, unsigned patience_ms)
{
	static int owner;
	return work_queue_open(&(struct work_queue_settings){
		.name = "test",
		.workers = workers,
		.capacity = capacity,
		.flood_capacity = (capacity + 7) / 8,
		.patience_ms = patience_ms,
		.open = open_resource,
		.close = close_resource,
		.owner = &owner,
	});
}

static void close_queue(struct work_queue *queue)
{
	work_queue_stop(queue);
	work_queue_free(queue);
}

static void push(struct work_queue *queue, struct job *job)
{
	assert_true(work_queue_reserve(queue, monotonic_ms(), false));
	work_queue_push(queue, &job->work);
}

static void every_worker_opens_and_closes_its_resource(void **state)
{
	(void)state;
	opened = closed = 0;
	struct work_queue *queue = open_queue(3, 10, 1000);
	struct job job;
	job_init(&job, false);
	push(queue, &job);
	sem_wait(&job.done);
	assert_non_null(job.resource);
	close_queue(queue);
	assert_int_equal(opened, 3);
	assert_int_equal(closed, 3);
}

static void a_full_queue_says_so_at_once(void **state)
{
	(void)state;
	struct work_queue *queue = open_queue(1, 2, 60000);
	struct job busy, waiting[2];
	job_init(&busy, true);
	push(queue, &busy);
	sem_wait(&busy.begun);
	for (int i = 0; i < 2; i++) {
		job_init(&waiting[i], false);
		push(queue, &waiting[i]);
	}
	assert_false(work_queue_reserve(queue, monotonic_ms(), false));
	assert_int_equal(work_queue_waiting(queue), 2);
	assert_int_equal(work_queue_running(queue), 1);
	sem_post(&busy.gate);
	for (int i = 0; i < 2; i++)
		sem_wait(&waiting[i].done);
	assert_true(work_queue_reserve(queue, monotonic_ms(), false));
	struct job last;
	job_init(&last, false);
	work_queue_push(queue, &last.work);
	close_queue(queue);
	assert_false(last.refused);
}

static void in_a_flood_few_may_wait(void **state)
{
	(void)state;
	enum { CAPACITY = 32, FEW = CAPACITY / 8 };
	static struct job jobs[CAPACITY];
	struct work_queue *queue = open_queue(1, CAPACITY, 60000);
	struct job busy, last;
	int64_t now_ms = monotonic_ms();
	job_init(&busy, true);
	push(queue, &busy);
	sem_wait(&busy.begun);
	for (int i = 0; i < CAPACITY; i++) {
		job_init(&jobs[i], true);
		assert_true(work_queue_reserve(queue, now_ms, false)); /* a crowd, at once */
		work_queue_push(queue, &jobs[i].work);
	}
	sem_post(&busy.gate);
	sem_wait(&jobs[0].begun); /* one place is free */
	assert_false(work_queue_reserve(queue, now_ms + 100, false));
	assert_true(work_queue_reserve(queue, now_ms + 99, false)); /* still the crowd */
	job_init(&last, false);
	work_queue_push(queue, &last.work);
	for (int i = 0; i <= CAPACITY - FEW; i++)
		sem_post(&jobs[i].gate);
	sem_wait(&jobs[CAPACITY - FEW + 1].begun); /* fewer wait now */
	struct job new, rest;
	assert_true(work_queue_reserve(queue, now_ms + 100, false));
	job_init(&new, false);
	work_queue_push(queue, &new.work);
	assert_false(work_queue_reserve(queue, now_ms + 100, false));
	assert_true(work_queue_reserve(queue, now_ms + 100, true)); /* what was begun goes on */
	job_init(&rest, false);
	work_queue_push(queue, &rest.work);
	for (int i = CAPACITY - FEW + 1; i < CAPACITY; i++)
		sem_post(&jobs[i].gate);
	sem_wait(&rest.done);
	/* It was empty meanwhile, so who comes now is no part of the flood. */
	job_init(&last, false);
	assert_true(work_queue_reserve(queue, now_ms + 10000, false));
	work_queue_push(queue, &last.work);
	close_queue(queue);
}

static void a_lasting_flood_cuts_the_queue(void **state)
{
	(void)state;
	enum { CAPACITY = 32, FEW = CAPACITY / 8 };
	static struct job jobs[CAPACITY];
	struct work_queue *queue = open_queue(1, CAPACITY, 60000);
	struct job busy;
	int64_t now_ms = monotonic_ms();
	job_init(&busy, true);
	push(queue, &busy);
	sem_wait(&busy.begun);
	for (int i = 0; i < CAPACITY; i++) {
		job_init(&jobs[i], false);
		jobs[i].work.begun = i == 0;
		assert_true(work_queue_reserve(queue, now_ms, i == 0));
		work_queue_push(queue, &jobs[i].work);
	}
	for (int i = 0; i <= CAPACITY; i++)
		assert_false(work_queue_reserve(queue, now_ms + 100, false));
	sem_post(&busy.gate);
	close_queue(queue);
	assert_false(jobs[0].refused); /* it was promised */
	for (int i = 1; i < CAPACITY; i++)
		assert_int_equal(jobs[i].refused, i < CAPACITY - FEW);
}

static void jobs_are_refused_when_every_worker_is_stuck_for_too_long(void **state)
{
	(void)state;
	struct work_queue *queue = open_queue(1, 10, 500);
	struct job stuck, late;
	job_init(&stuck, true);
	push(queue, &stuck);
	sem_wait(&stuck.begun);
	job_init(&late, false);
	push(queue, &late);
	work_queue_expire(queue, monotonic_ms());
	assert_false(late.refused);
	work_queue_expire(queue, monotonic_ms() + 501);
	sem_wait(&late.done);
	assert_true(late.refused);
	assert_false(stuck.refused);
	assert_int_equal(work_queue_waiting(queue), 0);
	sem_post(&stuck.gate);
	close_queue(queue);
}

static void stopping_finishes_what_waits(void **state)
{
	(void)state;
	enum { JOBS = 200 };
	static struct job jobs[JOBS];
	struct work_queue *queue = open_queue(2, JOBS, 60000);
	for (int i = 0; i < JOBS; i++) {
		job_init(&jobs[i], false);
		push(queue, &jobs[i]);
	}
	work_queue_stop(queue);
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(sem_trywait(&jobs[i].done), 0);
		assert_false(jobs[i].refused);
	}
	assert_false(work_queue_reserve(queue, monotonic_ms(), false));
	work_queue_free(queue);
}

/* Two workers with a resource each, which may be broken. */
static atomic_bool broken[2];

static void *open_numbered(void *owner, unsigned worker)
{
	(void)owner;
	return &broken[worker];
}

static bool is_whole(void *owner, void *resource)
{
	(void)owner;
	return !*(atomic_bool *)resource;
}

/* Run a job on each worker at once, so that both have been asked since whether they are fit. */
static void run_on_both(struct work_queue *queue)
{
	struct job jobs[2];
	for (int i = 0; i < 2; i++) {
		job_init(&jobs[i], true);
		push(queue, &jobs[i]);
	}
	for (int i = 0; i < 2; i++)
		sem_wait(&jobs[i].begun);
	for (int i = 0; i < 2; i++)
		sem_post(&jobs[i].gate);
	for (int i = 0; i < 2; i++)
		sem_wait(&jobs[i].done);
}

static void who_is_not_fit_leaves_the_work_to_those_who_are(void **state)
{
	(void)state;
	struct work_queue *queue = work_queue_open(&(struct work_queue_settings){
		.name = "test",
		.workers = 2,
		.capacity = 100,
		.flood_capacity = 100,
		.patience_ms = 60000,
		.open = open_numbered,
		.fit = is_whole,
	});
	run_on_both(queue);
	broken[0] = true;
	struct job job;
	/* It may take one more before it is asked. */
	unsigned by_broken = 0;
	for (int i = 0; i < 50; i++) {
		job_init(&job, false);
		push(queue, &job);
		sem_wait(&job.done);
		by_broken += job.resource == &broken[0];
	}
	assert_true(by_broken <= 1);

	broken[1] = true; /* when none is fit somebody must fail the jobs */
	for (int i = 0; i < 5; i++) {
		job_init(&job, false);
		push(queue, &job);
		sem_wait(&job.done);
	}
	broken[0] = broken[1] = false;
	run_on_both(queue); /* and both come back */
	close_queue(queue);
}

static void a_job_that_hangs_is_told_by_its_time(void **state)
{
	(void)state;
	struct work_queue *queue = open_queue(2, 4, 60000);
	struct job hanging, quick;
	int64_t began = monotonic_ms();
	assert_int_equal(work_queue_longest_ms(queue, began + 5000), 0);
	job_init(&hanging, true);
	push(queue, &hanging);
	sem_wait(&hanging.begun);
	assert_in_range(work_queue_longest_ms(queue, began + 5000), 1, 5000);
	job_init(&quick, false); /* what the others do does not hide it */
	push(queue, &quick);
	sem_wait(&quick.done);
	assert_in_range(work_queue_longest_ms(queue, monotonic_ms() + 5000), 5000, 65000);
	sem_post(&hanging.gate);
	sem_wait(&hanging.done);
	close_queue(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_worker_opens_and_closes_its_resource),
		cmocka_unit_test(a_full_queue_says_so_at_once),
		cmocka_unit_test(in_a_flood_few_may_wait),
		cmocka_unit_test(a_lasting_flood_cuts_the_queue),
		cmocka_unit_test(jobs_are_refused_when_every_worker_is_stuck_for_too_long),
		cmocka_unit_test(stopping_finishes_what_waits),
		cmocka_unit_test(a_job_that_hangs_is_told_by_its_time),
		cmocka_unit_test(who_is_not_fit_leaves_the_work_to_those_who_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
