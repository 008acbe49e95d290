/* What the host that runs a test trusts is nothing to a scripted guest. */
#include "host/network.h"

const char *const host_authorities[] = {NULL};
