#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "guest/docker_context.h"
#include "sys/child.h"
#include "sys/file.h"

#define DIR "/home/ann/m/dev"

struct place {
	char *dir, *folder, *config;
	struct docker_context c;
};

static struct place begin(void)
{
	struct place p = {.dir = test_dir()};

	p.folder = path_join(p.dir, ".docker");
	p.config = path_join(p.folder, "config.json");
	p.c = (struct docker_context){.folder = p.folder, .name = "cooper-dev", .socket = DIR "/api.sock", .dir = DIR};
	assert_int_equal(unsetenv("DOCKER_HOST") | unsetenv("DOCKER_CONTEXT"), 0);
	return p;
}

static void end(struct place *p)
{
	free(p->dir);
	free(p->folder);
	free(p->config);
}

static enum docker_state state_of(const struct docker_context *c)
{
	enum docker_state state = DOCKER_ABSENT;
	assert_ok(docker_context_state(c, &state));
	return state;
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	assert_ok(file_write(path, text, strlen(text), mode));
}

static char *read_text(const char *path)
{
	char *text = NULL;
	assert_ok(file_read(path, 65536, &text, NULL));
	return text;
}

/* The one file below contexts/meta. */
static char *meta_path(const struct place *p)
{
	AUTO_FREE char *dir = path_join(p->folder, "contexts/meta");
	AUTO(strs) names = STRS_INIT;
	assert_ok(dir_list(dir, &names));
	assert_int_equal(names.count, 1);
	return mem_printf("%s/%s/meta.json", dir, names.items[0]);
}

static void whose(void **state UNUSED)
{
	static const struct {
		const char *meta;
		enum docker_state wanted;
	} cases[] = {
		{"{\"Name\":\"cooper-dev\",\"Metadata\":{},\"Endpoints\":{\"docker\":{\"Host\":\"unix://" DIR
		 "/api.sock\"}}}",
		 DOCKER_SAME},
		{"{\"Name\":\"cooper-dev\",\"Endpoints\":{\"docker\":{\"Host\":\"unix://" DIR "/root.sock\"}}}",
		 DOCKER_CHANGED},
		{"{\"Name\":\"cooper-dev\",\"Endpoints\":{\"docker\":{\"Host\":\"unix://" DIR "2/api.sock\"}}}",
		 DOCKER_FOREIGN},
		{"{\"Name\":\"cooper-dev\",\"Endpoints\":{\"docker\":{\"Host\":\"ssh://me@elsewhere\"}}}",
		 DOCKER_FOREIGN},
		{"{}", DOCKER_FOREIGN},
		{"[1", DOCKER_FOREIGN},
		{"", DOCKER_FOREIGN},
	};
	struct place p = begin();
	AUTO(strs) made = STRS_INIT;

	assert_int_equal(state_of(&p.c), DOCKER_ABSENT);
	assert_ok(docker_context_put(&p.c, &made));
	AUTO_FREE char *meta = meta_path(&p);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		write_text(meta, cases[i].meta, 0644);
		assert_int_equal(state_of(&p.c), cases[i].wanted);
		assert_ok(docker_context_drop(&p.c, &made));
		assert_int_equal(is_file(meta), cases[i].wanted == DOCKER_FOREIGN);
		AUTO_FREE char *dir = path_dir(meta);
		assert_ok(dir_make(dir, 0755));
	}
	end(&p);
}

/* Nothing is left of what was not there before; what was, stays as it was. */
static void exactly(void **state UNUSED)
{
	struct place p = begin();
	AUTO(strs) made = STRS_INIT;
	AUTO(strs) none = STRS_INIT;

	assert_ok(docker_context_put(&p.c, &made));
	assert_int_equal(made.count, 4);
	assert_ok(docker_context_drop(&p.c, &made));
	assert_false(is_dir(p.folder));
	AUTO_FREE char *other = path_join(p.folder, "contexts/meta/other");
	assert_ok(dir_make(other, 0755));
	assert_ok(docker_context_put(&p.c, &none));
	assert_int_equal(none.count, 1);
	assert_ok(docker_context_drop(&p.c, &made));
	assert_true(is_dir(other));
	end(&p);
}

static bool use(const struct place *p)
{
	bool used = false;
	assert_ok(docker_context_use(&p->c, &used));
	return used;
}

