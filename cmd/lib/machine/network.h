/*
 * network.h - the guest of a generation is told of the host's network (guest/network.h), and what it was told is noted
 *
 * network.json in the generation's folder has digests of what its OS disk was told: the guest is asked nothing as long
 * as nothing has changed.
 *
 *	TRY(network_told(gen_dir, &network, &told));
 *	if (!told) TRY(network_tell(spec, gen_dir, &network, sink, step));
 */
#ifndef COOPER_MACHINE_NETWORK_H
#define COOPER_MACHINE_NETWORK_H

#include "base/event.h"
#include "guest/network.h"
#include "machine/spec.h"

/** network_told() - whether the OS disk in @gen_dir was told of @network; one that was told nothing knows of nothing */
MUST_CHECK struct err *network_told(const char *gen_dir, const struct guest_network *network, bool *ret_told);

/** network_tell() - tell the running guest of @spec, whose OS disk is in @gen_dir, and whose sessions then begin anew; errors of guest_script(), OS */
MUST_CHECK struct err *network_tell(const struct machine_spec *spec, const char *gen_dir,
				    const struct guest_network *network, struct sink *sink, const char *step);

#endif
