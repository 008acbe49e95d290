#include "recipe/schema.h"

#include "base/os_name.h"
#include "base/units.h"
#include "recipe/guest_oses.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define COUNTED(type, items, number)                                                                                   \
	.offset = offsetof(struct type, items), .count_offset = offsetof(struct type, number)
const char *const boot_words[] = {"kernel", "uefi", NULL};
const char *const accel_words[] = {"auto", "hvf", "kvm", "tcg", NULL};
const char *const provider_words[] = {"auto", "guest", "store", "package", NULL};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define TABLE(rows) .fields = (rows), .field_count = ARRAY_LEN(rows)
#define GIB(n) (INT64_C(1) << 30) * (n)

/* --- when --- */

static const struct schema_field when_fields[] = {
	{"os", FIELD_TEXTS, FIELD_ONE, TEXT_ANY, NOT_STORED, .values = os_names,
	 .doc = "Operating system of the host."},
	{"arch", FIELD_TEXTS, FIELD_ONE, TEXT_ARCH, NOT_STORED, .doc = "Architecture of the host."},
	{"guest_arch", FIELD_TEXTS, FIELD_ONE, TEXT_ARCH, NOT_STORED, .doc = "Architecture of the guest."},
	{"version", FIELD_TEXTS, FIELD_ONE, TEXT_CONSTRAINT, NOT_STORED, .doc = "The recipe's own version, compared."},
};

static const struct schema when_schema = {
	.name = "a condition",
	.doc = "All given keys must match; a list matches when one of its items does.",
	TABLE(when_fields),
	.check = rule_when,
};

/* --- sources and patches --- */

static const struct schema_field signature_fields[] = {
	{"url", FIELD_TEXT, FIELD_REQUIRED, TEXT_HTTPS_URL, AT(source, signature_url),
	 .doc = "Detached OpenPGP signature of the file."},
	{"key", FIELD_TEXTS, FIELD_REQUIRED | FIELD_ONE, TEXT_FINGERPRINT, AT(source, signature_keys),
	 .doc = "Fingerprint of the key that must have made it, itself or by a subkey; or of several, of which one must: "
		"for a channel whose project changes keys. They are read from `recipes/keys/FINGERPRINT.asc` beside "
		"the recipe, or from `keys/FINGERPRINT.asc` in COOPER_HOME."},
	{"key-url", FIELD_TEXT, 0, TEXT_HTTPS_URL, AT(source, signature_key_url), .with = WORDS("key-sha256"),
	 .doc = "File with the keys, fetched when neither has any."},
	{"key-sha256", FIELD_TEXT, 0, TEXT_SHA256, AT(source, signature_key_sha256), .with = WORDS("key-url"),
	 .doc = "Digest of the key file as downloaded."},
};

static const struct schema signature_schema = {
	.name = "a signature", .doc = "Key that must have signed the file.", TABLE(signature_fields)};

static const struct schema_field limits_fields[] = {
	{"entries", FIELD_INT64, 0, TEXT_ANY, AT(source, limits.entries), .min = 1, .max = ARCHIVE_ENTRIES_MAX,
	 .fallback_doc = "1000000", .doc = "Number of files, folders and links."},
	{"bytes", FIELD_SIZE, 0, TEXT_SIZE, AT(source, limits.bytes), .min = 1, .max = ARCHIVE_BYTES_MAX,
	 .fallback_doc = "8GiB", .doc = "Total size of all files."},
	{"file", FIELD_SIZE, 0, TEXT_SIZE, AT(source, limits.file_bytes), .min = 1, .max = ARCHIVE_BYTES_MAX,
	 .fallback_doc = "4GiB", .doc = "Size of one file."},
	{"ratio", FIELD_INT64, 0, TEXT_ANY, AT(source, limits.ratio), .min = 1, .max = ARCHIVE_RATIO_MAX,
	 .fallback_doc = "200", .doc = "Unpacked size as a multiple of the archive's, checked beyond 64 MiB."},
};

static const struct schema limits_schema = {
	.name = "limits", .doc = "Limits on unpacking: a malicious archive could fill the disk.", TABLE(limits_fields)};

