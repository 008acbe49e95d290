/*
 * What a memory listener asks of the hypervisor, replayed against a framework that does not forgive.
 *
 * The fake framework holds pages, and counts as a violation what macOS 26 ends a process for: taking back (or
 * protecting) a page that it does not hold, mapping one twice, or an address that is not page aligned. The
 * listener below decides as QEMU 11's hvf_set_phys_mem() does: no table of slots, a removal for everything that
 * must trap. Built twice: plain, where the sequences must violate (else the fake proves nothing), and with
 * -DGUARDED, where the calls go through the patch's accel/hvf/mapped.c.inc and none may.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Hypervisor/Hypervisor.h>

#define PAGE 0x4000ull /* a Mac's */
#define PAGES 256
#define END (PAGES * PAGE)

static bool held[PAGES];
static int violations;
static int passed, failed;

static uint64_t qemu_real_host_page_size(void)
{
	return PAGE;
}

static hv_return_t each_page(uint64_t start, uint64_t size, bool want, bool then)
{
	bool ok = start % PAGE == 0 && size % PAGE == 0 && size && start + size <= END;

	for (uint64_t p = start / PAGE; ok && p < (start + size) / PAGE; p++)
		ok = held[p] == want;
	if (!ok) {
		violations++;
		return HV_ERROR;
	}
	for (uint64_t p = start / PAGE; p < (start + size) / PAGE; p++)
		held[p] = then;
	return HV_SUCCESS;
}

hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size, hv_memory_flags_t flags)
{
	(void)addr, (void)flags;
	return each_page(ipa, size, false, true);
}

hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size)
{
	return each_page(ipa, size, true, false);
}

hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size, hv_memory_flags_t flags)
{
	(void)flags;
	return each_page(ipa, size, true, true);
}

#ifdef GUARDED
#include "accel/hvf/mapped.c.inc"
#endif

struct region { /* the part of a MemoryRegion that decides */
	bool ram, readonly, rom_device, romd;
};

struct section {
	struct region *mr;
	uint64_t start, size;
};

/* True: reads of the section go to memory, so it is to be held */
static bool is_mappable(const struct section *s)
{
	return (s->mr->ram || (s->mr->rom_device && s->mr->romd)) && s->start % PAGE == 0 && s->size % PAGE == 0;
}

static void listen(const struct section *s, bool add)
{
	if (!s->mr->ram && !s->mr->readonly && !s->mr->rom_device)
		return;
	if (add && is_mappable(s))
		hv_vm_map(NULL, s->start, s->size, HV_MEMORY_READ | HV_MEMORY_EXEC);
	else
		hv_vm_unmap(s->start, s->size);
}

static void log_start(const struct section *s)
{
	hv_vm_protect(s->start, s->size, HV_MEMORY_READ | HV_MEMORY_EXEC);
}

/* A change of mode: the flat range of before is removed when the region already has the new mode. */
static void toggle(const struct section *s, bool romd)
{
	s->mr->romd = romd;
	listen(s, false);
	listen(s, true);
}

static void check(const char *what, bool violates_plain, const struct section *all, int n)
{
	bool want[PAGES] = {false}, ok;

	for (int i = 0; i < n; i++)
		for (uint64_t p = all[i].start / PAGE; is_mappable(&all[i]) && p < (all[i].start + all[i].size) / PAGE;
		     p++)
			want[p] = true;
#ifdef GUARDED
	(void)violates_plain;
	ok = violations == 0 && memcmp(want, held, sizeof want) == 0;
#else
	ok = (violations > 0) == violates_plain && (violations || memcmp(want, held, sizeof want) == 0);
#endif
	printf("%s - %s (%d violations)\n", ok ? "ok" : "not ok", what, violations);
	*(ok ? &passed : &failed) += 1;
	for (int i = 0; i < n; i++)
		listen(&all[i], false);
	memset(held, 0, sizeof held);
	violations = 0;
#ifdef GUARDED
	if (hvf_mapped)
		g_array_set_size(hvf_mapped, 0);
#endif
}

/* Regions side by side that come, go, toggle and are logged in any order; the fixed seed makes runs equal. */
static void any_order(void)
{
	struct region mr[8];
	struct section s[8], there[8];
	bool present[8] = {false};
	int n = 0;

	srand(1);
	for (int i = 0; i < 8; i++) {
		mr[i] = (struct region){.ram = i < 3, .rom_device = i >= 3 && i < 7, .romd = true};
		s[i] = (struct section){&mr[i], (uint64_t)i * 16 * PAGE, 16 * PAGE};
	}
	s[2].size = 0x1000, s[6].start += 0x2000, s[6].size = PAGE;
	for (int step = 0; step < 100000; step++) {
		int i = rand() % 8;
		if (present[i] && mr[i].rom_device && rand() % 2)
			toggle(&s[i], rand() % 2);
		else if (present[i] && is_mappable(&s[i]) && rand() % 2)
			log_start(&s[i]);
		else
			listen(&s[i], present[i] = !present[i]);
	}
	for (int i = 0; i < 8; i++)
		if (present[i])
			there[n++] = s[i];
	check("100000 steps in any order", true, there, n);
}

int main(void)
{
	struct region ram = {.ram = true}, flash = {.rom_device = true, .romd = true}, device = {0};
	struct section memory = {&ram, 64 * PAGE, 64 * PAGE}, bank = {&flash, 0, 16 * PAGE};
	struct section odd = {&ram, 32 * PAGE + 0x1000, 0x1000}, io = {&device, 40 * PAGE, PAGE};

	listen(&memory, true);
	listen(&memory, false);
	listen(&memory, true);
	check("memory comes, goes, comes", false, &memory, 1);

	listen(&bank, true);
	toggle(&bank, false);
	check("the guest writes to its flash: reads trap", true, &bank, 1);
	flash.romd = true;

	listen(&bank, true);
	toggle(&bank, false);
	toggle(&bank, true);
	toggle(&bank, false);
	toggle(&bank, true);
	check("the flash back and forth", true, &bank, 1);

	listen(&odd, true);
	check("a section smaller than a host page", true, &odd, 1);

	listen(&odd, true);
	listen(&odd, false);
	check("the same, gone again", true, NULL, 0);

	listen(&io, true);
	listen(&io, false);
	check("a device is never mapped", false, NULL, 0);

	flash.romd = false;
	listen(&bank, true);
	log_start(&bank);
	check("dirty logging of what traps", true, &bank, 1);
	flash.romd = true;

	listen(&memory, true);
	listen(&(struct section){&ram, 80 * PAGE, 8 * PAGE}, false);
	check("a hole in the middle", false,
	      (struct section[]){{&ram, 64 * PAGE, 16 * PAGE}, {&ram, 88 * PAGE, 40 * PAGE}}, 2);

	listen(&memory, true);
	listen(&(struct section){&ram, 48 * PAGE, 32 * PAGE}, false);
	check("a removal that begins before what is held", true, &(struct section){&ram, 80 * PAGE, 48 * PAGE}, 1);

	any_order();
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0;
}
