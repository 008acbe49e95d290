#include "net/gitrepo_transfer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "net/fetch_env.h"
#include "net/fetch_url.h"
#include "sys/tick.h"

enum { WAIT_MS = 10, PROGRESS_MS = 100, GRACE_MS = 500 };

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
	atomic_store(&t->progress_ms, tick_ms());
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

static struct err *reason_to_stop(struct git_transfer *t, int64_t stall_ms)
{
	TRY(cancel_check());
	if (tick_ms() - atomic_load(&t->progress_ms) <= stall_ms)
		return NULL;
	AUTO_FREE char *shown = fetch_url_shown(t->url);
	return err_hint(err_new(ERR_NET, "'%s' sent nothing for %lld s", shown, (long long)stall_ms / 1000),
			"run the same command again; COOPER_STALL_SECONDS is half of the waiting time");
}

static struct err *wait_for(struct git_transfer *t, const char *step, int64_t stall_ms, struct sink *sink)
{
	int64_t told_ms = 0;
	int64_t stop_ms = 0;
	struct err *e = NULL;
	while (!atomic_load(&t->done) && (!stop_ms || tick_ms() - stop_ms < GRACE_MS)) {
		tick_sleep_ms(WAIT_MS);
		if (tick_ms() - told_ms >= PROGRESS_MS && atomic_load(&t->bytes) > 0) {
			event_progress(sink, step, atomic_load(&t->bytes), 0, "B");
			told_ms = tick_ms();
		}
		if (stop_ms)
			continue;
		e = reason_to_stop(t, stall_ms);
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
	return err_hint(err_new(ERR_NET, "'%s' is missing, and COOPER_OFFLINE is set", shown),
			"run the same command once without COOPER_OFFLINE");
}

struct err *git_transfer_run(struct git_transfer *take_t, struct err *(*main)(struct git_transfer *t), const char *step,
			     struct sink *sink, char *ret_found)
{
	struct git_transfer *t = take_t;
	struct fetch_env env;
	pthread_t thread;
	fetch_env_read(&env);
	atomic_store(&t->progress_ms, tick_ms());
	t->main = main;
	struct err *e = check_online(t, &env);
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
	e = wait_for(t, step, 2 * 1000 * env.stall_s, sink);
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
