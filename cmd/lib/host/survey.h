/*
 * survey.h - measure what `cooper doctor` looks at: this host, as plain values
 *
 * Thin: it reads files and asks dpkg-query, brew and codesign, each once, with a deadline; it judges nothing
 * (plan/doctor.h does) and changes nothing. What cannot be found out stays unknown.
 */
#ifndef COOPER_HOST_SURVEY_H
#define COOPER_HOST_SURVEY_H

#include "machine/facts.h"

/* All borrowed. */
struct survey_input {
	const struct host_facts *host;
	const char *home;            /* COOPER_HOME */
	const struct strs *packages; /* host packages to ask for */
	const char *emulator;        /* the stack's QEMU, built or not; NULL = none */
};

void survey_measure(const struct survey_input *input, struct host_survey *ret_survey);

/** survey_signature() - what `codesign -d --entitlements` and `codesign --verify` mean together, as the fact's word */
const char *survey_signature(int verify_status, int display_status, const char *entitlements);

/** survey_has_subordinates() - whether the text of /etc/subuid gives @user or @uid a range */
bool survey_has_subordinates(const char *text, const char *user, int uid);

/** survey_proxy() - "https_proxy=http://proxy:3128" without a login in it, heap */
char *survey_proxy(const char *name, const char *value);

#endif
