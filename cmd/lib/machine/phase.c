#include "machine/phase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "machine/accel.h"

enum { LINE_MAX_BYTES = 512, TAIL_LINES = 12 };

struct phase_watch {
	const struct guest_os *os; /* NULL = unknown */
	enum machine_phase phase;
	struct phase_failure failure;
	char line[LINE_MAX_BYTES]; /* the line being read, without its escape sequences; NUL-terminated */
	size_t line_len;
	bool has_cause; /* the failure's text is the program's own message, not systemd's note about it */
	int escape;     /* 0 outside, 1 after ESC, 2 within a CSI sequence */
	bool got_bytes;
	char tail[TAIL_LINES][LINE_MAX_BYTES]; /* ring of finished lines */
	size_t tail_count;
};

/* Under hardware acceleration, generous; tcg gets eight times as much (accel.h). */
static const struct {
	const char *name;
	int64_t ms;
} phases[PHASE_COUNT] = {
	[PHASE_POWER] = {"power", 10 * 1000},
	[PHASE_FIRMWARE] = {"firmware", 15 * 1000},
	[PHASE_KERNEL] = {"kernel", 40 * 1000},
	[PHASE_IGNITION] = {"ignition", 60 * 1000},
	[PHASE_SWITCH_ROOT] = {"switch-root", 120 * 1000},
	[PHASE_SSHD] = {"sshd", 90 * 1000},
	[PHASE_READY] = {"ready", 60 * 1000},
};

static const char *const failure_names[] = {
	[FAILURE_NONE] = "no failure",
	[FAILURE_STUCK] = "no progress",
	[FAILURE_SILENT] = "silence",
	[FAILURE_DEVICE] = "missing device",
	[FAILURE_DISK] = "disk error",
	[FAILURE_SERVICE] = "failed service",
	[FAILURE_EMERGENCY] = "emergency shell",
	[FAILURE_IGNITION] = "ignition failure",
	[FAILURE_NO_BOOT] = "nothing to boot",
	[FAILURE_PANIC] = "kernel panic",
	[FAILURE_FIRMWARE] = "firmware failure",
};

/* A line that holds both texts (the second may be NULL) says that the phase was reached. */
static const struct {
	const char *text;
	const char *and_text;
	enum machine_phase phase;
} progress_signs[] = {
	{"UEFI firmware", NULL, PHASE_FIRMWARE},
	{"BdsDxe:", NULL, PHASE_FIRMWARE},
	{"EDK II", NULL, PHASE_FIRMWARE},
	{"SeaBIOS", NULL, PHASE_FIRMWARE},
	{"GNU GRUB", NULL, PHASE_FIRMWARE},
	{"EFI stub:", NULL, PHASE_FIRMWARE},
	{"Linux version ", NULL, PHASE_KERNEL},
	{"ignition[", "]:", PHASE_IGNITION},
	{"Starting ", "Ignition (", PHASE_IGNITION},
	{"Finished ", "Ignition (", PHASE_IGNITION},
	{"Starting ", "Switch Root", PHASE_SWITCH_ROOT},
	{"Reached target ", "Switch Root", PHASE_SWITCH_ROOT},
	{"systemd[1]: Switching root", NULL, PHASE_SWITCH_ROOT},
};

enum weight {
	NOTE,           /* the boot may go on, and a better message may follow */
	TRANSIENT_NOTE, /* a note; where the boot ends with it, another start may succeed */
	CAUSE,          /* the failing program's own message, better than a note of the same kind */
	FATAL,          /* nothing will follow */
	TRANSIENT,      /* fatal, and another start may succeed */
	PROMPT,         /* fatal, and complete without a newline */
};

struct failure_sign {
	const char *text;
	const char *and_text;
	enum failure_kind kind;
	enum weight weight;
	const char *remedy;
};

#define REMEDY_FIRMWARE                                                                                                \
	"firmware and QEMU do not match: use the edk2 files of QEMU's own release, or another QEMU version"
#define REMEDY_IGNITION                                                                                                \
	"the first-boot config was refused: check it with 'cooper tool ignition', then destroy and recreate the "      \
	"machine"
#define REMEDY_NO_BOOT                                                                                                 \
	"the disk image is not bootable on this guest architecture, or is damaged: check the image recipe, then "      \
	"recreate the machine"
#define REMEDY_ROOT "the kernel does not match the disk, or the initramfs lacks a driver: rebuild the image"
#define REMEDY_MEMORY "give the machine more memory (machine.memory in the stack)"
#define REMEDY_PANIC "the serial log has the trace; try another accelerator (accel: tcg) or another image"
#define REMEDY_TIMER "the host was overloaded and the guest's timer was late: run the same command again"
#define REMEDY_PATCHING                                                                                                \
	"under emulation, on a busy host, a processor ran an instruction while another was changing it: run the same " \
	"command again"
