/*
 * project_find.h - the cooper.yaml that a folder belongs to: its own, or that of the nearest folder above
 *
 * Folders are searched upwards as far as HOME, or else the root of the file system that the current one is on. What is
 * there and cannot be read is an error, never a reason to go on: another stack would be changed instead.
 */
#ifndef COOPER_PLAN_PROJECT_FIND_H
#define COOPER_PLAN_PROJECT_FIND_H

#include "base/err.h"

/**
 * project_find() - find the current folder's cooper.yaml
 * @ret_path:  "./cooper.yaml", or the absolute path of one further up; NULL where there is none; heap
 *
 * Errors: USAGE (there is one that is no file, or leads nowhere), OS (it cannot be looked at)
 */
MUST_CHECK struct err *project_find(char **ret_path);
/**
 * project_check_owner() - refuse a file that was found, not named, and that others can change
 *
 * Its folder counts, too: who owns that can put another file there. Under sudo the caller's own files pass.
 *
 * Errors: USAGE with what to do, OS
 */
MUST_CHECK struct err *project_check_owner(const char *path);
/** project_id() - a digest of where the file @path really is; the same from every folder and by every link */
MUST_CHECK struct err *project_id(const char *path, char **ret_hex);

#endif
