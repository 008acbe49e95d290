/*
 * keys_rows.h - for each field of the language: a change of it, and which step gets another key by it, or why none does
 *
 * The changes are made in the recipes of tests/golden/keys/, where the text to be replaced stands once. A field of
 * the tables in recipe/schema.c that has no row here fails test_keys.c.
 *
 *	KEY(field, file, from, to, step)      the step called so has another key (or is gone)
 *	SAME(field, file, from, to, why)      no step has another key, and that is right since ...
 *	REFUSED(field, file, from, to, part)  no recipe: the error has @part in it
 *	WHEN(place, file, step)               `when: { os: linux } #place`, made not to hold by each field of a
 *condition
 */
#ifndef COOPER_TESTS_KEYS_ROWS_H
#define COOPER_TESTS_KEYS_ROWS_H

enum expected { EXPECT_KEY, EXPECT_SAME, EXPECT_REFUSED, EXPECT_WHEN };

struct row {
	const char *field;
	const char *file;
	const char *from;
	const char *to;
	enum expected expected;
	const char *what; /* the step; the reason; a part of the error */
};

#define KEY(field, file, from, to, step) {field, file, from, to, EXPECT_KEY, step},
#define SAME(field, file, from, to, why) {field, file, from, to, EXPECT_SAME, why},
#define REFUSED(field, file, from, to, part) {field, file, from, to, EXPECT_REFUSED, part},
#define WHEN(place, file, step) {place ".when", file, "when: { os: linux } #" place, NULL, EXPECT_WHEN, step},

#define EMU "recipes/emu.yaml"
#define STACK "recipes/st.yaml"
#define IMG "vmimages/img.yaml"
#define DEB "vmimages/deb.yaml"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_AB "abababababababababababababababababababababababababababababababab"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define HEX_D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define FPR_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define FPR_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define LIMITS "limits: { entries: 10, bytes: 1GiB, file: 2GiB, ratio: 100 }"
#define FOR_HUMANS "for people"
#define A_LIMIT "an archive beyond its limit is refused: another limit makes no other tree"
#define ANY_PLACE "the digest says which bytes, wherever they come from"

/* What a source says, in a build (EMU) and in an image that is downloaded (IMG); @step: what it ends in. */
#define SOURCE(p, file, place, step)                                                                                   \
	KEY(p ".url", file, "\"https://h/" place, "\"https://h/more-" place, step)                                     \
	SAME(p ".mirrors", file, "    mirrors: [\"https://m/", "    mirrors: [\"https://mirror/", ANY_PLACE)           \
	SAME(p ".mirrors", file, "    mirrors: [", "    #", ANY_PLACE)                                                 \
	KEY(p ".sha256", file, "sha256: " HEX_A "\n", "sha256: " HEX_C "\n", step)                                     \
	KEY(p ".sha512", file, "sha512: " HEX_A HEX_A, "sha512: " HEX_A HEX_C, step)                                   \
	KEY(p ".sha512", file, "    sha512", "    #sha512", step)                                                      \
	KEY(p ".size", file, "size: 1000", "size: 1001", step)                                                         \
	KEY(p ".size", file, "    size", "    #size", step)                                                            \
	KEY(p ".signature", file, "    signature: {", "    #{", step)                                                  \
	KEY(p ".signature.url", file, ".sig\"", ".asc\"", step)                                                        \
	KEY(p ".signature.key", file, "[" FPR_A, "[" FPR_B, step)                                                      \
	KEY(p ".signature.key", file, FPR_A ", " FPR_B, FPR_B ", " FPR_A, step)                                        \
	KEY(p ".signature.key-url", file, "/keys.asc", "/more.asc", step)                                              \
	KEY(p ".signature.key-sha256", file, "key-sha256: " HEX_AB, "key-sha256: " HEX_C, step)                        \
	KEY(p ".strip", file, "strip: 2", "strip: 1", step)                                                            \
	KEY(p ".strip", file, "strip: 2", "strip: 0", step)                                                            \
	KEY(p ".into", file, "into: one", "into: three", step)                                                         \
	KEY(p ".exclude", file, "[x/, y/]", "[x/]", step)                                                              \
	KEY(p ".exclude", file, "[x/, y/]", "[\"x/,y/\"]", step)                                                       \
	SAME(p ".limits", file, "    " LIMITS, "    #" LIMITS, A_LIMIT)                                                \
	SAME(p ".limits.entries", file, "entries: 10", "entries: 11", A_LIMIT)                                         \
	SAME(p ".limits.bytes", file, " bytes: 1GiB", " bytes: 3GiB", A_LIMIT)                                         \
	SAME(p ".limits.file", file, "file: 2GiB", "file: 3GiB", A_LIMIT)                                              \
	SAME(p ".limits.ratio", file, "ratio: 100", "ratio: 101", A_LIMIT)

