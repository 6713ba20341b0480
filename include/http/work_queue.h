/*
 * work_queue - a lane: a bounded queue and the threads that work it off.
 *
 * Each worker thread owns a resource made by the caller (a database connection, a curl handle)
 * and runs one job at a time, so jobs may block. A full lane refuses immediately; a job that waited longer
 * than the lane's patience is refused instead of run, also when every worker is stuck. A slow lane never
 * affects another. All functions are safe from any thread.
 *
 * A burst may fill the queue. One that has been non-empty for 100 ms lets a newcomer in only while fewer than
 * flood_capacity wait: those are served soon, the others are told at once. When more were told so than wait,
 * it is no burst: the queue is cut to that length, from its front, where they have waited longest.
 */
#ifndef HTTP_WORK_QUEUE_H
#define HTTP_WORK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct work_queue_settings {
	const char *name; /* for thread names and metrics: "database" */
	unsigned workers; /* 1 .. 256 */
	/* Jobs that may wait, >= 1; and how many of them where more come than can be done, 1 .. capacity. */
	unsigned capacity;
	unsigned flood_capacity;
	unsigned patience_ms; /* how long a job may wait for a worker */
	/* Called on the worker's own thread when it starts and when it ends. Either may be NULL. */
	void *(*open)(void *owner, unsigned worker);
	void (*close)(void *owner, void *resource);
	/*
	 * Whether the resource can be used, as far as is known; asked on the worker's thread after each job,
	 * and a few times a second while it cannot. A worker that is not fit leaves jobs to those that are,
	 * for it would only fail them, faster than the others can do them; when none is fit all take jobs.
	 * NULL: always.
	 */
	bool (*fit)(void *owner, void *resource);
	void *owner;
};

/*
 * One job, embedded in the caller's struct and left alone by it between push and run or refuse.
 * Exactly one of the two is called: `run` on a worker thread, `refuse` on a worker thread or in
 * work_queue_expire.
 */
struct work {
	struct work *next;
	int64_t pushed_ms; /* monotonic; set by push */
	bool begun;        /* the rest of what a client has been promised, see work_queue_reserve */
	void (*run)(struct work *work, void *resource);
	void (*refuse)(struct work *work);
};

struct work_queue;

/* Start the workers. `settings` is copied; the strings in it are borrowed. Aborts if a thread cannot be made.
 */
struct work_queue *work_queue_open(const struct work_queue_settings *settings);

/*
 * Take a place in the queue. `now_ms`: monotonic. `begun`: for the rest of what a client has been promised,
 * which comes in even in a flood. False when it is full or closing. A place must be used by work_queue_push:
 * so a request can be suspended between knowing that it fits and being published.
 */
bool work_queue_reserve(struct work_queue *queue, int64_t now_ms, bool begun);

/* Publish a job into a reserved place. The job may be running before this returns. */
void work_queue_push(struct work_queue *queue, struct work *work);

/* Refuse the jobs that have waited longer than the lane's patience. Cheap when there are none. */
void work_queue_expire(struct work_queue *queue, int64_t now_ms);

/* Jobs waiting now, and workers that are running one. */
unsigned work_queue_waiting(struct work_queue *queue);
unsigned work_queue_running(struct work_queue *queue);

/* For how many milliseconds the longest running job has run; 0 when none runs. Any thread. */
int64_t work_queue_longest_ms(struct work_queue *queue, int64_t now_ms);

/* Take no more places, run what waits, end and join the workers. Blocks. The queue may still be asked. */
void work_queue_stop(struct work_queue *queue);

/* Free a queue that was stopped, once nobody asks it any more. */
void work_queue_free(struct work_queue *queue);

#endif
