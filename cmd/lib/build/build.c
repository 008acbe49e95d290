#include "build/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "build/counted.h"
#include "build/sign.h"
#include "build/toolchain.h"
#include "fmt/digest.h"
#include "recipe/vars.h"
#include "source/signature.h"
#include "store/store.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

enum { COMMAND_DEADLINE_MS = 4 * 60 * 60 * 1000 };

char *build_name(const struct recipe *recipe, enum arch guest_arch)
{
	return mem_printf("%s-%s-%s", recipe->name, recipe->version, arch_name(guest_arch));
}

/* How a source is laid out: what is left out, stripped and put where, and whether it is a package to be unpacked. */
static struct json *source_input(const struct source *s, size_t number)
{
	struct json *item = js_object();
	AUTO_FREE char *name = mem_printf("%zu", number);
	js_set_text(item, "name", name);
	js_set_text(item, "kind", s->debian_source ? "debian-source" : s->debian_package ? "debian-package" : "url");
	js_set_int(item, "strip", s->strip);
	js_set_text(item, "into", s->into ? s->into : ".");
	js_set(item, "exclude", js_texts(&s->exclude));
	return item;
}

/* The bytes of a patch; a series inside the sources is covered by their digests. */
static struct err *patch_digest(const struct recipe *recipe, const struct patch_ref *p, struct json *item)
{
	char hex[SHA256_HEX];
	if (p->url)
		js_set_text(item, "digest", p->sha256);
	if (!p->file)
		return NULL;
	AUTO_FREE char *path = path_join("patches", p->file);
	struct err *e = digest_beneath(recipe->root, path, hex, /* ret_fd= */ NULL);
	if (e)
		return err_wrap(e, "%s:%d:%d", recipe->path, p->mark.line, p->mark.column);
	js_set_text(item, "digest", hex);
	return NULL;
}

struct err *build_source_inputs(const struct recipe *recipe, struct json *inputs)
{
	struct json *sources = js_array();
	struct json *patches = js_array();
	js_set(inputs, "source", sources);
	js_set(inputs, "patch", patches);
	for (size_t i = 0; i < recipe->source_count; i++)
		js_add(sources, source_input(&recipe->sources[i], i + 1));
	for (size_t i = 0; i < recipe->patch_count; i++) {
		const struct patch_ref *p = &recipe->patches[i];
		struct json *item = js_object();
		js_add(patches, item);
		js_set_text(item, "name", p->url ? path_base(p->url) : p->file ? p->file : p->series);
		js_set_text(item, "kind", p->url ? "url" : p->file ? "file" : "series");
		js_set_int(item, "strip", p->strip);
		js_set(item, "exclude", js_texts(&p->exclude));
		TRY(patch_digest(recipe, p, item));
	}
	return NULL;
}

/* Folders of the commands, and the environment they get. */
struct build_folders {
	char *source;
	char *build;
	char *home; /* an empty folder: no settings of anybody's */
	char *temp;
	char *ccache; /* NULL = there is none */
	char *log;
	char *final; /* the keg's place */
	char *stage; /* what is renamed to it */
	char *jobs;
	struct strs env;
};

static void build_folders_done(struct build_folders *w)
{
	free(w->source);
	free(w->build);
	free(w->home);
	free(w->temp);
	free(w->ccache);
	free(w->log);
	free(w->final);
	free(w->stage);
	free(w->jobs);
	strs_done(&w->env);
}

/* The same on every host and at every time; ZERO_AR_DATE is for Apple's ar and ld. */
static const char *const fixed_env[] = {"LC_ALL=C", "TZ=UTC", "SOURCE_DATE_EPOCH=1760000000", "ZERO_AR_DATE=1", NULL};

void build_inputs(const struct recipe *recipe, const struct host_facts *facts, struct json *inputs)
{
	AUTO(strs) env = STRS_INIT;
	strs_add_all(&env, fixed_env);
	strs_addf(&env, "PATH=%s", toolchain_folders(facts->os));
	js_set(inputs, "environment", js_texts(&env));
	toolchain_inputs(recipe, facts, inputs);
}

