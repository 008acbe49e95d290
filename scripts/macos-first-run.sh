#!/bin/sh
# For the first person with a Mac: runs what could only be decided, compiled and linked elsewhere (docs/macos.md), and
# collects everything worth knowing into one file. No sudo, no dialog; each step has a deadline, and a step that fails
# does not stop the others. Ten minutes without --up; half an hour with it, since QEMU is compiled then.
#
#   sh scripts/macos-first-run.sh [--up] [FILE]      FILE: default cooper-first-run.txt here
set -u
cd "$(dirname "$0")/.." || exit 1
up=no
[ "${1:-}" != --up ] || { up=yes; shift; }
report=${1:-cooper-first-run.txt}
cooper=$PWD/build/release/cooper
passed=0 failed=0 skipped=0
PATH=$PATH:/opt/homebrew/bin:/usr/local/bin
export COOPER_HOME="${COOPER_HOME:-$PWD/build/first-run-home}" NO_COLOR=1 HOMEBREW_NO_AUTO_UPDATE=1
mac=no
[ "$(uname -s)" != Darwin ] || mac=yes
: >"$report" || exit 1

# within SECONDS COMMAND... - macOS has no timeout(1)
within() {
	left=$1
	shift
	"$@" &
	pid=$!
	(
		while [ "$left" -gt 0 ]; do
			sleep 1
			kill -0 $pid 2>/dev/null || exit 0
			left=$((left - 1))
		done
		echo "--- out of time"
		kill $pid
	) &
	wait $pid
}

# step SECONDS TITLE COMMAND... - its output goes to the report, its title and how it ended to both
step() {
	deadline=$1 title=$2
	shift 2
	printf '%s ... ' "$title"
	printf '\n==== %s\n$ %s\n' "$title" "$*" >>"$report"
	from=$(date +%s)
	if within "$deadline" "$@" >>"$report" 2>&1 </dev/null; then
		passed=$((passed + 1)) word=ok
	else
		failed=$((failed + 1)) word="FAILED ($?)"
	fi
	echo "$word"
	printf '==== %s after %d s\n' "$word" $(($(date +%s) - from)) >>"$report"
}

mac_step() {
	if [ $mac = yes ]; then step "$@"; else
		skipped=$((skipped + 1))
		printf '%s ... SKIP: for macOS\n' "$2" | tee -a "$report"
	fi
}

has() { "$@" | grep -q "$wanted"; }

# Our program's own file, signed by the linker, must be valid; QEMU's must hold the entitlement besides.
signature() {
	codesign --verify --strict --verbose=2 "$1" && codesign -d --entitlements - "$1" && otool -L "$1"
}
qemu_signature() {
	qemu=$("$cooper" tool argv podman | head -n 1)
	signature "$qemu" && codesign -d --entitlements - "$qemu" 2>&1 | grep com.apple.security.hypervisor &&
		"$qemu" -accel help && "$qemu" --version
}
# Files of the machine that say how a boot went.
logs() { for f in "$COOPER_HOME"/machines/*/log/*; do echo "--- $f" && tail -n 60 "$f"; done; }
killed() { # an `up` that is killed while QEMU compiles leaves nothing running
	"$cooper" up podman --yes &
	victim=$!
	sleep 60
	kill -9 "$victim"
	sleep 3
	if pgrep -f "$COOPER_HOME"; then return 1; fi
}

echo "cooper first run, $(date -u +%Y-%m-%dT%H:%M:%SZ), $(git describe --always --dirty 2>/dev/null)" >>"$report"
step 10 "this system" uname -a
mac_step 10 "macOS" sw_vers
mac_step 10 "what the kernel tells" sysctl hw.model hw.ncpu hw.logicalcpu hw.perflevel0.physicalcpu hw.memsize \
	hw.optional.arm64 kern.osproductversion machdep.cpu.brand_string kern.hv_support kern.bootsessionuuid
mac_step 30 "Homebrew and its packages" brew bundle check --verbose --no-upgrade --file=Brewfile
mac_step 10 "developer tools" xcode-select -p
step 600 "compile" make CONFIG=release WERROR=-Werror
mac_step 10 "our own signature and libraries" signature "$cooper"
step 30 "facts as cooper reads them" "$cooper" tool facts podman
step 60 "doctor" "$cooper" doctor podman
step 60 "doctor, for other programs" "$cooper" doctor podman --json
step 30 "the plan (exit 3: something to do)" sh -c "'$cooper' plan podman; [ \$? = 3 ] || [ \$? = 0 ]"
step 30 "the plan of the platform, decided from its facts alone" sh -c "'$cooper' plan podman --host macos/arm64; [ \$? = 3 ]"
step 600 "unit tests" make CONFIG=debug check-unit
step 120 "messages for bad recipes" sh tests/golden/errors.sh
step 120 "decisions for other hosts" sh tests/golden/hosts.sh
step 300 "hostile archives: the sandbox around the reader" sh tests/archives/run.sh
step 300 "install.sh, in scratch homes" sh tests/install/run.sh
if [ $up = yes ]; then
	mac_step 120 "an up that is killed leaves nothing running" killed
	mac_step 2400 "up" "$cooper" up podman --yes
	mac_step 30 "QEMU's signature, entitlement and accelerators" qemu_signature
	mac_step 60 "status" "$cooper" status --json
	mac_step 300 "the canaries again" "$cooper" verify
	mac_step 60 "podman in the guest" "$cooper" ssh -- podman info
	wanted='nothing to do' && mac_step 10 "up again: nothing to do" has "$cooper" up podman
	mac_step 60 "stop" "$cooper" stop
	mac_step 300 "start" "$cooper" start
	mac_step 30 "the machine's logs" logs
	mac_step 60 "destroy" "$cooper" destroy --yes
fi
printf '\n%d passed, %d failed, %d skipped; everything is in %s\n' $passed $failed $skipped "$report" | tee -a "$report"
[ $failed = 0 ]