static void current(void **state UNUSED)
{
	struct place p = begin();
	AUTO(strs) made = STRS_INIT;
	bool used = false;

	if (is_file("/var/run/docker.sock"))
		skip(); /* then it is docker's own, which stays the current one */
	assert_ok(docker_context_put(&p.c, &made));
	assert_int_equal(setenv("DOCKER_HOST", "tcp://x", 1), 0);
	assert_false(use(&p));
	assert_int_equal(unsetenv("DOCKER_HOST"), 0);
	assert_true(use(&p));
	assert_false(use(&p)); /* there is one now */
	assert_ok(docker_context_drop(&p.c, &made));
	assert_false(is_dir(p.folder));

	/* in a file of the user's, which is a link to another place */
	assert_ok(docker_context_put(&p.c, &made));
	AUTO_FREE char *real = path_join(p.dir, "dotfiles.json");
	write_text(real, "{\"auths\": {\"r\": {\"auth\": \"c2VjcmV0\"}}, \"n\": 1.5}", 0640);
	assert_int_equal(symlink(real, p.config), 0);
	assert_true(use(&p));
	AUTO_FREE char *with = read_text(real);
	assert_non_null(strstr(with, "\"currentContext\": \"cooper-dev\""));
	assert_ok(docker_context_drop(&p.c, &made));
	AUTO_FREE char *without = read_text(real);
	assert_string_equal(
		without,
		"{\n  \"auths\": {\n    \"r\": {\n      \"auth\": \"c2VjcmV0\"\n    }\n  },\n  \"n\": 1.5\n}\n");
	struct stat st;
	assert_ok(file_lstat(p.config, &used, &st));
	assert_true(S_ISLNK(st.st_mode));
	assert_ok(file_stat(p.config, &used, &st));
	assert_int_equal(st.st_mode & 0777, 0640);

	/* the user's choice */
	assert_ok(docker_context_put(&p.c, &made));
	write_text(real, "{\"currentContext\": \"mine\"}", 0600);
	assert_false(use(&p));
	assert_ok(docker_context_drop(&p.c, &made));
	AUTO_FREE char *mine = read_text(real);
	assert_string_equal(mine, "{\"currentContext\": \"mine\"}");
	assert_ok(docker_context_put(&p.c, &made));
	write_text(real, "{\"currentContext\": ", 0600);
	assert_fails(docker_context_use(&p.c, &used), ERR_CORRUPT, "dotfiles.json");
	end(&p);
}

static struct err *docker(const struct place *p, struct str *out, const char *const *argv)
{
	AUTO(strs) settings = STRS_INIT;
	AUTO(strs) env = STRS_INIT;
	strs_addf(&settings, "DOCKER_CONFIG=%s", p->folder);
	child_env(&settings, &env);
	struct child_spec spec = {.argv = argv, .env = (const char *const *)env.items};
	str_clear(out);
	return child_output(&spec, 65536, out);
}

#define DOCKER(...) assert_ok(docker(&p, &out, (const char *const[]){"docker", __VA_ARGS__, NULL}))

/* The host's docker reads what is written here, and here is read what it writes. */
static void real_docker(void **state UNUSED)
{
	need_program("docker");
	struct place p = begin();
	AUTO(strs) made = STRS_INIT;
	AUTO(str) out = STR_INIT;

	p.c.socket = DIR "/a b%20\xc3\xbc.sock";
	assert_ok(docker_context_put(&p.c, &made));
	DOCKER("context", "inspect", "cooper-dev", "--format", "{{.Name}} {{.Endpoints.docker.Host}}");
	assert_string_equal(str_text(&out), "cooper-dev unix://" DIR "/a b%20\xc3\xbc.sock\n");
	DOCKER("context", "use", "cooper-dev");
	DOCKER("context", "show");
	assert_string_equal(str_text(&out), "cooper-dev\n");
	DOCKER("context", "update", "cooper-dev", "--description", "mine");
	assert_int_equal(state_of(&p.c), DOCKER_SAME);
	assert_ok(docker_context_drop(&p.c, &made));
	DOCKER("context", "ls", "--format", "{{.Name}} {{.Current}}");
	assert_string_equal(str_text(&out), "default true\n");
	DOCKER("context", "create", "cooper-dev", "--docker", "host=unix:///elsewhere");
	assert_int_equal(state_of(&p.c), DOCKER_FOREIGN);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose),
		cmocka_unit_test(exactly),
		cmocka_unit_test(current),
		cmocka_unit_test(real_docker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
