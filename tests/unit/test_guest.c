/* Guest steps, played on this host: ssh and sudo are stand-ins, records go to a folder of the test. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "guest/guest.h"
#include "sys/child.h"
#include "sys/file.h"

#define WORDS(...)                                                                                                     \
	{                                                                                                              \
		(char *[]){__VA_ARGS__, NULL}, sizeof((char *[]){__VA_ARGS__}) / sizeof(char *), 0                     \
	}

static void sources(void **state)
{
	(void)state;
	AUTO_FREE char *both =
		guest_os_find("debian")->packages_sources("http://m.test/debian/", "http://m.test/it's/");
	AUTO_FREE char *one = guest_os_find("debian")->packages_sources("http://m.test/debian/", NULL);
	assert_non_null(strstr(both, " http://m.test/debian/ \"$VERSION_CODENAME $VERSION_CODENAME-updates\"\n"));
	assert_non_null(strstr(both, " 'http://m.test/it'\\''s/' \"$VERSION_CODENAME-security\"\n"));
	assert_null(strstr(one, "security"));
	for (size_t i = 0; i < 2; i++) {
		struct child_spec spec = {.argv = (const char *const[]){"sh", "-nc", i ? one : both, NULL},
					  .deadline_ms = 5000};
		assert_ok(child_run(&spec));
	}
}

static void digests_and_names(void **state)
{
	(void)state;
	struct guest_step a = {.name = "a", .write_path = "/x", .write_text = "1"}, b = a;
	char one[SHA256_HEX], two[SHA256_HEX];
	AUTO_FREE char *plain = guest_record_name("team-ca_1");
	AUTO_FREE char *slash = guest_record_name("a/b");
	AUTO_FREE char *space = guest_record_name("a b");

	guest_step_digest(&a, NULL, one);
	guest_step_digest(&b, NULL, two);
	assert_string_equal(one, two);
	b.then = (struct command){.argv = WORDS("true")};
	guest_step_digest(&b, NULL, two);
	assert_string_not_equal(one, two);
	guest_step_digest(&a, "abc", two);
	assert_string_not_equal(one, two);
	assert_string_equal(plain, "team-ca_1");
	assert_null(strchr(slash, '/'));
	assert_string_not_equal(slash, space);
}

struct fixture {
	char *dir, *program, *records, *target;
	struct guest g;
};

static void set_up(struct fixture *f)
{
	static const char sudo[] = "#!/bin/sh\nshift 2\nexec \"$@\"\n";

	*f = (struct fixture){.dir = test_dir()};
	f->program = path_join(f->dir, "ssh");
	f->records = path_join(f->dir, "records");
	f->target = path_join(f->dir, "etc/a file");
	AUTO_FREE char *sudo_path = path_join(f->dir, "sudo");
	AUTO_FREE char *ssh =
		mem_printf("#!/bin/sh\nfor a; do last=$a; done\necho \"$last\" >> '%s/log'\nPATH='%s':$PATH\n"
			   "exec /bin/sh -c \"$last\"\n",
			   f->dir, f->dir);
	assert_ok(file_write(sudo_path, sudo, sizeof(sudo) - 1, 0755));
	assert_ok(file_write(f->program, ssh, strlen(ssh), 0755));
	f->g = (struct guest){.ssh = {.program = f->program, .config_path = "/cfg", .host = "h"},
			      .os = guest_os_find("debian"),
			      .records_dir = f->records,
			      .deadline_ms = 5000};
	assert_ok(guest_open(&f->g));
}

static void tear_down(struct fixture *f)
{
	guest_done(&f->g);
	mem_free_at(&f->dir);
	mem_free_at(&f->program);
	mem_free_at(&f->records);
	mem_free_at(&f->target);
}

static void reopen(struct fixture *f)
{
	guest_done(&f->g);
	assert_ok(guest_open(&f->g));
}

static enum guest_outcome run(struct fixture *f, const struct guest_step *step)
{
	enum guest_outcome outcome;

	assert_ok(guest_step_run(&f->g, step, &outcome));
	return outcome;
}

static void assert_text(const char *path, const char *text)
{
	AUTO_FREE char *data = NULL;

	assert_ok(file_read(path, 1 << 20, &data, NULL));
	assert_string_equal(data, text);
}

static void writing(void **state)
{
	(void)state;
	struct fixture f;
	struct stat st;

	set_up(&f);
	AUTO_FREE char *marks = path_join(f.dir, "marks");
	AUTO_FREE char *mark = mem_printf("echo ran >> '%s'", marks);
	struct guest_step step = {.name = "a file",
				  .write_path = f.target,
				  .write_text = "it's $HOME\n",
				  .write_mode = 0640,
				  .then = {.argv = WORDS("sh", "-c", mark)}};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_text(f.target, "it's $HOME\n");
	assert_int_equal(stat(f.target, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(run(&f, &step), GUEST_RECORDED);
	reopen(&f);
	assert_int_equal(run(&f, &step), GUEST_RECORDED);
	/* without the record: the file is as wanted, so nothing changes and `then` stays away */
	assert_ok(tree_remove(f.records));
	reopen(&f);
	assert_int_equal(run(&f, &step), GUEST_SAME);
	assert_text(marks, "ran\n");
	step.write_text = "";
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_text(f.target, "");
	assert_text(marks, "ran\nran\n");
	/* bytes from a file, zeros included */
	AUTO_FREE char *from = path_join(f.dir, "blob");
	assert_ok(file_write(from, "a\0b", 3, 0600));
	step = (struct guest_step){.name = "blob", .write_path = f.target, .write_from = "blob", .write_dir = f.dir};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_int_equal(size_of(f.target), 3);
	step.write_from = "none";
	enum guest_outcome outcome;
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_ABSENT, "guest step 'blob'");
	tear_down(&f);
}

