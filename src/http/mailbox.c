#include "mailbox.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LARGE_LETTERS_MAX = 16 };

bool mailbox_open(struct mailbox *mailbox)
{
	atomic_init(&mailbox->newest, NULL);
	atomic_init(&mailbox->asleep, false);
	mailbox->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return mailbox->wake >= 0 && sem_init(&mailbox->room, 0, LARGE_LETTERS_MAX) == 0;
}

void mailbox_close(struct mailbox *mailbox)
{
	close(mailbox->wake);
	sem_destroy(&mailbox->room);
}

void mailbox_wake(struct mailbox *mailbox)
{
	const uint64_t one = 1;
	ssize_t written = write(mailbox->wake, &one, sizeof(one));
	(void)written; /* it can only fail when it is full, and then it is readable anyway */
}

void mailbox_put(struct mailbox *mailbox, struct letter *letter)
{
	struct letter *first = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
	do {
		letter->next = first;
	} while (!atomic_compare_exchange_weak(&mailbox->newest, &first, letter));
	/* Whoever put the first one there has woken the loop, and it has not yet come to take them. */
	if (first == NULL && atomic_load(&mailbox->asleep))
		mailbox_wake(mailbox);
}

void mailbox_put_large(struct mailbox *mailbox, struct letter *letter)
{
	while (sem_wait(&mailbox->room) != 0)
		;
	letter->took_room = true;
	mailbox_put(mailbox, letter);
}

struct letter *mailbox_take(struct mailbox *mailbox)
{
	struct letter *newest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
	struct letter *oldest = NULL;
	while (newest != NULL) {
		struct letter *next = newest->next;
		if (newest->took_room)
			sem_post(&mailbox->room);
		newest->took_room = false;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

bool mailbox_has_letter(struct mailbox *mailbox)
{
	return atomic_load(&mailbox->newest) != NULL;
}

bool mailbox_asleep(struct mailbox *mailbox)
{
	/* In this order, and sequentially consistent: who puts a letter in now either sees us asleep or is
	 * seen. */
	atomic_store(&mailbox->asleep, true);
	return !mailbox_has_letter(mailbox);
}

void mailbox_awake(struct mailbox *mailbox)
{
	atomic_store(&mailbox->asleep, false);
}