static const struct schema_field source_fields[] = {
	{"url", FIELD_TEXT, 0, TEXT_URL, AT(source, url),
	 .doc = "URL: `https:`, `http:`, `file:`, `git:URL#COMMIT`, or "
		"`debian:pool/...`, a path below the mirror that the host's apt uses. An archive is known by its bytes and "
		"unpacked; any other file is put into the tree, by the name that the URL ends in."},
	{"mirrors", FIELD_TEXTS, FIELD_NOTE, TEXT_HTTPS_URL, AT(source, mirrors), .with = WORDS("url"),
	 .doc = "Other URLs of the same file, tried in order when `url` fails; not part of any key."},
	{"tag", FIELD_TEXT, 0, TEXT_TAG, AT(source, tag), .with = WORDS("url"),
	 .doc = "Tag of a `git:` source: with a commit in the URL the tag must lead to it, without one the lock pins where "
		"the tag leads."},
	{"debian-source", FIELD_TEXT, 0, TEXT_PACKAGE, AT(source, debian_source),
	 .doc = "A Debian source package; version and digests are pinned in the lock. Its tree is that of `dpkg-source "
		"--skip-patches -x`: name its patches with `series: debian/patches/series`."},
	{"debian-package", FIELD_TEXT, 0, TEXT_PACKAGE, AT(source, debian_package),
	 .doc = "A Debian binary package; version and digest are pinned in the lock."},
	{"suite", FIELD_TEXT, 0, TEXT_SUITE, AT(source, suite), .with = WORDS("debian-source", "debian-package"),
	 .fallback_doc = "the host's own", .doc = "Debian suite to search."},
	{"arch", FIELD_TEXT, 0, TEXT_PACKAGE_ARCH, AT(source, arch), .with = WORDS("debian-package"),
	 .fallback_doc = "the host's", .doc = "Architecture of the package; `all` where it has none."},
	{"sha256", FIELD_TEXT, 0, TEXT_SHA256, AT(source, sha256), .with = WORDS("url"),
	 .doc = "Digest of the file as downloaded. Every `url` has this or `sha512`, or both."},
	{"sha512", FIELD_TEXT, 0, TEXT_SHA512, AT(source, sha512), .with = WORDS("url"),
	 .doc = "Digest of the file as downloaded."},
	{"uncompressed-sha256", FIELD_TEXT, 0, TEXT_SHA256, AT(source, uncompressed_sha256), .with = WORDS("url"),
	 .doc = "Digest after decompression; only for an image."},
	{"size", FIELD_INT64, 0, TEXT_ANY, AT(source, size), .min = 0, .max = INT64_C(1) << 50, .fallback = -1,
	 .fallback_doc = "not checked", .with = WORDS("url"), .doc = "Exact size in bytes, as downloaded."},
	{"signature", FIELD_MAP, 0, TEXT_ANY, 0, .of = &signature_schema, .with = WORDS("url"),
	 .doc = "Signature that must be valid in addition to the digest."},
	{"exclude", FIELD_TEXTS, 0, TEXT_GLOB, AT(source, exclude),
	 .doc = "Paths to skip: `roms/` and all below, `*.bin` anywhere, `a/**/b`."},
	{"strip", FIELD_INT, 0, TEXT_ANY, AT(source, strip), .max = 16, .fallback = -1,
	 .fallback_doc = "an archive's one top folder", .with = WORDS("url", "debian-package"),
	 .doc = "Number of leading path components to strip when unpacking. Without it an archive's top folder is dropped, "
		"and one without such a folder is refused; nothing is dropped of a package or a `git:` source."},
	{"into", FIELD_TEXT, 0, TEXT_PATH, AT(source, into), .fallback_doc = "its top",
	 .doc = "Folder of the source tree to unpack it into."},
	{"limits", FIELD_MAP, FIELD_NOTE, TEXT_ANY, 0, .of = &limits_schema,
	 .doc = "Overrides the default unpacking limits for a genuine archive that needs more; not part of any "
		"key."},
};

static const struct schema source_schema = {
	.name = "a source",
	.doc = "One file to fetch; it is verified before anything reads it.",
	TABLE(source_fields),
	.size = sizeof(struct source),
	.mark_offset = offsetof(struct source, mark),
	.one_of = WORDS("url", "debian-source", "debian-package"),
	.conditional = true,
	.check = rule_source,
};

/* What an emulator can do that not every one can. */
#define CAPABILITIES WORDS("hvf-unmap", "host-loopback", "sandbox", "share-hidden")

