#!/usr/bin/env bash
# `--offline`: no connection, and one list of all that is missing, by digest, for all steps. $COOPER is the program.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-$PWD/build/release/cooper}
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# shellcheck source=tests/sources/lib.sh
. tests/sources/lib.sh
unset COOPER_OFFLINE COOPER_MIRROR

digest() { printf '%s' "$1" | sha256sum | cut -d' ' -f1; }
commit=0123456789012345678901234567890123456789
mkdir -p "$work/tiny-1" && printf '#!/bin/sh\necho hello\n' >"$work/tiny-1/hello"
tar czf "$work/tiny-1.tar.gz" -C "$work" tiny-1
tiny=$(sha256sum "$work/tiny-1.tar.gz" | cut -d' ' -f1)
sed -i 's,file:///nonexistent,https://127.0.0.1:1,' "$project/vmimages/none.yaml"
recipe "  - url: https://127.0.0.1:1/tiny-1.tar.gz
    sha256: $tiny
  - url: https://127.0.0.1:1/two-1.tar.gz?token=secret
    sha256: $(digest two)
    into: two
  - url: git:https://127.0.0.1:1/x.git#$commit
    into: three"
ends "nothing is here" 6 "offline, and 4 files are not in the store" "$cooper" fetch --offline
for line in "$tiny  https://127.0.0.1:1/tiny-1.tar.gz" "$(digest two)  https://127.0.0.1:1/two-1.tar.gz?..." \
	"$commit  git:https://127.0.0.1:1/x.git" "$(digest none)  https://127.0.0.1:1/none.qcow2"; do
	ok "it lists $line" grep -qF -- "$line" "$work/out"
done
ok "no step was begun" sh -c "! grep -q 'fetch:' '$work/out'"
ends "a build needs the emulator's alone" 6 "3 files are not in the store" "$cooper" build --offline

# A mirror on this computer: what it holds is no more missing.
mkdir -p "$work/mirror/sha256/${tiny:0:2}"
cp "$work/tiny-1.tar.gz" "$work/mirror/sha256/${tiny:0:2}/$tiny"
export COOPER_MIRROR=file://$work/mirror
ends "with a mirror on disk" 6 "offline, and 2 files are not in the store" "$cooper" build --offline
ok "what the mirror has is not listed" sh -c "! grep -q $tiny '$work/out'"
recipe "  - url: https://127.0.0.1:1/tiny-1.tar.gz
    sha256: $tiny"
ends "all is in the mirror" 0 "1 file, $(stat -c %s "$work/tiny-1.tar.gz") B, verified" "$cooper" build --offline
unset COOPER_MIRROR
ends "all is in the store" 0 "nothing to do" "$cooper" build --offline

# A mirror of the recipe's own: it is asked when the URL is out of reach, and is part of no key.
key=$(cd "$project" && "$cooper" tool key build:tiny 2>/dev/null | head -1)
chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME"
recipe "  - url: https://127.0.0.1:1/tiny-1.tar.gz
    mirrors: [\"file://$work/nowhere/tiny-1.tar.gz\", \"file://$work/tiny-1.tar.gz\"]
    sha256: $tiny"
ends "from the recipe's mirror" 0 "" "$cooper" build --offline
ok "the same key" [ "$key" = "$(cd "$project" && "$cooper" tool key build:tiny 2>/dev/null | head -1)" ]
chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME"
ends "online, too" 0 "" env COOPER_BACKOFF_MS=1 "$cooper" build
finish
