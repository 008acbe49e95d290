/*
 * Prototypes of Apple's Hypervisor framework (arm64), as its public documentation lists them: enough to compile
 * QEMU's HVF code, and our patches to it, where there is no macOS SDK. Nothing here runs; what a test links
 * against it supplies itself.
 *
 * Values: system registers are encoded op0:op1:CRn:CRm:op2 (QEMU asserts each one at compile time); error codes
 * are those of hv_error.h; the other enumerations count from 0 as documented.
 */
#ifndef FAKE_HYPERVISOR_H
#define FAKE_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t hv_return_t;

enum {
	HV_SUCCESS = 0,
	HV_ERROR = (int32_t)0xfae94001,
	HV_BUSY = (int32_t)0xfae94002,
	HV_BAD_ARGUMENT = (int32_t)0xfae94003,
	HV_ILLEGAL_GUEST_STATE = (int32_t)0xfae94004,
	HV_NO_RESOURCES = (int32_t)0xfae94005,
	HV_NO_DEVICE = (int32_t)0xfae94006,
	HV_DENIED = (int32_t)0xfae94007,
	HV_UNSUPPORTED = (int32_t)0xfae9400f,
};

/* Guest memory */
typedef uint64_t hv_ipa_t;
typedef uint64_t hv_memory_flags_t;

enum { HV_MEMORY_READ = 1, HV_MEMORY_WRITE = 2, HV_MEMORY_EXEC = 4 };

hv_return_t hv_vm_map(void *addr, hv_ipa_t ipa, size_t size, hv_memory_flags_t flags);
hv_return_t hv_vm_unmap(hv_ipa_t ipa, size_t size);
hv_return_t hv_vm_protect(hv_ipa_t ipa, size_t size, hv_memory_flags_t flags);

/* The machine */
typedef struct hv_vm_config_s *hv_vm_config_t;

hv_vm_config_t hv_vm_config_create(void);
hv_return_t hv_vm_config_get_max_ipa_size(uint32_t *bits);
hv_return_t hv_vm_config_get_default_ipa_size(uint32_t *bits);
hv_return_t hv_vm_config_set_ipa_size(hv_vm_config_t config, uint32_t bits);
hv_return_t hv_vm_create(hv_vm_config_t config);
hv_return_t hv_vm_destroy(void);
void os_release(void *object);

/* A vCPU */
typedef uint64_t hv_vcpu_t;
typedef struct hv_vcpu_config_s *hv_vcpu_config_t;
typedef enum {
	HV_EXIT_REASON_CANCELED,
	HV_EXIT_REASON_EXCEPTION,
	HV_EXIT_REASON_VTIMER_ACTIVATED,
	HV_EXIT_REASON_UNKNOWN
} hv_exit_reason_t;
typedef struct {
	uint64_t syndrome, virtual_address;
	hv_ipa_t physical_address;
} hv_vcpu_exit_exception_t;
typedef struct {
	hv_exit_reason_t reason;
	hv_vcpu_exit_exception_t exception;
} hv_vcpu_exit_t;

hv_vcpu_config_t hv_vcpu_config_create(void);
hv_return_t hv_vcpu_create(hv_vcpu_t *vcpu, hv_vcpu_exit_t **exit, hv_vcpu_config_t config);
hv_return_t hv_vcpu_destroy(hv_vcpu_t vcpu);
hv_return_t hv_vcpu_run(hv_vcpu_t vcpu);
hv_return_t hv_vcpus_exit(hv_vcpu_t *vcpus, uint32_t count);
hv_return_t hv_vcpu_get_exec_time(hv_vcpu_t vcpu, uint64_t *time);

typedef enum { HV_INTERRUPT_TYPE_IRQ, HV_INTERRUPT_TYPE_FIQ } hv_interrupt_type_t;
hv_return_t hv_vcpu_set_pending_interrupt(hv_vcpu_t vcpu, hv_interrupt_type_t type, bool pending);
hv_return_t hv_vcpu_set_vtimer_mask(hv_vcpu_t vcpu, bool masked);
hv_return_t hv_vcpu_set_vtimer_offset(hv_vcpu_t vcpu, uint64_t offset);
hv_return_t hv_vcpu_set_trap_debug_exceptions(hv_vcpu_t vcpu, bool trap);
hv_return_t hv_vcpu_set_trap_debug_reg_accesses(hv_vcpu_t vcpu, bool trap);