static const struct schema_field patch_fields[] = {
	{"file", FIELD_TEXT, 0, TEXT_PATH, AT(patch_ref, file), .doc = "A patch below `patches/`."},
	{"url", FIELD_TEXT, 0, TEXT_URL, AT(patch_ref, url), .doc = "A patch that is fetched; with `sha256`."},
	{"series", FIELD_TEXT, 0, TEXT_PATH, AT(patch_ref, series),
	 .doc = "A quilt series inside the unpacked sources, such as `debian/patches/series`."},
	{"sha256", FIELD_TEXT, 0, TEXT_SHA256, AT(patch_ref, sha256), .with = WORDS("url"),
	 .doc = "Digest of the patch as downloaded."},
	{"size", FIELD_INT64, 0, TEXT_ANY, AT(patch_ref, size), .min = 0, .max = INT64_C(1) << 30, .fallback = -1,
	 .fallback_doc = "not checked", .with = WORDS("url"), .doc = "Exact size in bytes."},
	{"strip", FIELD_INT, 0, TEXT_ANY, AT(patch_ref, strip), .max = 16, .fallback = 1, .fallback_doc = "1",
	 .doc = "Number of leading path components to strip (`patch -p`)."},
	{"why", FIELD_TEXT, FIELD_NOTE, TEXT_LINE, NOT_STORED, .doc = "Purpose of the patch."},
	{"upstream", FIELD_TEXT, FIELD_NOTE, TEXT_LINE, NOT_STORED,
	 .doc = "`none`, a URL, a commit, or the release that has it."},
	{"exclude", FIELD_TEXTS, 0, TEXT_GLOB, AT(patch_ref, exclude),
	 .doc = "Files whose part of the patch is skipped (and counted)."},
	{"provides", FIELD_TEXTS, FIELD_ONE | FIELD_LATER, TEXT_ANY, AT(patch_ref, provides), .values = CAPABILITIES,
	 .doc = "What the result has through this patch: the machine asks for it. `hvf-unmap`: under hvf only memory "
		"that was mapped is unmapped; `host-loopback`: the user network can close the host's loopback; "
		"`share-hidden`: a shared folder can leave names out."},
};

static const struct schema patch_schema = {
	.name = "a patch",
	.doc = "Applied in order, without fuzz; all of them apply or the step fails.",
	TABLE(patch_fields),
	.size = sizeof(struct patch_ref),
	.mark_offset = offsetof(struct patch_ref, mark),
	.one_of = WORDS("file", "url", "series"),
	.conditional = true,
	.check = rule_patch,
};

/* --- commands --- */

/* How a command is written; @flags say who expands what begins with '$'. */
#define COMMAND_FIELDS(flags)                                                                                            \
	{"run",    FIELD_TEXTS,       (flags) | FIELD_EMPTY,                                                             \
	 TEXT_ANY, AT(command, argv), .doc = "The program and its arguments; no shell."},                                \
		{"script", FIELD_TEXT, flags, TEXT_ANY, AT(command, script), .doc = "Lines that the interpreter runs; `sh` and `bash` stop at the first that fails (`-eu`)."}, \
	{                                                                                                                \
		"interpreter", FIELD_CHOICE, 0, TEXT_ANY, AT(command, interpreter),                                      \
			.values = WORDS("sh", "bash", "python3"), .with = WORDS("script"), .fallback_doc = "sh",         \
			.doc = "Program that runs the script."                                                           \
	}
#define COMMAND                                                                                                        \
	.size = sizeof(struct command), .mark_offset = offsetof(struct command, mark),                                 \
	.one_of = WORDS("run", "script"), .shorthand = "run"

static const struct schema_field build_command_fields[] = {COMMAND_FIELDS(FIELD_VARS)};

static const struct schema build_command_schema = {
	.name = "a command",
	.doc = "A list of words, or a map. Runs in the build folder with a clean environment.",
	TABLE(build_command_fields),
	COMMAND,
	.conditional = true,
};

static const struct schema_field test_fields[] = {
	COMMAND_FIELDS(FIELD_VARS),
	{"expect", FIELD_TEXT, FIELD_VARS, TEXT_ANY, AT(command, expect), .doc = "Text that the output must contain."},
};

static const struct schema test_schema = {
	.name = "a test",
	.doc = "A command that must succeed before the result is kept.",
	TABLE(test_fields),
	COMMAND,
	.conditional = true,
};

static const struct schema_field guest_command_fields[] = {COMMAND_FIELDS(FIELD_LITERAL)};

static const struct schema guest_command_schema = {
	.name = "a command in the guest",
	.doc = "A list of words, or a map. `$` has no special meaning here.",
	TABLE(guest_command_fields),
	COMMAND,
};

/* --- build --- */

static const char *const kinds[] = {"build", "image", "stack", NULL};

#define KIND                                                                                                           \
	{                                                                                                              \
		"kind", FIELD_CHOICE, FIELD_REQUIRED, TEXT_ANY, NOT_STORED, .values = kinds, .doc = "Kind of recipe."  \
	}
