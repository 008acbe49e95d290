#include "machine/ignition.h"

#include <ctype.h>
#include <string.h>

#include "base/arch.h"
#include "base/path.h"
#include "fmt/binfmt.h"
#include "fmt/json.h"
#include "machine/mounts.h"
#include "machine/vmm.h"

#define READY_DEVICE "dev-virtio\\x2dports-" MACHINE_READY_PORT ".device"
/* On the data disk, beside the homes: what /var/lib/containers really is. */
#define CONTAINERS_DIR ".cooper/containers"

struct config {
	const struct ignition_input *in;
	const char *home; /* where homes are, free of symbolic links */
	struct json *users;
	struct json *directories;
	struct json *files;
	struct json *links;
	struct json *units;
};

/* systemd.unit(5), "string escaping for inclusion in unit names" */
char *unit_name_of_path(const char *path)
{
	AUTO(str) s = STR_INIT;

	while (*path == '/')
		path++;
	if (!*path)
		return mem_strdup("-");
	for (const char *p = path; *p; p++) {
		bool plain = isalnum((unsigned char)*p) || strchr(":_.", *p);
		if (*p == '/') {
			while (p[1] == '/')
				p++;
			if (p[1])
				str_add_char(&s, '-');
		} else if (plain && !(*p == '.' && p == path)) {
			str_add_char(&s, *p);
		} else {
			str_addf(&s, "\\x%02x", (unsigned char)*p);
		}
	}
	return str_take(&s);
}

struct ignition_input ignition_input_of(const struct machine_spec *spec)
{
	return (struct ignition_input){.spec = spec,
				       .os = guest_os_find(spec->os),
				       .uid = MACHINE_USER_ID,
				       .authorized_key = "ssh-ed25519 PUBLIC-KEY cooper",
				       .host_key = "HOST-KEY\n",
				       .host_key_public = "ssh-ed25519 PUBLIC-HOST-KEY cooper",
				       .emulators = spec->emulator_iso != NULL};
}

/* RFC 2397, everything but unreserved characters escaped */
static char *data_url(const char *text)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "data:,");
	str_add_percent(&s, text, "-._~/");
	return str_take(&s);
}

/* Files that an earlier generation or the image has left are replaced. */
static void add_file(struct config *c, const char *path, int mode, const char *text)
{
	AUTO_FREE char *url = data_url(text);
	struct json *file = js_object();
	struct json *contents = js_object();

	js_set_text(contents, "source", url);
	js_set(file, "contents", contents);
	js_set_int(file, "mode", mode);
	js_set_bool(file, "overwrite", true);
	js_set_text(file, "path", path);
	js_add(c->files, file);
}

static void add_link(struct config *c, const char *path, const char *target)
{
	struct json *link = js_object();

	js_set_bool(link, "overwrite", true);
	js_set_text(link, "path", path);
	js_set_text(link, "target", target);
	js_add(c->links, link);
}

static struct json *named(const char *name)
{
	struct json *object = js_object();

	js_set_text(object, "name", name);
	return object;
}

static void add_directory(struct config *c, const char *path, int mode, const char *owner)
{
	struct json *directory = js_object();

	js_set_int(directory, "mode", mode);
	js_set_text(directory, "path", path);
	if (owner) {
		js_set(directory, "user", named(owner));
		js_set(directory, "group", named(owner));
	}
	js_add(c->directories, directory);
}

/* @text NULL: a unit that the image has */
static void add_unit(struct config *c, const char *name, const char *text)
{
	struct json *unit = named(name);

	js_set_bool(unit, "enabled", true);
	if (text)
		js_set_text(unit, "contents", text);
	js_add(c->units, unit);
}

static void mask_unit(struct config *c, const char *name)
{
	struct json *unit = named(name);

	js_set_bool(unit, "mask", true);
	js_add(c->units, unit);
}

static void add_dropin(struct config *c, const char *unit_name, const char *text)
{
	struct json *unit = named(unit_name);
	struct json *dropins = js_array();
	struct json *dropin = named("10-cooper.conf");

	js_set_text(dropin, "contents", text);
	js_add(dropins, dropin);
	js_set(unit, "dropins", dropins);
	js_add(c->units, unit);
}

static struct json *key_list(const char *key)
{
	AUTO_FREE char *line = mem_strndup(key, strcspn(key, "\r\n"));
	struct json *keys = js_array();

	js_add_text(keys, line);
	return keys;
}

static void add_users(struct config *c)
{
	const char *const *names = c->in->os->groups;
	struct json *user = named(c->in->spec->user);
	struct json *root = named("root");
	struct json *groups = js_array();

	for (size_t i = 0; names[i]; i++)
		js_add_text(groups, names[i]);
	js_set(user, "groups", groups);
	js_set_text(user, "shell", "/bin/bash");
	js_set(user, "sshAuthorizedKeys", key_list(c->in->authorized_key));
	if (c->in->uid > 0)
		js_set_int(user, "uid", c->in->uid);
	js_set(root, "sshAuthorizedKeys", key_list(c->in->authorized_key));
	js_add(c->users, user);
	js_add(c->users, root);
}

