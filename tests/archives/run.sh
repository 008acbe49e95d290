#!/bin/sh
# Hostile archives against the real program: none escapes, none leaves what must not be, bombs stop; odd but valid
# ones come out as from GNU tar. sh tests/archives/run.sh [NAME...]; $COOPER is the program (build/release/cooper).
set -u
cd "$(dirname "$0")/../.." || exit 1
for tool in python3 tar xz zstd bsdtar dpkg-deb; do
	command -v "$tool" >/dev/null 2>&1 || {
		echo "SKIP: $tool is missing"
		echo "0 passed, 0 failed"
		exit 0
	}
done
# In memory where there is enough of it: how long a folder takes to make on a disk says nothing about bombs.
free=$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')
if [ "${free:-0}" -ge 4000 ]; then
	TMPDIR=/dev/shm
	export TMPDIR
fi
PYTHONDONTWRITEBYTECODE=1 exec python3 tests/archives/check.py "${COOPER:-build/release/cooper}" "$@"