#define SUMMARY                                                                                                        \
	{                                                                                                              \
		"summary", FIELD_TEXT, FIELD_NOTE, TEXT_LINE, AT(recipe, summary), .doc = "One-line description."      \
	}
#define LICENSE                                                                                                        \
	{                                                                                                              \
		"license", FIELD_TEXT, FIELD_NOTE, TEXT_LINE, NOT_STORED, .doc = "License as an SPDX expression."      \
	}

static const struct schema_field build_host_fields[] = {
	{"apt", FIELD_TEXTS, 0, TEXT_PACKAGE, AT(recipe, build.host_apt), .doc = "Debian packages."},
	{"brew", FIELD_TEXTS, 0, TEXT_PACKAGE, AT(recipe, build.host_brew), .doc = "Homebrew formulae."},
};

static const struct schema build_host_schema = {
	.name = "host packages", .doc = "Host packages; installed only on request.", TABLE(build_host_fields)};

static const struct schema_field sign_fields[] = {
	{"entitlements", FIELD_TEXTS, 0, TEXT_LINE, AT(recipe, build.sign_entitlements),
	 .doc = "Entitlements to set to true."},
	{"files", FIELD_TEXTS, FIELD_REQUIRED, TEXT_GLOB, AT(recipe, build.sign_files),
	 .doc = "Programs below the prefix to sign."},
};

static const struct schema sign_schema = {
	.name = "signing", .doc = "Ad-hoc code signatures, for macOS.", TABLE(sign_fields), .conditional = true};

static const struct schema_field build_fields[] = {
	KIND,
	{"name", FIELD_TEXT, FIELD_REQUIRED, TEXT_NAME, AT(recipe, name), .doc = "Name of the software."},
	{"version", FIELD_TEXT, 0, TEXT_VERSION, AT(recipe, version),
	 .fallback_doc = "what the first source, a `debian-source`, resolved to",
	 .doc = "Its version; `${version}`. Of Debian's `1:10.0.13+ds-0+deb13u1` it is `10.0.13`. What is written here "
		"must agree with that."},
	SUMMARY,
	LICENSE,
	{"source", FIELD_LIST, FIELD_REQUIRED, TEXT_ANY, COUNTED(recipe, sources, source_count), .of = &source_schema,
	 .doc = "Unpacked in order into one tree; `${source}`."},
	{"patches", FIELD_LIST, 0, TEXT_ANY, COUNTED(recipe, patches, patch_count), .of = &patch_schema,
	 .doc = "Applied to the tree in order."},
	{"host", FIELD_MAP, 0, TEXT_ANY, 0, .of = &build_host_schema,
	 .doc = "Packages of the host that the build needs."},
	{"env", FIELD_PAIRS, FIELD_VARS, TEXT_LINE, AT(recipe, build.env),
	 .doc = "Variables added to the clean environment of every command."},
	{"configure", FIELD_LIST, 0, TEXT_ANY, COUNTED(recipe, build.configure.items, build.configure.count),
	 .of = &build_command_schema, .doc = "Run first, in an empty `${build}`."},
	{"build", FIELD_LIST, 0, TEXT_ANY, COUNTED(recipe, build.build.items, build.build.count),
	 .of = &build_command_schema, .doc = "Run next; name the targets to build."},
	{"install", FIELD_LIST, FIELD_REQUIRED, TEXT_ANY, COUNTED(recipe, build.install.items, build.install.count),
	 .of = &build_command_schema, .doc = "Run last; the result is everything below `${prefix}`."},
	{"sign", FIELD_MAP, 0, TEXT_ANY, 0, .of = &sign_schema, .doc = "Code signatures."},
	{"provides", FIELD_TEXTS, FIELD_ONE | FIELD_LATER, TEXT_ANY, AT(recipe, build.provides), .values = CAPABILITIES,
	 .doc = "What the result has as it is configured, as `provides` of a patch. `sandbox`: QEMU can refuse system calls "
		"to itself (`-sandbox`)."},
	{"test", FIELD_LIST, 0, TEXT_ANY, COUNTED(recipe, build.test.items, build.test.count), .of = &test_schema,
	 .doc = "Tests that must pass before the result is kept."},
};

static const struct schema build_schema = {
	.name = "build",
	.doc = "Software built from source.",
	TABLE(build_fields),
	.check = rule_build,
};

/* --- image --- */

static const struct schema_field image_host_fields[] = {
	{"apt", FIELD_TEXTS, 0, TEXT_PACKAGE, AT(recipe, image.host_apt), .doc = "Debian packages."},
};