static void add_host_key(struct config *c)
{
	AUTO_FREE char *public_line =
		mem_printf("%.*s\n", (int)strcspn(c->in->host_key_public, "\r\n"), c->in->host_key_public);

	add_file(c, "/etc/ssh/ssh_host_ed25519_key", 0600, c->in->host_key);
	add_file(c, "/etc/ssh/ssh_host_ed25519_key.pub", 0644, public_line);
	/* only the key that the host knows is offered */
	add_file(c, "/etc/ssh/sshd_config.d/20-cooper-machine.conf", 0644, c->in->os->sshd_config);
}

/* The machine's name is the guest's, and the guest can look it up. */
static void add_name(struct config *c)
{
	const char *name = c->in->spec->name;
	AUTO_FREE char *hostname = mem_printf("%s\n", name);
	AUTO_FREE char *hosts = mem_printf("127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost ip6-localhost "
					   "ip6-loopback\n",
					   name);

	add_file(c, "/etc/hostname", 0644, hostname);
	add_file(c, "/etc/hosts", 0644, hosts);
}

static void add_podman(struct config *c)
{
	const char *user = c->in->spec->user;
	AUTO_FREE char *linger = mem_printf("/var/lib/systemd/linger/%s", user);
	/* beyond any uid that a host user brings along; the last line needs its newline, or tools append to it */
	AUTO_FREE char *ids = mem_printf("%s:100000:1000000\n", user);

	add_file(c, linger, 0644, "");
	add_file(c, "/etc/subuid", 0644, ids);
	add_file(c, "/etc/subgid", 0644, ids);
	add_file(c, "/etc/containers/registries.conf.d/50-cooper.conf", 0644,
		 "unqualified-search-registries = [\"docker.io\"]\n");
	/* podman would name an address of a network of its own, where nothing of the host is */
	add_file(c, "/etc/containers/containers.conf.d/50-cooper.conf", 0644,
		 "[containers]\npids_limit = 0\nhost_containers_internal_ip = \"" MACHINE_HOST_ADDRESS "\"\n");
	/* what a container publishes on the guest's 127.0.0.1 is reached from the host, which is all there is behind
	 * the machine's own interface */
	add_file(c, "/etc/sysctl.d/50-cooper.conf", 0644, "net.ipv4.conf.e*.route_localnet = 1\n");
	add_file(c, "/etc/systemd/system/user@.service.d/10-cooper-delegate.conf", 0644,
		 "[Unit]\nAfter=" MOUNTS_UNIT "\n\n[Service]\nDelegate=memory pids cpu io\n");
	add_link(c, "/etc/systemd/user/sockets.target.wants/podman.socket", "/usr/lib/systemd/user/podman.socket");
	add_unit(c, "podman.socket", NULL);
	/* containers that are to run always do so again after a boot, once the folders are there that they may use */
	add_link(c, "/etc/systemd/user/default.target.wants/podman-restart.service",
		 "/usr/lib/systemd/user/podman-restart.service");
	add_file(c, "/etc/systemd/system/podman-restart.service.d/10-cooper.conf", 0644,
		 "[Unit]\nAfter=" MOUNTS_UNIT "\n");
	add_unit(c, "podman-restart.service", NULL);
}

static struct json *data_filesystem(const struct config *c)
{
	struct json *filesystem = js_object();

	js_set_text(filesystem, "device", "/dev/disk/by-id/virtio-data");
	js_set_text(filesystem, "format", "ext4");
	js_set_text(filesystem, "label", "data");
	/* mounted there while users are made, so that a home is made once and found again by the next OS disk */
	js_set_text(filesystem, "path", c->home);
	js_set_bool(filesystem, "wipeFilesystem", false);
	return filesystem;
}

static void add_mount_unit(struct config *c, const char *where, const char *text)
{
	AUTO_FREE char *escaped = unit_name_of_path(where);
	AUTO_FREE char *name = mem_printf("%s.mount", escaped);

	add_unit(c, name, text);
}

static void add_data_disk(struct config *c)
{
	AUTO_FREE char *containers = path_join(c->home, CONTAINERS_DIR);
	AUTO_FREE char *parent = path_dir(containers);
	AUTO_FREE char *home_unit =
		mem_printf("[Unit]\nDescription=Data disk: homes and containers\nBefore=local-fs.target\n"
			   "Requires=systemd-fsck@dev-disk-by\\x2did-virtio\\x2ddata.service\n"
			   "After=systemd-fsck@dev-disk-by\\x2did-virtio\\x2ddata.service\n\n"
			   "[Mount]\nWhat=/dev/disk/by-id/virtio-data\nWhere=%s\nType=ext4\n"
			   "Options=discard\n\n"
			   "[Install]\nRequiredBy=local-fs.target\n",
			   c->home);
	AUTO_FREE char *containers_unit =
		mem_printf("[Unit]\nDescription=The system's containers, on the data disk\nBefore=local-fs.target\n"
			   "RequiresMountsFor=%s\n\n"
			   "[Mount]\nWhat=%s\nWhere=/var/lib/containers\nType=none\nOptions=bind\n\n"
			   "[Install]\nRequiredBy=local-fs.target\n",
			   c->home, containers);

	AUTO_FREE char *grow = mem_printf(
		"[Unit]\nDescription=Grow the data disk's file system to its disk\nRequiresMountsFor=%s\n\n"
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=-/usr/lib/systemd/systemd-growfs %s\n\n"
		"[Install]\nWantedBy=multi-user.target\n",
		c->home, c->home);

	add_directory(c, parent, 0711, NULL);
	add_directory(c, containers, 0755, NULL);
	add_mount_unit(c, c->home, home_unit);
	add_mount_unit(c, "/var/lib/containers", containers_unit);
	add_unit(c, "cooper-data-grow.service", grow);
	for (const struct guest_unit *u = c->in->os->units; u->name; u++)
		add_unit(c, u->name, u->text);
}

