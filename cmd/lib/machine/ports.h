/*
 * ports.h - what containers publish is on the host: the supervisor's side
 *
 * A child (`cooper machine ports NAME`, see guest/published_watch.h) reads what the guest says and writes the ports as
 * lines to a pipe; here they are compared with what is open (port_table.h), and the monitor is told the difference. A
 * guest that reboots has no ports until it says so again; a child that ends is started anew, and until then all stays
 * as it is.
 *
 *	ports_init(&p, program, spec);
 *	while (...) ports_look(&p, &power, &warnings);	when p.fd is readable, and each second while the guest is ready
 *	ports_close(&p);				before the guest goes
 *	ports_done(&p);
 */
#ifndef COOPER_MACHINE_PORTS_H
#define COOPER_MACHINE_PORTS_H

#include "base/str.h"
#include "machine/port_table.h"
#include "machine/power.h"
#include "sys/kept.h"

#define PORTS_REPORT_OPTION "--report-fd=3" /* of `cooper machine ports` */

struct ports {
	const char *program; /* cooper; NULL = nobody follows them */
	const char *machine; /* its name */
	char *log_path;      /* what the child says besides */
	struct kept watcher;
	int fd; /* its lines; -1 = none */
	struct str input;
	struct port_table table;
	int warned; /* of this boot */
};

/** ports_init() - nothing runs yet; both borrowed */
void ports_init(struct ports *p, const char *program, const struct machine_spec *spec);

/**
 * ports_look() - take in what was said, and open and close a few; never blocks but for the monitor's answers
 * @warnings:  gets a sentence for each port that cannot be opened, once, and not without end
 *
 * True when there is more to do at once.
 */
bool ports_look(struct ports *p, struct power *power, struct strs *warnings);

/** ports_close() - the guest goes, and with it all that was open; ports_look() starts anew */
void ports_close(struct ports *p);
void ports_done(struct ports *p);

#endif