static const struct schema image_host_schema = {
	.name = "host packages", .doc = "Host packages; installed only on request.", TABLE(image_host_fields)};

static const struct schema_field debian_fields[] = {
	{"suite", FIELD_TEXT, FIELD_REQUIRED, TEXT_SUITE, AT(recipe, image.debian_suite), .doc = "Debian suite."},
	{"packages", FIELD_TEXTS, FIELD_REQUIRED | FIELD_VARS, TEXT_PACKAGE, AT(recipe, image.packages),
	 .doc = "Packages; what they depend on comes along and is pinned with them in the lock."},
	{"files", FIELD_TEXT, FIELD_REQUIRED, TEXT_PATH, AT(recipe, image.files),
	 .doc = "Folder beside the recipe. Its `prepare.sh` runs with the path of the guest's tree before the packages "
		"go "
		"in, its `customize.sh` after."},
	{"exclude", FIELD_TEXTS, 0, TEXT_GLOB, AT(recipe, image.exclude),
	 .doc = "Paths that packages do not install (dpkg's `path-exclude`)."},
};

static const struct schema debian_schema = {.name = "an image from Debian packages",
					    .doc = "The image is built locally, for any architecture.",
					    TABLE(debian_fields)};

static const struct schema_field disk_fields[] = {
	{"size", FIELD_SIZE, 0, TEXT_SIZE, AT(recipe, image.disk_bytes), .min = 64 << 20, .max = GIB(1024),
	 .fallback_doc = "as downloaded", .doc = "Size of the file system."},
	{"label", FIELD_TEXT, 0, TEXT_NAME, AT(recipe, image.root_label), .doc = "Label of the root file system."},
};

static const struct schema disk_schema = {.name = "a disk", .doc = "The OS disk.", TABLE(disk_fields)};

static const struct schema_field image_boot_fields[] = {
	{"mode", FIELD_ENUM, FIELD_REQUIRED, TEXT_ANY, AT(recipe, image.boot), .values = boot_words,
	 .doc = "`kernel`: QEMU loads the kernel that the image was made with; `uefi`: firmware boots the disk, or loads "
		"that kernel where the image was made from packages."},
	{"cmdline", FIELD_TEXT, FIELD_LATER, TEXT_LINE, AT(recipe, image.cmdline),
	 .doc = "Kernel command line of an image built from packages."},
	{"first_boot_cmdline", FIELD_TEXT, FIELD_LATER, TEXT_LINE, AT(recipe, image.first_boot_cmdline),
	 .with = WORDS("cmdline"), .doc = "Appended on the first boot only, which is when Ignition runs."},
};

static const struct schema image_boot_schema = {
	.name = "booting", .doc = "How the guest starts.", TABLE(image_boot_fields)};

#define OS_NAME(name, symbol) name,

static const struct schema_field image_fields[] = {
	KIND,
	{"name", FIELD_TEXT, FIELD_REQUIRED, TEXT_NAME, AT(recipe, name), .doc = "Name of the image."},
	{"version", FIELD_TEXT, FIELD_REQUIRED, TEXT_VERSION, AT(recipe, version), .doc = "Its version."},
	{"os", FIELD_CHOICE, FIELD_REQUIRED | FIELD_LATER, TEXT_ANY, AT(recipe, image.os),
	 .values = (const char *const[]){GUEST_OSES(OS_NAME) NULL},
	 .doc = "The operating system: sets the login, first-boot configuration and package manager."},
	SUMMARY,
	LICENSE,
	{"debian", FIELD_MAP, 0, TEXT_ANY, 0, .of = &debian_schema, .doc = "Build the image from Debian packages."},
	{"source", FIELD_LIST, 0, TEXT_ANY, COUNTED(recipe, sources, source_count), .of = &source_schema,
	 .doc = "Download the image; exactly one source is left when conditions are decided."},
	{"format", FIELD_CHOICE, 0, TEXT_ANY, AT(recipe, image.format),
	 .values = WORDS("qcow2", "raw", "qcow2.xz", "raw.xz", "qcow2.gz", "raw.gz"), .with = WORDS("source"),
	 .doc = "Format of the download."},
	{"channel", FIELD_TEXT, FIELD_NOTE, TEXT_LINE, AT(recipe, image.channel), .with = WORDS("source"),
	 .doc = "URL of the Fedora CoreOS stream document that `cooper update` follows; the result is in the lock."},
	{"host", FIELD_MAP, 0, TEXT_ANY, 0, .of = &image_host_schema,
	 .doc = "Packages of the host that making the image needs."},
	{"disk", FIELD_MAP, 0, TEXT_ANY, 0, .of = &disk_schema, .doc = "The OS disk."},
	{"boot", FIELD_MAP, FIELD_REQUIRED, TEXT_ANY, 0, .of = &image_boot_schema, .doc = "How the guest starts."},
	{"user", FIELD_TEXT, FIELD_REQUIRED, TEXT_USER, AT(recipe, image.user),
	 .doc = "Login user that Ignition creates."},
};