static void add_emulators(struct config *c)
{
	AUTO_FREE char *escaped = unit_name_of_path(BINFMT_STORE_DIR);
	AUTO_FREE char *order = mem_printf("[Unit]\nWants=%s.mount\nAfter=%s.mount\n", escaped, escaped);
	const struct machine_spec *spec = c->in->spec;

	if (!c->in->emulators)
		return;
	add_mount_unit(c, BINFMT_STORE_DIR,
		       "[Unit]\nDescription=Emulators for foreign programs\nBefore=local-fs.target\n\n"
		       "[Mount]\nWhat=/dev/disk/by-id/virtio-emulators\nWhere=" BINFMT_STORE_DIR "\nType=iso9660\n"
		       "Options=ro,nosuid,nodev\n\n"
		       "[Install]\nWantedBy=local-fs.target\n");
	/* handlers open their emulator when they are registered (flag F): the device must be mounted by then */
	add_dropin(c, "systemd-binfmt.service", order);
	for (size_t i = 0; i < spec->run.count; i++) {
		enum arch arch = arch_of(spec->run.items[i]);
		AUTO_FREE char *path = binfmt_conf_path(arch);
		AUTO_FREE char *conf = binfmt_conf(arch);
		if (!arch_runs(spec->guest_arch, arch))
			add_file(c, path, 0644, conf);
	}
}

/* What is mounted is said at each start: mounts.h. */
static void add_mounts(struct config *c)
{
	add_file(c, MOUNTS_PROGRAM, 0644, mounts_program_text);
	add_unit(c, MOUNTS_UNIT, mounts_unit_text);
}

static void add_ready(struct config *c)
{
	add_unit(c, "cooper-ready.service",
		 "[Unit]\nDescription=cooper-ready: tell the host\n"
		 "BindsTo=" READY_DEVICE "\nAfter=" READY_DEVICE "\n"
		 "Requires=local-fs.target " MOUNTS_UNIT "\n"
		 "After=local-fs.target " MOUNTS_UNIT " systemd-binfmt.service systemd-user-sessions.service\n"
		 "After=podman.socket ssh.service sshd.service\n\n"
		 "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
		 "ExecStart=/bin/sh -c 'echo ready > /dev/virtio-ports/" MACHINE_READY_PORT "'\n\n"
		 "[Install]\nWantedBy=multi-user.target\n");
}

/* Ignition joins the two at the first boot. */
static void add_merge(struct json *ignition, const char *text)
{
	AUTO_FREE char *url = data_url(text);
	struct json *config = js_object();
	struct json *list = js_array();
	struct json *source = js_object();

	js_set_text(source, "source", url);
	js_add(list, source);
	js_set(config, "merge", list);
	js_set(ignition, "config", config);
}

/* Takes what the config has gathered. */
static struct json *assemble(struct config *c)
{
	struct json *root = js_object();
	struct json *ignition = js_object();
	struct json *passwd = js_object();
	struct json *storage = js_object();
	struct json *systemd = js_object();
	struct json *filesystems = js_array();

	js_add(filesystems, data_filesystem(c));
	js_set_text(ignition, "version", "3.3.0");
	if (c->in->spec->ignition)
		add_merge(ignition, c->in->spec->ignition);
	js_set(passwd, "users", c->users);
	js_set(storage, "directories", c->directories);
	js_set(storage, "files", c->files);
	js_set(storage, "filesystems", filesystems);
	js_set(storage, "links", c->links);
	js_set(systemd, "units", c->units);
	js_set(root, "ignition", ignition);
	js_set(root, "passwd", passwd);
	js_set(root, "storage", storage);
	js_set(root, "systemd", systemd);
	return root;
}

char *machine_ignition(const struct ignition_input *input)
{
	struct config c = {
		.in = input,
		.home = input->os->home,
		.users = js_array(),
		.directories = js_array(),
		.files = js_array(),
		.links = js_array(),
		.units = js_array(),
	};

	add_users(&c);
	add_host_key(&c);
	add_name(&c);
	add_podman(&c);
	add_data_disk(&c);
	add_emulators(&c);
	add_mounts(&c);
	add_ready(&c);
	for (const char *const *unit = input->os->masked; *unit; unit++)
		mask_unit(&c, *unit);
	AUTO_JSON *root = assemble(&c);
	return js_canonical(root);
}
