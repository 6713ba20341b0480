/*
 * peer - a TCP connection, from accept to close. Private to src/http; belongs to its loop's thread.
 */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include "http/address.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct loop;

/* What is still to come on a connection before the server may leave. */
enum awaited {
	AWAIT_NOTHING,
	AWAIT_REQUEST, /* it has just connected */
	AWAIT_REST,    /* a request has begun */
	AWAITED_KINDS,
};

/* In its loop's list, to be cut off when it is too slow. */
struct peer {
	struct peer *next;
	struct peer **previous; /* what points to this peer */
	struct loop *loop;
	int socket;
	bool idle; /* between two requests */
	enum awaited awaited;
	bool unwanted;             /* one too many from its address, or refused by libmicrohttpd: shut down */
	struct exchange *exchange; /* the request that is being read or answered; NULL: none */
	unsigned ended_turn;       /* the loop's when the last request ended */
	int64_t cut_at_ms;         /* monotonic; INT64_MAX while a request is being worked on */
	struct address address;
	/* When bytes were last seen that libmicrohttpd leaves unread, by the loop's turn, and how much of the
	 * body it had read by then. */
	bool left_unread;
	unsigned unread_turn;
	size_t unread_after;
	atomic_uint *of_address; /* how many connections there are from there */
};

/* For its loop. */
void peer_await(struct peer *peer, enum awaited awaited);

#endif
