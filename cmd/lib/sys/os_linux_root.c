#include "sys/os_linux_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

#define OLD_ROOT "/old"
#define NEW_ROOT "/new"
#define PID_MAX  NEW_ROOT "/proc/sys/kernel/pid_max"

/* See: mount_setattr(2), from Linux 5.12 on; newer than Debian 12's header. */
enum { CALL_MOUNT_SETATTR = 442 };
struct attributes {
	uint64_t set, clear, propagation, userns_fd;
};
enum { ATTRIBUTE_READ_ONLY = 1, ATTRIBUTE_NO_SETUID = 2, ATTRIBUTE_NO_DEVICES = 4 };

/* Programs, libraries, compilers and their settings; no home, and nothing that changes. */
const char *const system_folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix",
				      "/gnu", "/run/current-system", "/home/linuxbrew/.linuxbrew", NULL};
const char *const system_devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", NULL};

static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"},
				       {"/proc/self/fd/0", "/dev/stdin"},
				       {"/proc/self/fd/1", "/dev/stdout"},
				       {"/proc/self/fd/2", "/dev/stderr"}};

/* --- the list, before the fork --- */

static void add(struct mount_list *l, enum mount_kind kind, const char *from, const char *to)
{
	l->items = mem_grow(l->items, &l->cap, l->count + 1, sizeof(*l->items));
	l->items[l->count++] = (struct mount_entry){
		.kind = kind,
		.from = kind == MOUNT_LINK ? mem_strdup(from) : mem_printf(OLD_ROOT "%s", from),
		.to = mem_printf(NEW_ROOT "%s", to),
	};
}

/* A link's target is looked up in another root: there it must have none. */
static struct err *add_real(struct mount_list *l, enum mount_kind kind, const char *path)
{
	AUTO_FREE char *real = realpath(path, NULL);
	if (!real)
		return err_os(errno, "cannot open '%s'", path);
	add(l, kind, real, path);
	return NULL;
}

static void add_system(struct mount_list *l)
{
	for (size_t i = 0; system_folders[i]; i++) {
		const char *path = system_folders[i];
		char text[PATH_MAX];
		struct stat st;
		if (lstat(path, &st) != 0)
			continue;
		ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, text, sizeof(text) - 1) : -1;
		text[n < 0 ? 0 : n] = '\0';
		if (n >= 0)
			add(l, MOUNT_LINK, text, path);
		else if (S_ISDIR(st.st_mode))
			add(l, MOUNT_READ, path, path);
	}
	for (size_t i = 0; system_devices[i]; i++)
		if (access(system_devices[i], F_OK) == 0)
			add(l, MOUNT_DEVICE, system_devices[i], system_devices[i]);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		add(l, MOUNT_LINK, links[i][0], links[i][1]);
}

/* What only its owner may read: root owns it all, and stays its owner without privileges. */
static struct err *hide_secrets(struct mount_list *l, const char *folder, int depth)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(folder, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(folder, names.items[i]);
		struct stat st;
		if (lstat(path, &st) != 0)
			continue;
		if (S_ISREG(st.st_mode) && !(st.st_mode & S_IROTH))
			add(l, MOUNT_DEVICE, "/dev/null", path);
		else if (S_ISDIR(st.st_mode) && (st.st_mode & (S_IROTH | S_IXOTH)) != (S_IROTH | S_IXOTH))
			add(l, MOUNT_HIDE, path, path);
		else if (S_ISDIR(st.st_mode) && depth > 0)
			TRY(hide_secrets(l, path, depth - 1));
	}
	return NULL;
}

struct err *mount_list_make(const struct box *box, bool root, struct mount_list *ret_list)
{
	struct mount_list l = {.items = NULL};
	add_system(&l);
	struct err *e = root ? hide_secrets(&l, "/etc", 2) : NULL;
	for (size_t i = 0; !e && i < 3; i++) {
		static const char *const temps[] = {"/tmp", "/var/tmp", "/dev/shm"};
		AUTO_FREE char *real = realpath(box->temp, NULL);
		if (real)
			add(&l, MOUNT_WRITE, real, temps[i]);
		else
			e = err_os(errno, "cannot open '%s'", box->temp);
	}
	for (size_t i = 0; !e && box->read && box->read[i]; i++)
		e = add_real(&l, MOUNT_READ, box->read[i]);
	for (size_t i = 0; !e && box->write[i]; i++)
		e = add_real(&l, MOUNT_WRITE, box->write[i]);
	if (e)
		mount_list_done(&l);
	else
		*ret_list = l;
	return e;
}

void mount_list_done(struct mount_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].from);
		free(list->items[i].to);
	}
	free(list->items);
	*list = (struct mount_list){.items = NULL};
}

/* --- the view, in a fresh child: system calls alone --- */

/* Those above @path, and for a folder itself. */
static int make_folders(const char *path, bool itself)
{
	char copy[PATH_MAX];
	size_t n = strnlen(path, sizeof(copy));
	if (n == sizeof(copy))
		return ENAMETOOLONG;
	memcpy(copy, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (copy[i] != '/' && (copy[i] || !itself))
			continue;
		char was = copy[i];
		copy[i] = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			return errno;
		copy[i] = was;
	}
	return 0;
}

