/*
 * vmm_scripted.h - a monitor for tests: its "machine" is the shell script bin/machine of the stack's keg
 *
 * The script plays a boot on the serial log in milliseconds, as the test tells it. The guest's disk is a folder, which
 * the `ssh` of tests/scripted/host-bin works in while the machine runs. It is linked into build/<config>/tests/
 * cooper-scripted alone, by a vmm_list of its own.
 */
#ifndef COOPER_TESTS_VMM_SCRIPTED_H
#define COOPER_TESTS_VMM_SCRIPTED_H

#include "machine/vmm.h"

extern const struct vmm vmm_scripted;

#endif
