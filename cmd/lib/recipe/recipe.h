/*
 * recipe.h - a recipe in memory: what a YAML file said, checked, with `when:` decided for one host and guest
 *
 * Filled by recipe_load() (recipe/load.h) from the field tables in recipe/schema.c, the one truth about the
 * language. Everything in a recipe lives in its arena and is freed with it. Variables (${prefix}, ...) are
 * still in the text: the step that uses a value expands them (recipe/vars.h), so that keys see the text.
 */
#ifndef COOPER_RECIPE_RECIPE_H
#define COOPER_RECIPE_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "tree/archive_policy.h"

enum recipe_kind { RECIPE_BUILD, RECIPE_IMAGE, RECIPE_STACK };

/* Where a value stands in its file; for messages of later stages. */
struct mark {
	int line;   /* from 1 */
	int column; /* from 1, in bytes */
	const struct yaml_node *node;
};

/* One remote or local thing with a digest. Exactly one of url, debian_source, debian_package is set. */
struct source {
	char *url;            /* https: http: file: git: debian:pool/... */
	struct strs mirrors;  /* further URLs of the same bytes, https: or file:, tried in order */
	char *debian_source;  /* name of a Debian source package, pinned by the lock */
	char *debian_package; /* name of a Debian binary package, pinned by the lock */
	char *suite;          /* for the debian kinds: "trixie"; NULL = the host's own suite */
	char *arch;           /* for debian_package: cooper's name (aarch64); NULL = the host's; "all" is fine */
	char *sha256;         /* of the bytes as fetched, or NULL */
	char *sha512;
	char *uncompressed_sha256; /* of the bytes after inflation, or NULL */
	int64_t size;              /* -1 = not said */
	char *tag;                 /* of a git: source; NULL = none */
	char *signature_url;
	struct strs
		signature_keys; /* OpenPGP fingerprints of primary keys, of which one must have signed: 40 hex digits */
	char *signature_key_url; /* where they are when none is in recipes/keys/; with its digest */
	char *signature_key_sha256;
	char *root;                   /* of the recipe: recipes/keys/ is below */
	struct strs exclude;          /* globs, not unpacked */
	int strip;                    /* leading path components dropped on unpack; -1 = not said */
	char *into;                   /* sub-folder of the source tree; NULL = its root */
	struct archive_limits limits; /* on unpacking; what is 0 is the default's */
	struct mark mark;
};

/* One patch or a series. Exactly one of file, url, series is set. */
struct patch_ref {
	char *file;   /* below patches/ of the recipe's root */
	char *url;    /* with sha256 */
	char *series; /* a quilt series file inside the unpacked sources: debian/patches/series */
	char *sha256;
	int64_t size;         /* -1 = not said */
	int strip;            /* default 1 */
	struct strs exclude;  /* globs of target paths: skipped and counted */
	struct strs provides; /* what the result can do with it, in words of the compatibility rules */
	struct mark mark;
};

/* One program to run: literal argv, or a script run by a named interpreter. */
struct command {
	struct strs argv;  /* empty when script is set */
	char *script;      /* NULL when argv is set */
	char *interpreter; /* of the script: "sh", "bash", "python3" */
	char *expect;      /* test: only; text that the output must contain; NULL = any */
	struct mark mark;
};

struct commands {
	struct command *items;
	size_t count;
};

struct build_recipe {
	struct strs host_apt; /* packages of the host that the build needs */
	struct strs host_brew;
	struct strs env; /* extra NAME=VALUE for all commands */
	struct commands configure;
	struct commands build;
	struct commands install;
	struct commands test;
	struct strs provides;   /* what the result can do as it is configured, in words of the machine */
	struct strs sign_files; /* globs below the prefix; empty = nothing is signed */
	struct strs sign_entitlements;
};

/* What recipes call them is in the lists, NULL at the end, in the same order. */
enum image_boot { BOOT_KERNEL, BOOT_UEFI };
enum accel { ACCEL_AUTO, ACCEL_HVF, ACCEL_KVM, ACCEL_TCG };
enum provider { PROVIDER_AUTO, PROVIDER_GUEST, PROVIDER_STORE, PROVIDER_PACKAGE }; /* how foreign binaries run */
extern const char *const boot_words[], *const accel_words[], *const provider_words[];

