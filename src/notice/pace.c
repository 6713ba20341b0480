/* What senders and the keeper share: whether there is mail, the allowance of mails, and being woken. */
#include "notice_inside.h"

#include "base/instant.h"
#include "base/thread.h"

bool notices_mail_on(const struct notices *notices)
{
	return notices->settings.mail.url != NULL;
}

bool notices_text_on(const struct notices *notices)
{
	return notices->settings.text.url != NULL;
}

bool notices_may_send(struct notices *notices)
{
	int64_t limit = notices->settings.mails_per_minute;
	if (limit == 0)
		return true;
	pthread_mutex_lock(&notices->lock);
	int64_t now = monotonic_ms();
	notices->allowance += (double)(now - notices->allowance_at) * (double)limit / 60000.0;
	notices->allowance_at = now;
	if (notices->allowance > (double)limit)
		notices->allowance = (double)limit;
	bool may = notices->allowance >= 1;
	if (may)
		notices->allowance -= 1;
	pthread_mutex_unlock(&notices->lock);
	return may;
}

void notices_not_sent(struct notices *notices)
{
	pthread_mutex_lock(&notices->lock);
	notices->allowance += 1;
	pthread_mutex_unlock(&notices->lock);
}

void notices_raise(struct notices *notices, struct signal *signal)
{
	pthread_mutex_lock(&notices->lock);
	signal->count++;
	pthread_cond_broadcast(&signal->raised);
	pthread_mutex_unlock(&notices->lock);
}

bool notices_wait(struct notices *notices, struct signal *signal, uint64_t *seen, int64_t milliseconds)
{
	int64_t deadline = monotonic_ms() + milliseconds;
	pthread_mutex_lock(&notices->lock);
	while (signal->count == *seen && !atomic_load(&notices->stop) &&
	       condition_wait_until(&signal->raised, &notices->lock, deadline))
		continue;
	bool raised = signal->count != *seen;
	*seen = signal->count;
	pthread_mutex_unlock(&notices->lock);
	return raised;
}
