#include "sys/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/clonefile.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/file.h"
#include "sys/tick.h"

int64_t file_mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtimespec.tv_sec * 1000000000 + st->st_mtimespec.tv_nsec;
}

/* A name that this kernel lacks reads as "" or 0. See: sysctl(3) */
static void read_text(const char *name, char *to, size_t size)
{
	size_t length = size;
	if (sysctlbyname(name, to, &length, NULL, 0) != 0 || length == 0 || length > size)
		to[0] = '\0';
	to[size - 1] = '\0';
}

/* The kernel's integers come in four or eight bytes. */
static int64_t read_number(const char *name)
{
	union {
		int32_t four;
		int64_t eight;
	} value = {.eight = 0};
	size_t length = sizeof(value);
	if (sysctlbyname(name, &value, &length, NULL, 0) != 0)
		return 0;
	return length == sizeof(value.four) ? value.four : length == sizeof(value.eight) ? value.eight : 0;
}

/* CLOCK_MONOTONIC goes on while a Mac sleeps: a closed lid would use up every deadline. See: clock_gettime(3) */
int64_t tick_ms(void)
{
	return (int64_t)(clock_gettime_nsec_np(CLOCK_UPTIME_RAW) / 1000000);
}

int os_cpu_count(void)
{
	int n = (int)read_number("hw.logicalcpu");
	return n < 1 ? 1 : n;
}

int64_t os_memory_bytes(void)
{
	return read_number("hw.memsize");
}

struct err *os_host_facts(struct host_facts *ret_facts)
{
	struct host_facts f = {.os = OS_MACOS};
	read_text("kern.osproductversion", f.os_version, sizeof(f.os_version));
	/* not uname's machine: under Rosetta that says x86_64 on a Mac that is not */
	f.arch = read_number("hw.optional.arm64") == 1 ? ARCH_AARCH64 : ARCH_X86_64;
	read_text("machdep.cpu.brand_string", f.chip, sizeof(f.chip));
	f.cpus = os_cpu_count();
	f.perf_cpus = (int)read_number("hw.perflevel0.physicalcpu");
	f.memory_bytes = os_memory_bytes();
	f.hv_support = read_number("kern.hv_support") == 1;
	read_text("kern.bootsessionuuid", f.boot_id, sizeof(f.boot_id));
	*ret_facts = f;
	return NULL;
}

/* macOS writes back by itself and has no call to begin early. */
void os_start_writeback(int fd, int64_t offset, int64_t size)
{
	(void)fd;
	(void)offset;
	(void)size;
}

/* Pages are of 16 KiB on Apple Silicon; larger ones cannot be asked for. */
void os_advise_huge(void *p, size_t size)
{
	(void)p;
	(void)size;
}

/* There is no pipe2: a fork in another thread between the two calls leaks the ends into that child. */
struct err *os_pipe(int ret_fds[2])
{
	int fds[2];
	if (pipe(fds) != 0)
		return err_os(errno, "cannot make a pipe");
	for (int i = 0; i < 2; i++) {
		fcntl(fds[i], F_SETFD, FD_CLOEXEC);
		ret_fds[i] = fds[i];
	}
	return NULL;
}

/* There is no close_range. The default limit is 256; nobody's own limit makes this take more than milliseconds. */
void os_close_inherited(int first, const int *keep, size_t count)
{
	int most = getdtablesize();
	if (most > OPEN_MAX)
		most = OPEN_MAX;
	for (int fd = first; fd < most; fd++) {
		size_t i = 0;
		while (i < count && keep[i] != fd)
			i++;
		if (i == count)
			close(fd);
	}
}

/* fsync leaves data in the drive's own cache; file systems that cannot do more refuse F_FULLFSYNC. See: fsync(2) */
int os_full_sync(int fd)
{
	if (fcntl(fd, F_FULLFSYNC) == 0)
		return 0;
	return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

/* The kernel offers no such signal. Who must not outlive its parent here is stopped by SIGPIPE, or has a guard. */
void os_die_with_parent(void)
{
}

struct err *os_exe_path(char **ret_path)
{
	char path[PATH_MAX], real[PATH_MAX];
	uint32_t size = sizeof(path);
	if (_NSGetExecutablePath(path, &size) != 0)
		return err_os(ENAMETOOLONG, "cannot find this program's own path");
	if (!realpath(path, real))
		return err_os(errno, "cannot find this program's own path '%s'", path);
	*ret_path = mem_strdup(real);
	return NULL;
}

char *os_program(const char *path)
{
	return mem_strdup(path);
}

/* As sys/xattr.h has it, which SDKs for cross-compiling leave out. */
int setxattr(const char *path, const char *name, const void *value, size_t size, uint32_t position, int options);

/* What `tmutil addexclusion` writes: a binary property list of the one text "com.apple.backupd". */
void os_exclude_from_backup(const char *path)
{
	static const char list[] = "bplist00_\x10\x11" "com.apple.backupd"
				   "\x08\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1c";
	(void)setxattr(path, "com.apple.metadata:com_apple_backup_excludeItem", list, sizeof(list) - 1, 0, 0);
}

/* A clone is always a new file: it takes the place of @to, both its name and its descriptor. See: clonefile(2) */
bool os_copy_range(int from, int to, int64_t size)
{
	char name[PATH_MAX], clone[PATH_MAX];
	struct stat st;
	if (fstat(from, &st) != 0 || st.st_size != size || lseek(from, 0, SEEK_CUR) != 0 || lseek(to, 0, SEEK_END) != 0)
		return false;
	if (fcntl(to, F_GETPATH, name) != 0 || snprintf(clone, sizeof(clone), "%s.clone", name) >= (int)sizeof(clone) ||
	    fclonefileat(from, AT_FDCWD, clone, CLONE_NOFOLLOW | CLONE_NOOWNERCOPY) != 0)
		return false;
	AUTO_CLOSE int fd = -1;
	if (chmod(clone, S_IRUSR | S_IWUSR) == 0)
		fd = open(clone, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || rename(clone, name) != 0) {
		unlink(clone);
		return false;
	}
	if (dup2(fd, to) < 0)
		bug("cannot replace descriptor %d: errno %d", to, errno);
	fcntl(to, F_SETFD, FD_CLOEXEC);
	return true;
}

/* Not statvfs: its 32-bit count of blocks is too small for large disks. */
int64_t os_disk_free(const char *path)
{
	struct statfs st;
	return statfs(path, &st) == 0 ? (int64_t)st.f_bavail * (int64_t)st.f_bsize : -1;
}

int os_peer_pid(int fd)
{
	pid_t pid = 0;
	socklen_t size = sizeof(pid);
	return getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &pid, &size) == 0 ? (int)pid : 0;
}

char *os_port_holder(bool udp UNUSED, int port UNUSED)
{
	return NULL; /* `lsof -i` knows */
}

/* One call gives at most 256 bytes. See: getentropy(2) */
void os_random(void *buffer, size_t size)
{
	for (char *p = buffer; size > 0;) {
		size_t n = size < 256 ? size : 256;
		if (getentropy(p, n) != 0)
			bug("no random bytes from the kernel: errno %d", errno);
		p += n;
		size -= n;
	}
}

void os_limit_memory(int64_t bytes)
{
	(void)bytes;
}
