/*
 * mailbox - how workers give finished work back to the loop that owns its connection.
 *
 * Any thread puts a letter in; the loop takes them all, oldest first. No lock: a list that is swapped whole,
 * and an eventfd that is written only when the loop sleeps and no other letter has woken it. Private to
 * src/http.
 */
#ifndef HTTP_MAILBOX_H
#define HTTP_MAILBOX_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Embedded in what is given back. In the mailbox between put and take. */
struct letter {
	struct letter *next;
	bool took_room;
};

struct mailbox {
	struct letter *_Atomic newest;
	atomic_bool asleep; /* the loop is, or is about to be: it looks at `newest` once more before it is */
	int wake;           /* eventfd: readable when there is something to be done */
	sem_t room;         /* for large letters */
};

/* Make one with nothing in it. False if the system has no eventfd left. mailbox_close ends it. */
bool mailbox_open(struct mailbox *mailbox);
void mailbox_close(struct mailbox *mailbox);

/* Put a letter in. From any thread; never blocks. */
void mailbox_put(struct mailbox *mailbox, struct letter *letter);

/*
 * The same for a letter that holds much memory. Workers can be faster than the loop, and then the replies
 * that are ready would take more memory than all else; so a worker waits here while 16 such letters lie in
 * the mailbox. Blocks; not for the loop itself.
 */
void mailbox_put_large(struct mailbox *mailbox, struct letter *letter);

/* Make the loop look, from any thread. */
void mailbox_wake(struct mailbox *mailbox);

/* For the loop: all letters, the oldest first; NULL without. */
struct letter *mailbox_take(struct mailbox *mailbox);

/* For the loop: whether a letter lies in the mailbox. */
bool mailbox_has_letter(struct mailbox *mailbox);

/*
 * For the loop, before and after it waits for events. mailbox_asleep returns false if a letter has come: then
 * it must not wait.
 */
bool mailbox_asleep(struct mailbox *mailbox);
void mailbox_awake(struct mailbox *mailbox);

#endif
