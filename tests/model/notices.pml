/*
 * The ledger of notices between an appointment, the threads that send, and a mail server, for spin (tests/model/README.md).
 *
 * A step here is what is atomic there: one transaction, or one mail as the server takes it. Between two steps anything
 * may happen: the appointment changes, a sender dies, an answer is lost, the server says "later".
 *
 * What must hold stands in assertions:
 *   told       when nothing is left to do, its person knows how the appointment stands, or never heard of it and it is over
 *   in_order   nobody is told an older version after a newer one
 *   once       a reminder comes once; a mail about a change may come again, under its one Message-ID
 *   all_sent   when nothing is left to do, nothing is owed
 */

#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef DELAYS
#define DELAYS 1
#endif
#define ENTRIES 6
#define STARTS 3

mtype = { NONE, SCHEDULED, CANCELLED };                              /* an appointment */
mtype = { NO_KIND, CONFIRMED, MOVED, CANCELLATION, REMINDER };       /* a notice */
mtype = { FREE, OWED, SENDING, SENT, UNKNOWN, RETRY, SKIPPED };      /* its state */

mtype status = NONE;
byte version, start;
byte noticed_version, noticed_start;

typedef entry_t {
	mtype kind = NO_KIND;
	byte about;          /* the version; of a reminder its start */
	mtype state = FREE;
	bit unknown;         /* at some try it was not known what came of it */
	bit dead;            /* its sender has died: the lease will run out */
	byte mails;
};
entry_t ledger[ENTRIES];
byte entries;
bit reminded[STARTS];

/* What the person has read. */
mtype knows = NONE;
byte knows_start, knows_version;

byte crashes = CRASHES, losses = LOSSES, delays = DELAYS;

#define MAY_BE_OUT(e) (ledger[e].state == SENDING || ledger[e].state == SENT || ledger[e].state == UNKNOWN || ledger[e].unknown)
#define WAITS(e) (ledger[e].state == OWED || ledger[e].state == RETRY)
#ifdef TWO_AT_ONCE
#define IDLE true
#else
#define IDLE (ledger[0].state != SENDING && ledger[1].state != SENDING && ledger[2].state != SENDING && \
              ledger[3].state != SENDING && ledger[4].state != SENDING && ledger[5].state != SENDING)
#endif

inline owe(what, which) {
	assert(entries < ENTRIES);
	ledger[entries].kind = what;
	ledger[entries].about = which;
	ledger[entries].state = OWED;
	entries++
}

/* ---- create, perhaps move, perhaps cancel ---- */
proctype client() {
	atomic { status = SCHEDULED; version = 1 };
	if
	:: atomic { start++; version++ }
	:: true
	fi;
#ifdef MOVES_TWICE
	if
	:: atomic { start++; version++ }
	:: true
	fi;
#endif
	if
	:: atomic { status = CANCELLED; version++ }
	:: true
	fi
}

/* ---- announce_news() ---- */
inline announce() {
	told = NO_KIND;
	for (e : 0 .. ENTRIES - 1) {
		if
		:: WAITS(e) -> ledger[e].state = SKIPPED
		:: else
		fi;
		if
#ifdef FORGET_THE_UNKNOWN
		:: ledger[e].kind != REMINDER && ledger[e].kind != NO_KIND && MAY_BE_OUT(e) && ledger[e].state != SKIPPED ->
#else
		:: ledger[e].kind != REMINDER && ledger[e].kind != NO_KIND && MAY_BE_OUT(e) ->
#endif
			told = ledger[e].kind
		:: else
		fi
	};
	e = 0;
	if
	:: status == CANCELLED && told != NO_KIND && told != CANCELLATION -> change = CANCELLATION
	:: status == SCHEDULED && told == NO_KIND -> change = CONFIRMED
	:: status == SCHEDULED && told != NO_KIND && noticed_start != start -> change = MOVED
	:: else -> change = NO_KIND
	fi
}

inline note_announced() {
	noticed_version = version;
	noticed_start = start
}

/* It may have gone out. A reminder is not worth a second one, a change is. */
inline not_known(e) {
	ledger[e].unknown = true;
#ifdef REMIND_AGAIN
	ledger[e].state = RETRY
#else
	if
	:: ledger[e].kind == REMINDER -> ledger[e].state = UNKNOWN
	:: else -> ledger[e].state = RETRY
	fi
#endif
}