static void make_env(struct build_folders *w, const struct build_job *job)
{
	const char *ccache = getenv("CCACHE_DIR");
	bool cached = toolchain_path(job->facts->os, &w->env);
	strs_addf(&w->env, "HOME=%s", w->home);
	strs_addf(&w->env, "TMPDIR=%s", w->temp);
	strs_add_all(&w->env, fixed_env);
	if (!cached)
		return;
	w->ccache = ccache && *ccache ? file_absolute(ccache) : path_join(job->home->root, "ccache");
	strs_addf(&w->env, "CCACHE_DIR=%s", w->ccache);
	/* Hits do not depend on where COOPER_HOME is. */
	strs_addf(&w->env, "CCACHE_BASEDIR=%s", job->home->build);
}

static void open_folders(struct build_folders *w, const struct build_job *job)
{
	AUTO_FREE char *name = build_name(job->recipe, job->guest_arch);
	*w = (struct build_folders){
		.source = build_place(job, "src"),
		.build = mem_printf("%s/%s/out-%s", job->home->build, job->recipe->name, arch_name(job->guest_arch)),
		.home = mem_printf("%s/%s/home-%s", job->home->build, job->recipe->name, arch_name(job->guest_arch)),
		.temp = mem_printf("%s/%s/tmp-%s", job->home->build, job->recipe->name, arch_name(job->guest_arch)),
		.log = mem_printf("%s/build-%s.log", job->home->log, name),
		.final = store_path(job->home, job->key, name),
		.jobs = mem_printf("%d", job->facts->cpus),
	};
	make_env(w, job);
}

static struct vars make_vars(const struct build_folders *w, const struct build_job *job, const char *prefix,
			     char key_shown[STORE_KEY_SHOWN + 1])
{
	memcpy(key_shown, job->key, STORE_KEY_SHOWN);
	key_shown[STORE_KEY_SHOWN] = '\0';
	return (struct vars){
		.name = job->recipe->name,
		.version = job->recipe->version,
		.source = w->source,
		.build = w->build,
		.prefix = prefix,
		.guest_arch = arch_name(job->guest_arch),
		.host_arch = arch_name(job->facts->arch),
		.os = os_name(job->facts->os),
		.jobs = w->jobs,
		.key = key_shown,
		.debian_arch = arch_row(job->guest_arch)->debian,
	};
}

/* argv of a command with variables expanded; a script is run by its interpreter with -c. */
static struct err *expand_command(const struct command *c, const struct vars *vars, struct strs *argv)
{
	if (!c->script)
		return vars_expand_all(vars, &c->argv, argv);
	AUTO_FREE char *text = NULL;
	TRY(vars_expand(vars, c->script, &text));
	strs_add(argv, c->interpreter ? c->interpreter : "sh");
	if (!streq(argv->items[0], "python3"))
		strs_add(argv, "-eu");
	strs_add(argv, "-c");
	strs_add(argv, text);
	return NULL;
}

static struct err *at_command(struct err *take_e, const struct build_job *job, const struct command *c)
{
	if (!take_e)
		return NULL;
	return err_wrap(take_e, "%s:%d:%d", job->recipe->path, c->mark.line, c->mark.column);
}

static bool has_name(const struct strs *env, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], entry, n) == 0)
			return true;
	return false;
}

/*
 * The clean environment and the recipe's own variables, which may name the folders. Of one that both have the recipe's
 * is left: of two entries of one name some programs take the first and some the last.
 */
static struct err *command_env(const struct build_job *job, const struct build_folders *w, const struct vars *vars,
			       struct strs *env)
{
	AUTO(strs) own = STRS_INIT;
	TRY(vars_expand_all(vars, &job->recipe->build.env, &own));
	for (size_t i = 0; i < w->env.count; i++)
		if (!has_name(&own, w->env.items[i]))
			strs_add(env, w->env.items[i]);
	strs_copy(env, &own);
	return NULL;
}

