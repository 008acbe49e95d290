#include "source/source_gits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "source/source_git.h"
#include "source/tally.h"

enum { PARALLEL_MAX = 4 };

struct repository {
	char *url;
	struct err *failure;
};

struct source_gits {
	const struct home *home;
	const struct source_files *files;
	const char *step;
	struct tally tally; /* a part for each repository, and the caller's, the last */
	struct repository *items;
	size_t count;
	atomic_size_t next; /* that no thread has taken yet */
	pthread_t threads[PARALLEL_MAX];
	size_t thread_count;
};

static struct err *fetch_commits(struct source_gits *g, size_t at)
{
	for (size_t i = 0; i < g->files->count; i++) {
		const struct source_file *f = &g->files->items[i];
		AUTO_FREE char *url = f->digest ? NULL : source_git_repository(f->url);
		if (!url || !streq(url, g->items[at].url))
			continue;
		TRY(cancel_check());
		TRY(source_git_fetch(g->home, f, g->step, tally_part(&g->tally, at)));
	}
	return NULL;
}

static void *work(void *data)
{
	struct source_gits *g = data;
	for (size_t i; (i = atomic_fetch_add(&g->next, 1)) < g->count;)
		g->items[i].failure = fetch_commits(g, i);
	return NULL;
}

static void add_repository(struct source_gits *g, const char *source_url)
{
	AUTO_FREE char *url = source_git_repository(source_url);
	for (size_t i = 0; i < g->count; i++)
		if (streq(g->items[i].url, url))
			return;
	g->items[g->count++].url = TAKE(url);
}

struct source_gits *source_gits_begin(const struct home *home, const struct source_files *files, const char *step,
				      struct sink *sink)
{
	struct source_gits *g = mem_alloc(sizeof(*g));
	*g = (struct source_gits){
		.home = home, .files = files, .step = step, .items = mem_array(files->count, sizeof(*g->items))};
	for (size_t i = 0; i < files->count; i++) {
		bool there = false;
		if (!files->items[i].digest)
			err_free(source_git_there(home, &files->items[i], &there)); /* fetching it will say so again */
		if (!files->items[i].digest && !there)
			add_repository(g, files->items[i].url);
	}
	tally_init(&g->tally, g->count + 1, sink);
	while (g->thread_count < PARALLEL_MAX && g->thread_count < g->count &&
	       pthread_create(&g->threads[g->thread_count], NULL, work, g) == 0)
		g->thread_count++;
	return g;
}

struct sink *source_gits_beside(struct source_gits *gits)
{
	return tally_part(&gits->tally, gits->count);
}

struct err *source_gits_end(struct source_gits *take_gits)
{
	struct source_gits *g = take_gits;
	struct err *e = NULL;
	if (g->thread_count == 0)
		work(g); /* there were no threads to be had */
	for (size_t i = 0; i < g->thread_count; i++)
		pthread_join(g->threads[i], NULL);
	for (size_t i = 0; i < g->count; i++) {
		e = err_first(e, g->items[i].failure);
		free(g->items[i].url);
	}
	tally_done(&g->tally);
	free(g->items);
	free(g);
	return e;
}
