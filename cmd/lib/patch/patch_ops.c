#include "patch/patch_ops.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"

static const char MAGIC[] = "cooper patch journal 2\n";
static const char *const words[] = {
	[PATCH_OP_REMOVE] = "remove ", [PATCH_OP_PUT] = "put ", [PATCH_OP_REWRITE] = "rewrite "};

void patch_ops_done(struct patch_ops *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i].path);
	free(v->items);
}

void patch_ops_add(struct patch_ops *v, struct patch_step op)
{
	v->items = mem_grow(v->items, &v->cap, v->count + 1, sizeof(*v->items));
	v->items[v->count++] = op;
}

void patch_ops_write(const struct patch_ops *v, struct str *out)
{
	char hex[SHA256_HEX];
	str_addf(out, "%stoken %s\nseries %s\n", MAGIC, v->token, v->series);
	for (size_t i = 0; i < v->count; i++) {
		const struct patch_step *op = &v->items[i];
		str_addf(out, "%s%zu %zu %zu:%s\n", words[op->kind], op->at, op->size, strlen(op->path), op->path);
	}
	digest_bytes(out->data, out->len, hex);
	str_addf(out, "end %s\n", hex);
}

static bool take_text(const char **p, const char *end, const char *text)
{
	size_t n = strlen(text);
	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool take_hex(const char **p, const char *end, char *ret, size_t size)
{
	if ((size_t)(end - *p) < size)
		return false;
	memcpy(ret, *p, size - 1);
	ret[size - 1] = '\0';
	*p += size - 1;
	return take_text(p, end, "\n");
}

static bool take_number(const char **p, const char *end, char after, size_t *ret)
{
	size_t n = 0;
	const char *start = *p;
	for (; *p < end && **p >= '0' && **p <= '9' && *p - start < 12; (*p)++)
		n = n * 10 + (size_t)(**p - '0');
	*ret = n;
	return *p > start && *p < end && *(*p)++ == after;
}

static bool take_op(const char **p, const char *end, struct patch_ops *v)
{
	struct patch_step op = {.path = NULL};
	size_t len = 0;
	if (take_text(p, end, words[PATCH_OP_PUT]))
		op.kind = PATCH_OP_PUT;
	else if (take_text(p, end, words[PATCH_OP_REWRITE]))
		op.kind = PATCH_OP_REWRITE;
	else if (!take_text(p, end, words[PATCH_OP_REMOVE]))
		return false;
	if (!take_number(p, end, ' ', &op.at) || !take_number(p, end, ' ', &op.size) ||
	    !take_number(p, end, ':', &len) || len >= (size_t)(end - *p))
		return false;
	op.path = mem_strndup(*p, len);
	*p += len;
	patch_ops_add(v, op);
	return path_is_plain(op.path) && take_text(p, end, "\n");
}

bool patch_ops_parse(const char *text, size_t size, struct patch_ops *ret)
{
	enum { TAIL = 4 + SHA256_HEX };
	char hex[SHA256_HEX];
	if (size < TAIL)
		return false;
	const char *p = text;
	const char *end = text + size - TAIL;
	digest_bytes(text, size - TAIL, hex);
	if (memcmp(end, "end ", 4) != 0 || memcmp(end + 4, hex, SHA256_HEX - 1) != 0)
		return false;
	if (!take_text(&p, end, MAGIC) || !take_text(&p, end, "token ") ||
	    !take_hex(&p, end, ret->token, PATCH_TOKEN_HEX) || !take_text(&p, end, "series ") ||
	    !take_hex(&p, end, ret->series, SHA256_HEX))
		return false;
	while (p < end)
		if (!take_op(&p, end, ret))
			return false;
	return true;
}
