/*
 * hv_sys_reg_t: Apple numbers a system register by its encoding in the architecture (Arm ARM, MRS/MSR):
 * op0, op1, CRn, CRm, op2 in 2, 3, 4, 4 and 3 bits. HV_SYS_REG_ACTLR_EL1 is left out on purpose: SDKs before
 * macOS 15 lack the name, and our patch must compile with those.
 */
#ifndef FAKE_HV_SYS_REG_H
#define FAKE_HV_SYS_REG_H

#define SYS(op0, op1, crn, crm, op2) ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define DEBUG_REGS(n)                                                                                                  \
	HV_SYS_REG_DBGBVR##n##_EL1 = SYS(2, 0, 0, n, 4), HV_SYS_REG_DBGBCR##n##_EL1 = SYS(2, 0, 0, n, 5),              \
	HV_SYS_REG_DBGWVR##n##_EL1 = SYS(2, 0, 0, n, 6), HV_SYS_REG_DBGWCR##n##_EL1 = SYS(2, 0, 0, n, 7)

typedef enum {
	DEBUG_REGS(0),
	DEBUG_REGS(1),
	DEBUG_REGS(2),
	DEBUG_REGS(3),
	DEBUG_REGS(4),
	DEBUG_REGS(5),
	DEBUG_REGS(6),
	DEBUG_REGS(7),
	DEBUG_REGS(8),
	DEBUG_REGS(9),
	DEBUG_REGS(10),
	DEBUG_REGS(11),
	DEBUG_REGS(12),
	DEBUG_REGS(13),
	DEBUG_REGS(14),
	DEBUG_REGS(15),
	HV_SYS_REG_MDCCINT_EL1 = SYS(2, 0, 0, 2, 0),
	HV_SYS_REG_MIDR_EL1 = SYS(3, 0, 0, 0, 0),
	HV_SYS_REG_MPIDR_EL1 = SYS(3, 0, 0, 0, 5),
	HV_SYS_REG_ID_AA64PFR0_EL1 = SYS(3, 0, 0, 4, 0),
	HV_SYS_REG_ID_AA64PFR1_EL1 = SYS(3, 0, 0, 4, 1),
	HV_SYS_REG_ID_AA64DFR0_EL1 = SYS(3, 0, 0, 5, 0),
	HV_SYS_REG_ID_AA64DFR1_EL1 = SYS(3, 0, 0, 5, 1),
	HV_SYS_REG_ID_AA64ISAR0_EL1 = SYS(3, 0, 0, 6, 0),
	HV_SYS_REG_ID_AA64ISAR1_EL1 = SYS(3, 0, 0, 6, 1),
	HV_SYS_REG_ID_AA64MMFR0_EL1 = SYS(3, 0, 0, 7, 0),
	HV_SYS_REG_ID_AA64MMFR1_EL1 = SYS(3, 0, 0, 7, 1),
	HV_SYS_REG_ID_AA64MMFR2_EL1 = SYS(3, 0, 0, 7, 2),
	HV_SYS_REG_MDSCR_EL1 = SYS(2, 0, 0, 2, 2),
	HV_SYS_REG_SCTLR_EL1 = SYS(3, 0, 1, 0, 0),
	HV_SYS_REG_CPACR_EL1 = SYS(3, 0, 1, 0, 2),
	HV_SYS_REG_TTBR0_EL1 = SYS(3, 0, 2, 0, 0),
	HV_SYS_REG_TTBR1_EL1 = SYS(3, 0, 2, 0, 1),
	HV_SYS_REG_TCR_EL1 = SYS(3, 0, 2, 0, 2),
	HV_SYS_REG_APIAKEYLO_EL1 = SYS(3, 0, 2, 1, 0),
	HV_SYS_REG_APIAKEYHI_EL1 = SYS(3, 0, 2, 1, 1),
	HV_SYS_REG_APIBKEYLO_EL1 = SYS(3, 0, 2, 1, 2),
	HV_SYS_REG_APIBKEYHI_EL1 = SYS(3, 0, 2, 1, 3),
	HV_SYS_REG_APDAKEYLO_EL1 = SYS(3, 0, 2, 2, 0),
	HV_SYS_REG_APDAKEYHI_EL1 = SYS(3, 0, 2, 2, 1),
	HV_SYS_REG_APDBKEYLO_EL1 = SYS(3, 0, 2, 2, 2),
	HV_SYS_REG_APDBKEYHI_EL1 = SYS(3, 0, 2, 2, 3),
	HV_SYS_REG_APGAKEYLO_EL1 = SYS(3, 0, 2, 3, 0),
	HV_SYS_REG_APGAKEYHI_EL1 = SYS(3, 0, 2, 3, 1),
	HV_SYS_REG_SPSR_EL1 = SYS(3, 0, 4, 0, 0),
	HV_SYS_REG_ELR_EL1 = SYS(3, 0, 4, 0, 1),
	HV_SYS_REG_SP_EL0 = SYS(3, 0, 4, 1, 0),
	HV_SYS_REG_AFSR0_EL1 = SYS(3, 0, 5, 1, 0),
	HV_SYS_REG_AFSR1_EL1 = SYS(3, 0, 5, 1, 1),
	HV_SYS_REG_ESR_EL1 = SYS(3, 0, 5, 2, 0),
	HV_SYS_REG_FAR_EL1 = SYS(3, 0, 6, 0, 0),
	HV_SYS_REG_PAR_EL1 = SYS(3, 0, 7, 4, 0),
	HV_SYS_REG_MAIR_EL1 = SYS(3, 0, 10, 2, 0),
	HV_SYS_REG_AMAIR_EL1 = SYS(3, 0, 10, 3, 0),
	HV_SYS_REG_VBAR_EL1 = SYS(3, 0, 12, 0, 0),
	HV_SYS_REG_CONTEXTIDR_EL1 = SYS(3, 0, 13, 0, 1),
	HV_SYS_REG_TPIDR_EL1 = SYS(3, 0, 13, 0, 4),
	HV_SYS_REG_CNTKCTL_EL1 = SYS(3, 0, 14, 1, 0),
	HV_SYS_REG_CSSELR_EL1 = SYS(3, 2, 0, 0, 0),
	HV_SYS_REG_TPIDR_EL0 = SYS(3, 3, 13, 0, 2),
	HV_SYS_REG_TPIDRRO_EL0 = SYS(3, 3, 13, 0, 3),
	HV_SYS_REG_CNTV_CTL_EL0 = SYS(3, 3, 14, 3, 1),
	HV_SYS_REG_CNTV_CVAL_EL0 = SYS(3, 3, 14, 3, 2),
	HV_SYS_REG_SP_EL1 = SYS(3, 4, 4, 1, 0),
} hv_sys_reg_t;

#undef SYS
#undef DEBUG_REGS

#endif
