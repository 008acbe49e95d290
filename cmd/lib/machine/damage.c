#include "machine/damage.h"

#include <errno.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "machine/disk.h"
#include "sys/file.h"

struct row {
	const char *name;
	enum damage_want want;
};

static const struct row of_machine[] = {
	{"lock", WANT_FILE},
	{"current", WANT_FILE},
	{"boot.json", WANT_FILE},
	{"proofs.json", WANT_FILE},
	{"connection.json", WANT_FILE},
	{"data.json", WANT_FILE},
	{"end.json", WANT_FILE},
	{"ctl.sock", WANT_SOCKET},
	{"qmp.sock", WANT_SOCKET},
	{"ready.sock", WANT_SOCKET},
	{"api.sock", WANT_SOCKET},
	{"ssh", WANT_FOLDER},
	{"ssh/id_ed25519", WANT_FILE},
	{"ssh/id_ed25519.pub", WANT_FILE},
	{"ssh/ssh_host_ed25519_key", WANT_FILE},
	{"ssh/ssh_host_ed25519_key.pub", WANT_FILE},
	{"ssh/known_hosts", WANT_FILE},
	{"ssh/port", WANT_FILE},
	{"ssh/config", WANT_FILE},
	{"log", WANT_FOLDER},
	{"log/serial.log", WANT_FILE},
	{"log/qemu.log", WANT_FILE},
	{"log/api.log", WANT_FILE},
	{"log/supervisor.log", WANT_FILE},
};

static const struct row of_generation[] = {
	{"generation.json", WANT_FILE}, {"machine.json", WANT_FILE},  {"booted", WANT_FILE},
	{"config.ign", WANT_FILE},      {"flash-vars.fd", WANT_FILE},
};

static bool is_wanted(enum damage_want want, mode_t mode)
{
	return want == WANT_FILE ? S_ISREG(mode) : want == WANT_FOLDER ? S_ISDIR(mode) : S_ISSOCK(mode);
}

enum damage_verdict damage_judge(enum damage_want want, const struct stat *found, const struct stat *target, uid_t us)
{
	mode_t needed = want == WANT_FOLDER ? 0700 : 0600;

	if (!found)
		return DAMAGE_NONE;
	if (S_ISLNK(found->st_mode))
		return target && want != WANT_SOCKET && is_wanted(want, target->st_mode) ? DAMAGE_NONE : DAMAGE_KIND;
	if (!is_wanted(want, found->st_mode))
		return DAMAGE_KIND;
	return want != WANT_SOCKET && found->st_uid == us && (found->st_mode & needed) != needed ? DAMAGE_MODE
												 : DAMAGE_NONE;
}

static struct err *look(const char *path, enum damage_want want, enum damage_verdict *ret_verdict)
{
	struct stat found, target;
	bool there = false, leads = false;

	TRY(file_lstat(path, &there, &found));
	if (there && S_ISLNK(found.st_mode)) /* one that leads in a circle leads to nothing */
		err_free(file_stat(path, &leads, &target));
	*ret_verdict = damage_judge(want, there ? &found : NULL, leads ? &target : NULL, geteuid());
	return NULL;
}

static struct err *make_usable(const char *path, enum damage_want want, struct sink *sink)
{
	if (chmod(path, want == WANT_FOLDER ? 0700 : 0600) != 0)
		return err_os(errno, "cannot change the mode of '%s'", path);
	event_warn(sink, NULL, "'%s' could not be read by its owner: its mode was changed", path);
	return NULL;
}

static struct err *mend(const char *dir, const struct row *row, struct sink *sink)
{
	AUTO_FREE char *path = path_join(dir, row->name);
	enum damage_verdict verdict;

	TRY(look(path, row->want, &verdict));
	if (verdict == DAMAGE_MODE)
		return make_usable(path, row->want, sink);
	if (verdict == DAMAGE_NONE)
		return NULL;
	event_warn(sink, NULL, "'%s' is not %s, and is removed: it is made anew where it is needed", path,
		   row->want == WANT_FOLDER ? "a folder"
		   : row->want == WANT_FILE ? "a file"
					    : "a socket");
	return tree_remove(path);
}

/* Marks of what was done have the steps' names. */
static struct err *mend_generation(const char *machine_dir, const char *name, struct sink *sink)
{
	AUTO_FREE char *dir = path_join(machine_dir, name);
	AUTO(strs) names = STRS_INIT;

	TRY(mend(machine_dir, &(struct row){name, WANT_FOLDER}, sink));
	for (size_t i = 0; i < ARRAY_LEN(of_generation); i++)
		TRY(mend(dir, &of_generation[i], sink));
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++)
		if (str_ends(names.items[i], ".done"))
			TRY(mend(dir, &(struct row){names.items[i], WANT_FILE}, sink));
	return NULL;
}

struct err *damage_mend(const char *machine_dir, struct sink *sink)
{
	AUTO(strs) names = STRS_INIT;
	enum damage_verdict verdict;

	TRY(look(machine_dir, WANT_FOLDER, &verdict));
	if (verdict == DAMAGE_KIND)
		return err_hint(err_new(ERR_USAGE, "'%s' is not a folder, and the machine '%s' has to lie there",
					machine_dir, path_base(machine_dir)),
				"move it away, then run `cooper up`");
	if (verdict == DAMAGE_MODE)
		TRY(make_usable(machine_dir, WANT_FOLDER, sink));
	for (size_t i = 0; i < ARRAY_LEN(of_machine); i++)
		TRY(mend(machine_dir, &of_machine[i], sink));
	TRY(dir_list(machine_dir, &names));
	for (size_t i = 0; i < names.count; i++)
		if (generation_number(names.items[i]))
			TRY(mend_generation(machine_dir, names.items[i], sink));
		else if (str_starts(names.items[i], "mux-")) /* of each user's connection */
			TRY(mend(machine_dir, &(struct row){names.items[i], WANT_SOCKET}, sink));
	return NULL;
}
