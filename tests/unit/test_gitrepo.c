#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "net/gitrepo.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/tick.h"
#include "tree/tree_digest.h"

/* Two commits on main, a tag on the first; a commit with a submodule and one with a link that leads out. */
static const char make_repository[] =
	"set -e\n"
	"export GIT_CONFIG_NOSYSTEM=1 HOME=\"$PWD\" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a "
	"GIT_COMMITTER_EMAIL=a@x\n"
	"git init -q -b main r; cd r\n"
	"mkdir -p d/e; echo one >a; echo two >d/e/b; chmod +x a; ln -s d/e/b l; printf 'x\\r\\n' >crlf\n"
	"echo '* text=auto eol=crlf' >.gitattributes\n"
	"git add . 2>/dev/null; git commit -qm 1; git rev-parse HEAD >../first; git tag -a v1 -m t\n"
	"echo more >>a; git commit -qam 2; git rev-parse HEAD >../second; git rev-parse HEAD^{tree} >../tree\n"
	"git update-index --add --cacheinfo 160000,$(cat ../first),sub; git commit -qm 3; git rev-parse HEAD "
	">../third\n"
	"git branch sub; git reset -q --hard HEAD~1; ln -s ../../out bad; git add bad; git commit -qm 4\n"
	"git rev-parse HEAD >../fourth; git branch bad; git reset -q --hard HEAD~1\n";

static char *dir;
static char *url;

static bool is_fetched(const char *place, const char *commit)
{
	const struct gitrepo_pin pin = {.commit = commit, .dir = place};
	bool there = false;
	assert_ok(gitrepo_has(&pin, &there));
	return there;
}

static int make_once(void **state)
{
	(void)state;
	dir = test_dir();
	url = mem_printf("file://%s/r", dir);
	struct child_spec spec = {
		.argv = (const char *const[]){"sh", "-c", make_repository, NULL}, .cwd = dir, .deadline_ms = 60000};
	assert_ok(child_run(&spec));
	return 0;
}

static int forget(void **state)
{
	(void)state;
	free(dir);
	free(url);
	return 0;
}