#define REMEDY_EMERGENCY                                                                                               \
	"the serial log above this line shows which unit failed; recreate the machine if it was interrupted"
#define REMEDY_SERVICE "the serial log shows why the service failed; 'cooper ssh' may still work"
#define REMEDY_DISK "check that the host's disk is not full, and the machine's disks with 'qemu-img check'"
#define REMEDY_STUCK "the host may be overloaded: raise `boot: { timeout: ... }` in the stack, or check the serial log"
#define REMEDY_DEVICE "a disk or a shared directory did not come up in the guest: check mounts in the stack"

/* The first row that matches a line counts. */
static const struct failure_sign failure_signs[] = {
	{"ASSERT [", NULL, FAILURE_FIRMWARE, FATAL, REMEDY_FIRMWARE},
	{"ASSERT_EFI_ERROR", NULL, FAILURE_FIRMWARE, FATAL, REMEDY_FIRMWARE},
	{"Synchronous Exception at", NULL, FAILURE_FIRMWARE, FATAL, REMEDY_FIRMWARE},
	{"!!!! X64 Exception", NULL, FAILURE_FIRMWARE, FATAL, REMEDY_FIRMWARE},
	{"No bootable device", NULL, FAILURE_NO_BOOT, FATAL, REMEDY_NO_BOOT},
	{"No bootable option or device", NULL, FAILURE_NO_BOOT, FATAL, REMEDY_NO_BOOT},
	{"UEFI Interactive Shell", NULL, FAILURE_NO_BOOT, FATAL, REMEDY_NO_BOOT},
	{"Boot failed: not a bootable disk", NULL, FAILURE_NO_BOOT, NOTE, REMEDY_NO_BOOT},
	{"grub rescue>", NULL, FAILURE_NO_BOOT, PROMPT, REMEDY_NO_BOOT},
	{"Oops: int3: ", NULL, FAILURE_PANIC, TRANSIENT_NOTE, REMEDY_PATCHING},
	/* an emulated processor that lost its timer idles for ever; one that is merely late goes on */
	{"rcu: INFO: rcu_", "detected stalls", FAILURE_STUCK, TRANSIENT_NOTE, REMEDY_TIMER},
	{"Kernel panic - not syncing", "Unable to mount root", FAILURE_PANIC, FATAL, REMEDY_ROOT},
	{"Kernel panic - not syncing", "deadlocked on memory", FAILURE_PANIC, FATAL, REMEDY_MEMORY},
	{"Kernel panic - not syncing", "Out of memory", FAILURE_PANIC, FATAL, REMEDY_MEMORY},
	{"Kernel panic - not syncing", "IO-APIC + timer", FAILURE_PANIC, TRANSIENT, REMEDY_TIMER},
	{"Kernel panic - not syncing", NULL, FAILURE_PANIC, FATAL, REMEDY_PANIC},
	{"Initramfs unpacking failed", "write error", FAILURE_DISK, NOTE, REMEDY_MEMORY},
	{"ignition[", "CRITICAL", FAILURE_IGNITION, CAUSE, REMEDY_IGNITION},
	{"ignition[", "failed to ", FAILURE_IGNITION, CAUSE, REMEDY_IGNITION},
	{"Ignition has failed", NULL, FAILURE_IGNITION, NOTE, REMEDY_IGNITION},
	{"Failed to start ", "Ignition (", FAILURE_IGNITION, NOTE, REMEDY_IGNITION},
	{"Press Enter for maintenance", NULL, FAILURE_EMERGENCY, PROMPT, REMEDY_EMERGENCY},
	{"Press Enter for emergency shell", NULL, FAILURE_EMERGENCY, PROMPT, REMEDY_EMERGENCY},
	{"Give root password for maintenance", NULL, FAILURE_EMERGENCY, PROMPT, REMEDY_EMERGENCY},
	{"Cannot open access to console, the root account is locked", NULL, FAILURE_EMERGENCY, FATAL, REMEDY_EMERGENCY},
	{"Entering emergency mode", NULL, FAILURE_EMERGENCY, NOTE, REMEDY_EMERGENCY},
	{"You are in emergency mode", NULL, FAILURE_EMERGENCY, FATAL, REMEDY_EMERGENCY},
	{"(initramfs) ", NULL, FAILURE_EMERGENCY, PROMPT, REMEDY_EMERGENCY},
	{"cooper: cannot mount ", NULL, FAILURE_DEVICE, CAUSE, REMEDY_DEVICE},
	{"Failed to start ", "cooper-mounts", FAILURE_DEVICE, NOTE, REMEDY_DEVICE},
	{"Failed to start ", "cooper-ready", FAILURE_SERVICE, NOTE, REMEDY_SERVICE},
	{"I/O error, dev vd", NULL, FAILURE_DISK, NOTE, REMEDY_DISK},
	{"EXT4-fs error", NULL, FAILURE_DISK, NOTE, REMEDY_DISK},
	{"No space left on device", NULL, FAILURE_DISK, NOTE, REMEDY_DISK},
	{"Timed out waiting for device", NULL, FAILURE_DEVICE, NOTE, REMEDY_DEVICE},
	{"Failed to mount ", NULL, FAILURE_DEVICE, NOTE, REMEDY_DEVICE},
	{"Dependency failed for ", "cooper-ready", FAILURE_DEVICE, FATAL, REMEDY_DEVICE},
};

