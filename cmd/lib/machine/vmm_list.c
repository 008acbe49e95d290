#include "machine/vmm.h"
#include "machine/vmm_qemu.h"

const struct vmm *const vmm_list[] = {&vmm_qemu, NULL};
