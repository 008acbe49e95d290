#include "net/gitrepo_transfer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "net/fetch_env.h"
#include "net/fetch_url.h"
#include "net/fetch_watch.h"
#include "sys/tick.h"

enum {
	WAIT_MS = 10,
	PROGRESS_MS = 100,
	GRACE_MS = 500,
	LOCAL_FACTOR = 4, /* so much longer than a server may the disk, and work without a word, take */
};

struct git_transfer *git_transfer_new(const struct gitrepo_pin *pin, int take_lock)
{
	struct git_transfer *t = mem_alloc(sizeof(*t));
	t->lock = take_lock;
	atomic_store(&t->users, 1);
	t->url = mem_strdup(pin->url);
	t->commit = mem_strdup(pin->commit);
	t->tag = mem_strdup(pin->tag);
	t->dir = mem_strdup(pin->dir);
	return t;
}

/* The last of the two that use it frees it: a thread that was given up, when it ends. */
static void leave(struct git_transfer *t)
{
	if (atomic_fetch_sub(&t->users, 1) > 1)
		return;
	if (t->lock >= 0)
		close(t->lock);
	err_free(t->failure);
	free(t->url);
	free(t->commit);
	free(t->tag);
	free(t->dir);
	free(t);
}

bool git_transfer_progressed(struct git_transfer *t)
{
	atomic_fetch_add(&t->changes, 1);
	return !atomic_load(&t->stop);
}

static void *thread_main(void *data)
{
	struct git_transfer *t = data;
	t->failure = t->main(t);
	atomic_store(&t->done, true);
	leave(t);
	return NULL;
}

/* What was heard of the thread, and when. */
struct listening {
	struct watch_limits limits, local;
	struct watch watch;
	enum git_phase phase;
	long long changes, sum; /* at the last look */
};

/* What the thread has counted since the last look goes to the watch. Where nothing more is to come, the amount does not
 * count. */
static enum watch_state look(struct git_transfer *t, struct listening *l)
{
	long long changes = atomic_load(&t->changes), sum = atomic_load(&t->bytes) + atomic_load(&t->words);
	enum git_phase phase = atomic_load(&t->phase);
	if (phase != l->phase)
		watch_start(&l->watch, tick_ms());
	if (changes != l->changes)
		watch_hear(&l->watch, sum > l->sum ? sum - l->sum : 0);
	if (phase != GIT_PHASE_TALKING)
		watch_hear_enough(&l->watch);
	l->phase = phase;
	l->changes = changes;
	l->sum = sum;
	return watch_look(&l->watch, phase == GIT_PHASE_LOCAL ? &l->local : &l->limits, tick_ms());
}

static struct err *reason_to_stop(const struct git_transfer *t, enum watch_state state, const struct listening *l)
{
	static const char hint[] = "run the same command again; COOPER_STALL_SECONDS is half of the longest silence";
	AUTO_FREE char *shown = fetch_url_shown(t->url);
	TRY(cancel_check());
	if (state == WATCH_SILENT && l->phase == GIT_PHASE_LOCAL)
		return err_hint(
			err_new(ERR_TIMEOUT, "no progress in reading '%s' for %lld s", shown,
				(long long)l->local.silence_ms / 1000),
			"a file of the repository may be a pipe, or its disk does not answer: `git fsck` there");
	if (state == WATCH_SILENT)
		return err_hint(
			err_new(ERR_NET, "'%s' sent nothing for %lld s", shown, (long long)l->limits.silence_ms / 1000),
			"%s", hint);
	if (state == WATCH_SLOW)
		return err_hint(err_new(ERR_NET, "'%s' sent less than %d bytes a second for %lld s", shown,
					WATCH_FLOOR_BYTES, (long long)l->limits.window_ms / 1000),
				"%s", hint);
	return NULL;
}

static struct err *wait_for(struct git_transfer *t, const char *step, int64_t stall_s, struct sink *sink)
{
	struct listening l = {.limits = watch_limits_of(stall_s, 0),
			      .local = watch_limits_of(LOCAL_FACTOR * stall_s, 0)};
	int64_t told_ms = 0;
	int64_t stop_ms = 0;
	struct err *e = NULL;
	watch_start(&l.watch, tick_ms());
	while (!atomic_load(&t->done) && (!stop_ms || tick_ms() - stop_ms < GRACE_MS)) {
		tick_sleep_ms(WAIT_MS);
		if (tick_ms() - told_ms >= PROGRESS_MS) {
			event_progress(sink, step, atomic_load(&t->bytes), 0, "B");
			told_ms = tick_ms();
		}
		if (stop_ms)
			continue;
		e = reason_to_stop(t, look(t, &l), &l);
		if (e) {
			atomic_store(&t->stop, true);
			stop_ms = tick_ms();
		}
	}
	return e;
}

static struct err *check_online(const struct git_transfer *t, const struct fetch_env *env)
{
	if (!env->offline || fetch_url_is(t->url, "file"))
		return NULL;
	AUTO_FREE char *shown = fetch_url_shown(t->url);
	return err_hint(err_new(ERR_NET, "'%s' cannot be asked: COOPER_OFFLINE is set", shown),
			"run the same command once without COOPER_OFFLINE");
}

struct err *git_transfer_run(struct git_transfer *take_t, struct err *(*main)(struct git_transfer *t), const char *step,
			     struct sink *sink, char *ret_found)
{
	struct git_transfer *t = take_t;
	struct fetch_env env;
	pthread_t thread;
	fetch_env_read(&env);
	t->main = main;
	struct err *e = err_first(check_online(t, &env), fetch_env_check(&env));
	atomic_fetch_add(&t->users, e ? 0 : 1);
	int code = e ? 0 : pthread_create(&thread, NULL, thread_main, t);
	if (code != 0) {
		atomic_fetch_sub(&t->users, 1);
		e = err_os(code, "cannot start a thread");
	}
	if (e) {
		leave(t);
		return e;
	}
	e = wait_for(t, step, 2 * env.stall_s, sink);
	if (atomic_load(&t->done)) {
		pthread_join(thread, NULL);
		e = err_first(e, TAKE(t->failure));
		if (!e && ret_found)
			memcpy(ret_found, t->found, sizeof(t->found));
	} else {
		pthread_detach(thread);
	}
	leave(t);
	return e;
}