/* The commands of one list of a build, the first of which has a condition. */
#define COMMANDS(p, name)                                                                                              \
	KEY(p, EMU, "  - [" name "-two", "  - [more]\n  - [" name "-two", "build:emu")                                 \
	KEY(p ".run", EMU, "run: [" name "-one]", "run: [" name "-one, more]", "build:emu")                            \
	KEY(p ".run", EMU, "run: [" name "-one]", "run: [\"" name "-one \"]", "build:emu")                             \
	KEY(p ".script", EMU, "script: " name "-script", "script: " name "-script2", "build:emu")                      \
	KEY(p ".interpreter", EMU, "script: " name "-script, interpreter: sh",                                         \
	    "script: " name "-script, interpreter: bash", "build:emu")                                                 \
	WHEN(p, EMU, "build:emu")

/* What runs in the guest beside a step: `then` and `unless`. */
#define GUEST_COMMAND(p, name)                                                                                         \
	KEY(p, STACK, "    " name ": { run: [one-" name ", word] }", "    #" name, "step:one")                         \
	KEY(p ".run", STACK, "[one-" name ", word]", "[one-" name "]", "step:one")                                     \
	KEY(p ".run", STACK, "[one-" name ", word]", "[\"one-" name " word\"]", "step:one")                            \
	KEY(p ".script", STACK, "script: " name "-script", "script: more", "step:four")                                \
	KEY(p ".interpreter", STACK, name "-script, interpreter: sh", name "-script, interpreter: bash", "step:four")

