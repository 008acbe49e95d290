/*
 * developer_tools.h - Apple's Command Line Tools, found by looking at files
 *
 * Nothing is run: the programs in /usr/bin of a Mac without the tools are shims that open a dialog.
 */
#ifndef COOPER_BUILD_DEVELOPER_TOOLS_H
#define COOPER_BUILD_DEVELOPER_TOOLS_H

#include "base/err.h"

#include <stddef.h>

/**
 * developer_tools_find() - the folder that xcode-select(1) would name, heap; NULL when the tools are not installed
 * @root:  put before every path; "" for this machine
 *
 * The link that `xcode-select --switch` leaves counts first, then the Command Line Tools, then Xcode. What could not be
 * looked at is an error: the tools stand in keys.
 */
MUST_CHECK struct err *developer_tools_find(const char *root, char **ret_tools);

/** developer_tools_sdk() - version of the macOS SDK below @tools ("15.2"), or "" where there is none; errors as well */
MUST_CHECK struct err *developer_tools_sdk(const char *tools, char *ret_version, size_t size);

#endif
