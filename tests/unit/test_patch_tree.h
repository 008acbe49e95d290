/*
 * test_patch_tree.h - small trees for the patch tests: made from a table, dumped to one text to compare
 */
#ifndef COOPER_TESTS_PATCH_TREE_H
#define COOPER_TESTS_PATCH_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "harness.h"
#include "patch/patch.h"
#include "sys/file.h"

/* kind: 'f' file, 'x' executable, 'l' link (text = target), 'd' folder; 0 ends a list. */
struct entry {
	char kind;
	const char *path;
	const char *text;
};

/* Without file_write()'s flush: a test makes thousands of files. */
static inline void file_put(const char *path, const void *data, size_t size, mode_t mode)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline void tree_put(const char *dir, char kind, const char *path, const void *data, size_t size)
{
	AUTO_FREE char *full = path_join(dir, path);
	AUTO_FREE char *parent = path_dir(full);
	assert_ok(dir_make(kind == 'd' ? full : parent, 0755));
	if (kind == 'l')
		assert_int_equal(symlink(data, full), 0);
	else if (kind != 'd')
		file_put(full, data, size, kind == 'x' ? 0755 : 0644);
}

static inline void tree_make(const char *dir, const struct entry *entries)
{
	for (const struct entry *e = entries; e->kind; e++)
		tree_put(dir, e->kind, e->path, e->text ? e->text : "", e->text ? strlen(e->text) : 0);
}

static inline void tree_dump_into(const char *dir, const char *path, bool folders, struct str *out)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *here = *path ? path_join(dir, path) : mem_strdup(dir);
	assert_ok(dir_list(here, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *below = *path ? path_join(path, names.items[i]) : mem_strdup(names.items[i]);
		AUTO_FREE char *full = path_join(dir, below);
		struct stat st;
		assert_int_equal(lstat(full, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			if (folders)
				str_addf(out, "d %s\n", below);
			tree_dump_into(dir, below, folders, out);
		} else if (S_ISLNK(st.st_mode)) {
			char target[4096] = "";
			assert_true(readlink(full, target, sizeof(target) - 1) >= 0);
			str_addf(out, "l %s %s\n", below, target);
		} else {
			AUTO_FREE char *data = NULL;
			size_t size = 0;
			assert_ok(file_read(full, 1 << 28, &data, &size));
			str_addf(out, "%c %s %zu:", st.st_mode & 0100 ? 'x' : 'f', below, size);
			str_add_mem(out, data, size);
			str_add(out, "\n");
		}
	}
}

/* Every name, kind and byte below @dir; compare with tree_same(). */
static inline struct str tree_dump(const char *dir)
{
	struct str out = STR_INIT;
	tree_dump_into(dir, "", /* folders= */ true, &out);
	return out;
}

/* The same without folders: empty ones are no part of a patch. */
static inline struct str tree_dump_files(const char *dir)
{
	struct str out = STR_INIT;
	tree_dump_into(dir, "", /* folders= */ false, &out);
	return out;
}

static inline void tree_copy(const char *from, const char *to)
{
	AUTO(strs) names = STRS_INIT;
	assert_ok(dir_make(to, 0755));
	assert_ok(dir_list(from, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *a = path_join(from, names.items[i]);
		AUTO_FREE char *b = path_join(to, names.items[i]);
		struct stat st;
		assert_int_equal(lstat(a, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			tree_copy(a, b);
		} else if (S_ISLNK(st.st_mode)) {
			char target[4096] = "";
			assert_true(readlink(a, target, sizeof(target) - 1) >= 0);
			assert_int_equal(symlink(target, b), 0);
		} else {
			AUTO_FREE char *data = NULL;
			size_t size = 0;
			assert_ok(file_read(a, 1 << 28, &data, &size));
			file_put(b, data, size, st.st_mode & 0777);
		}
	}
}

static inline bool tree_same(const struct str *a, const struct str *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Lines @from to @to, "line 1\nline 2\n...", heap. */
static inline char *numbered(int from, int to)
{
	struct str s = STR_INIT;
	for (int i = from; i <= to; i++)
		str_addf(&s, "line %d\n", i);
	return str_take(&s);
}

static inline struct err *apply_text(const char *dir, const char *text, int strip, struct patch_report *r)
{
	struct patch_input input = {.name = "t.patch", .text = text, .size = strlen(text), .strip = strip};
	return patch_series_apply(dir, &input, 1, NULL, r);
}

enum { CASE_ENTRIES = 6 };

/* A tree, a patch, and what becomes of it. */
struct patch_case {
	const char *name;
	struct entry before[CASE_ENTRIES];
	const char *patch;
	int strip;
	const char *fails; /* part of the error, its hint or its detail; NULL = applies */
	struct entry after[CASE_ENTRIES];
};

static inline bool is_unsupported(const struct patch_case *c)
{
	static const char *const words[] = {"context diff",  "combined diff",  "text is encoded", "normal diff",
					    "ed's commands", "signed message", "are flowed"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(c->fails, words[i]))
			return true;
	return false;
}

/* What fits is applied, what does not leaves the tree untouched, and nothing is left beside it. */
static inline void run_patch_cases(const struct patch_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct patch_case *c = &cases[i];
		AUTO_FREE char *dir = test_dir();
		AUTO_FREE char *wanted_dir = test_dir();
		AUTO_FREE char *tree = path_join(dir, "tree");
		struct patch_report r = PATCH_REPORT_INIT;
		assert_ok(dir_make(tree, 0755));
		tree_make(tree, c->before);
		tree_make(wanted_dir, c->fails ? c->before : c->after);
		AUTO(str) wanted = tree_dump(wanted_dir);
		struct err *e = apply_text(tree, c->patch, c->strip, &r);
		if (!e == !!c->fails)
			print_error("case '%s'\n", c->name);
		if (c->fails)
			assert_fails(e, is_unsupported(c) ? ERR_USAGE : ERR_CORRUPT, c->fails);
		else
			assert_ok(e);
		AUTO(str) found = tree_dump(tree);
		AUTO(strs) beside = STRS_INIT;
		assert_ok(dir_list(dir, &beside));
		if (!tree_same(&found, &wanted) || beside.count != 1)
			fail_msg("case '%s':\n%s\ninstead of\n%s", c->name, str_text(&found), str_text(&wanted));
		patch_report_done(&r);
	}
}

#endif
