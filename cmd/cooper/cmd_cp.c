/* Files and folders between this host and a machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/ssh_files.h"
#include "net/scp.h"
#include "session_machine.h"

/* NAME:PATH, or, with nothing before the colon, this folder's machine; a file of this host whose name has a colon has
 * a slash before it. */
struct place {
	char *name; /* of the machine; NULL = on this host */
	const char *path;
};

static struct place place_of(const char *operand)
{
	size_t n = strcspn(operand, ":/");

	if (operand[n] != ':')
		return (struct place){.path = operand};
	return (struct place){.name = mem_strndup(operand, n), .path = operand + n + 1};
}

static void place_done(struct place *p)
{
	free(p->name);
}

/* All sources are on one side, the target is on the other; @ret_name is the machine's. */
static struct err *find_sides(const struct call *call, char **ret_name)
{
	size_t last = call->args.count - 1;
	AUTO(place) target = place_of(call_arg(call, last));
	AUTO_FREE char *name = mem_strdup(target.name);

	for (size_t i = 0; i < last; i++) {
		AUTO(place) source = place_of(call_arg(call, i));
		if ((source.name != NULL) == (target.name != NULL) ||
		    (i > 0 && !target.name && !streq(source.name, name)))
			return err_hint(
				err_new(ERR_USAGE,
					"'%s' and '%s': one side has to be on this host, the other in one machine",
					call_arg(call, i), call_arg(call, last)),
				"a file of a machine is NAME:PATH, as in `cooper cp dev:/etc/hosts .`; one of this host "
				"with a colon in its name begins with ./");
		if (!name)
			name = mem_strdup(source.name);
	}
	*ret_name = TAKE(name);
	return NULL;
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(strs) argv = STRS_INIT;
	AUTO_FREE char *name = NULL;
	struct machine_status status;
	TRY(find_sides(call, &name));
	TRY(session_open_machine(call, *name ? name : NULL, &p));
	TRY(session_reach(&p, &status));
	machine_ssh_open(p.machine_dir, p.machine_name, &ssh);
	scp_argv(&ssh.ssh, call_has(call, "quiet"), &argv);
	for (size_t i = 0; i < call->args.count; i++) {
		AUTO(place) place = place_of(call_arg(call, i));
		bool is_source = i + 1 < call->args.count;
		strs_take(&argv, place.name ? scp_remote(&ssh.ssh, place.path, is_source) : scp_local(place.path));
	}
	execvp(argv.items[0], argv.items);
	return err_os(errno, "cannot run '%s'", argv.items[0]);
}

const struct subcommand cmd_cp = {
	.name = "cp",
	.operands = "SRC... DST",
	.summary = "copy files and folders between this host and the machine",
	.help = "A file of the machine is NAME:PATH, from the user's home unless PATH begins with /; with nothing before the\n"
		"colon it is the machine of the folder that you are in. Names are taken as they are: no patterns of the guest's.\n"
		"The exit status is scp's. What symbolic links lead to is copied.\n" NAME_HELP,
	.options = stack_options,
	.run = run,
};