/* What a command may touch. Many projects build where their sources are: a tree that was touched is unpacked anew. */
struct command_box {
	const char *write[7];
	const char *read[2];
	struct box box;
};

static void make_box(struct command_box *c, const struct build_folders *w, const char *install_to, const char *tested)
{
	size_t n = 0;
	*c = (struct command_box){.read = {tested}};
	c->write[n++] = w->source;
	c->write[n++] = w->build;
	c->write[n++] = w->home;
	c->write[n++] = w->temp;
	if (w->ccache)
		c->write[n++] = w->ccache;
	if (install_to)
		c->write[n++] = install_to;
	c->box = (struct box){.write = c->write, .read = c->read, .temp = w->temp};
}

static struct err *run_commands(const struct build_job *job, const struct build_folders *w, const struct commands *list,
				const char *prefix, struct sink *sink)
{
	char key_shown[STORE_KEY_SHOWN + 1];
	struct vars vars = make_vars(w, job, prefix, key_shown);
	struct counted counted = counted_output(sink);
	struct command_box box;
	AUTO(strs) env = STRS_INIT;
	TRY(command_env(job, w, &vars, &env));
	make_box(&box, w, w->stage, /* tested= */ NULL);
	for (size_t i = 0; i < list->count; i++) {
		AUTO(strs) argv = STRS_INIT;
		TRY(at_command(expand_command(&list->items[i], &vars, &argv), job, &list->items[i]));
		struct child_spec spec = {.argv = (const char *const *)argv.items,
					  .env = (const char *const *)env.items,
					  .cwd = w->build,
					  .log_path = w->log,
					  .deadline_ms = COMMAND_DEADLINE_MS,
					  .step = job->step,
					  .sink = &counted.sink,
					  .box = &box.box};
		TRY(at_command(child_run(&spec), job, &list->items[i]));
	}
	return NULL;
}

/* Run one test: its output must contain what is expected; *ret_line gets the first line of the output. */
static struct err *run_test(const struct build_job *job, const struct build_folders *w, const struct command *c,
			    const struct vars *vars, char **ret_line)
{
	AUTO(strs) argv = STRS_INIT;
	AUTO(strs) env = STRS_INIT;
	AUTO(str) out = STR_INIT;
	struct command_box box;
	TRY(expand_command(c, vars, &argv));
	TRY(command_env(job, w, vars, &env));
	make_box(&box, w, /* install_to= */ NULL, w->stage);
	struct child_spec spec = {.argv = (const char *const *)argv.items,
				  .env = (const char *const *)env.items,
				  .cwd = w->build,
				  .log_path = w->log,
				  .deadline_ms = 5 * 60 * 1000,
				  .box = &box.box};
	TRY(child_output(&spec, 1 << 20, &out));
	*ret_line = mem_strndup(str_text(&out), strcspn(str_text(&out), "\n"));
	if (!c->expect)
		return NULL;
	AUTO_FREE char *expected = NULL;
	TRY(vars_expand(vars, c->expect, &expected));
	if (!strstr(str_text(&out), expected))
		return err_new(ERR_CHILD, "test '%s' printed '%s' instead of '%s'", path_base(argv.items[0]), *ret_line,
			       expected);
	return NULL;
}

static struct err *run_tests(const struct build_job *job, const struct build_folders *w, struct json *results)
{
	char key_shown[STORE_KEY_SHOWN + 1];
	struct vars vars = make_vars(w, job, w->stage, key_shown);
	const struct commands *tests = &job->recipe->build.test;
	for (size_t i = 0; i < tests->count; i++) {
		AUTO_FREE char *line = NULL;
		TRY(at_command(run_test(job, w, &tests->items[i], &vars, &line), job, &tests->items[i]));
		js_add_text(results, line);
	}
	return NULL;
}