static char *id_of(const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	char *text = NULL;
	assert_ok(file_read(path, 100, &text, NULL));
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static struct err *fetch(const char *commit, const char *tag, const char *into)
{
	AUTO_FREE char *copy = path_join(dir, into);
	struct gitrepo_pin pin = {.url = url, .commit = commit, .tag = tag, .dir = copy};
	return gitrepo_fetch(&pin, "fetch", NULL);
}

static struct archive_limits limits; /* the usual ones, unless a test sets some */

static struct err *export(const char *commit, const char *into, const struct strs *exclude, struct gitrepo_tree *ret)
{
	AUTO_FREE char *copy = path_join(dir, "copy.git");
	AUTO_FREE char *target = path_join(dir, into);
	struct gitrepo_options o = {.exclude = exclude, .limits = &limits};
	assert_ok(dir_make(target, 0755));
	return gitrepo_export(copy, commit, target, &o, "unpack", NULL, ret);
}

static void has(const char *tree, const char *name, const char *expected)
{
	AUTO_FREE char *path = mem_printf("%s/%s/%s", dir, tree, name);
	AUTO_FREE char *text = NULL;
	assert_ok(file_read(path, 100, &text, NULL));
	assert_string_equal(text, expected);
}

static void test_fetch_and_export(void **state)
{
	(void)state;
	AUTO_FREE char *first = id_of("first");
	AUTO_FREE char *second = id_of("second");
	AUTO_FREE char *tree = id_of("tree");
	AUTO_FREE char *copy = path_join(dir, "copy.git");
	AUTO_FREE char *target = path_join(dir, "two");
	struct gitrepo_tree written;
	char hex[SHA256_HEX];
	char found[GITREPO_ID];
	assert_false(is_fetched(copy, first));
	assert_ok(fetch(first, "v1", "copy.git"));
	assert_true(is_fetched(copy, first));
	assert_false(is_fetched(copy, second));
	assert_ok(fetch(second, NULL, "copy.git"));
	assert_ok(export(second, "two", NULL, &written));
	assert_string_equal(written.id, tree);
	assert_int_equal(written.entries, 5);
	assert_ok(tree_digest_path(target, hex));
	assert_string_equal(hex, written.digest);
	has("two", "a", "one\nmore\n");
	has("two", "d/e/b", "two\n");
	assert_ok(gitrepo_tag(url, "v1", found));
	assert_string_equal(found, first);
	AUTO(strs) exclude = STRS_INIT;
	strs_add(&exclude, "d/");
	strs_add(&exclude, "l");
	assert_ok(export(first, "one", &exclude, &written));
	assert_int_equal(written.entries, 3);
	has("one", "a", "one\n");
	limits.entries = 2;
	assert_fails(export(first, "few", NULL, &written), ERR_CORRUPT, "add 'limits: { entries: 4 }' to the source");
	limits.entries = 0;
}

/* A commit that is here already says nothing about a tag: the server is asked once, and what it said is kept. */
static void test_tag_of_a_commit_that_is_here(void **state)
{
	(void)state;
	AUTO_FREE char *first = id_of("first");
	AUTO_FREE char *second = id_of("second");
	AUTO_FREE char *copy = path_join(dir, "tagged.git");
	AUTO_FREE char *away = mem_printf("%s/r", dir);
	AUTO_FREE char *elsewhere = mem_printf("%s/r-away", dir);
	const struct gitrepo_pin pin = {.commit = first, .tag = "v1", .dir = copy};
	bool there = true;
	assert_ok(fetch(first, NULL, "tagged.git"));
	assert_ok(fetch(second, NULL, "tagged.git"));
	assert_ok(gitrepo_has(&pin, &there));
	assert_false(there);
	assert_fails(fetch(second, "v1", "tagged.git"), ERR_CORRUPT, "has moved");
	assert_fails(fetch(first, "v2", "tagged.git"), ERR_ABSENT, "no tag 'v2'");
	assert_ok(fetch(first, "v1", "tagged.git"));
	assert_ok(gitrepo_has(&pin, &there));
	assert_true(there);
	assert_int_equal(rename(away, elsewhere), 0);
	assert_ok(fetch(first, "v1", "tagged.git"));
	assert_int_equal(rename(elsewhere, away), 0);
}

static void test_refused(void **state)
{
	(void)state;
	AUTO_FREE char *first = id_of("first");
	AUTO_FREE char *second = id_of("second");
	AUTO_FREE char *third = id_of("third");
	AUTO_FREE char *fourth = id_of("fourth");
	AUTO_FREE char *tree = id_of("tree");
	struct gitrepo_tree written;
	char found[GITREPO_ID];
	assert_fails(fetch("0123456789012345678901234567890123456789", NULL, "none.git"), ERR_ABSENT, "has no commit");
	assert_fails(fetch("v1", NULL, "none.git"), ERR_USAGE, "not a full commit id");
	assert_fails(fetch("", NULL, "none.git"), ERR_USAGE, "not a full commit id");
	assert_fails(fetch(tree, NULL, "none.git"), ERR_USAGE, "is a tree");
	assert_ok(fetch(first, NULL, "none.git")); /* what failed is in nobody's way */
	assert_fails(fetch(second, "v1", "other.git"), ERR_CORRUPT, "has moved");
	assert_fails(fetch(second, "v2", "other.git"), ERR_ABSENT, "no tag 'v2'");
	assert_fails(gitrepo_tag("ssh://host/r", "v1", found), ERR_USAGE, "not a readable git");
	assert_fails(gitrepo_tag("file:///nonexistent/r", "v1", found), ERR_ABSENT, "no git repository");
	assert_ok(fetch(third, NULL, "copy.git"));
	assert_fails(export(third, "three", NULL, &written), ERR_CORRUPT, "'sub' is a submodule");
	assert_ok(fetch(fourth, NULL, "copy.git"));
	assert_fails(export(fourth, "four", NULL, &written), ERR_CORRUPT, "bad");
	assert_fails(export("0123456789012345678901234567890123456789", "five", NULL, &written), ERR_CORRUPT,
		     "fetched again");
}

/* Trees that no git would make, each with one file under a name that some file system takes for git's own folder. */
static const char make_disguised[] =
	"set -e; cd r; export GIT_CONFIG_NOSYSTEM=1 HOME=\"$PWD\" GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x "
	"GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x\n"
	"blob=$(git rev-parse HEAD:a)\n"
	"inner=$(printf '100644 blob %s\\tconfig\\n' $blob | git mktree)\n"
	"tree=$(printf \"040000 tree %s\\t$NAME\\n\" $inner | git mktree)\n"
	"id=$(git commit-tree -m x $tree); git update-ref refs/heads/disguised $id; echo $id >../disguised\n";

static void test_disguised(void **state)
{
	static const char *const names[] = {".git", ".GIT", "git~1", "GIT~1", ".g\xe2\x80\x8cit", "\xef\xbb\xbf.git"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *name = mem_printf("NAME=%s", names[i]);
		AUTO_FREE char *into = mem_printf("disguised-%zu", i);
		struct gitrepo_tree written;
		struct child_spec spec = {.argv = (const char *const[]){"env", name, "sh", "-c", make_disguised, NULL},
					  .cwd = dir,
					  .deadline_ms = 60000};
		assert_ok(child_run(&spec));
		AUTO_FREE char *id = id_of("disguised");
		assert_ok(fetch(id, NULL, "copy.git"));
		assert_fails(export(id, into, NULL, &written), ERR_CORRUPT, "which is not allowed");
	}
}

/* A server that says nothing: the thread that was given up may still write, and nobody else may until it ends. */
static void test_given_up(void **state)
{
	(void)state;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	static char stall[] = "COOPER_STALL_SECONDS=1";
	AUTO_FREE char *copy = path_join(dir, "silent.git");
	AUTO_FREE char *lock = mem_printf("%s.lock", copy);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(bind(server, (struct sockaddr *)&address, size) == 0 && listen(server, 4) == 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
	AUTO_FREE char *silent = mem_printf("http://127.0.0.1:%d/r", ntohs(address.sin_port));
	struct gitrepo_pin pin = {.url = silent, .commit = "0123456789012345678901234567890123456789", .dir = copy};
	putenv(stall);
	assert_fails(gitrepo_fetch(&pin, NULL, NULL), ERR_NET, "sent nothing for 2 s");
	assert_true(is_locked(lock, NULL));
	close(server);
	for (int i = 0; i < 100 && is_locked(lock, NULL); i++)
		tick_sleep_ms(20);
	assert_false(is_locked(lock, NULL));
}

/* A file of it that is never ready: nothing is waited for without end. */
static void test_stands_still(void **state)
{
	(void)state;
	static char stall[] = "COOPER_STALL_SECONDS=1";
	AUTO_FREE char *config = path_join(dir, "still.git/config");
	AUTO_FREE char *repo = path_join(dir, "still.git");
	AUTO_FREE char *copy = path_join(dir, "still-copy.git");
	AUTO_FREE char *still = mem_printf("file://%s", repo);
	struct gitrepo_pin pin = {.url = still, .commit = "0123456789012345678901234567890123456789", .dir = copy};
	const char *argv[] = {"git", "init", "-q", "--bare", repo, NULL};
	struct child_spec spec = {.argv = argv};
	assert_ok(child_run(&spec));
	assert_ok(file_remove(config));
	assert_int_equal(mkfifo(config, 0600), 0);
	putenv(stall);
	assert_fails(gitrepo_fetch(&pin, NULL, NULL), ERR_TIMEOUT, "' for 8 s");
}

/* libgit2 1.5 loses what it matches configuration keys with */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fetch_and_export),
					   cmocka_unit_test(test_tag_of_a_commit_that_is_here),
					   cmocka_unit_test(test_refused),
					   cmocka_unit_test(test_disguised), cmocka_unit_test(test_given_up),
					   cmocka_unit_test(test_stands_still)};
	return cmocka_run_group_tests(tests, make_once, forget);
}
