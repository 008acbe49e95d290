/* The scheduler: one thread per running step, a ready queue with a limit per weight. */
#include "plan/graph.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "sys/tick.h"

/* One download at a time (it is parallel inside), two compilations, one thing done to the machine. */
static const int weight_limit[STEP_WEIGHTS] = {[STEP_NET] = 2, [STEP_CPU] = 2, [STEP_MACHINE] = 1};

struct run {
	struct graph *graph;
	struct sink *sink;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int running[STEP_WEIGHTS];
	int running_all;
	struct err *failure; /* the first */
};

struct job {
	struct run *run;
	struct step *step;
	pthread_t thread;
	bool threaded;
};

static void tell(struct run *r, const struct step *s, enum event_kind kind, const char *text)
{
	event_emit(r->sink, &(struct event){.kind = kind, .step = s->id, .text = text, .ms = s->ms});
}

static void finish(struct run *r, struct step *s, struct err *e)
{
	tell(r, s, e ? EVENT_STEP_FAIL : EVENT_STEP_DONE, e ? e->message : s->note ? s->note : "");
	pthread_mutex_lock(&r->mutex);
	s->state = e ? STEP_FAILED : STEP_DONE;
	if (e && !r->failure)
		r->failure = err_wrap(e, "%s", s->title);
	else
		err_free(e);
	r->running[s->kind->weight]--;
	r->running_all--;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->mutex);
}

static void *work(void *data)
{
	struct job *job = data;
	struct step *s = job->step;
	struct run *r = job->run;
	int64_t started = tick_ms();
	struct err *e = s->kind->perform(s, r->sink);
	s->ms = tick_ms() - started;
	finish(r, s, e);
	return NULL;
}

static bool is_ready(const struct run *r, const struct step *s)
{
	if (s->state != STEP_PENDING || r->running[s->kind->weight] >= weight_limit[s->kind->weight])
		return false;
	for (size_t i = 0; i < s->link_count; i++) {
		enum step_state state = s->links[i].step->state;
		if (state == STEP_PENDING || state == STEP_RUNNING || state == STEP_FAILED)
			return false;
	}
	return true;
}

static struct step *next_ready(const struct run *r)
{
	for (size_t i = 0; i < r->graph->count; i++)
		if (is_ready(r, r->graph->steps[i]))
			return r->graph->steps[i];
	return NULL;
}

/* Under the mutex: start @s in its own thread; or where this user may have no more of them, do it in this one. */
static void launch(struct run *r, struct job *job, struct step *s)
{
	*job = (struct job){.run = r, .step = s};
	free(s->note);
	s->note = NULL;
	s->state = STEP_RUNNING;
	r->running[s->kind->weight]++;
	r->running_all++;
	AUTO_FREE char *why = strs_join(&s->why, "; ");
	tell(r, s, EVENT_STEP_START, why);
	job->threaded = pthread_create(&job->thread, NULL, work, job) == 0;
	if (job->threaded)
		return;
	pthread_mutex_unlock(&r->mutex);
	work(job);
	pthread_mutex_lock(&r->mutex);
}

struct err *graph_perform(struct graph *g, struct sink *sink)
{
	struct run r = {.graph = g, .sink = sink};
	struct job *jobs = mem_array(g->count, sizeof(*jobs));
	size_t job_count = 0;
	pthread_mutex_init(&r.mutex, NULL);
	pthread_cond_init(&r.changed, NULL);
	pthread_mutex_lock(&r.mutex);
	for (;;) {
		struct step *s = r.failure || cancel_requested() ? NULL : next_ready(&r);
		if (s)
			launch(&r, &jobs[job_count++], s);
		else if (r.running_all == 0)
			break;
		else
			pthread_cond_wait(&r.changed, &r.mutex);
	}
	pthread_mutex_unlock(&r.mutex);
	for (size_t i = 0; i < job_count; i++)
		if (jobs[i].threaded)
			pthread_join(jobs[i].thread, NULL);
	free(jobs);
	for (size_t i = 0; i < g->count; i++)
		if (g->steps[i]->state == STEP_PENDING)
			g->steps[i]->state = STEP_DROPPED;
	pthread_mutex_destroy(&r.mutex);
	pthread_cond_destroy(&r.changed);
	return r.failure ? r.failure : cancel_check();
}