static const struct schema image_schema = {
	.name = "image",
	.doc = "A guest operating system, built locally or downloaded.",
	TABLE(image_fields),
	.one_of = WORDS("debian", "source"),
	.check = rule_image,
};

/* --- stack --- */

static const struct schema_field machine_fields[] = {
	{"name", FIELD_TEXT, 0, TEXT_MACHINE, AT(recipe, stack.machine_name), .fallback_text = "cooper",
	 .doc = "Name of the machine, and of the connections of podman and docker."},
	{"cpus", FIELD_INT, 0, TEXT_ANY, AT(recipe, stack.cpus), .min = 1, .max = 256, .fallback = 2,
	 .fallback_doc = "2", .doc = "Virtual processors."},
	{"memory", FIELD_SIZE, 0, TEXT_SIZE, AT(recipe, stack.memory_bytes), .min = 256 << 20, .max = GIB(1024),
	 .fallback = GIB(2), .fallback_doc = "2GiB", .doc = "Memory."},
	{"disk", FIELD_SIZE, 0, TEXT_SIZE, AT(recipe, stack.disk_bytes), .min = GIB(1), .max = GIB(65536),
	 .fallback = GIB(20), .fallback_doc = "20GiB",
	 .doc = "Size of the data disk, which holds containers and homes and outlives images."},
	{"guest_arch", FIELD_TEXT, 0, TEXT_GUEST_ARCH, AT(recipe, stack.guest_arch), .fallback_doc = "the host's",
	 .doc = "Architecture of the guest."},
	{"accel", FIELD_ENUM, 0, TEXT_ANY, AT(recipe, stack.accel), .values = accel_words, .fallback_doc = "auto",
	 .doc = "Accelerator; `auto` uses the best one that works."},
	{"host_loopback", FIELD_BOOL, 0, TEXT_ANY, AT(recipe, stack.host_loopback), .fallback_doc = "false",
	 .doc = "Whether guest and containers reach what listens on the host's 127.0.0.1, as `host.containers.internal` "
		"(10.0.2.2)."},
};

static const struct schema machine_schema = {.name = "a machine", .doc = "The virtual machine.", TABLE(machine_fields)};

static const struct schema_field emulator_package_fields[] = {
	{"debian-package", FIELD_TEXT, FIELD_REQUIRED, TEXT_PACKAGE, AT(recipe, stack.emulator_package.debian_package),
	 .doc = "Debian package with static `qemu-*` programs, pinned in the lock."},
	{"suite", FIELD_TEXT, 0, TEXT_SUITE, AT(recipe, stack.emulator_package.suite), .fallback_doc = "the host's own",
	 .doc = "Debian suite to search."},
};

static const struct schema emulator_package_schema = {
	.name = "a package of emulators", .doc = "Source of the user-mode emulators.", TABLE(emulator_package_fields)};

static const struct schema_field emulation_fields[] = {
	{"provider", FIELD_ENUM, 0, TEXT_ANY, AT(recipe, stack.provider), .values = provider_words,
	 .fallback_doc = "auto",
	 .doc = "`guest`: what the image ships, with its flags corrected; `store`: the package below, on a read-only "
		"device; `package`: like `guest`, and installed in the guest where there is none; `auto`: `store` where "
		"a package is named below, else `package`."},
	{"package", FIELD_MAP, 0, TEXT_ANY, 0, .of = &emulator_package_schema, .doc = "For the provider `store`."},
};

static const struct schema emulation_schema = {
	.name = "emulation", .doc = "Emulation of programs of other architectures.", TABLE(emulation_fields)};

static const struct schema_field mount_fields[] = {
	{"host", FIELD_TEXT, FIELD_REQUIRED | FIELD_FOLDER, TEXT_HOST_PATH, AT(mount, host),
	 .doc = "Folder of the host: absolute, below `~/`, or below `./`, the stack's own folder."},
	{"guest", FIELD_TEXT, FIELD_FOLDER, TEXT_GUEST_PATH, AT(mount, guest), .fallback_doc = "the host's own path",
	 .doc = "Mount point in the guest; where it is the host's own, `docker run -v $PWD:/src` means what it says."},
	{"writable", FIELD_BOOL, 0, TEXT_ANY, AT(mount, writable), .fallback_doc = "false",
	 .doc = "Whether the guest can write to it."},
};

