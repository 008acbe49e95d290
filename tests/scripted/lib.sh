# Sourced by tests of a stack's whole life: a project with a tiny emulator and a tiny image, and a home, below $work.
# shellcheck shell=bash
cooper=$PWD/build/${CONFIG:-release}/tests/cooper-scripted
scripted=$PWD/tests/scripted
# in memory, where there is such a folder: thousands of small files are flushed here
[ ! -w /dev/shm ] || TMPDIR=/dev/shm
work=$(cd "$(TMPDIR=${TMPDIR:-/tmp} mktemp -d)" && pwd -P)
passed=0 failed=0
# whatever runs in this home is ours: each says its pid in a file
finish() {
	local file
	"$cooper" stop --quiet >/dev/null 2>&1
	for file in "$COOPER_HOME"/machines/*/guest; do
		[ ! -s "$file" ] || kill "$(cut -d' ' -f1 "$file")" 2>/dev/null
	done
	chmod -R u+w "$work" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
# the program ends with its sinks open
export ASAN_OPTIONS=detect_leaks=0
export COOPER_HOME=$work/home HOME=$work TMPDIR=$work NO_COLOR=1 PATH="$scripted/host-bin:$PATH"
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY COOPER_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
unset COOPER_MIRROR COOPER_OFFLINE XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME DOCKER_CONFIG DOCKER_HOST DOCKER_CONTEXT CONTAINERS_CONF PODMAN_CONNECTIONS_CONF
export COOPER_RECIPES=$work/project
# what the guest, which has the host's architecture, runs with a handler
case $(uname -m) in x86_64) foreign=aarch64 ;; *) foreign=x86_64 ;; esac
project=$work/project machine=$work/home/machines/dev out=$work/out
mkdir -p "$project/recipes" "$project/vmimages" "$project/patches/tiny" "$work/home"

# check NAME COMMAND... - count and say whether it holds
check() {
	local name=$1
	shift
	if "$@"; then
		passed=$((passed + 1)) && echo "ok     $name"
	else
		failed=$((failed + 1)) && echo "not ok $name" && sed 's/^/  | /' "$out" | tail -30
	fi
}

# ends CODE TEXT COMMAND... - the exit code is CODE and the output, kept in $out, holds TEXT
ends() {
	local want=$1 text=$2 got=0
	shift 2
	"$@" >"$out" 2>&1 </dev/null || got=$?
	[ $got = "$want" ] || { echo "exit $got instead of $want" >>"$out" && return 1; }
	grep -qF -- "$text" "$out" || { echo "does not say: $text" >>"$out" && return 1; }
}

sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }
up() { "$cooper" up ${1+"$@"}; }
# start NAME COMMAND... - in the background, its output in $work/NAME; $started is its pid
start() {
	local file=$work/$1
	shift
	"$@" >"$file" 2>&1 &
	# shellcheck disable=SC2034
	started=$!
}
# ended PID CODE NAME - it ends with that exit code
ended() {
	local got=0
	wait "$1" 2>/dev/null || got=$?
	cp "$work/$3" "$out"
	[ $got = "$2" ] || { echo "exit $got instead of $2" >>"$out" && return 1; }
}
# hang TEXT - the next command for the guest that holds TEXT waits there, before it runs, until release
hang() { rm -f "$COOPER_HOME/hung" && printf '%s' "$1" >"$COOPER_HOME/hang"; }
hung() { [ -e "$COOPER_HOME/hung" ]; }
release() { rm -f "$COOPER_HOME/hang" "$COOPER_HOME/hung"; }
current() { cat "$machine/current"; }
disk() { echo "$machine/gen-$1/os.qcow2"; }
boots() { grep -c . "$COOPER_HOME/booted"; }
# field NAME - of the machine's status
field() { "$cooper" status --json 2>/dev/null | sed -n "s/^  \"$1\": \"*\([^\",]*\)\"*,*$/\1/p"; }
# guest FILE - the guest's own file, of the current generation
guest() { cat "$(disk "$(current)")/$1"; }
# wait_for COMMAND... - at most 5 s, and more on a busy host
wait_for() {
	local tries=0
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 250 ] || return 1
		sleep 0.02
	done
}

# emulator TEXT - the emulator's recipe; its keg holds TEXT besides the machine
emulator() {
	mkdir -p "$work/tiny-1" && echo old >"$work/tiny-1/words"
	cp "$scripted/machine.sh" "$work/tiny-1/machine" && cp "$scripted/guest-bin/systemctl" "$work/tiny-1/"
	(cd "$work" && tar cf tiny-1.tar tiny-1 && gzip -nf tiny-1.tar)
	printf -- '--- a/words\n+++ b/words\n@@ -1 +1 @@\n-old\n+%s\n' "$1" >"$project/patches/tiny/words.patch"
	cat >"$project/recipes/tiny.yaml" <<-YAML
		kind: build
		name: tiny
		version: 10.2.3
		license: MIT
		source:
		  - url: file://$work/tiny-1.tar.gz
		    sha256: $(sum "$work/tiny-1.tar.gz")
		patches:
		  - { file: tiny/words.patch, why: a word, upstream: none }
		install:
		  - [mkdir, -p, "\${prefix}/bin", "\${prefix}/share"]
		  - [cp, "\${source}/machine", "\${source}/systemctl", "\${prefix}/bin/"]
		  - [cp, "\${source}/words", "\${prefix}/share/firmware"]
		test:
		  - { run: [cat, "\${prefix}/share/firmware"], expect: "$1" }
	YAML
}

# image VERSION - the image's recipe; its disk is what the guest says of itself
image() {
	printf 'ID=debian\nVERSION_ID=%s\n' "$1" >"$work/image-$1.raw"
	cat >"$project/vmimages/tiny-os.yaml" <<-YAML
		kind: image
		name: tiny-os
		version: "$1"
		os: debian
		source: [{ url: "file://$work/image-$1.raw", sha256: $(sum "$work/image-$1.raw") }]
		format: raw
		boot: { mode: uefi }
		user: core
	YAML
}

# stack MEMORY [STEP...] - the stack, with guest steps as YAML's flow maps, with $disk_size and what $settings says
stack() {
	{
		printf 'kind: stack\nemulator: tiny\nimage: tiny-os\nrun: [%s]\n' $foreign
		printf 'machine: { name: dev, cpus: 1, memory: %s, disk: %s, accel: tcg }\n' "$1" "${disk_size:-1GiB}"
		shift
		[ -z "${settings:-}" ] || printf '%s\n' "$settings"
		[ $# = 0 ] || printf 'steps:\n'
		[ $# = 0 ] || printf '  - %s\n' "$@"
	} >"$project/cooper.yaml"
}