/* Registers */
typedef enum {
	HV_REG_X0,
	HV_REG_X1,
	HV_REG_X2,
	HV_REG_X3,
	HV_REG_X4,
	HV_REG_X5,
	HV_REG_X6,
	HV_REG_X7,
	HV_REG_X8,
	HV_REG_X9,
	HV_REG_X10,
	HV_REG_X11,
	HV_REG_X12,
	HV_REG_X13,
	HV_REG_X14,
	HV_REG_X15,
	HV_REG_X16,
	HV_REG_X17,
	HV_REG_X18,
	HV_REG_X19,
	HV_REG_X20,
	HV_REG_X21,
	HV_REG_X22,
	HV_REG_X23,
	HV_REG_X24,
	HV_REG_X25,
	HV_REG_X26,
	HV_REG_X27,
	HV_REG_X28,
	HV_REG_X29,
	HV_REG_X30,
	HV_REG_PC,
	HV_REG_FPCR,
	HV_REG_FPSR,
	HV_REG_CPSR,
} hv_reg_t;
typedef enum {
	HV_SIMD_FP_REG_Q0,
	HV_SIMD_FP_REG_Q1,
	HV_SIMD_FP_REG_Q2,
	HV_SIMD_FP_REG_Q3,
	HV_SIMD_FP_REG_Q4,
	HV_SIMD_FP_REG_Q5,
	HV_SIMD_FP_REG_Q6,
	HV_SIMD_FP_REG_Q7,
	HV_SIMD_FP_REG_Q8,
	HV_SIMD_FP_REG_Q9,
	HV_SIMD_FP_REG_Q10,
	HV_SIMD_FP_REG_Q11,
	HV_SIMD_FP_REG_Q12,
	HV_SIMD_FP_REG_Q13,
	HV_SIMD_FP_REG_Q14,
	HV_SIMD_FP_REG_Q15,
	HV_SIMD_FP_REG_Q16,
	HV_SIMD_FP_REG_Q17,
	HV_SIMD_FP_REG_Q18,
	HV_SIMD_FP_REG_Q19,
	HV_SIMD_FP_REG_Q20,
	HV_SIMD_FP_REG_Q21,
	HV_SIMD_FP_REG_Q22,
	HV_SIMD_FP_REG_Q23,
	HV_SIMD_FP_REG_Q24,
	HV_SIMD_FP_REG_Q25,
	HV_SIMD_FP_REG_Q26,
	HV_SIMD_FP_REG_Q27,
	HV_SIMD_FP_REG_Q28,
	HV_SIMD_FP_REG_Q29,
	HV_SIMD_FP_REG_Q30,
	HV_SIMD_FP_REG_Q31,
} hv_simd_fp_reg_t;
typedef uint8_t hv_simd_fp_uchar16_t __attribute__((vector_size(16)));
typedef enum {
	HV_FEATURE_REG_ID_AA64DFR0_EL1,
	HV_FEATURE_REG_ID_AA64DFR1_EL1,
	HV_FEATURE_REG_ID_AA64ISAR0_EL1,
	HV_FEATURE_REG_ID_AA64ISAR1_EL1,
	HV_FEATURE_REG_ID_AA64MMFR0_EL1,
	HV_FEATURE_REG_ID_AA64MMFR1_EL1,
	HV_FEATURE_REG_ID_AA64MMFR2_EL1,
	HV_FEATURE_REG_ID_AA64PFR0_EL1,
	HV_FEATURE_REG_ID_AA64PFR1_EL1,
	HV_FEATURE_REG_CTR_EL0,
	HV_FEATURE_REG_CLIDR_EL1,
	HV_FEATURE_REG_DCZID_EL0,
} hv_feature_reg_t;

#include "hv_sys_reg.h"

hv_return_t hv_vcpu_get_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t *value);
hv_return_t hv_vcpu_set_reg(hv_vcpu_t vcpu, hv_reg_t reg, uint64_t value);
hv_return_t hv_vcpu_get_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg, hv_simd_fp_uchar16_t *value);
hv_return_t hv_vcpu_set_simd_fp_reg(hv_vcpu_t vcpu, hv_simd_fp_reg_t reg, hv_simd_fp_uchar16_t value);
hv_return_t hv_vcpu_get_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t *value);
hv_return_t hv_vcpu_set_sys_reg(hv_vcpu_t vcpu, hv_sys_reg_t reg, uint64_t value);
hv_return_t hv_vcpu_config_get_feature_reg(hv_vcpu_config_t config, hv_feature_reg_t reg, uint64_t *value);

#endif