static const struct schema mount_schema = {
	.name = "a mount",
	.doc = "A host folder, shared with the guest. Folders that hold keys or decide what the host runs are refused.",
	TABLE(mount_fields),
	.size = sizeof(struct mount),
	.conditional = true,
};

static const struct schema_field port_fields[] = {
	{"item", FIELD_PORT, FIELD_REQUIRED, TEXT_PORT, 0,
	 .doc = "`HOST:GUEST` or `ADDRESS:HOST:GUEST`; the address is 127.0.0.1 unless it is given."},
};

static const struct schema port_schema = {
	.name = "a port",
	.doc = "A port forward from the host to the guest, written as text.",
	TABLE(port_fields),
	.size = sizeof(struct port),
	.shorthand = "item",
	.conditional = true,
};

static const struct schema_field write_fields[] = {
	{"path", FIELD_TEXT, FIELD_REQUIRED, TEXT_GUEST_PATH, AT(guest_step, write_path), .doc = "The file."},
	{"text", FIELD_TEXT, FIELD_LITERAL | FIELD_EMPTY, TEXT_ANY, AT(guest_step, write_text),
	 .doc = "Content of the file; `\"\"` makes an empty one."},
	{"from", FIELD_TEXT, 0, TEXT_PATH, AT(guest_step, write_from),
	 .doc = "File beside the recipe with its content."},
	{"mode", FIELD_MODE, 0, TEXT_MODE, AT(guest_step, write_mode), .fallback = 0644, .fallback_doc = "\"0644\"",
	 .doc = "Permissions, in quotes."},
};

static const struct schema write_schema = {
	.name = "a file", .doc = "A file in the guest.", TABLE(write_fields), .one_of = WORDS("text", "from")};

static const struct schema_field step_fields[] = {
	{"name", FIELD_TEXT, FIELD_REQUIRED, TEXT_NAME, AT(guest_step, name), .doc = "Name of the step; unique."},
	{"write", FIELD_MAP, 0, TEXT_ANY, 0, .of = &write_schema, .doc = "Write a file."},
	{"packages", FIELD_TEXTS, 0, TEXT_PACKAGE, AT(guest_step, packages),
	 .doc = "Install packages of the guest's distribution."},
	{"run", FIELD_TEXTS, FIELD_LITERAL | FIELD_EMPTY, TEXT_ANY, AT(guest_step, run.argv),
	 .doc = "Run a program; no shell."},
	{"script", FIELD_TEXT, FIELD_LITERAL, TEXT_ANY, AT(guest_step, run.script), .doc = "Run a script; `sh` and `bash` stop at its first line that fails (`-eu`)."},
	{"interpreter", FIELD_CHOICE, 0, TEXT_ANY, AT(guest_step, run.interpreter),
	 .values = WORDS("sh", "bash", "python3"), .with = WORDS("script"), .fallback_doc = "sh",
	 .doc = "Program that runs the script."},
	{"then", FIELD_MAP, 0, TEXT_ANY, AT(guest_step, then), .of = &guest_command_schema,
	 .doc = "Run only when the step changed something."},
	{"creates", FIELD_TEXT, 0, TEXT_GUEST_PATH, AT(guest_step, creates),
	 .doc = "Skip the step when this path exists."},
	{"unless", FIELD_MAP, 0, TEXT_ANY, AT(guest_step, unless), .of = &guest_command_schema,
	 .doc = "Skip the step when this command succeeds."},
	{"as_user", FIELD_BOOL, 0, TEXT_ANY, AT(guest_step, as_user), .fallback_doc = "false",
	 .doc = "Run as the login user and not as root."},
};

static const struct schema step_schema = {
	.name = "a guest step",
	.doc = "One idempotent change.",
	TABLE(step_fields),
	.size = sizeof(struct guest_step),
	.mark_offset = offsetof(struct guest_step, mark),
	.one_of = WORDS("write", "packages", "run", "script"),
	.conditional = true,
};

