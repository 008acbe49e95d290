/*
 * guest_oses.h - the list of guest operating systems: GUEST_OSES(ROW) has a ROW(name in recipes, name in C) for each
 *
 * `os:` of an image recipe takes these names. What each one is stands in guest/os_<name in C>.c; to add one is a line
 * here and that file. See: guest/os.h
 */
#ifndef COOPER_RECIPE_GUEST_OSES_H
#define COOPER_RECIPE_GUEST_OSES_H

/* clang-format off */
#define GUEST_OSES(ROW) \
	ROW("debian", debian) \
	ROW("fedora-coreos", fedora_coreos)
/* clang-format on */

#endif