/* What the guest's system says in its own words; of CONSOLE_SSHD the phase matters instead. */
static const struct failure_sign meanings[] = {
	[CONSOLE_SSHD_FAILED] = {.kind = FAILURE_SERVICE, .weight = NOTE, .remedy = REMEDY_SERVICE},
	[CONSOLE_IGNITION_FAILED] = {.kind = FAILURE_IGNITION, .weight = CAUSE, .remedy = REMEDY_IGNITION},
	[CONSOLE_EMERGENCY] = {.kind = FAILURE_EMERGENCY, .weight = NOTE, .remedy = REMEDY_EMERGENCY},
	[CONSOLE_GIVEN_UP] = {.kind = FAILURE_EMERGENCY, .weight = FATAL, .remedy = REMEDY_EMERGENCY},
};

struct phase_watch *phase_new(const struct guest_os *os)
{
	struct phase_watch *w = mem_alloc(sizeof(*w));

	w->os = os;
	return w;
}

struct phase_watch *phase_free(struct phase_watch *w)
{
	free(w);
	return NULL;
}

const char *phase_name(enum machine_phase phase)
{
	return phases[phase].name;
}

const char *failure_name(enum failure_kind kind)
{
	return failure_names[kind];
}

static void set_failure(struct phase_watch *w, const struct failure_sign *t, const char *cause)
{
	AUTO_FREE char *shown = NULL;
	bool better = t->kind == w->failure.kind && t->weight == CAUSE && !w->has_cause;

	w->failure.fatal = w->failure.fatal || t->weight >= FATAL;
	/* the first of a kind is the cause, what follows is the consequence */
	if (t->kind <= w->failure.kind && !better)
		return;
	shown = str_escape(cause + strspn(cause, " \t"));
	w->has_cause = t->weight == CAUSE;
	w->failure.kind = t->kind;
	w->failure.passing = t->weight == TRANSIENT || t->weight == TRANSIENT_NOTE;
	w->failure.remedy = t->remedy;
	snprintf(w->failure.cause, sizeof(w->failure.cause), "%s", shown);
}

static bool holds(const char *line, const char *text, const char *and_text)
{
	const char *at = strstr(line, text);

	return at && (!and_text || strstr(at + strlen(text), and_text));
}

static void judge_own(struct phase_watch *w)
{
	for (const struct console_sign *c = w->os ? w->os->console : NULL; c && c->text; c++) {
		if (!holds(w->line, c->text, c->and_text))
			continue;
		if (c->meaning == CONSOLE_SSHD)
			phase_advance(w, PHASE_SSHD);
		else
			set_failure(w, &meanings[c->meaning], w->line);
		return;
	}
}

/* A line still being written is judged for prompts alone: of anything else the end would be missing. */
static void judge(struct phase_watch *w, bool whole)
{
	for (size_t i = 0; whole && i < ARRAY_LEN(progress_signs); i++)
		if (holds(w->line, progress_signs[i].text, progress_signs[i].and_text))
			phase_advance(w, progress_signs[i].phase);
	if (whole)
		judge_own(w);
	for (size_t i = 0; i < ARRAY_LEN(failure_signs); i++) {
		const struct failure_sign *t = &failure_signs[i];
		if (!whole && t->weight != PROMPT)
			continue;
		/* once a kernel runs, text like the firmware's comes from elsewhere */
		if (t->kind >= FAILURE_NO_BOOT && t->kind != FAILURE_PANIC && w->phase >= PHASE_KERNEL)
			continue;
		if (holds(w->line, t->text, t->and_text)) {
			set_failure(w, t, w->line);
			break;
		}
	}
}

static void end_line(struct phase_watch *w)
{
	judge(w, /* whole= */ true);
	if (w->line_len > 0)
		memcpy(w->tail[w->tail_count++ % TAIL_LINES], w->line, w->line_len + 1);
	w->line_len = 0;
	w->line[0] = '\0';
}

