/*
 * facts.h - host facts as JSON, so that decisions for one machine can be made, and tested, on another
 *
 * One flat object. What decides command lines and plans is struct host_facts (sys/os.h), measured without running
 * anything; what only `cooper doctor` looks at is in struct host_survey besides (host/survey.h measures it).
 * `cooper tool facts` prints it, `--host FILE` of plan, key, doctor and tool argv takes it.
 *
 *	{"arch": "aarch64", "chip": "Apple M1", "cpus": 8, "hv_support": true, "memory_bytes": 17179869184,
 *	 "os": "macos", "os_version": "14.5"}
 *
 * What a file leaves out is unknown, and unknown is never held against a host.
 */
#ifndef COOPER_MACHINE_FACTS_H
#define COOPER_MACHINE_FACTS_H

#include "base/err.h"
#include "base/str.h"
#include "fmt/json.h"
#include "sys/os.h"

/* "" stands for unknown in every text; where a yes or no can be unknown it is a text, "yes" or "no". */
struct host_survey {
	struct host_facts host;        /* first: the field table's offsets count on it */
	char *home;                    /* COOPER_HOME, absolute; "" = choose one */
	int64_t disk_free_bytes;       /* on the file system of home; 0 = unknown */
	int64_t clock_s;               /* the wall clock, seconds since 1970; 0 = unknown */
	char *clock_synchronized;      /* "yes", "no" */
	char *developer_tools;         /* macOS: folder of the Command Line Tools or Xcode; "no" = there are none */
	char *brew;                    /* macOS: path of Homebrew; "no" = there is none */
	char *packages_known;          /* "yes": the package manager was asked, and packages holds its answer */
	struct strs packages;          /* installed ones, of those that were asked for */
	char *superuser;               /* "yes" = cooper runs as root */
	char *podman;                  /* path of the host's podman; "no" = there is none */
	struct strs proxies;           /* "https_proxy=http://proxy:3128", without passwords */
	char *ca_file;                 /* certificates that were set by hand (CURL_CA_BUNDLE, SSL_CERT_FILE) */
	char *ca_file_readable;        /* "yes", "no" */
	char *emulator_signature;      /* macOS, the stack's QEMU: "valid", "unsigned", "broken", "no-entitlement" */
	char *kvm_verdict;             /* Linux: "works", "broken": what a boot has shown since the host was started */
	char *binfmt_misc;             /* Linux: "yes" = mounted */
	char *subordinate_ids;         /* Linux: "yes" = this user has ranges in /etc/subuid and /etc/subgid */
	int64_t user_namespaces;       /* Linux: how many may be made; 0 = unknown */
	char *unprivileged_namespaces; /* Linux: "yes", "no": whether a plain user may make one */
	char *box_lets;                /* what the box of a build does not keep from (sys/box.h); "" = all is kept */
	char *box_why;                 /* why it does not */
	char *image_box_lets;          /* the same of the box in which an image is made */
	char *image_box_why;
};

void host_survey_done(struct host_survey *survey);

/** survey_to_json() - the whole; what is unknown is left out */
struct json *survey_to_json(const struct host_survey *survey);

/**
 * survey_from_json() - read facts strictly; host_survey_done() them
 * @name:  where they come from, for messages
 *
 * Required: os ("macos", "linux"), arch ("aarch64", "x86_64"), cpus, memory_bytes. The rest may be missing.
 * Errors:   USAGE (unknown or missing field, wrong type, value out of range)
 */
MUST_CHECK struct err *survey_from_json(const struct json *root, const char *name, struct host_survey *ret_survey);

/**
 * survey_of_host() - the host that `--host` names
 * @name:  a file of facts, or a platform: "macos/arm64", "linux/amd64", ... (a plain machine of that kind)
 *
 * Errors:  USAGE (no such platform; a bad file), ABSENT (no such file)
 */
MUST_CHECK struct err *survey_of_host(const char *name, struct host_survey *ret_survey);

#endif
