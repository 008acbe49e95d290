#include "guest/podman_events.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/child.h"
#include "sys/os.h"

enum { READ_MS = 20 };

/* The line at first: what happened before is to be asked for. Root reads every user's journal. */
static const char follow[] = "echo; exec journalctl --follow --quiet --lines=0 --output=cat PODMAN_EVENT=start "
			     "PODMAN_EVENT=restore PODMAN_EVENT=died PODMAN_EVENT=stop PODMAN_EVENT=cleanup "
			     "PODMAN_EVENT=checkpoint PODMAN_EVENT=remove";

void podman_events_argv(const struct ssh *ssh, struct strs *argv)
{
	ssh_own_argv(ssh, "root", (const char *const[]){"sh", "-c", follow, NULL}, argv);
}

static void hang_up(struct podman_events *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

static void start(struct podman_events *e, int64_t now_ms)
{
	AUTO(strs) argv = STRS_INIT;
	struct child_spec spec = {.die_with_parent = true};
	int ends[2];

	kept_begin(&e->child, now_ms);
	hang_up(e);
	struct err *failure = os_pipe(ends);
	if (failure) {
		err_free(failure);
		return;
	}
	strs_add_all(&argv, (const char *[]){"sh", "-c", "exec \"$@\" >&3 3>&-", "sh", NULL});
	strs_add_all(&argv, e->argv);
	spec.argv = (const char *const *)argv.items;
	spec.pass_fd = ends[1];
	err_free(child_start(&spec, &e->child.pid)); /* it is tried again */
	close(ends[1]);
	fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK);
	e->fd = ends[0];
	e->next_ms = now_ms;
}

bool podman_events_happened(struct podman_events *e, int64_t now_ms)
{
	char buffer[64 * 1024];

	if (kept_ended(&e->child, now_ms))
		hang_up(e);
	if (kept_due(&e->child, now_ms))
		start(e, now_ms);
	if (e->fd < 0 || now_ms < e->next_ms)
		return false;
	ssize_t n = read(e->fd, buffer, sizeof(buffer));
	if (n == 0)
		hang_up(e);
	if (n > 0)
		e->next_ms = now_ms + READ_MS;
	return n > 0;
}

int podman_events_fd(const struct podman_events *e, int64_t now_ms, int64_t *ret_ms)
{
	int64_t when = e->child.pid > 0 ? e->next_ms : e->child.again_ms;

	if (e->fd >= 0 && now_ms >= e->next_ms)
		return e->fd;
	if (when < *ret_ms)
		*ret_ms = when;
	return -1;
}

void podman_events_done(struct podman_events *e)
{
	hang_up(e);
	kept_stop(&e->child);
}
