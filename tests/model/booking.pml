/*
 * The protocol between clients, PostgreSQL, the payers, the follower and Google, for spin (tests/model/README.md).
 *
 * A step here is what is atomic there: one transaction, or one call as Google executes it. Between two steps
 * anything may happen: another process, a crash of the payer, a reply that is lost, a request that arrives
 * after its sender has died, the coach's own hand in the calendar.
 *
 * What must hold stands in assertions:
 *   one_slot    no two scheduled appointments have one slot
 *   kept        an acknowledged booking is there unless its client or the coach's hand ended it
 *   told_once   a guest is told each version at most once
 *   in_order    a guest is never told an older version after a newer one
 *   settles     versions do not grow without an end: nobody follows their own writes
 *   agreed      when nothing is left to do, appointments and events are one to one
 */

#ifndef APPOINTMENTS
#define APPOINTMENTS 2
#endif
#define VERSIONS 6

/* How often a payer may die, and a reply of Google's may be lost, in one run. */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif

/* ---- the appointment's row ---- */
mtype = { NONE, SCHEDULED, CANCELLED };          /* status */
mtype = { ABSENT, PRESENT, DELETED };            /* an event at Google */
mtype = { OK, DUPLICATE, PRECONDITION, GONE };   /* Google's answers */
mtype = { INSERT, PATCH, DELETE };               /* requests that may arrive late */

typedef row_t {
	mtype status = NONE;
	bit slot;
	byte version;
	byte synced;
	bool written;
	byte etag; /* 0: not known */
	bool conflict;
	bool acknowledged;
	bool ended; /* by the client, or by the coach's hand */
};
row_t row[APPOINTMENTS];

/* ---- Google ---- */
typedef event_t {
	mtype state = ABSENT;
	bit slot;
	byte etag;
	byte told;              /* the newest version its guest was told */
	byte mails[VERSIONS];   /* how often each version was told */
};
event_t event[APPOINTMENTS];

byte locked[APPOINTMENTS]; /* the appointment's advisory lock: 0, or the payer */
byte crashes = CRASHES;
byte losses = LOSSES;
bool hand_used = false;

/* One request whose sender has died and that has not arrived yet. */
bool late = false;
mtype late_kind;
byte late_about;
bit late_slot;
byte late_etag;
byte late_version;

#define TAKEN(s) ((row[0].status == SCHEDULED && row[0].slot == (s)) || \
                  (APPOINTMENTS > 1 && row[APPOINTMENTS - 1].status == SCHEDULED && row[APPOINTMENTS - 1].slot == (s)))
#define OWED(a) (row[a].status != NONE && row[a].version > row[a].synced)
#define AGREE(a) ((row[a].status == SCHEDULED && event[a].state == PRESENT && event[a].slot == row[a].slot) || \
                  (row[a].status != SCHEDULED && event[a].state != PRESENT))

inline one_slot() {
	assert(APPOINTMENTS == 1 || row[0].status != SCHEDULED || row[APPOINTMENTS - 1].status != SCHEDULED ||
	       row[0].slot != row[APPOINTMENTS - 1].slot);
}

/* Google mails the guest. */
inline tell(a, v) {
	assert(v < VERSIONS);           /* settles */
	event[a].mails[v]++;
	assert(event[a].mails[v] <= 1); /* told_once */
	assert(v >= event[a].told);     /* in_order */
	event[a].told = v;
}