/* A kernel without the call leaves what is mounted below as it is. */
static int restrict_mount(const char *path, bool read_only, bool devices)
{
	struct attributes a = {.set = ATTRIBUTE_NO_SETUID | (read_only ? ATTRIBUTE_READ_ONLY : 0) |
				      (devices ? 0 : ATTRIBUTE_NO_DEVICES)};
	if (syscall(CALL_MOUNT_SETATTR, AT_FDCWD, path, AT_RECURSIVE, &a, sizeof(a)) == 0)
		return 0;
	if (errno != ENOSYS)
		return errno;
	struct statvfs st;
	if (statvfs(path, &st) != 0)
		return errno;
	unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | (read_only ? MS_RDONLY : 0) | (devices ? 0 : MS_NODEV) |
			      (st.f_flag & (ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME | ST_RELATIME));
	return mount(NULL, path, NULL, flags, NULL) == 0 ? 0 : errno;
}

static int bind_one(const struct mount_entry *m)
{
	struct stat st;
	if (stat(m->from, &st) != 0)
		return errno;
	int errnum = make_folders(m->to, S_ISDIR(st.st_mode));
	if (errnum)
		return errnum;
	if (!S_ISDIR(st.st_mode)) {
		int fd = open(m->to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0)
			close(fd);
		else if (access(m->to, F_OK) != 0) /* read-only, and there: a secret to be covered */
			return errno;
	}
	if (mount(m->from, m->to, NULL, MS_BIND | MS_REC, NULL) != 0)
		return errno;
	/* of a device this keeps its mode, not its bytes */
	return restrict_mount(m->to, m->kind != MOUNT_WRITE, m->kind == MOUNT_DEVICE);
}

static int place(const struct mount_entry *m)
{
	int errnum = 0;
	switch (m->kind) {
	case MOUNT_READ:
	case MOUNT_WRITE:
	case MOUNT_DEVICE:
		return bind_one(m);
	case MOUNT_LINK:
		errnum = make_folders(m->to, /* itself= */ false);
		return errnum ? errnum : symlink(m->from, m->to) == 0 || errno == EEXIST ? 0 : errno;
	case MOUNT_HIDE:
		return mount("tmpfs", m->to, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k,mode=755") == 0 ? 0 : errno;
	}
	return EINVAL;
}

/* The number of processes is a namespace's own from Linux 6.14 on: asked only where it is, or it would be everybody's. */
static void limit_processes(int most)
{
	char text[16];
	size_t n = sizeof(text);
	int fd = most > 0 ? open(PID_MAX, O_WRONLY | O_CLOEXEC) : -1;
	for (text[--n] = '\n'; most > 0 && n > 0; most /= 10)
		text[--n] = (char)('0' + most % 10);
	if (fd >= 0) {
		ssize_t ignored = write(fd, text + n, sizeof(text) - n);
		(void)ignored; /* box_facts says whether it holds */
		close(fd);
	}
}

/* A new /proc shows this namespace alone. Where parts of the outer one are covered the kernel allows no new one; then it
 * is that one, whose processes' files belong to another user namespace. */
static int place_proc(int pid_limit)
{
	int errnum = make_folders(NEW_ROOT "/proc", /* itself= */ true);
	if (errnum)
		return errnum;
	if (mount("proc", NEW_ROOT "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
		limit_processes(pid_limit);
	else if (mount(OLD_ROOT "/proc", NEW_ROOT "/proc", NULL, MS_BIND | MS_REC, NULL) != 0)
		return errno;
	return restrict_mount(NEW_ROOT "/proc", /* read_only= */ true, /* devices= */ false);
}

/* A small file system becomes the root, with the old one in a folder of it: any folder will do, and this one is always
 * there. See: pivot_root(2) */
static int leave_root(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", "/usr", "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,mode=755") != 0 ||
	    mkdir("/usr" OLD_ROOT, 0755) != 0 || mkdir("/usr" NEW_ROOT, 0755) != 0 ||
	    syscall(SYS_pivot_root, "/usr", "/usr" OLD_ROOT) != 0 || chdir("/") != 0)
		return errno;
	return mount(NEW_ROOT, NEW_ROOT, NULL, MS_BIND | MS_REC, NULL) == 0 ? 0 : errno;
}

/* Where new and old root are one folder, the old one lies on top, and goes. */
static int enter_root(void)
{
	struct attributes a = {.set = ATTRIBUTE_READ_ONLY};
	if (chdir(NEW_ROOT) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
	    chdir("/") != 0)
		return errno;
	if (syscall(CALL_MOUNT_SETATTR, AT_FDCWD, "/", 0, &a, sizeof(a)) != 0 && errno != ENOSYS)
		return errno;
	return 0;
}

int root_build(const struct mount_list *list, int pid_limit, int *ret_proc, const char **ret_step)
{
	*ret_step = "a file system view of its own";
	int errnum = leave_root();
	for (size_t i = 0; !errnum && i < list->count; i++) {
		errnum = place(&list->items[i]);
		if (errnum)
			*ret_step = list->items[i].to + strlen(NEW_ROOT);
	}
	if (errnum)
		return errnum;
	*ret_step = "/proc";
	errnum = place_proc(pid_limit);
	*ret_proc = open(OLD_ROOT "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!errnum && *ret_proc < 0)
		errnum = errno;
	if (errnum)
		return errnum;
	*ret_step = "the new root";
	return enter_root();
}
