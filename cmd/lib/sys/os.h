/*
 * os.h - what differs between macOS and Linux; os_linux*.c and os_darwin*.c implement it, nothing else is conditional
 */
#ifndef COOPER_SYS_OS_H
#define COOPER_SYS_OS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arch.h"
#include "base/err.h"
#include "base/os_name.h"

/* Facts about a host: measured here, or read from a file for another machine (cooper tool argv --host). Some stand in
 * keys: none of those is ever cut. */
struct host_facts {
	enum os os;
	char os_version[72]; /* "14.5", kernel release on Linux */
	enum arch arch;
	char chip[64]; /* "Apple M1", or "" */
	int cpus;
	int perf_cpus; /* performance cores (macOS: hw.perflevel0.physicalcpu); 0 = unknown, or all alike */
	int64_t memory_bytes;
	char sdk_version[16]; /* of the macOS SDK that builds use; "" = unknown (build/developer_tools.h reads it) */
	char compiler[256];   /* that builds use: "gcc 12.2.0 x86_64-linux-gnu"; "" = unknown (build/toolchain.h asks) */
	char shell[256];      /* what sh is, any name of a file: "dash"; "" = unknown */
	char python[256];     /* what python3 is: "python3.11"; "" = unknown */
	bool hv_support;    /* macOS: sysctl kern.hv_support is 1 */
	bool kvm_present;   /* Linux: /dev/kvm opens read-write; no proof that it works */
	char distro[32];    /* Linux: "debian", "fedora", "" */
	char apt[4];        /* Linux: "yes", "no": whether there are apt-get and dpkg-query; "" = unknown */
	char codename[32];  /* Linux: of the distribution's release, "bookworm", "" */
	char boot_id[64];   /* changes with each boot of the host */
};

/** os_host_facts() - measure this host; never runs a child. OS: /etc/os-release is there and could not be read (the
 *  release stands in keys) */
MUST_CHECK struct err *os_host_facts(struct host_facts *ret_facts);
/** os_cpu_count() - processors that this process may use, at least 1; os_memory_bytes() - what the host has */
int os_cpu_count(void);
int64_t os_memory_bytes(void);
/** os_pipe() - pipe with both ends cloexec */
MUST_CHECK struct err *os_pipe(int ret_fds[2]);
/**
 * os_close_inherited() - in a fresh child: close every descriptor from @first on but the @count of @keep, in any order
 *
 * Where a descriptor cannot be made cloexec at once (macOS), a fork in another thread carries it along; held there, the
 * end of a pipe keeps its reader waiting for as long as that child runs. Async-signal-safe.
 */
void os_close_inherited(int first, const int *keep, size_t count);
/** os_full_sync() - flush to the platter; 0 or errno */
int os_full_sync(int fd);
/** os_start_writeback() - let these bytes of the file begin their way to the disk, without waiting for them; a no-op
 *  where the system has no such call */
void os_start_writeback(int fd, int64_t offset, int64_t size);
/** os_die_with_parent() - in a fresh child: be killed when the parent dies (a no-op where impossible) */
void os_die_with_parent(void);
/**
 * os_guard() - in a fresh child: become a guard of what it starts, and return in a child of it
 *
 * The guard ends with its child's status. Before that, and when our own process dies or SIGUSR1 comes, it kills
 * everything below it, wherever that has put itself (process groups, daemons), so that nothing goes on writing. Where
 * there can be no guard, the child itself goes on alone.
 */
void os_guard(void);
/** os_exe_path() - absolute path of this program, heap: where it was found, whether or not its file is still there */
MUST_CHECK struct err *os_exe_path(char **ret_path);
/** os_program() - what to exec for the program at @path, heap: @path, and for this program's own (os_exe_path()) this
 *  program, on Linux also when its file was replaced or removed meanwhile */
char *os_program(const char *path);
/** os_copy_range() - clone or in-kernel copy of the rest of @from to @to; false = do it by hand */
bool os_copy_range(int from, int to, int64_t size);
/** os_disk_free() - bytes free to us on the file system of @path, -1 when unknown */
int64_t os_disk_free(const char *path);
/** os_exclude_from_backup() - Time Machine leaves @path out, wherever it is moved; best effort, a no-op on Linux */
void os_exclude_from_backup(const char *path);
/** os_peer_pid() - the process at the other end of a local socket, where it listened for us; 0 when unknown */
int os_peer_pid(int fd);
/** os_port_holder() - who listens on that port of this host, as "NAME (process PID)", escaped, heap; NULL when that is
 *  not known: nobody, another user's process, or a system that does not tell */
char *os_port_holder(bool udp, int port);
/** os_random() - @size bytes from the kernel */
void os_random(void *buffer, size_t size);
/** os_advise_huge() - large pages would serve @size bytes at @p well; a hint */
void os_advise_huge(void *p, size_t size);
/** os_limit_memory() - in a child: no more than @bytes of address space; a no-op on macOS, whose shared caches alone
 *  would exceed any sensible limit */
void os_limit_memory(int64_t bytes);
/**
 * os_confine_writes() - in a child: from now on may only write below @dir, and neither use the network nor start or
 * touch other programs, where the system can; false when it can only do a part of that
 */
bool os_confine_writes(const char *dir);

/* What a monitor of virtual machines keeps of root's powers, where it runs as root. */
struct monitor_powers {
	bool files;     /* files of others, in the folders that it shares */
	unsigned owner; /* id of user and group that it may give them to, besides root; 0 = none */
	bool ports;     /* ports below 1024 */
};

/**
 * os_confine_monitor() - in a fresh child, before it becomes a monitor, whose guest is not trusted
 * @keep: of root's powers; all others go, and do not come back
 *
 * From now on no program that it starts gains privileges, and what it does to shared folders makes no program of the
 * host that runs as somebody else: setting S_ISUID fails, S_ISGID is left out (a folder still has its parent's), devices
 * cannot be made nor files given to others than @keep says. Async-signal-safe. False when the system can only do a part of that.
 */
bool os_confine_monitor(const struct monitor_powers *keep);

/** os_monitor_gap() - a sentence for people where os_confine_monitor() can do less than elsewhere on this system, or NULL */
const char *os_monitor_gap(void);

#endif
