#include "machine/pause.h"

#include <errno.h>

enum {
	WAIT_MIN_MS = 1000,
	WAIT_MAX_MS = 60 * 1000,
	IN_VAIN_MS = 30 * 1000, /* paused again so soon: there was too little room */
};

static const char *const words[] = {
	[VMM_GOES_ON] = "it runs",
	[VMM_DISK_FULL] = "the host's disk is full",
	[VMM_DISK_FAILED] = "the host's disk failed",
	[VMM_PANICKED] = "the guest's kernel panicked",
	[VMM_ASLEEP] = "the guest is asleep",
	[VMM_PAUSED] = "its processors were stopped",
};

const char *pause_words(enum vmm_pause pause)
{
	return words[pause];
}

static void begin(struct pause *p, int64_t now_ms)
{
	bool in_vain = p->tried_ms && now_ms - p->tried_ms < IN_VAIN_MS;
	int64_t wait = in_vain ? p->wait_ms * 2 : WAIT_MIN_MS;

	p->wait_ms = wait > WAIT_MAX_MS ? WAIT_MAX_MS : wait;
	p->next_ms = now_ms + p->wait_ms;
}

bool pause_due(struct pause *p, enum vmm_pause pause, int64_t free_bytes, int64_t now_ms)
{
	if (pause != p->told && pause != VMM_GOES_ON)
		begin(p, now_ms);
	p->told = pause;
	if (pause != VMM_DISK_FULL || now_ms < p->next_ms)
		return false;
	p->next_ms = now_ms + p->wait_ms;
	if (free_bytes >= 0 && free_bytes < PAUSE_ROOM_BYTES)
		return false;
	p->tried_ms = now_ms;
	return true;
}

struct err *pause_error(const char *name, enum vmm_pause pause, const char *trouble, const char *dir)
{
	const char *colon = *trouble ? ": " : "";

	if (pause == VMM_GOES_ON)
		return NULL;
	if (pause != VMM_DISK_FULL)
		return err_hint(
			err_new(ERR_GUEST, "the machine '%s' is paused: %s%s%s", name, words[pause], colon, trouble),
			pause == VMM_PANICKED ? "`cooper stop`, then `cooper up`; its last words are in "
						"'%s/log/serial.log'"
					      : "`cooper start` lets it go on; what it says is in '%s/log'",
			dir);
	struct err *e = err_new(ERR_OS, "the machine '%s' is paused: %s%s%s", name, words[pause], colon, trouble);
	e->errnum = ENOSPC;
	return err_hint(e,
			"free at least 64 MiB on the disk of '%s': the machine then goes on within a minute, or at "
			"once with `cooper start`",
			dir);
}
