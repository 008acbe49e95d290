#include "machine/guest_clock.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "machine/paths.h"
#include "net/ssh.h"
#include "sys/child.h"
#include "sys/tick.h"

enum {
	APART_MS = 1000,
	UNSEEN_MS = 5 * 1000,
	PERIOD_MS = 30 * 60 * 1000,
	AGAIN_MIN_MS = 1000,
	AGAIN_MAX_MS = 60 * 1000,
	ANSWER_MS = 60 * 1000,
	TERM_MS = 1000,
};

/* The real-time clock counts whole seconds: half of one is what it is behind on average. */
static const char set_clock[] = "t=$(cat /sys/class/rtc/rtc0/since_epoch) && d=$((t - $(date +%s))) && "
				"if [ $d -gt 1 ] || [ $d -lt -1 ]; then "
				"date -s @$t.5 >/dev/null && echo \"the clock was off by $d s: set\"; fi";

void clock_doubt_look(struct clock_doubt *d, int64_t wall_ms, int64_t now_ms, bool goes_on)
{
	int64_t jump_ms = wall_ms - now_ms - d->ahead_ms;
	bool unseen = d->looked_ms == 0 || now_ms - d->looked_ms > UNSEEN_MS;

	if (unseen || jump_ms > APART_MS || jump_ms < -APART_MS || (goes_on && !d->went_on) ||
	    now_ms - d->asked_ms >= PERIOD_MS) {
		d->doubtful = true;
		d->wait_ms = 0;
	}
	d->looked_ms = now_ms;
	d->ahead_ms += jump_ms;
	d->went_on = goes_on;
}

bool clock_doubt_due(struct clock_doubt *d, int64_t now_ms)
{
	if (!d->went_on || !d->doubtful || now_ms - d->asked_ms < d->wait_ms)
		return false;
	d->asked_ms = now_ms;
	d->doubtful = false;
	return true;
}

void clock_doubt_settle(struct clock_doubt *d, bool reached)
{
	d->doubtful = d->doubtful || !reached;
	if (reached)
		return;
	d->wait_ms = d->wait_ms ? d->wait_ms * 2 : AGAIN_MIN_MS;
	d->wait_ms = d->wait_ms > AGAIN_MAX_MS ? AGAIN_MAX_MS : d->wait_ms;
}

void guest_clock_init(struct guest_clock *c, const struct machine_spec *spec)
{
	*c = (struct guest_clock){.log_path = machine_path(spec, MACHINE_API_LOG)};
	machine_ssh_open(spec->dir, spec->name, &c->guest);
}

static void ask(struct guest_clock *c, int64_t now_ms)
{
	AUTO(strs) argv = STRS_INIT;

	ssh_own_argv(&c->guest.ssh, "root", (const char *const[]){"sh", "-c", set_clock, NULL}, &argv);
	struct child_spec spec = {
		.argv = (const char *const *)argv.items, .log_path = c->log_path, .die_with_parent = true};
	c->started_ms = now_ms;
	err_free(child_start(&spec, &c->ssh)); /* it is tried again */
	if (c->ssh <= 0)
		clock_doubt_settle(&c->doubt, /* reached= */ false);
}

static void end(struct guest_clock *c)
{
	if (c->ssh > 0)
		child_stop(c->ssh, TERM_MS);
	c->ssh = 0;
}

void guest_clock_look(struct guest_clock *c, bool goes_on)
{
	int64_t now_ms = tick_ms();
	int status = 0;

	if (c->ssh > 0 && child_poll(c->ssh, &status)) {
		c->ssh = 0;
		clock_doubt_settle(&c->doubt, WIFEXITED(status) && WEXITSTATUS(status) != SSH_FAILED);
	} else if (c->ssh > 0 && now_ms - c->started_ms > ANSWER_MS) {
		end(c);
		clock_doubt_settle(&c->doubt, /* reached= */ false);
	}
	clock_doubt_look(&c->doubt, tick_wall_ms(), now_ms, goes_on);
	if (c->ssh == 0 && clock_doubt_due(&c->doubt, now_ms))
		ask(c, now_ms);
}

void guest_clock_close(struct guest_clock *c)
{
	end(c);
	c->doubt = (struct clock_doubt){.looked_ms = 0};
}

void guest_clock_done(struct guest_clock *c)
{
	end(c);
	machine_ssh_done(&c->guest);
	free(c->log_path);
	*c = (struct guest_clock){.ssh = 0};
}