proctype announcer() {
	byte e, about;
	mtype told, change;
end:
	do
#ifdef NOTE_FIRST
	/* Wrong: noted as announced in a transaction of its own, and then owed. */
	:: atomic { version > noticed_version -> announce(); about = version; note_announced() };
	   if
	   :: atomic { crashes > 0 -> crashes--; change = NO_KIND }
	   :: true
	   fi;
	   atomic {
		if
		:: change != NO_KIND -> owe(change, about)
		:: else
		fi;
		told = NO_KIND; change = NO_KIND; about = 0
	   }
#else
	:: atomic {
		version > noticed_version ->
		announce();
		if
		:: change != NO_KIND -> owe(change, version)
		:: else
		fi;
		note_announced();
		told = NO_KIND; change = NO_KIND
	   }
#endif
	/* A reminder of this start. */
	:: atomic {
		status == SCHEDULED && version == noticed_version && !reminded[start] && entries < ENTRIES - 2 ->
		reminded[start] = true;
		owe(REMINDER, start)
	   }
	/* claim_notice(): the lease of a process that died has run out. */
	:: atomic {
		entries > 0 && (ledger[0].dead || ledger[1].dead || ledger[2].dead || ledger[3].dead || ledger[4].dead || ledger[5].dead) ->
		for (e : 0 .. ENTRIES - 1) {
			if
			:: ledger[e].dead ->
				ledger[e].dead = false;
				not_known(e)
			:: else
			fi
		};
		e = 0
	   }
	od
}

inline may_die() {
	if
	:: atomic { crashes > 0 -> crashes--; ledger[n].dead = true; goto next }
	:: true
	fi
}

/* ---- a sender (notice/sender.c) ---- */
proctype sender() {
	byte n, as_version, as_start;
	mtype as_status;
	bit unannounced, later;
end:
	do
	:: atomic {
		/* claim_notice(): one at a time for each person. */
		if
		:: IDLE && WAITS(0) -> n = 0
		:: IDLE && WAITS(1) -> n = 1
		:: IDLE && WAITS(2) -> n = 2
		:: IDLE && WAITS(3) -> n = 3
		:: IDLE && WAITS(4) -> n = 4
		:: IDLE && WAITS(5) -> n = 5
		fi;
		ledger[n].state = SENDING
	   };
	   /* read_subject(), then must_wait() and outdated(). */
	   atomic {
		as_version = version; as_start = start; as_status = status;
		unannounced = noticed_version < version;
		later = (n < 1 && ledger[1].kind != NO_KIND && ledger[1].kind != REMINDER) ||
		        (n < 2 && ledger[2].kind != NO_KIND && ledger[2].kind != REMINDER) ||
		        (n < 3 && ledger[3].kind != NO_KIND && ledger[3].kind != REMINDER) ||
		        (n < 4 && ledger[4].kind != NO_KIND && ledger[4].kind != REMINDER) ||
		        (n < 5 && ledger[5].kind != NO_KIND && ledger[5].kind != REMINDER)
	   };
	   if
	   :: atomic { ledger[n].kind != REMINDER && unannounced && ledger[n].about < as_version -> ledger[n].state = OWED; goto next }
	   :: atomic { ledger[n].kind == REMINDER && (as_status != SCHEDULED || ledger[n].about != as_start) ->
			ledger[n].state = SKIPPED; goto next }
	   :: atomic { ledger[n].kind != REMINDER && !(unannounced && ledger[n].about < as_version) &&
			(later || (as_status == CANCELLED && ledger[n].kind != CANCELLATION) ||
			 (as_status != CANCELLED && ledger[n].kind == CANCELLATION)) ->
			ledger[n].state = SKIPPED; goto next }
	   :: else
	   fi;
	   may_die();
	   if
	   :: atomic { delays > 0 -> delays--; ledger[n].state = RETRY; goto next } /* 451 */
	   :: true
	   fi;
	   /* The server takes it. */
	   atomic {
		ledger[n].mails++;
		if
		:: ledger[n].kind == REMINDER -> assert(ledger[n].mails == 1)  /* once */
		:: else ->
			assert(as_version >= knows_version);                   /* in_order */
			knows = as_status; knows_start = as_start; knows_version = as_version
		fi
	   };
	   may_die();
	   if
	   :: atomic { losses > 0 -> losses--; not_known(n); goto next }
	   :: atomic { true -> ledger[n].state = SENT }
	   fi;
next:	   atomic { n = 0; as_version = 0; as_start = 0; as_status = NONE; unannounced = false; later = false }
	od
}

/* When nothing else can happen. */
proctype judge() {
	byte e;
	timeout;
	atomic {
		for (e : 0 .. ENTRIES - 1) { assert(!WAITS(e) && ledger[e].state != SENDING) };          /* all_sent */
		assert(status != SCHEDULED || (knows == SCHEDULED && knows_start == start));             /* told */
		assert(status != CANCELLED || knows != SCHEDULED)
	}
}

init {
	atomic {
		run client();
		run announcer();
		run sender();
		run sender();
		run judge()
	}
}
