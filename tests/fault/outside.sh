#!/usr/bin/env bash
# outside.sh [SECONDS [SEED [POINTS [PATTERN]]]] - as torture.sh, from outside: a release build under ptrace (outside.c), where the Nth
# of a system call of one thread, or of one process that it makes, fails with each errno that the kernel gives there. What
# is reached from places of the program that look alike (by the return addresses on the stack) comes last.
set -u
cd "$(dirname "$0")/../.." || exit 1
skip() { echo "SKIP: $1" && echo "0 passed, 0 failed" && exit 0; }
[ "$(uname -sm)" = "Linux x86_64" ] || skip "the tracer is for Linux on x86_64"
"${MAKE:-make}" -s build/release/tests/fault/outside || exit 1
build/release/tests/fault/outside /bin/true 2>/dev/null || skip "nothing may be traced here"
FAULT_WAY=outside exec bash tests/fault/torture.sh "$@"