static void assert_alone(const char *path)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *dir = path_dir(path);

	assert_ok(dir_list(dir, &names));
	assert_int_equal(names.count, 1);
}

/* Neither moved into a folder of that name, nor at the cost of a file that is called alike. */
static void not_written(void **state)
{
	(void)state;
	struct fixture f;
	enum guest_outcome outcome;

	set_up(&f);
	AUTO_FREE char *alike = mem_printf("%s.cooper-newer", f.target);
	AUTO_FREE char *inside = path_join(f.target, "inside");
	struct guest_step step = {.name = "alike", .write_path = alike, .write_text = "1"};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	step = (struct guest_step){.name = "inside", .write_path = inside, .write_text = "1"};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	step = (struct guest_step){.name = "folder", .write_path = f.target, .write_text = "1"};
	struct err *e = guest_step_run(&f.g, &step, &outcome);
	assert_non_null(e);
	assert_non_null(strstr(e->detail, "is a folder"));
	err_free(e);
	assert_alone(inside);
	assert_ok(tree_remove(f.target));
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_text(alike, "1");
	tear_down(&f);
}

/* An `up` that is killed closes the standard input of what it has started in the guest. */
static void cut_short(void **state)
{
	(void)state;
	struct fixture f;
	enum guest_outcome outcome;

	set_up(&f);
	struct guest_step step = {.name = "cut", .write_path = f.target, .write_text = "before"};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	AUTO_FREE char *ssh = mem_printf(
		"#!/bin/sh\nfor a; do last=$a; done\nPATH='%s':$PATH\n"
		"case $last in *cooper-new*) head -c 3 ;; *mktemp*) head -n 1 ;; esac | /bin/sh -c \"$last\"\n",
		f.dir);
	assert_ok(file_write(f.program, ssh, strlen(ssh), 0755));
	step.write_text = "afterwards";
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_CHILD, "cannot write");
	assert_text(f.target, "before");
	assert_alone(f.target);
	AUTO_FREE char *made = path_join(f.dir, "made");
	AUTO_FREE char *script = mem_printf("exec >'%s'\ntrue", made);
	step = (struct guest_step){.name = "script", .run = {.script = script}};
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_CHILD, "'script' failed in the guest");
	assert_false(is_file(made));
	tear_down(&f);
}

/* `then` failed after the change: the next run owes it, though the file is as wanted by now. */
static void then_is_owed(void **state)
{
	(void)state;
	struct fixture f;
	enum guest_outcome outcome;

	set_up(&f);
	AUTO_FREE char *flag = path_join(f.dir, "flag");
	struct guest_step step = {
		.name = "s", .write_path = f.target, .write_text = "x", .then = {.argv = WORDS("test", "-e", flag)}};
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_CHILD, "'test' failed in the guest");
	reopen(&f);
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_CHILD, "'test' failed in the guest");
	assert_ok(file_write(flag, "", 0, 0600));
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	reopen(&f);
	assert_int_equal(run(&f, &step), GUEST_RECORDED);
	assert_int_equal((int)f.g.records.count, 1);
	tear_down(&f);
}

