/*
 * host_check.h - what a machine meets on the project's host, before anything is built for it
 */
#ifndef COOPER_PLAN_HOST_CHECK_H
#define COOPER_PLAN_HOST_CHECK_H

#include "machine/accel.h"
#include "plan/stack.h"

/** host_accelerators() - what a start on the project's host would try, and why; USAGE: the one insisted on is not there
 */
MUST_CHECK struct err *host_accelerators(const struct project *p, const struct machine_spec *m,
					 struct accel_list *ret_list);
/**
 * host_start() - what a start on the project's host would choose: the first accelerator to try
 *
 * Errors: USAGE (the stack insists on an accelerator that the host does not have)
 */
MUST_CHECK struct err *host_start(const struct project *p, const struct machine_spec *m,
				  struct machine_start *ret_start);
/**
 * host_able() - host_can() for what is pending of a stack
 * @s:          observed; empty where the lock lacks something, and then all of it is pending
 * @unresolved: what the lock lacks; may be NULL
 */
MUST_CHECK struct err *host_able(const struct project *p, const struct stack *s, const struct strs *unresolved);
/**
 * host_check() - whether the machine may run on the project's host
 * @warnings: receives sentences for people; may be NULL
 *
 * Errors: USAGE (a compatibility rule refuses; the hint says what to do)
 */
MUST_CHECK struct err *host_check(const struct project *p, const struct machine_spec *m, struct strs *warnings);

/**
 * host_fit() - where the stack's machine is to be booted on this host: whether its ports, folders and disk can be had;
 * where it is only to have other ports: whether these can
 *
 * Errors: see machine/fit.h
 */
MUST_CHECK struct err *host_fit(const struct project *p, const struct stack *s);

#endif
