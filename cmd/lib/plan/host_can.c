#include "plan/host_can.h"

#include "base/path.h"

static bool lacks_apt(const struct host_facts *h)
{
	return h->os == OS_MACOS || streq(h->apt, "no");
}

/* "this host (macos)", "this host (fedora)" */
static char *host_name(const struct host_facts *h)
{
	return mem_printf("this host (%s)", h->os == OS_LINUX && *h->distro ? h->distro : os_name(h->os));
}

/* mmdebstrap needs Linux, root's file systems, and apt. */
static struct err *can_make_image(const struct host_needs *n)
{
	if (!n->makes_image || !n->image->image.debian_suite || !lacks_apt(n->facts))
		return NULL;
	AUTO_FREE char *host = host_name(n->facts);
	return err_hint(
		err_new(ERR_USAGE, "the image '%s' is made of Debian packages by mmdebstrap, and %s has no apt",
			n->image->name, host),
		"use an image that is downloaded (`image: fedora-coreos`, or the stack podman), or a Debian host");
}

static bool is_of_archive(const struct source *s)
{
	return s->debian_source || s->debian_package || (s->url && str_starts(s->url, "debian:"));
}

/* The first source of what is still to be fetched that only a mirror of Debian's has; NULL when there is none. */
static const struct source *archive_source(const struct host_needs *n)
{
	for (size_t i = 0; n->builds && i < n->emulator->source_count; i++)
		if (is_of_archive(&n->emulator->sources[i]))
			return &n->emulator->sources[i];
	return n->emulators && is_of_archive(n->emulators) ? n->emulators : NULL;
}

static struct err *can_resolve(const struct host_needs *n)
{
	static const char hint[] =
		"resolve it on a host with apt and commit cooper.lock, or use recipes whose sources are "
		"URLs, as the stack podman does";
	AUTO_FREE char *host = host_name(n->facts);
	if (!lacks_apt(n->facts))
		return NULL;
	for (size_t i = 0; n->unresolved && i < n->unresolved->count; i++)
		if (str_starts(n->unresolved->items[i], "debian-"))
			return err_hint(err_new(ERR_USAGE,
						"'%s' has to be looked up in Debian's archive, and %s has no apt",
						n->unresolved->items[i], host),
					"%s", hint);
	const struct source *s = n->has_mirror ? NULL : archive_source(n);
	if (!s)
		return NULL;
	const char *what = s->url ? s->url : s->debian_source ? s->debian_source : s->debian_package;
	return err_hint(
		err_new(ERR_USAGE,
			"'%s' comes from a mirror of Debian's, which apt's configuration names, and %s has "
			"none",
			what, host),
		"set COOPER_MIRROR to a place that has the files by their digests, or use recipes whose sources are "
		"URLs, as the stack podman does");
}

/* Packages of the host are known by the names that Debian and Homebrew give them, and by no others. */
static struct err *can_build(const struct host_needs *n)
{
	const struct build_recipe *b = &n->emulator->build;
	if (!n->builds || n->facts->os != OS_LINUX || b->host_apt.count == 0 || !lacks_apt(n->facts))
		return NULL;
	AUTO_FREE char *host = host_name(n->facts);
	AUTO_FREE char *list = strs_join(&b->host_apt, " ");
	return err_hint(
		err_new(ERR_USAGE,
			"the build of '%s' needs packages that its recipe names as Debian does, and %s is no Debian: %s",
			n->emulator->name, host, list),
		"build on Debian or Ubuntu, in a container as well; or install what these are called here, and "
		"run `cooper build`, which does not ask for them");
}

static struct err *can_start(const struct host_needs *n)
{
	if (!n->no_firmware)
		return NULL;
	return err_hint(err_new(ERR_USAGE,
				"the image '%s' starts by UEFI, and the emulator '%s' comes without firmware for "
				"%s guests",
				n->image->name, n->emulator->name, arch_name(n->guest_arch)),
			"use another emulator, or add `share/qemu/%s` to what its recipe installs",
			path_base(n->no_firmware));
}

struct err *host_can(const struct host_needs *needs)
{
	TRY(can_make_image(needs));
	TRY(can_resolve(needs));
	TRY(can_build(needs));
	return can_start(needs);
}
