#include "sys/os_linux_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "sys/os.h"
#include "sys/os_linux_calls.h"
#include "sys/os_linux_root.h"

#define WRITES                                                                                                         \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |              \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                    \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                 \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define READS (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Newer than Debian 12's header. Hard links across folders are denied unless asked for. */
#define REFER         (UINT64_C(1) << 13) /* from ABI 2 on */
#define TRUNCATE      (UINT64_C(1) << 14) /* 3 */
#define DEVICE_IOCTL  (UINT64_C(1) << 15) /* 5 */
#define TCP           UINT64_C(3)         /* 4: bind and connect */
#define SCOPES        UINT64_C(3)         /* 6: abstract sockets and signals of others */
#define OF_FILES      (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | TRUNCATE | DEVICE_IOCTL)

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* @fs: READS too, or not; -1 where the kernel has no Landlock. */
static int ruleset_new(uint64_t fs, bool net, struct ruleset_attr *ret_attr)
{
	int abi = landlock_abi();
	struct ruleset_attr a = {.fs = fs, .net = net && abi >= 4 ? TCP : 0, .scoped = abi >= 6 ? SCOPES : 0};
	a.fs |= (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0) | (abi >= 5 ? DEVICE_IOCTL : 0);
	*ret_attr = a;
	if (abi < 1)
		return -1;
	size_t size = abi >= 6 ? sizeof(a) : abi >= 4 ? 2 * sizeof(a.fs) : sizeof(a.fs);
	return (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
}

/* What the ruleset does not handle is not asked for. */
static int ruleset_allow(int ruleset, const struct ruleset_attr *a, const char *path, uint64_t access)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr below = {.allowed_access = access & a->fs, .parent_fd = fd};
	if (fd < 0)
		return errno;
	return !below.allowed_access || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0
		       ? 0
		       : errno;
}

int landlock_enter(int ruleset)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0
														     : errno;
}

bool os_confine_writes(const char *dir)
{
	struct ruleset_attr a;
	struct sock_filter code[CALLS_MAX];
	AUTO_CLOSE int ruleset = ruleset_new(WRITES, /* net= */ true, &a);
	bool landlock =
		ruleset >= 0 && ruleset_allow(ruleset, &a, dir, a.fs) == 0 && landlock_enter(ruleset) == 0;
	return calls_confine(code, calls_program(CALLS_READER, code)) == 0 && landlock;
}

struct err *landlock_plan(const struct box *box, bool view, int *ret_ruleset)
{
	struct ruleset_attr a;
	int ruleset = ruleset_new(WRITES | (view ? 0 : READS), !view, &a);
	*ret_ruleset = ruleset;
	if (ruleset < 0)
		return NULL;
	for (size_t i = 0; system_folders[i]; i++)
		(void)ruleset_allow(ruleset, &a, system_folders[i], READS); /* most hosts lack some */
	for (size_t i = 0; system_devices[i]; i++)
		(void)ruleset_allow(ruleset, &a, system_devices[i], OF_FILES & ~LANDLOCK_ACCESS_FS_EXECUTE);
	(void)ruleset_allow(ruleset, &a, "/proc", READS);
	const char *path = NULL;
	int errnum = 0;
	for (size_t i = 0; !errnum && box->read && box->read[i]; i++)
		errnum = ruleset_allow(ruleset, &a, path = box->read[i], READS);
	for (size_t i = 0; !errnum && box->write[i]; i++)
		errnum = ruleset_allow(ruleset, &a, path = box->write[i], a.fs);
	return errnum ? err_os(errnum, "cannot open '%s'", path) : NULL;
}
