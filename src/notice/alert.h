/*
 * alert - mails to coaches about a connection that is lost and does not come back by itself: a webhook that
 * was given up, a calendar that cannot be read, a consent that Google has ended.
 */
#ifndef NOTICE_ALERT_H
#define NOTICE_ALERT_H

#include "letter.h"

/*
 * Send the next one that is owed. False: there is none, or the database does not answer. Blocks for
 * statements and for a mail; for the sender's thread alone.
 */
bool alert_send(struct sender *sender);

#endif
