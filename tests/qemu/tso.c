/*
 * -accel hvf,tso=on, decided against a fake vCPU: the patch's own function, cut out of the patched source
 * (tso_under_test.inc), under every answer that macOS may give. It must go on only where the bit was read back.
 *
 * Usage: tso MACOS GET SET STICKS; exits 0 where the vCPU would run, and as the function does where not.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <Hypervisor/Hypervisor.h>

typedef struct {
	struct {
		hv_vcpu_t fd;
	} * accel;
	int cpu_index;
} CPUState;

static int macos;
static hv_return_t get_result, set_result;
static bool sticks;
static uint64_t actlr = 0xc00;

#define __builtin_available(...) (macos >= 15)

hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t *value)
{
	if (vcpu != 7 || reg != 0xc081)
		return HV_BAD_ARGUMENT;
	*value = actlr;
	return get_result;
}

hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t value)
{
	if (vcpu != 7 || reg != 0xc081 || value != (actlr | 2)) /* one bit more than there was */
		return HV_BAD_ARGUMENT;
	if (sticks)
		actlr = value;
	return set_result;
}

static const char *hvf_return_string(hv_return_t ret)
{
	return ret == HV_UNSUPPORTED ? "HV_UNSUPPORTED" : ret == HV_DENIED ? "HV_DENIED" : "other";
}

__attribute__((format(printf, 1, 2))) static void error_report(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	puts("");
}

#include "tso_under_test.inc"

int main(int argc, char **argv)
{
	__typeof__(*((CPUState *)0)->accel) accel = {7};

	if (argc != 5)
		return 2;
	macos = atoi(argv[1]);
	get_result = (hv_return_t)strtoul(argv[2], NULL, 0);
	set_result = (hv_return_t)strtoul(argv[3], NULL, 0);
	sticks = *argv[4] == '1';
	hvf_vcpu_enable_tso(&(CPUState){&accel, 3});
	puts("runs");
	return actlr & 2 ? 0 : 3;
}
