#include "patch/patch_set.h"

#include <stdlib.h>
#include <string.h>

void patch_set_done(struct patch_set *set)
{
	for (size_t i = 0; i < set->file_count; i++) {
		free(set->files[i].old_path);
		free(set->files[i].new_path);
		free(set->files[i].raw);
	}
	free(set->files);
	free(set->hunks);
	free(set->lines);
	*set = PATCH_SET_INIT;
}

const char *patch_target(const struct patch_file *f)
{
	if (f->op == PATCH_DELETE || f->op == PATCH_UNCOPY)
		return f->old_path;
	return f->new_path ? f->new_path : f->old_path;
}

#define SWAP(a, b)                                                                                                     \
	do {                                                                                                           \
		__typeof__(a) swap_ = (a);                                                                             \
		(a) = (b);                                                                                             \
		(b) = swap_;                                                                                           \
	} while (0)

static enum patch_op reverse_op(enum patch_op op)
{
	switch (op) {
	case PATCH_CREATE:
		return PATCH_DELETE;
	case PATCH_DELETE:
		return PATCH_CREATE;
	case PATCH_COPY:
		return PATCH_UNCOPY;
	case PATCH_UNCOPY:
		return PATCH_COPY;
	case PATCH_MODIFY:
	case PATCH_RENAME:
		break;
	}
	return op;
}

static void reverse_file(struct patch_file *f)
{
	f->op = reverse_op(f->op);
	f->maybe_create = false;
	SWAP(f->old_path, f->new_path);
	SWAP(f->old_mode, f->new_mode);
	SWAP(f->forward, f->backward);
	char id[PATCH_ID_MAX];
	memcpy(id, f->old_id, sizeof(id));
	memcpy(f->old_id, f->new_id, sizeof(id));
	memcpy(f->new_id, id, sizeof(id));
}

static void reverse_hunk(struct patch_set *set, struct patch_hunk *h)
{
	SWAP(h->old_start, h->new_start);
	SWAP(h->old_count, h->new_count);
	for (size_t i = 0; i < h->count; i++) {
		struct patch_line *l = &set->lines[h->first + i];
		l->kind = l->kind == '-' ? '+' : l->kind == '+' ? '-' : ' ';
	}
}

/* Copies are taken back last in their group: then their sources are what they were copied from. */
static void uncopy_last(struct patch_file *files, size_t count)
{
	AUTO_FREE struct patch_file *copies = mem_array(count, sizeof(*copies));
	size_t kept = 0, moved = 0;
	for (size_t i = 0; i < count; i++) {
		if (files[i].op == PATCH_UNCOPY)
			copies[moved++] = files[i];
		else
			files[kept++] = files[i];
	}
	memcpy(files + kept, copies, moved * sizeof(*copies));
}

void patch_set_reverse(struct patch_set *set)
{
	for (size_t i = 0; i < set->file_count; i++)
		reverse_file(&set->files[i]);
	for (size_t i = 0; i < set->hunk_count; i++)
		reverse_hunk(set, &set->hunks[i]);
	for (size_t i = 0; i < set->file_count / 2; i++)
		SWAP(set->files[i], set->files[set->file_count - 1 - i]);
	for (size_t i = 0, end = 0; i < set->file_count; i = end) {
		while (end < set->file_count && set->files[end].group == set->files[i].group)
			end++;
		uncopy_last(set->files + i, end - i);
	}
}