static const struct schema_field connect_fields[] = {
	{"podman", FIELD_BOOL, 0, TEXT_ANY, AT(recipe, stack.connect_podman), .fallback = true, .fallback_doc = "true",
	 .doc = "Connections of podman on the host: NAME, and NAME-root for the guest's root."},
	{"docker", FIELD_BOOL, 0, TEXT_ANY, AT(recipe, stack.connect_docker), .fallback = true, .fallback_doc = "true",
	 .doc = "A context of docker on the host, `cooper-NAME` (`cooper` for the machine `cooper`), where docker or its "
		"folder of settings is there."},
	{"socket", FIELD_TEXT, 0, TEXT_SOCKET, AT(recipe, stack.connect_socket), .fallback_doc = "none",
	 .doc = "A link on the host that leads to the socket of the login user's podman, for programs that look in one "
		"place and at no settings: `~/.docker/run/docker.sock`, `/var/run/docker.sock`. Its name ends with "
		".sock; what is there and is not this machine's stays. `none` is for a stack that extends one with a link."},
};

static const struct schema connect_schema = {
	.name = "connections", .doc = "Integration with host tools.", TABLE(connect_fields)};

static const struct schema_field stack_boot_fields[] = {
	{"timeout", FIELD_DURATION, 0, TEXT_DURATION, AT(recipe, stack.boot_timeout_ms), .min = 1000, .max = 3600000,
	 .fallback = 180000, .fallback_doc = "3m",
	 .doc = "From power-on to ready, with hardware acceleration; emulation gets longer."},
};

static const struct schema stack_boot_schema = {
	.name = "booting", .doc = "Time limit for the boot.", TABLE(stack_boot_fields)};

static const struct schema_field stack_fields[] = {
	KIND,
	{"name", FIELD_TEXT, 0, TEXT_NAME, AT(recipe, name), .fallback_doc = "the file's name",
	 .doc = "Name of the stack."},
	SUMMARY,
	{"extends", FIELD_TEXT, FIELD_NOTE, TEXT_LINE, NOT_STORED,
	 .doc = "Stack that this one changes, by name or by path."},
	{"emulator", FIELD_TEXT, FIELD_REQUIRED, TEXT_NAME, AT(recipe, stack.emulator),
	 .doc = "Build recipe of the emulator."},
	{"image", FIELD_TEXT, FIELD_REQUIRED, TEXT_NAME, AT(recipe, stack.image), .doc = "Image recipe of the guest."},
	{"machine", FIELD_MAP, 0, TEXT_ANY, 0, .of = &machine_schema, .doc = "The virtual machine."},
	{"run", FIELD_TEXTS, 0, TEXT_ARCH, AT(recipe, stack.run),
	 .doc = "Architectures that containers must run; a canary checks each."},
	{"emulation", FIELD_MAP, 0, TEXT_ANY, 0, .of = &emulation_schema,
	 .doc = "Emulation of programs of other architectures."},
	{"mounts", FIELD_LIST, FIELD_EMPTY, TEXT_ANY, COUNTED(recipe, stack.mounts, stack.mount_count),
	 .of = &mount_schema, .doc = "Host folders shared with the guest; none unless they are named here."},
	{"ports", FIELD_LIST, FIELD_EMPTY, TEXT_ANY, COUNTED(recipe, stack.ports, stack.port_count), .of = &port_schema,
	 .doc = "Port forwards from the host to the guest; `up` tells them to a machine that runs, without a restart."},
	{"ignition", FIELD_TEXT, 0, TEXT_PATH, AT(recipe, stack.ignition),
	 .doc = "File beside the recipe with an Ignition configuration (JSON, spec 3.0.0 to 3.3.0; to 3.4.0 for "
		"Fedora CoreOS 38 and later): merged with the machine's own at the first boot; it does not replace it."},
	{"steps", FIELD_LIST, FIELD_EMPTY, TEXT_ANY, COUNTED(recipe, stack.steps, stack.step_count), .of = &step_schema,
	 .doc = "Changes to make in the guest, in order."},
	{"connect", FIELD_MAP, 0, TEXT_ANY, 0, .of = &connect_schema, .doc = "Integration with host tools."},
	{"boot", FIELD_MAP, 0, TEXT_ANY, 0, .of = &stack_boot_schema, .doc = "Time limit for the boot."},
};

static const struct schema stack_schema = {
	.name = "stack",
	.doc = "A complete environment: what `cooper up` creates.",
	TABLE(stack_fields),
};

const struct schema *schema_of(enum recipe_kind kind)
{
	static const struct schema *const schemas[] = {
		[RECIPE_BUILD] = &build_schema, [RECIPE_IMAGE] = &image_schema, [RECIPE_STACK] = &stack_schema};
	return schemas[kind];
}

const struct schema *schema_when(void)
{
	return &when_schema;
}

const char *const *schema_kinds(void)
{
	return kinds;
}

const struct schema_field *schema_find(const struct schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (streq(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}
