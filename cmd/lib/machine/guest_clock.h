/*
 * guest_clock.h - the guest's clock follows the host's, also when the host slept or the machine stood still
 *
 * A guest keeps the time by counting, and counts nothing while its host sleeps; its real-time clock is the host's wall
 * clock all the while. So when there is reason to doubt, an ssh of its own has the guest set its clock from that one,
 * should the two be more than a second apart. Reasons are: the guest has just become ready, the machine goes on after
 * it stood still, the host's wall clock jumped against its monotonic one (which stands still in its sleep), nobody
 * looked for some seconds, or half an hour has passed. A guest that is away, or cannot do it, is asked again later.
 *
 *	guest_clock_init(&c, spec);
 *	while (...) guest_clock_look(&c, goes_on);	each second while the guest is ready
 *	guest_clock_close(&c);				before the guest goes
 *	guest_clock_done(&c);
 */
#ifndef COOPER_MACHINE_GUEST_CLOCK_H
#define COOPER_MACHINE_GUEST_CLOCK_H

#include "machine/machine.h"

/* What decides whether to ask; pure. All times in milliseconds: wall is since 1970, now is monotonic (sys/tick.h). */
struct clock_doubt {
	bool doubtful;     /* until the guest is asked */
	bool went_on;      /* at the last look */
	int64_t looked_ms; /* the last look; 0 = none yet */
	int64_t ahead_ms;  /* of the monotonic clock the wall clock was, at the last look */
	int64_t asked_ms;  /* when the guest was */
	int64_t wait_ms;   /* from then until it may be asked again */
};

struct guest_clock {
	struct machine_ssh guest;
	char *log_path;
	struct clock_doubt doubt;
	pid_t ssh; /* 0 = none runs */
	int64_t started_ms;
};

/** clock_doubt_look() - note what there is reason for. @goes_on: the guest's processors run */
void clock_doubt_look(struct clock_doubt *d, int64_t wall_ms, int64_t now_ms, bool goes_on);
/** clock_doubt_due() - whether the guest is to be asked now; it then counts as asked */
bool clock_doubt_due(struct clock_doubt *d, int64_t now_ms);
/** clock_doubt_settle() - it was asked. @reached: it answered, whatever it said; else it is asked again soon */
void clock_doubt_settle(struct clock_doubt *d, bool reached);

/** guest_clock_init() - nothing runs, and the guest is to be asked */
void guest_clock_init(struct guest_clock *c, const struct machine_spec *spec);
/** guest_clock_look() - ask when it is due, and end what takes too long; never blocks */
void guest_clock_look(struct guest_clock *c, bool goes_on);
/** guest_clock_close() - end ssh; the next guest that becomes ready is asked. guest_clock_done() - and free */
void guest_clock_close(struct guest_clock *c);
void guest_clock_done(struct guest_clock *c);

#endif