/* Colours and cursor movements (ESC [ ... letter) are no text. See: ECMA-48 section 5.4 */
static bool in_escape(struct phase_watch *w, unsigned char c)
{
	if (c == 0x1b) {
		w->escape = 1;
		return true;
	}
	if (w->escape == 1) {
		w->escape = c == '[' ? 2 : 0;
		return true;
	}
	if (w->escape == 2) {
		if (c >= 0x40 && c <= 0x7e)
			w->escape = 0;
		return c >= 0x20;
	}
	return false;
}

void phase_feed(struct phase_watch *w, const void *bytes, size_t size)
{
	const unsigned char *p = bytes;

	w->got_bytes = w->got_bytes || size > 0;
	for (size_t i = 0; i < size; i++) {
		if (p[i] == '\n') {
			w->escape = 0;
			end_line(w);
			continue;
		}
		if (in_escape(w, p[i]) || p[i] == '\r' || p[i] == '\0')
			continue;
		/* a line without end is judged in pieces that overlap by nothing; real ones are far shorter */
		if (w->line_len == sizeof(w->line) - 1)
			end_line(w);
		w->line[w->line_len++] = (char)p[i];
		w->line[w->line_len] = '\0';
	}
	/* a prompt has no newline */
	if (w->line_len > 0)
		judge(w, /* whole= */ false);
}

enum machine_phase phase_reached(const struct phase_watch *w)
{
	return w->phase;
}

void phase_advance(struct phase_watch *w, enum machine_phase phase)
{
	if (phase > w->phase)
		w->phase = phase;
}

const struct phase_failure *phase_failure(const struct phase_watch *w)
{
	return &w->failure;
}

static const char *last_line(const struct phase_watch *w)
{
	if (w->line_len > 0)
		return w->line;
	return w->tail_count > 0 ? w->tail[(w->tail_count - 1) % TAIL_LINES] : "";
}

static const char *hardware_remedy(enum accel accel)
{
	if (accel == ACCEL_TCG)
		return "see QEMU's own log; check that kernel and firmware are for the guest's architecture";
	return "the accelerator does not work on this host: use accel: auto, or accel: tcg";
}

void phase_expired(struct phase_watch *w, enum accel accel)
{
	char cause[LINE_MAX_BYTES + 64];

	w->failure.fatal = true;
	if (w->failure.kind != FAILURE_NONE)
		return;
	struct failure_sign t = {.kind = FAILURE_STUCK, .weight = FATAL, .remedy = REMEDY_STUCK};
	if (w->phase < PHASE_KERNEL)
		t.remedy = hardware_remedy(accel);
	if (!w->got_bytes)
		t.kind = FAILURE_SILENT;
	snprintf(cause, sizeof(cause), "nothing came after '%s'", last_line(w));
	set_failure(w, &t, w->got_bytes ? cause : "the console stayed silent");
}

char *phase_tail(const struct phase_watch *w)
{
	size_t first = w->tail_count > TAIL_LINES ? w->tail_count - TAIL_LINES : 0;
	AUTO(str) s = STR_INIT;

	for (size_t i = first; i < w->tail_count; i++) {
		const char *line = w->tail[i % TAIL_LINES];
		str_add_escaped(&s, line, strlen(line));
		str_add_char(&s, '\n');
	}
	if (w->line_len > 0) {
		str_add_escaped(&s, w->line, w->line_len);
		str_add_char(&s, '\n');
	}
	return str_take(&s);
}

struct err *phase_error(const struct phase_watch *w, const char *machine)
{
	const struct phase_failure *f = &w->failure;
	struct err *e;

	if (f->kind == FAILURE_NONE)
		bug("phase_error() without a failure");
	e = err_new(ERR_GUEST, "the machine '%s' did not come up: %s in phase %s: %s", machine, failure_name(f->kind),
		    phase_name(w->phase), f->cause);
	e = err_hint(e, "%s", f->remedy);
	return err_detail(e, phase_tail(w));
}

int64_t phase_deadline_ms(enum machine_phase phase, enum accel accel)
{
	return accel_scale_ms(accel, phases[phase].ms);
}

int64_t machine_phase_limit_ms(enum machine_phase phase, enum image_boot boot, bool first_boot, enum accel accel)
{
	int64_t ms = 0;

	for (int next = (int)phase + 1; next <= (int)PHASE_READY; next++) {
		ms += phase_deadline_ms((enum machine_phase)next, accel);
		bool hidden = (next == (int)PHASE_FIRMWARE && boot == BOOT_KERNEL) ||
			      (next == (int)PHASE_IGNITION && !first_boot) || next == (int)PHASE_SSHD;
		if (!hidden)
			break;
	}
	return ms;
}
