#include "host/network.h"

/* See: update-ca-certificates(8), update-ca-trust(8) */
const char *const host_authorities[] = {"/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors",
					"/etc/pki/trust/anchors", "/etc/ca-certificates/trust-source/anchors", NULL};
