#include "plan/project_machine.h"

#include <errno.h>
#include <stdlib.h>

#include "base/path.h"
#include "fmt/json.h"
#include "store/gc.h"
#include "sys/file.h"

/* A record's stack and machine; NULL where it does not say. */
struct made {
	struct json *record;
	const char *stack;
	const char *machine;
};

static struct err *read_made(const char *path, struct made *ret_made)
{
	struct json *record = NULL;
	struct err *e = js_read(path, &record);

	if (err_is(e, ERR_OS))
		return e;
	err_free(e); /* damaged: `up` writes it anew */
	*ret_made = (struct made){.record = record,
				  .stack = js_get_text(record, GC_RECORD_STACK),
				  .machine = js_get_text(js_get(record, "generation"), "machine")};
	return NULL;
}

/* Of the records in which one member is @is, the other. */
static struct err *each_made(const struct home *home, const char *is, bool by_stack, struct strs *others)
{
	AUTO(strs) names = STRS_INIT;

	TRY(dir_list(home->root, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->root, names.items[i]);
		struct made m = {.record = NULL};
		if (!str_ends(path, ".record"))
			continue;
		TRY(read_made(path, &m));
		const char *other = by_stack ? m.machine : m.stack;
		if (other && streq(by_stack ? m.stack : m.machine, is) && !strs_has(others, other))
			strs_add(others, other);
		js_free(m.record);
	}
	return NULL;
}

struct err *project_machines(const struct home *home, const char *stack_path, struct strs *names)
{
	AUTO(strs) made = STRS_INIT;
	AUTO_FREE char *real = realpath(stack_path, NULL);

	if (!real)
		return err_os(errno, "cannot tell where '%s' is", stack_path);
	TRY(each_made(home, real, /* by_stack= */ true, &made));
	for (size_t i = 0; i < made.count; i++) {
		AUTO_FREE char *dir = path_join(home->machines, made.items[i]);
		bool there = false;
		TRY(dir_exists(dir, &there));
		if (there)
			strs_add(names, made.items[i]);
	}
	return NULL;
}

struct err *project_stacks(const struct home *home, const char *machine, struct strs *paths)
{
	return each_made(home, machine, /* by_stack= */ false, paths);
}
