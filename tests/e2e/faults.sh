#!/usr/bin/env bash
# What goes wrong says so: wrong digest, truncated download, 404, TLS failure, a patch that does not apply, a compile
# error, a guest that never gets ready, a full disk, an unknown stack. Each with its exit code, cause and remedy, and
# nothing half-made left behind. Small recipes of its own; the guest case uses the emulator that `make up` built.
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=$PWD/build/release/cooper
usual=${COOPER_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/cooper}
work=$(mktemp -d)
passed=0 failed=0
pids=()
cleanup() {
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null
	umount "$work/small" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
export COOPER_HOME=$work/home NO_COLOR=1

expect() { # expect NAME EXIT PART... -- COMMAND...: exit code, and every part in the output
	local name=$1 want=$2 parts=() out got
	shift 2
	while [ "$1" != -- ]; do parts+=("$1") && shift; done
	shift
	out=$("$@" 2>&1)
	got=$?
	local ok=1 part
	[ $got = "$want" ] || ok=0
	for part in "${parts[@]}"; do grep -qF -- "$part" <<<"$out" || ok=0; done
	if [ $ok = 1 ]; then
		passed=$((passed + 1)) && echo "ok    $name"
	else
		failed=$((failed + 1)) && echo "FAIL  $name: exit $got instead of $want" && tail -12 <<<"$out"
	fi
}
nothing_left() { # nothing_left NAME: no stage, no temporary file, no keg
	local left
	left=$(find "$COOPER_HOME" -name '.stage-*' -o -name '*.tmp-*' -o -name '*.part' -o -path '*/store/*-hello*' 2>/dev/null)
	if [ -z "$left" ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAIL  $1 left: $left"; fi
}

# A project of three small recipes: a program "hello" built by make stands in for the emulator.
mkdir -p "$work/p/recipes" "$work/p/vmimages" "$work/p/patches" "$work/www" "$work/src/hello-1"
printf 'all:\n\techo "echo hello 1" >hello\n' >"$work/src/hello-1/Makefile"
head -c 1000000 /dev/zero >"$work/www/big"
tar -C "$work/src" -czf "$work/www/hello.tar.gz" hello-1
sha=$(sha256sum "$work/www/hello.tar.gz" | cut -d' ' -f1)
head -c 100 "$work/www/hello.tar.gz" >"$work/www/short.tar.gz"
size=$(stat -c %s "$work/www/hello.tar.gz")

build() { # build URL SHA [PATCH] [MAKE-TARGET]
	local patches=
	[ -z "${3:-}" ] || patches="patches: [{ file: \"$3\" }]"
	cat >"$work/p/recipes/hello.yaml" <<-YAML
		kind: build
		name: hello
		version: "1"
		source: [{ url: "$1", sha256: "$2", size: $size }]
		$patches
		configure: [["cp", "-R", "\${source}/.", "."]]
		build: [["make", "${4:-all}"]]
		install: [["cp", "hello", "\${prefix}/"]]
	YAML
	cat >"$work/p/cooper.yaml" <<-YAML
		kind: stack
		extends: podman-debian
		emulator: hello
		machine: { name: faults }
	YAML
	mkdir -p "$COOPER_HOME"
	[ ! -f "$usual/cooper.lock" ] || cp "$usual/cooper.lock" "$work/p/"
}
cd "$work/p" || exit 1
python3 -m http.server --bind 127.0.0.1 8765 -d "$work/www" >/dev/null 2>&1 &
pids+=($!)
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/cert" -days 1 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 2>/dev/null
openssl s_server -quiet -accept 8766 -key "$work/key" -cert "$work/cert" -WWW >/dev/null 2>&1 &
pids+=($!)
sleep 1
base=http://127.0.0.1:8765

build "$base/hello.tar.gz" "${sha//[0-9]/e}"
expect "wrong digest" 4 "digest differs" "$sha" "hint:" -- "$cooper" build
nothing_left "wrong digest"
build "$base/short.tar.gz" "$sha"
expect "truncated download" 4 "100 bytes instead of" -- "$cooper" build
nothing_left "truncated download"
build "$base/none.tar.gz" "$sha"
expect "404" 6 "HTTP 404" "none.tar.gz" "hint:" -- "$cooper" build
nothing_left "404"
build "https://127.0.0.1:8766/hello.tar.gz" "$sha"
expect "TLS failure" 6 "certificate" "SSL_CERT_FILE" -- "$cooper" build
nothing_left "TLS failure"

printf -- '--- a/Makefile\n+++ b/Makefile\n@@ -1,2 +1,2 @@\n all:\n-\techo other\n+\techo changed\n' >"$work/p/patches/bad.patch"
build "$base/hello.tar.gz" "$sha" bad.patch
expect "a patch that does not apply" 4 "bad.patch" "Makefile" "closest place" -- "$cooper" build
nothing_left "patch"
build "$base/hello.tar.gz" "$sha" "" no-such-target
expect "a compile error" 1 "no-such-target" "log:" "hello.yaml:" -- "$cooper" build
nothing_left "compile error"
build "$base/hello.tar.gz" "$sha"
expect "and then it builds" 0 "keg" -- "$cooper" build
expect "unknown stack" 1 "podman-debian" -- "$cooper" plan podman-debain
expect "unknown guest architecture" 2 "x86_64, aarch64" -- "$cooper" plan --guest-arch z80

if [ "$(id -u)" = 0 ]; then
	mkdir -p "$work/small" && mount -t tmpfs -o size=64k tmpfs "$work/small"
	expect "disk full" 7 "No space left" -- env COOPER_HOME="$work/small/home" "$cooper" tool fetch "$base/big" --sha256 "$(sha256sum "$work/www/big" | cut -d" " -f1)" -o "$work/small/big"
else
	echo "SKIP: disk full needs root (tmpfs)"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
