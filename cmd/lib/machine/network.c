#include "machine/network.h"

#include "base/path.h"
#include "fmt/json.h"
#include "guest/connect.h"
#include "guest/guest.h"
#include "machine/ssh_files.h"
#include "sys/file.h"
#include "sys/os.h"

#define NOTE_FILE "network.json"

enum { TELL_MS = 10 * 60 * 1000 };

static char *new_salt(void)
{
	unsigned char bytes[32];
	char hex[SHA256_HEX];

	os_random(bytes, sizeof(bytes));
	digest_bytes(bytes, sizeof(bytes), hex);
	return mem_strdup(hex);
}

static struct json *note_of(const struct guest_network *network, const char *salt)
{
	struct json *note = js_object();
	js_set_text(note, "salt", salt);
	char hex[SHA256_HEX];

	guest_network_digest(&network->proxy, salt, hex);
	js_set_text(note, "proxy", hex);
	guest_network_digest(&network->certificates, salt, hex);
	js_set_text(note, "certificates", hex);
	return note;
}

/* A damaged note is none: the guest is told again. */
static struct err *read_note(const char *path, struct json **ret_note)
{
	bool there = false;

	TRY(file_exists(path, &there));
	struct err *e = there ? js_read(path, ret_note) : NULL;
	if (!there || err_is(e, ERR_CORRUPT))
		*ret_note = there ? js_object() : note_of(&(struct guest_network){.proxy = STRS_INIT}, "");
	return err_is(e, ERR_CORRUPT) ? err_free(e) : e;
}

struct err *network_told(const char *gen_dir, const struct guest_network *network, bool *ret_told)
{
	AUTO_FREE char *path = path_join(gen_dir, NOTE_FILE);
	AUTO_JSON *note = NULL;

	TRY(read_note(path, &note));
	const char *salt = js_get_text(note, "salt");
	AUTO_JSON *want = note_of(network, salt ? salt : "");
	AUTO_FREE char *found = js_canonical(note);
	AUTO_FREE char *wanted = js_canonical(want);
	*ret_told = streq(found, wanted);
	return NULL;
}

/* An image may have no list of authorities at all. */
static struct err *can_trust(struct guest *guest, bool *ret_can)
{
	AUTO_FREE char *text = mem_printf("command -v %s", guest->os->anchors_program);
	AUTO(str) found = STR_INIT;
	int status = 1;

	TRY(guest_shell(guest, text, &found, &status));
	*ret_can = status == 0;
	if (status != 0)
		event_warn(guest->sink, guest->step,
			   "the image has no program '%s': the machine does not trust this host's authorities",
			   guest->os->anchors_program);
	return NULL;
}

struct err *network_tell(const struct machine_spec *spec, const char *gen_dir, const struct guest_network *network,
			 struct sink *sink, const char *step)
{
	const struct guest_os *os = guest_os_find(spec->os);
	AUTO_FREE char *path = path_join(gen_dir, NOTE_FILE);
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO_FREE char *salt = new_salt();
	AUTO_JSON *note = note_of(network, salt);

	if (!os) { /* made before that was recorded */
		event_warn(sink, step, "the guest is not told of proxies and authorities: which system it runs is not known "
				       "before `cooper up`");
		return NULL;
	}
	machine_ssh_open(spec->dir, spec->name, &ssh);
	struct guest guest = {.ssh = ssh.ssh, .os = os, .deadline_ms = TELL_MS, .sink = sink, .step = step};
	struct guest_network fitting = *network; /* borrowed */
	bool trusts = true;
	if (network->certificates.count)
		TRY(can_trust(&guest, &trusts));
	if (!trusts)
		fitting.certificates = STRS_INIT;
	AUTO_FREE char *script = guest_network_script(&fitting, os, spec->user, guest_uid());
	TRY(file_revoke(path));
	TRY(guest_script(&guest, script));
	ssh_end_shared(&ssh.ssh); /* sessions have what they began with */
	return js_write(path, note, 0600);
}
