/*
 * binfmt_host.h - make this host run binaries of another architecture, to install a foreign root
 */
#ifndef COOPER_IMAGE_BINFMT_HOST_H
#define COOPER_IMAGE_BINFMT_HOST_H

#include "base/arch.h"
#include "base/err.h"

/**
 * binfmt_host_ensure() - mount binfmt_misc and register the host's own static emulator for @arch where missing
 *
 * Errors: ABSENT (no emulator installed), OS (not allowed to mount or register)
 */
MUST_CHECK struct err *binfmt_host_ensure(enum arch arch);

#endif
