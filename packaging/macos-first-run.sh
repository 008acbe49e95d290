#!/bin/sh
# For the first person with a Mac: runs what could only be decided, compiled and linked elsewhere (docs/macos.md), and
# collects everything worth knowing into one file. No sudo, no dialog; each step has a deadline, and a step that fails
# does not stop the others. What a step needs and this host lacks makes it a SKIP. Ten minutes without --up; half an hour
# with it, since QEMU is compiled then. It can be run again. Homebrew's packages come first: sh packaging/host-packages.sh test
#
#   sh packaging/macos-first-run.sh [--up] [--most SECONDS] [FILE]
#
# FILE: default cooper-first-run.txt here. --most: no step may take longer, whatever its own deadline.
set -u
cd "$(dirname "$0")/.." || exit 1
up=no most=86400
while :; do
	case ${1:-} in
	--up) up=yes; shift ;;
	--most) most=${2:?--most needs a number of seconds}; shift 2 ;;
	-*) echo "usage: sh packaging/macos-first-run.sh [--up] [--most SECONDS] [FILE]" >&2; exit 2 ;;
	*) break ;;
	esac
done
report=${1:-cooper-first-run.txt}
cooper=$PWD/build/release/cooper
passed=0 failed=0 skipped=0
PATH=$PATH:/opt/homebrew/bin:/usr/local/bin
export COOPER_HOME="${COOPER_HOME:-$PWD/build/first-run-home}" NO_COLOR=1 HOMEBREW_NO_AUTO_UPDATE=1
mac=no
[ "$(uname -s)" != Darwin ] || mac=yes
: >"$report" || exit 1

# end PID - and everything below it; from above, so that nobody goes on because a child of his has ended
end() {
	children=$(pgrep -P "$1" 2>/dev/null)
	kill -KILL "$1" 2>/dev/null
	for child in $children; do (end "$child"); done
}

# within SECONDS COMMAND... - macOS has no timeout(1)
within() {
	left=$1
	[ "$left" -le "$most" ] || left=$most
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
		end $pid
	) &
	wait $pid
}

skip() { # skip TITLE WHY
	skipped=$((skipped + 1))
	printf '%s ... SKIP: %s\n' "$1" "$2" | tee -a "$report"
}

# step SECONDS TITLE COMMAND... - its output goes to the report, its title and how it ended to both
step() {
	deadline=$1 title=$2
	shift 2
	case $1 in
	signature | qemu_signature) needed=codesign ;;
	tools) needed=xcode-select ;;
	*) needed=$1 ;;
	esac
	if ! command -v "$needed" >/dev/null 2>&1; then
		skip "$title" "${needed##*/} is not there"
		return
	fi
	printf '%s ... ' "$title"
	printf '\n==== %s\n$ %s\n' "$title" "$*" >>"$report"
	from=$(date +%s)
	if within "$deadline" "$@" >>"$report" 2>&1 </dev/null; then
		passed=$((passed + 1)) word=ok
	else
		word="FAILED ($?)" failed=$((failed + 1))
	fi
	echo "$word"
	printf '==== %s after %d s\n' "$word" $(($(date +%s) - from)) >>"$report"
}

# What only a Mac has, and what needs the program that an earlier step was to compile.
mac_step() { if [ $mac = yes ]; then step "$@"; else skip "$2" "for macOS"; fi; }
own_step() { if [ -x "$cooper" ]; then step "$@"; else skip "$2" "cooper was not compiled"; fi; }
up_step() {
	if [ $up = no ]; then skip "$2" "without --up"; elif [ -x "$cooper" ]; then mac_step "$@"; else
		skip "$2" "cooper was not compiled"
	fi
}

# The compiler in /usr/bin opens a dialog where the tools are missing: it is asked after them.
tools() { xcode-select -p && xcrun --show-sdk-version && cc --version && make --version && bash --version; }
planned() { # exit status 3: there is something to do
	"$cooper" plan podman "$@"
	status=$?
	[ $status = 3 ] || [ $status = 0 ]
}
judged() { # exit status 1: it found something, which is an answer
	"$cooper" doctor podman "$@"
	[ $? -le 1 ]
}
nothing_to_do() {
	said=$("$cooper" up podman --yes 2>&1)
	printf '%s\n' "$said"
	case $said in *"nothing to do"*) ;; *) return 1 ;; esac
}
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

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
mac_step 10 "what the kernel tells" sysctl hw.model hw.ncpu hw.logicalcpu hw.memsize kern.osproductversion \
	machdep.cpu.brand_string kern.bootsessionuuid kern.hv_support
mac_step 10 "what Apple Silicon's tells besides" sysctl hw.optional.arm64 hw.perflevel0.physicalcpu hw.perflevel0.logicalcpu
mac_step 20 "developer tools, make and sh" tools
mac_step 30 "the Brewfile's packages" brew bundle check --verbose --no-upgrade --file=Brewfile
mac_step 30 "Homebrew's versions" brew list --versions
step 10 "accelerators of a QEMU from elsewhere" qemu-system-aarch64 -accel help
step 600 "compile" make -j"$jobs" CONFIG=release
mac_step 10 "our own signature and libraries" signature "$cooper"
own_step 30 "facts as cooper reads them" "$cooper" tool facts podman
own_step 60 "doctor" judged
own_step 60 "doctor, for other programs" judged --json
own_step 30 "the plan" planned
own_step 30 "the plan of the platform, decided from its facts alone" planned --host macos/arm64
own_step 120 "messages for bad recipes" sh tests/golden/errors.sh
own_step 120 "decisions for other hosts" sh tests/golden/hosts.sh
own_step 300 "hostile archives" sh tests/archives/run.sh
own_step 600 "unit tests" make -j"$jobs" CONFIG=debug check-unit
own_step 300 "install.sh, in scratch homes" sh tests/install/run.sh
up_step 120 "an up that is killed leaves nothing running" killed
up_step 2400 "up" "$cooper" up podman --yes
up_step 30 "QEMU's signature, entitlement and accelerators" qemu_signature
up_step 60 "status" "$cooper" status --json
up_step 300 "the canaries again" "$cooper" verify
up_step 60 "podman in the guest" "$cooper" ssh -- podman info
up_step 30 "up again: nothing to do" nothing_to_do
up_step 60 "stop" "$cooper" stop
up_step 300 "start" "$cooper" start
up_step 30 "the machine's logs" logs
up_step 60 "destroy" "$cooper" destroy --yes
printf '\n%d passed, %d failed, %d skipped; everything is in %s\n' $passed $failed $skipped "$report" | tee -a "$report"
if [ -n "${HOME:-}" ]; then sed "s|$HOME|~|g" "$report" >"$report.new" && mv "$report.new" "$report"; fi
[ $failed = 0 ]
