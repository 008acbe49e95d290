/* Debian, from the image that is made here out of its packages (vmimages/debian.yaml). */
#include "base/quote.h"
#include "guest/os.h"

static const char *const groups[] = {"sudo", "adm", "systemd-journal", NULL};
static const struct guest_unit units[] = {{NULL, NULL}};
static const char *const masked[] = {NULL};

/* The image's own programs, in its initramfs, write the lines that begin with "cooper:". */
static const struct console_sign console[] = {
	{"Started ", "Secure Shell server", CONSOLE_SSHD},
	{"Failed to start ", "Secure Shell server", CONSOLE_SSHD_FAILED},
	{"cooper: ignition:", "CRITICAL", CONSOLE_IGNITION_FAILED},
	{"cooper: ignition:", "failed to ", CONSOLE_IGNITION_FAILED},
	{"cooper: emergency: power off", NULL, CONSOLE_GIVEN_UP},
	{"cooper: emergency:", NULL, CONSOLE_EMERGENCY},
	{NULL, NULL, CONSOLE_SSHD},
};

/* Ignition 2.14, with neither curl nor DHCP beside it; the kernel comes from QEMU's command line. */
static struct ignition_limits ignition(const char *version)
{
	(void)version;
	return (struct ignition_limits){.minor = 3};
}

static char *probe(const struct strs *packages)
{
	AUTO_FREE char *list = guest_packages_quoted(packages);

	return mem_printf("for p in%s; do [ \"$(dpkg-query -W -f='${db:Status-Status}' -- \"$p\" 2>/dev/null)\" = "
			  "installed ] || exit 1; done",
			  list);
}

static char *install(const struct strs *packages)
{
	AUTO_FREE char *list = guest_packages_quoted(packages);

	return mem_printf("export DEBIAN_FRONTEND=noninteractive\n"
			  "apt-get -q -o DPkg::Lock::Timeout=120 update &&\n"
			  "exec apt-get -q -y -o DPkg::Lock::Timeout=120 -o APT::Cmd::Pattern-Only=true "
			  "--no-install-recommends install --%s",
			  list);
}

/* See: sources.list(5) */
static char *sources(const char *main, const char *security)
{
	AUTO(str) s = STR_INIT;
	const char *bases[] = {main, security};
	const char *suites[] = {"$VERSION_CODENAME $VERSION_CODENAME-updates", "$VERSION_CODENAME-security"};

	str_add(&s, "own=/etc/apt/sources.list.d/cooper.sources\n"
		    "[ -f $own ] || [ -z \"$(apt-get indextargets)\" ] || exit 0\n"
		    ". /etc/os-release\n{\n");
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		if (!bases[i])
			continue;
		str_add(&s, "printf 'Types: deb\\nURIs: %s\\nSuites: %s\\nComponents: main\\nSigned-By: "
			    "/usr/share/keyrings/debian-archive-keyring.gpg\\n\\n' ");
		quote_word(&s, bases[i]);
		str_addf(&s, " \"%s\"\n", suites[i]);
	}
	str_add(&s, "} >$own.new && mv $own.new $own\n");
	return str_take(&s);
}

extern const struct guest_os guest_os_debian;
const struct guest_os guest_os_debian = {
	.name = "debian",
	.title = "Debian",
	.home = "/home",
	.groups = groups,
	.sshd_config = "MaxStartups 1000\nMaxSessions 1000\n",
	.ignition = ignition,
	.units = units,
	.masked = masked,
	.console = console,
	.anchors = "/usr/local/share/ca-certificates",
	.anchors_own = "/usr/share/ca-certificates/*/*.crt",
	.anchors_program = "update-ca-certificates",
	/* which leaves links to those that are gone */
	.anchors_update = "{ find /etc/ssl/certs/ -xtype l -delete || :; update-ca-certificates; }",
	.packages_probe = probe,
	.packages_install = install,
	.packages_sources = sources,
};
