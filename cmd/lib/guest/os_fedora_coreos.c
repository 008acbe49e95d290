/* Fedora CoreOS, as downloaded: an immutable system (rpm-ostree), with SELinux. */
#include "guest/os.h"
#include "recipe/version.h"

/* First-boot units and updates hold the transaction for minutes: an install in between is refused. */
#define RPM_OSTREE_IDLE                                                                                                \
	"for i in $(seq 60); do rpm-ostree status --json | grep -q '\"transaction\" *: *null' && break; sleep 5; "     \
	"done\n"

static const char *const groups[] = {"sudo", "wheel", "adm", "systemd-journal", NULL};
/* Nobody is counted, and podman alone has the socket. */
static const char *const masked[] = {"zincati.service", "rpm-ostree-countme.timer", "docker.service", "docker.socket",
				     NULL};
static const struct guest_place places[] = {
	{"/home/", "/var/home/"}, {"/root/", "/var/roothome/"},      {"/srv/", "/var/srv/"}, {"/mnt/", "/var/mnt/"},
	{"/opt/", "/var/opt/"},   {"/usr/local/", "/var/usrlocal/"}, {NULL, NULL},
};
/*
 * Made below home, the folder carries home's label; what is made in it later inherits the right one. Sockets come
 * before all plain services: ordered before podman.socket this would be a cycle, and systemd drop the socket.
 */
static const struct guest_unit units[] = {
	{"cooper-containers-label.service",
	 "[Unit]\nDescription=SELinux label of the containers' folder\nConditionSecurity=selinux\n"
	 "RequiresMountsFor=/var/lib/containers\nBefore=podman.service cooper-ready.service\n\n"
	 "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/restorecon /var/lib/containers\n\n"
	 "[Install]\nWantedBy=multi-user.target\n"},
	{NULL, NULL},
};
static const struct console_sign console[] = {
	{"Started ", "OpenSSH server daemon", CONSOLE_SSHD},
	{"Failed to start ", "OpenSSH server daemon", CONSOLE_SSHD_FAILED},
	{NULL, NULL, CONSOLE_SSHD},
};

/* Ignition 2.15, of February 2023, is in all of Fedora CoreOS 38. */
static struct ignition_limits ignition(const char *version)
{
	return (struct ignition_limits){
		.minor = version && version_compare(version, "38") >= 0 ? 4 : 3, .network = true, .kargs = true};
}

static char *probe(const struct strs *packages)
{
	AUTO_FREE char *list = guest_packages_quoted(packages);

	return mem_printf("rpm -q --quiet --%s", list);
}

static char *install(const struct strs *packages)
{
	AUTO_FREE char *list = guest_packages_quoted(packages);

	return mem_printf(RPM_OSTREE_IDLE
			  "exec rpm-ostree install --assumeyes --idempotent --apply-live --allow-inactive --%s",
			  list);
}

/* No live change, which old ones cannot make. */
static char *layer(const struct strs *packages)
{
	AUTO_FREE char *list = guest_packages_quoted(packages);

	return mem_printf(RPM_OSTREE_IDLE
			  "rpm-ostree install --assumeyes --idempotent --allow-inactive --%s || exit\n" RPM_OSTREE_IDLE,
			  list);
}

extern const struct guest_os guest_os_fedora_coreos;
const struct guest_os guest_os_fedora_coreos = {
	.name = "fedora-coreos",
	.title = "Fedora CoreOS",
	.home = "/var/home",
	.groups = groups,
	.sshd_config = "HostKey /etc/ssh/ssh_host_ed25519_key\nMaxStartups 1000\nMaxSessions 1000\n",
	.ignition = ignition,
	.channel = true,
	.units = units,
	.masked = masked,
	.immutable = true,
	.places = places,
	.console = console,
	.anchors = "/etc/pki/ca-trust/source/anchors",
	.anchors_own = "/usr/share/pki/ca-trust-source/*",
	.anchors_program = "update-ca-trust",
	.anchors_update = "update-ca-trust",
	.packages_probe = probe,
	.packages_install = install,
	.packages_layer = layer,
};