struct image_recipe {
	char *os; /* guest/os.h: "debian", "fedora-coreos" */
	/* made here from Debian packages ... */
	char *debian_suite; /* "trixie"; NULL = the image is downloaded (source[0]) */
	struct strs packages;
	char *files;          /* folder beside the recipe: prepare.sh and customize.sh are run with the root's path */
	struct strs exclude;  /* dpkg path-exclude globs */
	struct strs host_apt; /* packages of the host that making the image needs */
	/* ... or downloaded */
	char *format;  /* "qcow2", "raw" and compressions: "qcow2.xz", "raw.gz" */
	char *channel; /* URL of the stream document that `update` follows; NULL = none */
	/* both */
	int64_t disk_bytes; /* size of the file system that is made; 0 = as downloaded */
	char *root_label;
	enum image_boot boot;
	char *cmdline;            /* kernel command line of an image from packages */
	char *first_boot_cmdline; /* appended on the first boot only */
	char *user;               /* the login user that Ignition makes: "core" */
};

struct mount {
	char *host;  /* absolute, or ~/... */
	char *guest; /* absolute; of a recipe also NULL: where the host has it */
	bool writable;
	char *hidden; /* names of the folder that the guest does not see, ':' between them (shares.h); NULL = none */
};

struct port {
	char *host_address; /* default 127.0.0.1 */
	int host_port;
	int guest_port;
};

/* One guest step: exactly one of write_path, packages, run, script is set. */
struct guest_step {
	char *name;
	char *write_path;
	char *write_text; /* literal content, or NULL */
	char *write_from; /* file below write_dir, or NULL */
	char *write_dir;  /* folder of the recipe that names it */
	int write_mode;   /* default 0644 */
	struct strs packages;
	struct command run;    /* argv or script */
	struct command then;   /* run only when this step changed something; may be empty */
	char *creates;         /* guard: skip when this path exists in the guest */
	struct command unless; /* guard: skip when this command succeeds in the guest */
	bool as_user;          /* run as the login user instead of root */
	struct mark mark;
};

struct stack_recipe {
	char *emulator; /* build recipe by name: "qemu-debian" */
	char *image;    /* image recipe by name: "debian" */
	char *machine_name;
	int cpus;
	int64_t memory_bytes;
	int64_t disk_bytes; /* of the data disk */
	char *guest_arch;   /* "aarch64", "x86_64"; NULL = the host's */
	enum accel accel;
	bool host_loopback; /* the guest reaches what listens on the host's 127.0.0.1 */
	struct strs run; /* architectures that containers must be able to run, cooper's names */
	char *ignition;  /* file below ignition_dir with a configuration of the user's; NULL = none */
	char *ignition_dir;
	enum provider provider;
	struct source emulator_package; /* user-mode emulators for the provider "store": a debian_package */
	struct mount *mounts;
	size_t mount_count;
	struct port *ports;
	size_t port_count;
	struct guest_step *steps;
	size_t step_count;
	bool connect_podman;     /* tell podman on the host; default true */
	bool connect_docker;     /* tell docker on the host; default true */
	char *connect_socket;    /* absolute, or ~/...: a link there leads to the machine's socket; NULL = none */
	int64_t boot_timeout_ms; /* from power-on to ready under hardware acceleration; scaled for tcg */
};

struct recipe {
	enum recipe_kind kind;
	char *path; /* file it came from */
	char *root; /* folder that contains recipes/, patches/, vmimages/ for it */
	char *name;
	char *version;       /* builds and images; "" for stacks, and for a build whose own is not resolved yet */
	bool version_stated; /* by the recipe; a build may leave it to its first source (source_load()) */
	char *summary;       /* one line for people, or NULL; not part of keys */
	const struct yaml_node *document; /* as written; what it extends is merged in. For messages */
	char *canonical_digest;           /* SHA-256 of canonical, for keys; set by recipe_load() */
	char *canonical; /* canonical JSON of the whole document after `extends` and `when:`; what keys are made of */
	struct source *sources;
	size_t source_count;
	struct patch_ref *patches;
	size_t patch_count;
	struct build_recipe build;
	struct image_recipe image;
	struct stack_recipe stack;
	struct arena *arena;
};

/** recipe_free() - free a recipe and all in it; NULL is fine; returns NULL */
struct recipe *recipe_free(struct recipe *r);

#endif
