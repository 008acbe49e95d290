#include "machine/vmm.h"
#include "vmm_scripted.h"

const struct vmm *const vmm_list[] = {&vmm_scripted, NULL};
