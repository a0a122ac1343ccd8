/* The protocol between the daemon, its lease, its log, and two systems that it changes: an API
 * server, whose writes carry a precondition, and a database, where a statement may still be running
 * when its client is gone. Daemons die and come back, lose their lease to each other, lose power and
 * lose answers. What must hold, whatever the order:
 *   an effect happens once; nothing acknowledged is lost; no effect without its durable intent.
 * Each -DNO_… takes one rule of the design away; tests/model/check says what then goes wrong.
 *
 * A run has two steps: API, then SQL. The log is a number, because its events have one order:
 * intent of API, completion of API, intent of SQL, completion of SQL.
 */
#define API 0
#define SQL 1
#define END 4             /* events of a complete run */
#ifndef CRASHES
#define CRASHES 3
#endif
#define NOBODY 2          /* the two daemons are 0 and 1 */

byte appended, durable;   /* events in the log */
byte acknowledged;        /* events that somebody outside was told of */
byte writer = NOBODY;     /* who has the log's volume: the newest epoch */
byte lease = NOBODY;
byte crashes;
bool dead[2];

byte version;             /* of the object that the API step writes */
byte intended;            /* the version in the recorded intent */
byte effects[2];          /* of each step */
bool request[2];          /* of each daemon, on its way to the API server */
bool statement[2];        /* of each daemon, running in a session of the database */

#ifdef NO_EPOCH
#define HAS_VOLUME true
#else
#define HAS_VOLUME writer == me
#endif
#ifdef NO_LEASE_CHECK
#define HAS_LEASE true
#else
#define HAS_LEASE lease == me
#endif
#ifdef NO_PRECONDITION
#define FITS true
#else
#define FITS version == intended
#endif

inline effect(step) {
  assert(durable > 2 * step);  /* its intent is durable */
  effects[step]++;
  assert(effects[step] == 1)   /* it happens once */
}

/* Appends the next event and waits until it is durable. Who has lost the volume gets no further. */
inline append() {
  atomic {
    HAS_VOLUME;
    assert(appended <= at);    /* the log never goes back */
    appended = at + 1;
    if
    :: at == 2 * API -> intended = seen
    :: else
    fi
  }
#ifndef NO_FSYNC
  atomic { HAS_VOLUME; durable = appended }
#endif
  at++
}

proctype daemon(bit me) {
  byte at, seen;
  bool doubt, done;
restart:
  { atomic {                               /* opens the log, which loses what was not synced */
      lease == NOBODY -> lease = me; writer = me; appended = durable;
      assert(durable >= acknowledged);
      at = durable; doubt = (at % 2 == 1)
    }
    do
    :: at == END -> break
    :: at < END && at % 2 == 0 ->          /* decides: what it saw goes into the intent */
       seen = version;
       append();
       doubt = false
    :: at % 2 == 1 ->                      /* performs */
       done = false;
       if
       :: doubt ->                         /* an earlier attempt: makes sure that it cannot land
                                              any more, then looks */
#ifndef NO_SESSION_KILL
          if
          :: at / 2 == SQL -> atomic { statement[0] = false; statement[1] = false }
          :: else
          fi;
#endif
          done = (effects[at / 2] > 0)
       :: else
       fi;
       if
       :: done
       :: else ->
          atomic {
            HAS_LEASE;
            if
            :: at / 2 == SQL -> statement[me] = true
            :: else -> request[me] = true
            fi
          }
          if
          :: effects[at / 2] > 0 -> done = true  /* the answer */
          :: doubt = true                        /* no answer in time */
          fi
       fi;
       if
       :: done ->
          append();
          acknowledged = (at > acknowledged -> at : acknowledged);
          doubt = false
       :: else
       fi
    od
#ifdef REACH_THE_END
    ; assert(false)
#endif
  } unless { dead[me] };
  if
  :: dead[me] -> dead[me] = false; goto restart
  :: else
  fi
}

/* What was sent arrives at any time, or never. */
inline arrive(who) {
  request[who] = false;
  if
  :: FITS -> effect(API); version++
  :: else                                  /* 409 Conflict */
  fi
}
proctype api_server() {
end:
  do
  :: atomic { request[0] -> arrive(0) }
  :: atomic { request[1] -> arrive(1) }
  od
}
proctype database() {
end:
  do
  :: atomic { statement[0] -> statement[0] = false; effect(SQL) }
  :: atomic { statement[1] -> statement[1] = false; effect(SQL) }
  od
}

/* Kills the daemon that has the lease, or takes its lease away while it goes on, as a partition
 * does. Whoever comes next gets the volume, without what was not synced: the power may have failed. */
proctype fate() {
  do
  :: atomic { crashes < CRASHES && lease != NOBODY -> crashes++; dead[lease] = true; lease = NOBODY }
  :: atomic { crashes < CRASHES && lease != NOBODY -> crashes++; lease = NOBODY }
  :: break
  od
}

init {
  atomic { run daemon(0); run daemon(1); run api_server(); run database(); run fate() }
}