/* ---- a client: create, perhaps move, perhaps cancel (sql/functions: book, move_appointment, cancel_appointment) ---- */
proctype client(byte a) {
	bit wish;
	bool free;
	if
	:: wish = 0
	:: wish = 1
	fi;
#ifdef WITHOUT_CONSTRAINT
	free = !TAKEN(wish);
	atomic {
#else
	atomic {
		free = !TAKEN(wish);
#endif
		if
		:: free ->
			row[a].status = SCHEDULED;
			row[a].slot = wish;
			row[a].version = 1;
			one_slot()
		:: else -> goto refused
		fi
	};
	row[a].acknowledged = true;
	if
	:: atomic {
		row[a].status == SCHEDULED && !TAKEN(1 - row[a].slot) ->
		row[a].slot = 1 - row[a].slot;
		row[a].version++;
		one_slot()
	   }
	:: true
	fi;
#ifdef MOVES_TWICE
	if
	:: atomic {
		row[a].status == SCHEDULED && !TAKEN(1 - row[a].slot) ->
		row[a].slot = 1 - row[a].slot;
		row[a].version++;
		one_slot()
	   }
	:: true
	fi;
#endif
	if
	:: atomic {
		row[a].status == SCHEDULED ->
		row[a].status = CANCELLED;
		row[a].ended = true;
		row[a].version++
	   }
	:: true
	fi;
refused:
	skip
}

/*
 * The coach moves or deletes an event by hand, once. Google tells the guest of it, so what the guest knows is no
 * longer what we told, and the same version may be told again.
 */
inline forget_told() {
	for (v : 0 .. VERSIONS - 1) { event[a].mails[v] = 0 };
	v = 0;
	event[a].told = 0
}

proctype hand(byte a) {
	byte v;
	if
	:: atomic {
		event[a].state == PRESENT ->
		event[a].slot = 1 - event[a].slot;
		event[a].etag++;
		forget_told();
		hand_used = true
	   }
	:: atomic {
		event[a].state == PRESENT ->
		event[a].state = DELETED;
		event[a].etag++;
		row[a].ended = true;
		forget_told();
		hand_used = true
	   }
	:: atomic { true -> hand_used = true }
	fi
}

/* ---- requests as Google executes them ---- */

/* net/google_event.c google_event_insert. The event's id is the appointment's. */
inline google_insert(a, s, v, ret) {
	if
	:: event[a].state == ABSENT ->
		event[a].state = PRESENT;
		event[a].slot = s;
		event[a].etag = 1;
		tell(a, v);
		ret = OK
	:: else -> ret = DUPLICATE
	fi
}

/* google_event_patch with If-Match; revives a deleted event if it is told to. */
inline google_patch(a, s, e, v, revive, ret) {
	if
	:: event[a].state == ABSENT -> ret = GONE
#ifdef PAY_TWICE
	:: event[a].state != ABSENT && false -> ret = PRECONDITION
	:: event[a].state == DELETED && !revive -> ret = GONE
	:: event[a].state == PRESENT || (event[a].state == DELETED && revive) ->
#else
	:: event[a].state != ABSENT && event[a].etag != e -> ret = PRECONDITION
	:: event[a].state == DELETED && event[a].etag == e && !revive -> ret = GONE
	:: event[a].etag == e && (event[a].state == PRESENT || (event[a].state == DELETED && revive)) ->
#endif
		event[a].state = PRESENT;
		event[a].slot = s;
		event[a].etag++;
		tell(a, v);
		ret = OK
	fi
}

/* google_event_delete, without an etag: a cancelled appointment never comes back. */
inline google_delete(a, v) {
	if
	:: event[a].state == PRESENT ->
		event[a].state = DELETED;
		event[a].etag++;
		tell(a, v)
	:: else
	fi
}

/* A request arrives after its sender has died. */
proctype network() {
	mtype ignored;
end:	do
	:: atomic {
		late ->
		if
		:: late_kind == INSERT -> google_insert(late_about, late_slot, late_version, ignored)
		:: late_kind == PATCH -> google_patch(late_about, late_slot, late_etag, late_version, false, ignored)
		:: late_kind == DELETE -> google_delete(late_about, late_version)
		fi;
		late = false
	   }
	od
}

/* ---- a payer (calendar/payers.c, debt.c, payment.c) ---- */

/* The process may die before the request is sent, while it is on its way, or after it was executed. */
inline may_die_before(kind) {
	if
	:: atomic { crashes > 0 -> crashes--; goto died }
	:: atomic {
		crashes > 0 && !late ->
		crashes--;
		late = true;
		late_kind = kind;
		late_about = a;
		late_slot = slot;
		late_etag = etag;
		late_version = version;
		goto died
	   }
	:: true
	fi
}
inline may_die_or_lose_reply() {
	if
	:: atomic { crashes > 0 -> crashes--; goto died }
	:: atomic { losses > 0 -> losses--; goto unlock } /* "later" */
	:: true
	fi
}

/* calendar_paid: Google has version `version`, whatever the row is now. */
inline note_paid(is_written, its_etag) {
	atomic {
#ifdef FORGET_VERSION
		row[a].synced = row[a].version;
#else
		row[a].synced = version;
#endif
		row[a].written = is_written;
		row[a].etag = its_etag
	}
}

/* event_gone(): the coach deleted it. */
inline event_gone() {
	atomic {
		if
		:: row[a].version != version
		:: row[a].version == version && row[a].status != SCHEDULED ->
			row[a].synced = row[a].version;
			row[a].written = false;
			row[a].etag = 0
		:: row[a].version == version && row[a].status == SCHEDULED ->
			row[a].status = CANCELLED;
			row[a].version++;
			row[a].synced = row[a].version;
			row[a].written = false;
			row[a].etag = 0;
			row[a].conflict = false
		fi
	}
}

proctype payer(byte me) {
	byte a, version, etag;
	bit slot, seen_slot;
	bool written;
	mtype status, answer, seen;
end:
	do
	:: atomic {
		/* calendar_claim, then lock_event: the row is read after the lock was taken. */
		if
#ifdef WITHOUT_LOCK
		:: OWED(0) -> a = 0
		:: APPOINTMENTS > 1 && OWED(APPOINTMENTS - 1) -> a = APPOINTMENTS - 1
#else
		:: OWED(0) && locked[0] == 0 -> a = 0
		:: APPOINTMENTS > 1 && OWED(APPOINTMENTS - 1) && locked[APPOINTMENTS - 1] == 0 -> a = APPOINTMENTS - 1
#endif
		fi;
		locked[a] = me;
		version = row[a].version;
		status = row[a].status;
		slot = row[a].slot;
		written = row[a].written;
		etag = row[a].etag
	   };
	   if
	   :: status == CANCELLED -> goto take_away
	   :: status == SCHEDULED && written -> goto change
	   :: else
	   fi;

	   /* insert() */
	   may_die_before(INSERT);
	   atomic { google_insert(a, slot, version, answer) };
	   may_die_or_lose_reply();
	   if
	   :: answer == OK -> note_paid(true, 1); goto unlock
	   :: else
	   fi;
	   /* adopt(): our id exists. */
	   atomic { seen = event[a].state; seen_slot = event[a].slot; etag = event[a].etag };
	   if
	   :: seen == PRESENT && seen_slot == slot -> note_paid(true, etag); goto unlock
	   :: else
	   fi;
	   atomic { google_patch(a, slot, etag, version, true, answer) };
	   may_die_or_lose_reply();
	   if
	   :: answer == OK -> note_paid(true, etag + 1)
	   :: else /* later */
	   fi;
	   goto unlock;

change:
	   if
	   :: etag == 0 ->
read:		atomic { seen = event[a].state; seen_slot = event[a].slot; etag = event[a].etag };
		if
		:: seen != PRESENT -> event_gone(); goto unlock
		:: seen == PRESENT && seen_slot == slot -> note_paid(true, etag); goto unlock
		:: else
		fi
	   :: else
	   fi;
	   may_die_before(PATCH);
	   atomic { google_patch(a, slot, etag, version, false, answer) };
	   may_die_or_lose_reply();
	   if
	   :: answer == OK -> note_paid(true, etag + 1)
	   :: answer == GONE -> event_gone()
	   :: answer == PRECONDITION -> goto read
	   fi;
	   goto unlock;

take_away:
	   may_die_before(DELETE);
	   atomic { google_delete(a, version) };
	   may_die_or_lose_reply();
	   note_paid(false, 0);
	   goto unlock;

died:	   /* PostgreSQL ends the session, and its lock with it; another process takes over. */
	   skip;
unlock:	   atomic {
		if
		:: locked[a] == me -> locked[a] = 0
		:: else
		fi;
		version = 0; etag = 0; slot = 0; seen_slot = 0; written = false; a = 0;
		status = NONE; answer = OK; seen = ABSENT
	   }
	od
}

/* ---- the follower (calendar/follow.c): the row is read, then its event, and acted on if the row still is that version ---- */
proctype follower() {
	byte a, version, etag;
	bit slot;
	bool written;
	mtype state, status;
end:
	do
	:: atomic {
		if
		:: !OWED(0) && row[0].status != NONE && !AGREE(0) && !row[0].conflict -> a = 0
		:: APPOINTMENTS > 1 && !OWED(APPOINTMENTS - 1) && row[APPOINTMENTS - 1].status != NONE &&
		   !AGREE(APPOINTMENTS - 1) && !row[APPOINTMENTS - 1].conflict -> a = APPOINTMENTS - 1
		:: row[0].conflict && !OWED(0) && !TAKEN(event[0].slot) -> a = 0
		fi;
#ifdef FOLLOW_THE_LIST
		/* Wrong: the event as it was listed, the row read later. */
		state = event[a].state; slot = event[a].slot; etag = event[a].etag
	   };
	   atomic { version = row[a].version; status = row[a].status; written = row[a].written;
		if
		:: OWED(a) -> goto next
		:: else
		fi
	   };
#else
		version = row[a].version; status = row[a].status; written = row[a].written
	   };
	   atomic { state = event[a].state; slot = event[a].slot; etag = event[a].etag };
#endif
	   if
	   :: state != PRESENT && written -> event_gone()
	   :: state == PRESENT && status == CANCELLED ->
		atomic { /* calendar_owe_again */
			if
			:: row[a].version == version && row[a].synced == version ->
				row[a].synced = version - 1; row[a].written = true
			:: else
			fi
		}
	   :: state == PRESENT && status == SCHEDULED ->
		atomic { /* event_moved() */
			if
			:: row[a].version == version && row[a].synced == version && row[a].status == SCHEDULED ->
				if
				:: slot == row[a].slot -> row[a].etag = etag; row[a].conflict = false
				:: slot != row[a].slot && !TAKEN(slot) ->
					row[a].slot = slot;
					row[a].version++;
					row[a].synced = row[a].version;
					row[a].etag = etag;
					row[a].conflict = false;
					one_slot()
				:: slot != row[a].slot && TAKEN(slot) -> row[a].conflict = true
				fi
			:: else
			fi
		}
	   :: else
	   fi;
next:	   atomic { a = 0; version = 0; etag = 0; slot = 0; written = false; state = ABSENT; status = NONE }
	od
}

/* When nothing else can happen. */
proctype judge() {
	byte a;
	timeout;
	atomic {
		for (a : 0 .. APPOINTMENTS - 1) {
			assert(AGREE(a) || row[a].conflict);                                               /* agreed */
			assert(!row[a].conflict || hand_used);
			assert(!row[a].acknowledged || row[a].status == SCHEDULED || row[a].ended);        /* kept */
			assert(row[a].status == NONE || row[a].version == row[a].synced || row[a].conflict)
		}
	}
}

init {
	atomic {
		run client(0);
		if
		:: APPOINTMENTS > 1 -> run client(APPOINTMENTS - 1)
		:: else
		fi;
#ifndef NO_HAND
		run hand(0);
#endif
		run network();
		run payer(1);
		run payer(2);
		run follower();
		run judge()
	}
}