static void running(void **state)
{
	(void)state;
	struct fixture f;
	enum guest_outcome outcome;

	set_up(&f);
	AUTO_FREE char *out = path_join(f.dir, "out");
	AUTO_FREE char *script = mem_printf("cat > /dev/null\nprintf '%%s' \"it's\" > '%s'\n", out);
	struct guest_step step = {.name = "script", .run = {.script = script, .interpreter = "sh"}};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_text(out, "it's");
	step = (struct guest_step){.name = "guarded", .creates = out, .run = {.argv = WORDS("false")}};
	assert_int_equal(run(&f, &step), GUEST_GUARDED);
	step = (struct guest_step){
		.name = "unless", .unless = {.argv = WORDS("true")}, .run = {.argv = WORDS("false")}};
	assert_int_equal(run(&f, &step), GUEST_GUARDED);
	step.unless = (struct command){.argv = WORDS("false")};
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_CHILD,
		     "'false' failed in the guest with exit status 1");
	step = (struct guest_step){
		.name = "user", .as_user = true, .run = {.argv = WORDS("sh", "-c", "echo broken >&2; exit 3")}};
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_CHILD, "broken");
	f.g.deadline_ms = 1000;
	step = (struct guest_step){.name = "slow", .run = {.argv = WORDS("sleep", "9")}};
	assert_fails(guest_step_run(&f.g, &step, &outcome), ERR_TIMEOUT, "guest step 'slow'");
	tear_down(&f);
}

/* What is done is on the guest's disk before the record says so, and the record before the host remembers it. */
static void records_last(void **state)
{
	(void)state;
	const struct guest_step step = {.name = "script", .run = {.argv = WORDS("true")}};
	struct fixture f;

	set_up(&f);
	AUTO_FREE char *log = path_join(f.dir, "done");
	AUTO_FREE char *sync = mem_printf("#!/bin/sh\necho sync >> '%s'\n", log);
	AUTO_FREE char *sync_path = path_join(f.dir, "sync");
	AUTO_FREE char *mv = mem_printf("#!/bin/sh\necho mv >> '%s'\nexec /bin/mv \"$@\"\n", log);
	AUTO_FREE char *mv_path = path_join(f.dir, "mv");
	assert_ok(file_write(sync_path, sync, strlen(sync), 0755));
	assert_ok(file_write(mv_path, mv, strlen(mv), 0755));
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_text(log, "sync\nmv\nsync\n");
	tear_down(&f);
}

static void packages(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f);
	AUTO_FREE char *query = path_join(f.dir, "dpkg-query");
	AUTO_FREE char *apt = path_join(f.dir, "apt-get");
	AUTO_FREE char *text = mem_printf("#!/bin/sh\n[ ! -e '%s/there' ] || printf installed\n", f.dir);
	AUTO_FREE char *install = mem_printf("#!/bin/sh\n[ \"$1\" != indextargets ] || { echo own; exit; }\n"
					     "echo \"$DEBIAN_FRONTEND $@\" >> '%s/apt'\n: > '%s/there'\n",
					     f.dir, f.dir);
	AUTO_FREE char *log = path_join(f.dir, "apt");
	assert_ok(file_write(query, text, strlen(text), 0755));
	assert_ok(file_write(apt, install, strlen(install), 0755));
	struct guest_step step = {.name = "jq", .packages = WORDS("jq")};
	assert_int_equal(run(&f, &step), GUEST_CHANGED);
	assert_text(log, "noninteractive -q -o DPkg::Lock::Timeout=120 update\n"
			 "noninteractive -q -y -o DPkg::Lock::Timeout=120 -o APT::Cmd::Pattern-Only=true "
			 "--no-install-recommends install -- jq\n");
	step.name = "again";
	assert_int_equal(run(&f, &step), GUEST_SAME);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources),     cmocka_unit_test(digests_and_names), cmocka_unit_test(writing),
		cmocka_unit_test(not_written), cmocka_unit_test(cut_short),         cmocka_unit_test(then_is_owed),
		cmocka_unit_test(running),     cmocka_unit_test(records_last),      cmocka_unit_test(packages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