/* What runs on a Mac must be signed before it is tested. `sign` holds for macOS only (`when` in the recipe). */
static struct err *sign_stage(const struct build_job *job, const struct build_folders *w, struct sink *sink)
{
	const struct build_recipe *b = &job->recipe->build;
	AUTO(sign_files) files = {.count = 0};
	AUTO(sign_plan) plan = {.count = 0};
	AUTO_FREE char *plist = path_join(w->build, "entitlements.plist");
	struct sign_input input = {.prefix = w->stage,
				   .globs = &b->sign_files,
				   .entitlements = &b->sign_entitlements,
				   .plist = plist,
				   .recipe = job->recipe->path};
	if (b->sign_files.count == 0)
		return NULL;
	TRY(sign_list(w->stage, &files));
	TRY(sign_decide(&input, &files, &plan));
	return sign_perform(&input, &plan, w->log, job->step, sink);
}

static struct err *make_receipt(const struct build_job *job, int64_t started_ms, const struct json *tests,
				struct json **ret_receipt)
{
	AUTO_JSON *patched = NULL;
	AUTO_JSON *signatures = NULL;
	TRY(build_source_receipt(job, &patched));
	TRY(signature_receipts(job->home, job->files, &signatures));
	struct json *receipt = store_receipt_new(job->key, job->recipe, job->guest_arch, started_ms);
	js_set_text(receipt, "source_key", job->source_key);
	js_set_text(receipt, "os", os_name(job->facts->os));
	js_set_text(receipt, "arch", arch_name(job->facts->arch));
	struct json *inputs = js_object();
	source_inputs(job->files, inputs);
	js_set(receipt, "inputs", inputs);
	js_set(receipt, "source", TAKE(patched));
	js_set(receipt, "signatures", TAKE(signatures));
	js_set(receipt, "tests", js_copy(tests));
	*ret_receipt = receipt;
	return NULL;
}

static struct err *make_folders(const struct build_folders *w)
{
	const char *const fresh[] = {w->build, w->home, w->temp};
	for (size_t i = 0; i < ARRAY_LEN(fresh); i++) {
		TRY(tree_remove(fresh[i]));
		TRY(dir_make(fresh[i], i == 0 ? 0755 : 0700));
	}
	return w->ccache ? toolchain_cache_make(w->ccache) : NULL;
}

static struct err *build_in(const struct build_job *job, struct build_folders *w, struct sink *sink)
{
	int64_t started = tick_ms();
	const struct build_recipe *b = &job->recipe->build;
	AUTO_FREE char *name = build_name(job->recipe, job->guest_arch);
	TRY(build_source_ensure(job, sink));
	TRY(file_remove(w->log));
	box_tell(BOX_BUILD, job->step, sink);
	TRY(make_folders(w));
	TRY(run_commands(job, w, &b->configure, w->final, sink));
	TRY(run_commands(job, w, &b->build, w->final, sink));
	TRY(store_begin(job->home, job->key, name, &w->stage));
	TRY(run_commands(job, w, &b->install, w->stage, sink));
	TRY(sign_stage(job, w, sink));
	AUTO_JSON *results = js_array();
	AUTO_JSON *receipt = NULL;
	TRY(run_tests(job, w, results));
	TRY(make_receipt(job, started, results, &receipt));
	TRY(store_commit(job->home, job->key, name, w->stage, receipt));
	TRY(tree_remove(w->temp));
	TRY(tree_remove(w->home));
	return tree_remove(w->build);
}

struct err *build_run(const struct build_job *job, struct sink *sink)
{
	struct build_folders w;
	open_folders(&w, job);
	struct err *e = build_in(job, &w, sink);
	if (err_no_space(e))
		e = err_first(e, err_first(tree_remove(w.temp), tree_remove(w.build)));
	build_folders_done(&w);
	return e;
}
