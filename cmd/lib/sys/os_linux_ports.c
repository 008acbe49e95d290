/* Who listens on a port of this host: see os_port_holder(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/file.h"
#include "sys/os.h"

enum { LISTENS = 0x0a, UNCONNECTED = 0x07, LINE_MAX_BYTES = 512, INODES_MAX = 16 };

struct inodes {
	unsigned long items[INODES_MAX];
	size_t count;
};

/* See: proc(5), /proc/net/tcp */
static void find_inodes(const char *table, int state, int port, struct inodes *found)
{
	char line[LINE_MAX_BYTES];
	FILE *f = fopen(table, "re");

	while (f && fgets(line, sizeof(line), f) && found->count < INODES_MAX) {
		unsigned local = 0, is = 0;
		unsigned long inode = 0;
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*d %*d %lu", &local, &is,
			   &inode) == 3 &&
		    (int)local == port && (int)is == state)
			found->items[found->count++] = inode;
	}
	if (f)
		(void)fclose(f);
}

static bool is_one_of(const char *link, const struct inodes *inodes)
{
	unsigned long inode = 0;

	if (sscanf(link, "socket:[%lu]", &inode) != 1)
		return false;
	for (size_t i = 0; i < inodes->count; i++)
		if (inodes->items[i] == inode)
			return true;
	return false;
}

static bool holds(const char *pid, const struct inodes *inodes)
{
	AUTO_FREE char *dir = mem_printf("/proc/%s/fd", pid);
	AUTO(strs) fds = STRS_INIT;
	bool found = false;

	err_free(dir_list(dir, &fds)); /* another user's, or it ended */
	for (size_t i = 0; !found && i < fds.count; i++) {
		AUTO_FREE char *path = mem_printf("%s/%s", dir, fds.items[i]);
		char link[64];
		ssize_t n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		found = is_one_of(link, inodes);
	}
	return found;
}

static char *describe(const char *pid)
{
	AUTO_FREE char *path = mem_printf("/proc/%s/comm", pid);
	char name[64] = "";
	FILE *f = fopen(path, "re");

	if (f && !fgets(name, sizeof(name), f))
		name[0] = '\0';
	if (f)
		(void)fclose(f);
	name[strcspn(name, "\n")] = '\0';
	AUTO_FREE char *shown = str_escape(name);
	return mem_printf("%s (process %s)", *shown ? shown : "a program", pid);
}

char *os_port_holder(bool udp, int port)
{
	struct inodes inodes = {.count = 0};
	int state = udp ? UNCONNECTED : LISTENS;
	char *found = NULL;

	find_inodes(udp ? "/proc/net/udp" : "/proc/net/tcp", state, port, &inodes);
	find_inodes(udp ? "/proc/net/udp6" : "/proc/net/tcp6", state, port, &inodes);
	AUTO(strs) pids = STRS_INIT;
	if (inodes.count)
		err_free(dir_list("/proc", &pids));
	for (size_t i = 0; !found && i < pids.count; i++)
		if (pids.items[i][0] >= '1' && pids.items[i][0] <= '9' && holds(pids.items[i], &inodes))
			found = describe(pids.items[i]);
	return found;
}
