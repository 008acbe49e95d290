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

fresh() { chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME"; }
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
ends "nothing is here" 6 "offline: 4 files are missing from the store" "$cooper" fetch --offline
for line in "$tiny  https://127.0.0.1:1/tiny-1.tar.gz" "$(digest two)  https://127.0.0.1:1/two-1.tar.gz?..." \
	"$commit  git:https://127.0.0.1:1/x.git" "$(digest none)  https://127.0.0.1:1/none.qcow2"; do
	ok "it lists $line" grep -qF -- "$line" "$work/out"
done
ok "no step was begun" sh -c "! grep -q 'fetch:' '$work/out'"
ends "a build needs the emulator's alone" 6 "3 files are missing from the store" "$cooper" build --yes --offline

# A mirror on this computer: what it holds is no more missing.
mkdir -p "$work/mirror/sha256/${tiny:0:2}"
cp "$work/tiny-1.tar.gz" "$work/mirror/sha256/${tiny:0:2}/$tiny"
export COOPER_MIRROR=file://$work/mirror
ends "with a mirror on disk" 6 "offline: 2 files are missing from the store" "$cooper" build --yes --offline
ok "what the mirror has is not listed" sh -c "! grep -q $tiny '$work/out'"
recipe "  - url: https://127.0.0.1:1/tiny-1.tar.gz
    sha256: $tiny"
ends "all is in the mirror" 0 "1 file, $(stat -c %s "$work/tiny-1.tar.gz") B, verified" "$cooper" build --yes --offline
unset COOPER_MIRROR
ends "all is in the store" 0 "nothing to do" "$cooper" build --yes --offline

# A mirror of the recipe's own: it is asked when the URL is out of reach, and is part of no key.
key=$(cd "$project" && "$cooper" tool key build:tiny 2>/dev/null | head -1)
fresh
recipe "  - url: https://127.0.0.1:1/tiny-1.tar.gz
    mirrors: [\"file://$work/nowhere/tiny-1.tar.gz\", \"file://$work/tiny-1.tar.gz\"]
    sha256: $tiny"
ends "from the recipe's mirror" 0 "" "$cooper" build --yes --offline
ok "the same key" [ "$key" = "$(cd "$project" && "$cooper" tool key build:tiny 2>/dev/null | head -1)" ]
fresh
trace=()
command -v strace >/dev/null && trace=(strace -f -y -qq -e 'trace=fsync,rename' -o "$work/trace")
ends "online, too" 0 "" env COOPER_BACKOFF_MS=1 ${trace[@]+"${trace[@]}"} "$cooper" build --yes
[ ${#trace[@]} -gt 0 ] || echo 'SKIP on the disk before it has its name: no strace'
[ ${#trace[@]} = 0 ] || ok "in the store it is on the disk before it has its name" \
	awk '/fsync\(.*\.part>/ {flushed = 1} /rename\(.*\.part"/ {named = 1; exit} END {exit !(flushed && named)}' "$work/trace"

# SHA-512 alone: it names the object, in the store, in a mirror and in the list of what is missing.
tiny512=$(sha512sum "$work/tiny-1.tar.gz" | cut -d' ' -f1)
other512=$(printf other | sha512sum | cut -d' ' -f1)
sources512="  - url: https://127.0.0.1:1/tiny-1.tar.gz
    sha512: $tiny512"
fresh
recipe "$sources512"
ends "SHA-512: it is not here" 6 "$tiny512  https://127.0.0.1:1/tiny-1.tar.gz" "$cooper" build --yes --offline
recipe "  - url: file://$work/tiny-1.tar.gz
    sha512: $other512"
ends "SHA-512: the wrong one" 4 "digest differs: expected sha512 $other512, found $tiny512" "$cooper" build --yes
ok "nothing is installed" nothing_stored
mkdir -p "$work/mirror/sha512/${tiny512:0:2}"
cp "$work/tiny-1.tar.gz" "$work/mirror/sha512/${tiny512:0:2}/$tiny512"
recipe "$sources512"
COOPER_MIRROR=file://$work/mirror ends "SHA-512: from a mirror" 0 "1 file, $(stat -c %s "$work/tiny-1.tar.gz") B, verified" "$cooper" build --yes --offline
ok "it is named by it" [ -f "$COOPER_HOME/cas/sha512/${tiny512:0:2}/$tiny512" ]
ends "SHA-512: all is in the store" 0 "nothing to do" "$cooper" build --yes --offline
ends "SHA-512: gc keeps it" 0 "is in use" "$cooper" gc --yes
ends "SHA-512: verify --deep reads it" 0 "0 damaged" "$cooper" verify --deep
fresh
recipe "  - url: file://$work/tiny-1.tar.gz
    sha512: $tiny512
    sha256: $tiny"
ends "both" 0 "" "$cooper" build --yes
ok "SHA-256 names it" [ -f "$COOPER_HOME/cas/sha256/${tiny:0:2}/$tiny" ]

# What the recipe says besides the digest that names a file holds for one that is there, too.
said() { # said MORE: the recipe with more about its file
	recipe "  - url: file://$work/tiny-1.tar.gz
    sha256: $tiny
    $1"
}
for command in build fetch; do
	said "sha512: $other512"
	ends "$command: a wrong SHA-512 beside the right SHA-256" 4 "digest differs: expected sha512 $other512, found $tiny512" "$cooper" $command
	said "size: 7"
	ends "$command: a wrong size" 4 "size differs: expected 7 bytes" "$cooper" $command
done
ok "the message names the file" grep -qF "cannot fetch 'file://$work/tiny-1.tar.gz'" "$work/out"
fresh
said "strip: 1"
ends "SHA-256 alone" 0 "" "$cooper" build --yes
said "sha512: $other512"
ends "a wrong SHA-512 comes to it" 4 "digest differs: expected sha512 $other512, found $tiny512" "$cooper" build --yes
said "sha512: $tiny512"
ends "the right one" 0 "" "$cooper" build --yes
ends "nothing to do" 0 "nothing to do" "$cooper" build --yes
recipe "  - url: file://$work/tiny-1.tar.gz
    sha256: $tiny
    sha512: $tiny512
  - url: file://$work/again/tiny-1.tar.gz
    sha256: $tiny
    sha512: $other512
    into: again"
ends "one content, of which different things are said" 4 "digest differs: expected sha512 $other512" "$cooper" build --yes
finish
