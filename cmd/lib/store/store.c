#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "sys/file.h"
#include "sys/tick.h"
#include "tree/tree_digest.h"

bool store_is_result(const char *name)
{
	return strspn(name, "0123456789abcdef") == STORE_KEY_SHOWN * 2 && name[STORE_KEY_SHOWN * 2] == '-';
}

char *store_path(const struct home *home, const char *key, const char *name)
{
	return mem_printf("%s/%.*s-%s", home->store, STORE_KEY_SHOWN * 2, key, name);
}

static char *receipt_path(const struct home *home, const char *key, const char *name)
{
	AUTO_FREE char *dir = store_path(home, key, name);
	return path_join(dir, STORE_RECEIPT);
}

struct err *store_has(const struct home *home, const char *key, const char *name, bool *ret_there)
{
	AUTO_FREE char *path = receipt_path(home, key, name);
	AUTO_JSON *receipt = NULL;
	struct err *e = js_read(path, &receipt);
	*ret_there = !e && streq(js_get_text(receipt, "key"), key);
	return err_is(e, ERR_OS) ? e : err_free(e);
}

struct err *store_begin(const struct home *home, const char *key, const char *name, char **ret_stage)
{
	AUTO_FREE char *final = store_path(home, key, name);
	AUTO_FREE char *stage = mem_printf("%s/.stage-%s", home->store, name);
	TRY(tree_remove(stage));
	TRY(tree_remove(final)); /* without a receipt a result does not exist */
	TRY(dir_make(stage, 0755));
	*ret_stage = TAKE(stage);
	return NULL;
}

struct err *store_commit(const struct home *home, const char *key, const char *name, const char *stage,
			 const struct json *receipt)
{
	AUTO_FREE char *final = store_path(home, key, name);
	AUTO_FREE char *path = path_join(stage, STORE_RECEIPT);
	AUTO_JSON *full = js_copy(receipt);
	char hex[SHA256_HEX];
	TRY(tree_digest_without(stage, STORE_RECEIPT, hex));
	js_set_text(full, "key", key);
	js_set_text(full, "digest", hex);
	TRY(js_write(path, full, 0444));
	TRY(tree_read_only(stage));
	/* A folder can be renamed only while it is writable on macOS. */
	if (chmod(stage, 0755) != 0)
		return err_os(errno, "cannot change the mode of '%s'", stage);
	return tree_publish(stage, final);
}

struct json *store_receipt_new(const char *key, const struct recipe *recipe, enum arch guest_arch, int64_t started_ms)
{
	struct json *receipt = js_object();
	js_set_text(receipt, "key", key);
	if (recipe) {
		js_set_text(receipt, "name", recipe->name);
		js_set_text(receipt, "version", recipe->version);
	}
	js_set_text(receipt, "guest_arch", arch_name(guest_arch));
	js_set_now(receipt, "made");
	js_set_int(receipt, "ms", tick_ms() - started_ms);
	return receipt;
}

struct err *store_receipt(const struct home *home, const char *key, const char *name, struct json **ret_receipt)
{
	AUTO_FREE char *path = receipt_path(home, key, name);
	return js_read(path, ret_receipt);
}

void key_of(const struct json *inputs, char ret_key[65])
{
	AUTO_FREE char *text = js_canonical(inputs);
	digest_bytes(text, strlen(text), ret_key);
}