/* clang-format off */
static const struct row rows[] = {
	/* --- build --- */
	REFUSED("build.kind", EMU, "kind: build", "kind: stack", "")
	KEY("build.name", EMU, "name: emu", "name: other", "build:emu")
	KEY("build.version", EMU, "version: \"1.2\"", "version: \"1.20\"", "build:emu")
	SAME("build.summary", EMU, "summary: words", "summary: others", FOR_HUMANS)
	SAME("build.license", EMU, "license: MIT", "license: ISC", FOR_HUMANS)
	SOURCE("build.source", EMU, "a/one.tar.gz", "build:emu")
	WHEN("build.source", EMU, "source:emu")
	KEY("build.source", EMU, "source:\n", "source:\n  - { url: \"https://h/x.tar.gz\", sha256: " HEX_D " }\n", "fetch:emu")
	KEY("build.source", EMU, "  - { debian-source: srcpkg, suite: trixie, into: debsource }\n  - { debian-package: binpkg, suite: trixie, arch: arm64, into: debpackage }\n",
	    "  - { debian-package: binpkg, suite: trixie, arch: arm64, into: debpackage }\n  - { debian-source: srcpkg, suite: trixie, into: debsource }\n", "fetch:emu")
	KEY("build.source.sha256", EMU, HEX_A "\n    sha512", HEX_C "\n    sha512", "fetch:emu")
	KEY("build.source.strip", EMU, "strip: 2", "strip: 1", "source:emu")
	KEY("build.source.into", EMU, "into: one", "into: three", "source:emu")
	KEY("build.source.exclude", EMU, "[x/, y/]", "[x/]", "source:emu")
	REFUSED("build.source.url", EMU, "git:https://h/repo.git", "git:https://h/other.git", "from elsewhere")
	KEY("build.source.url", EMU, "file:///srv/three.tar.gz", "file:///srv/three.zip", "build:emu")
	KEY("build.source.tag", EMU, "tag: v1", "tag: v2", "fetch:emu")
	KEY("build.source.debian-source", EMU, "debian-source: srcpkg", "debian-source: srcpkg2", "fetch:emu")
	KEY("build.source.debian-package", EMU, "debian-package: binpkg", "debian-package: binpkg2", "fetch:emu")
	KEY("build.source.suite", EMU, "srcpkg, suite: trixie", "srcpkg, suite: bookworm", "fetch:emu")
	KEY("build.source.suite", EMU, "binpkg, suite: trixie", "binpkg, suite: bookworm", "fetch:emu")
	KEY("build.source.suite", EMU, "binpkg, suite: trixie", "binpkg", "fetch:emu")
	KEY("build.source.arch", EMU, "arch: arm64", "arch: amd64", "fetch:emu")
	KEY("build.source.arch", EMU, "arch: arm64", "arch: all", "fetch:emu")
	REFUSED("build.source.uncompressed-sha256", EMU, "size: 1000", "uncompressed-sha256: " HEX_A, "is for images")
	KEY("build.patches", EMU, "  - { file: b.patch }\n", "", "source:emu")
	KEY("build.patches", EMU, "  - { file: b.patch }\n", "  - { file: b.patch }\n  - { file: b.patch }\n", "source:emu")
	KEY("build.patches", EMU, "  - { file: b.patch }\n  - { url: \"https://h/a/fix.patch\"", "  - { url: \"https://h/a/fix.patch\"", "source:emu")
	KEY("build.patches.file", EMU, "file: b.patch", "file: a-too.patch", "source:emu")
	KEY("build.patches.file", EMU, "file: a.patch", "file: a-too.patch", "source:emu")
	KEY("build.patches.url", EMU, "https://h/b/fix.patch", "https://h/b/fix2.patch", "source:emu")
	KEY("build.patches.series", EMU, "series: debian/", "series: ubuntu/", "source:emu")
	KEY("build.patches.sha256", EMU, HEX_D, HEX_A, "source:emu")
	KEY("build.patches.size", EMU, "size: 3000", "size: 3001", "build:emu")
	KEY("build.patches.strip", EMU, "strip: 3", "strip: 1", "source:emu")
	KEY("build.patches.strip", EMU, "strip: 3", "strip: 0", "source:emu")
	SAME("build.patches.why", EMU, "why: because", "why: therefore", FOR_HUMANS)
	SAME("build.patches.upstream", EMU, "upstream: none", "upstream: https://h/commit", FOR_HUMANS)
	KEY("build.patches.exclude", EMU, "[p/, q/]", "[p/]", "source:emu")
	KEY("build.patches.provides", EMU, "    provides:", "    #provides:", "boot")
	KEY("build.provides", EMU, "provides: [sandbox]", "provides: [host-loopback]", "boot")
	WHEN("build.patches", EMU, "source:emu")
	KEY("build.host", EMU, "host: {", "#host: {", "build:emu")
	KEY("build.host.apt", EMU, "apt: [one-dev]", "apt: [one-dev, two-dev]", "build:emu")
	KEY("build.host.brew", EMU, "brew: [one]", "brew: [one, two]", "build:emu")
	KEY("build.env", EMU, "  ONE: \"1\"", "  ONE: \"2\"", "build:emu")
	KEY("build.env", EMU, "  ONE:", "  OTHER:", "build:emu")
	COMMANDS("build.configure", "configure")
	KEY("build.configure.run", EMU, "--linux, when: { os: linux }", "--linux, when: { os: macos }", "build:emu")
	COMMANDS("build.build", "build")
	COMMANDS("build.install", "install")
	COMMANDS("build.test", "test")
	KEY("build.test.expect", EMU, "expect: one", "expect: two", "build:emu")
	KEY("build.test.expect", EMU, "    expect", "    #expect", "build:emu")
	KEY("build.sign", EMU, "sign:\n  entitlements: [com.apple.security.hypervisor]\n  files", "sign:\n  files", "build:emu")
	KEY("build.sign.entitlements", EMU, "security.hypervisor", "security.cs", "build:emu")
	KEY("build.sign.files", EMU, "[\"bin/*\"]", "[\"bin/*\", \"lib/*\"]", "build:emu")
	WHEN("build.sign", EMU, "build:emu")

	/* --- image --- */
	REFUSED("image.kind", IMG, "kind: image", "kind: build", "")
	KEY("image.name", IMG, "name: img", "name: other", "image:img")
	KEY("image.version", IMG, "version: \"1\"", "version: \"1.0\"", "image:img")
	KEY("image.os", IMG, "os: debian", "os: fedora-coreos", "generation")
	SAME("image.summary", IMG, "summary: words", "summary: others", FOR_HUMANS)
	SAME("image.license", IMG, "license: MIT", "license: ISC", FOR_HUMANS)
	SOURCE("image.source", IMG, "disk.qcow2", "image:img")
	REFUSED("image.source", IMG, "source:\n", "source:\n  - { url: \"https://h/x\", sha256: " HEX_D " }\n", "2 sources match")
	KEY("image.source.uncompressed-sha256", IMG, "uncompressed-sha256: " HEX_AB, "uncompressed-sha256: " HEX_C, "image:img")
	KEY("image.source.tag", "vmimages/git.yaml", "tag: v1", "tag: v2", "image:git")
	KEY("image.source.debian-source", "vmimages/src.yaml", "srcpkg", "srcpkg2", "image:src")
	KEY("image.source.debian-package", "vmimages/pkg.yaml", "binpkg", "binpkg2", "image:pkg")
	KEY("image.source.suite", "vmimages/src.yaml", "trixie", "bookworm", "image:src")
	KEY("image.source.suite", "vmimages/pkg.yaml", "trixie", "bookworm", "image:pkg")
	KEY("image.source.arch", "vmimages/pkg.yaml", "arm64", "amd64", "image:pkg")
	{"image.source.when", IMG, "when: { os: linux } #image.source", NULL, EXPECT_WHEN, NULL},
	KEY("image.format", IMG, "format: qcow2", "format: raw", "image:img")
	SAME("image.channel", IMG, "stable.json", "testing.json", "what `update` found there is in the lock, and its digest in the key")
	KEY("image.host", IMG, "host: {", "#host: {", "image:img")
	KEY("image.host.apt", IMG, "apt: [xz-utils]", "apt: [xz-utils, gzip]", "image:img")
	KEY("image.disk", IMG, "disk: { size: 4GiB, label: root }", "", "image:img")
	KEY("image.disk.size", IMG, "size: 4GiB", "size: 5GiB", "image:img")
	KEY("image.disk.size", DEB, "size: 4GiB", "size: 5GiB", "image:deb")
	KEY("image.disk.label", DEB, "label: root", "label: other", "image:deb")
	KEY("image.boot", DEB, "boot: { mode: kernel,", "boot: { mode: uefi,", "image:deb")
	KEY("image.boot.mode", DEB, "mode: kernel", "mode: uefi", "image:deb")
	KEY("image.boot.cmdline", DEB, "root=LABEL=root", "root=LABEL=root quiet", "boot")
	KEY("image.boot.first_boot_cmdline", DEB, "ignition.firstboot=1", "ignition.firstboot=2", "generation")
	KEY("image.boot.first_boot_cmdline", DEB, ", first_boot_cmdline: ignition.firstboot=1", "", "generation")
	KEY("image.user", IMG, "user: core", "user: other", "generation")
	REFUSED("image.debian", DEB, "debian:\n  suite", "other:\n  suite", "other")
	KEY("image.debian.suite", DEB, "suite: trixie", "suite: bookworm", "fetch:deb-image")
	KEY("image.debian.packages", DEB, "[apt, ", "[apt, jq, ", "fetch:deb-image")
	KEY("image.debian.packages", DEB, "[apt, ", "[", "image:deb")
	KEY("image.debian.files", DEB, "files: files", "files: files2", "image:deb")
	KEY("image.debian.exclude", DEB, "exclude: [/usr/share/man/*, ", "exclude: [", "image:deb")
	KEY("image.debian.exclude", DEB, "/usr/share/man/*, /usr/share/doc/*", "/usr/share/doc/*, /usr/share/man/*", "image:deb")

	/* --- stack --- */
	REFUSED("stack.kind", STACK, "kind: stack", "kind: image", "")
	SAME("stack.name", STACK, "name: st", "name: other", "names the record of what was done; no step makes anything of it")
	SAME("stack.summary", STACK, "summary: words", "summary: others", FOR_HUMANS)
	SAME("stack.extends", STACK, "extends: base", "extends: base2", "what it brings along counts, and these say the same")
	KEY("stack.emulator", STACK, "emulator: emu", "emulator: emu2", "generation")
	KEY("stack.image", STACK, "image: img", "image: deb", "generation")
	KEY("stack.machine", STACK, "machine: {", "#machine: {", "generation")
	KEY("stack.machine.name", STACK, "name: dev", "name: other", "generation")
	KEY("stack.machine.cpus", STACK, "cpus: 2", "cpus: 3", "boot")
	KEY("stack.machine.memory", STACK, "memory: 2GiB", "memory: 2049MiB", "boot")
	KEY("stack.machine.disk", STACK, "disk: 20GiB", "disk: 20481MiB", "boot")
	KEY("stack.machine.guest_arch", STACK, "guest_arch: aarch64", "guest_arch: x86_64", "build:emu")
	KEY("stack.machine.guest_arch", STACK, "guest_arch: aarch64", "guest_arch: x86_64", "image:img")
	KEY("stack.machine.accel", STACK, "accel: auto", "accel: tcg", "boot")
	KEY("stack.machine.host_loopback", STACK, "accel: auto", "accel: auto, host_loopback: true", "boot")
	KEY("stack.run", STACK, "run: [amd64, arm64]", "run: [amd64]", "generation")
	KEY("stack.run", STACK, "run: [amd64, arm64]", "run: [amd64, arm64, riscv64]", "emulators")
	KEY("stack.emulation", STACK, "emulation:\n  provider: auto\n", "emulation:\n  provider: package\n", "emulators")
	KEY("stack.emulation.provider", STACK, "provider: auto", "provider: guest", "emulators")
	SAME("stack.emulation.provider", STACK, "provider: auto", "provider: store", "with a package, `auto` is `store`")
	KEY("stack.emulation.package", STACK, "  package: { debian-package: qemu-user-static, suite: trixie }\n", "", "generation")
	KEY("stack.emulation.package.debian-package", STACK, "qemu-user-static", "qemu-user", "generation")
	KEY("stack.emulation.package.suite", STACK, "qemu-user-static, suite: trixie", "qemu-user-static, suite: sid", "generation")
	KEY("stack.mounts", STACK, "  - { host: /srv/three, guest: /mnt/three }\n", "", "boot")
	SAME("stack.mounts", STACK, "  - { host: /srv/two, guest: /mnt/two }\n  - { host: /srv/three, guest: /mnt/three }\n",
	    "  - { host: /srv/three, guest: /mnt/three }\n  - { host: /srv/two, guest: /mnt/two }\n", "the guest is told at each start which is which")
	KEY("stack.mounts.host", STACK, "host: /srv/one", "host: /srv/other", "boot")
	KEY("stack.mounts.guest", STACK, "guest: /mnt/one", "guest: /mnt/other", "boot")
	KEY("stack.mounts.guest", STACK, "    guest: /mnt/one\n", "", "boot")
	KEY("stack.mounts.writable", STACK, "writable: false", "writable: true", "boot")
	WHEN("stack.mounts", STACK, "boot")
	KEY("stack.ports", STACK, "  - 9090:90\n", "", "ports")
	KEY("stack.ports.item", STACK, "8080:80", "8081:80", "ports")
	KEY("stack.ports.item", STACK, "8080:80", "8080:81", "ports")
	KEY("stack.ports.item", STACK, "8080:80", "0.0.0.0:8080:80", "ports")
	WHEN("stack.ports", STACK, "ports")
	SAME("stack.ignition", STACK, "ignition: mine.ign", "ignition: other.ign", "its content counts, and these have the same")
	KEY("stack.ignition", STACK, "ignition: mine.ign", "", "generation")
	KEY("stack.steps", STACK, "  - { name: two,", "  - { name: new, run: [x] }\n  - { name: two,", "step:new")
	KEY("stack.steps.name", STACK, "name: one", "name: other", "step:one")
	KEY("stack.steps.write", STACK, "write: { path: /etc/one, text: one, mode: \"0644\" }", "run: [one]", "step:one")
	KEY("stack.steps.write.path", STACK, "path: /etc/one", "path: /etc/other", "step:one")
	KEY("stack.steps.write.text", STACK, "text: one", "text: other", "step:one")
	SAME("stack.steps.write.from", STACK, "from: two.txt", "from: two-too.txt", "its content counts, and these have the same")
	KEY("stack.steps.write.from", STACK, "from: two.txt", "text: two", "step:two")
	KEY("stack.steps.write.mode", STACK, "mode: \"0644\"", "mode: \"0600\"", "step:one")
	KEY("stack.steps.packages", STACK, "packages: [jq, git]", "packages: [jq]", "step:three")
	KEY("stack.steps.packages", STACK, "packages: [jq, git]", "packages: [git, jq]", "step:three")
	KEY("stack.steps.run", STACK, "run: [four, word]", "run: [four]", "step:four")
	KEY("stack.steps.script", STACK, "script: five-script", "script: other", "step:five")
	KEY("stack.steps.interpreter", STACK, "five-script, interpreter: sh", "five-script, interpreter: python3", "step:five")
	GUEST_COMMAND("stack.steps.then", "then")
	KEY("stack.steps.creates", STACK, "creates: /there", "creates: /here", "step:one")
	KEY("stack.steps.creates", STACK, "    creates", "    #creates", "step:one")
	GUEST_COMMAND("stack.steps.unless", "unless")
	KEY("stack.steps.as_user", STACK, "as_user: false", "as_user: true", "step:one")
	WHEN("stack.steps", STACK, "step:three")
	KEY("stack.connect", STACK, "connect: { podman: true }", "connect: { podman: false, docker: false }", "connect")
	KEY("stack.connect.podman", STACK, "podman: true", "podman: false", "connect")
	KEY("stack.connect.docker", STACK, "podman: true", "podman: true, docker: false", "connect")
	KEY("stack.connect.socket", STACK, "podman: true", "podman: true, socket: ~/d.sock", "connect")
	SAME("stack.boot", STACK, "boot: { timeout: 3m }", "", "how long a start may take changes no machine")
	SAME("stack.boot.timeout", STACK, "timeout: 3m", "timeout: 4m", "how long a start may take changes no machine")
};
/* clang-format on */

#endif
