/* Rules of a stack that go across its items, in a document whose conditions are decided. */
#include "base/str.h"
#include "recipe/check.h"

static void check_steps(struct problems *problems, const struct stack_recipe *s, const struct yaml_node *steps)
{
	for (size_t i = 0; i < s->step_count; i++)
		for (size_t j = 0; j < i; j++)
			if (streq(s->steps[i].name, s->steps[j].name))
				problem_add(problems, yaml_get(steps->values[i], "name"),
					    "give each step a name of its own", "two steps are named '%s'",
					    s->steps[i].name);
}

bool check_is_one_port(const struct port *a, const struct port *b)
{
	static const char all[] = "0.0.0.0";
	return a->host_port == b->host_port && (streq(a->host_address, b->host_address) ||
						streq(a->host_address, all) || streq(b->host_address, all));
}

static void check_ports(struct problems *problems, const struct stack_recipe *s, const struct yaml_node *ports)
{
	for (size_t i = 0; i < s->port_count; i++)
		for (size_t j = 0; j < i; j++)
			if (check_is_one_port(&s->ports[i], &s->ports[j]))
				problem_add(problems, ports->values[i], "choose another port of the host",
					    "port %d of the host is used twice", s->ports[i].host_port);
}

bool check_is_guests_own(const char *folder)
{
	static const char *const own[] = {
		"/bin",     "/boot",        "/dev",      "/etc", "/etc/ssh", "/etc/systemd", "/home",    "/lib",
		"/lib64",   "/proc",        "/root",     "/run", "/sbin",    "/sys",         "/tmp",     "/usr",
		"/var",     "/var/home",    "/var/lib",  "/var/lib/containers",  "/var/lib/cooper", "/var/log", "/var/tmp"};
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (streq(folder, own[i]))
			return true;
	return str_starts(folder, "/dev/") || str_starts(folder, "/proc/") || str_starts(folder, "/sys/");
}

static void check_mounts(struct problems *problems, const struct stack_recipe *s, const struct yaml_node *mounts)
{
	for (size_t i = 0; i < s->mount_count; i++) {
		const struct yaml_node *at = yaml_get(mounts->values[i], "guest");
		if (!at) /* where the host has it: known when that is */
			continue;
		if (check_is_guests_own(s->mounts[i].guest))
			problem_add(problems, at, "choose another folder, for example below /home or /mnt",
				    "'%s' is the guest's own, and a folder there would cover it", s->mounts[i].guest);
		for (size_t j = 0; j < i; j++)
			if (streq(s->mounts[i].guest, s->mounts[j].guest))
				problem_add(problems, at, "choose another folder", "'%s' is mounted twice",
					    s->mounts[i].guest);
	}
}

void check_stack(struct problems *problems, const struct stack_recipe *s, const struct yaml_node *root)
{
	const struct yaml_node *provider = yaml_get(yaml_get(root, "emulation"), "provider");
	check_steps(problems, s, yaml_get(root, "steps"));
	check_ports(problems, s, yaml_get(root, "ports"));
	check_mounts(problems, s, yaml_get(root, "mounts"));
	if (s->provider == PROVIDER_STORE && !s->emulator_package.debian_package)
		problem_add(problems, provider ? provider : root, "add 'package: { debian-package: qemu-user-static }'",
			    "the provider 'store' needs a package to take the emulators from");
}
