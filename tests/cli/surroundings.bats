#!/usr/bin/env bats
# too little memory for the loader is its own exit status 127
bats_require_minimum_version 1.5.0

# What the caller leaves: descriptors, signals, limits. Hermetic: its own home, no network.

load lib

setup() {
	alone
	mkdir -p "$BATS_TEST_TMPDIR/tree/s" && head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/tree/s/blob"
	cd "$BATS_TEST_TMPDIR/tree"
	tiny_project
}

# limited OPTION VALUE COMMAND...
limited() { (ulimit "$1" "$2" && shift 2 && exec "$@"); }

@test "a result that cannot be written is no success, help and version included" {
	[ -e /dev/full ] || skip
	for words in --version --help "up --help" "help tool" tool; do
		run sh -c "'$cooper' $words >/dev/full"
		[ "$status" = 7 ] || { echo "$words: $status"; false; }
		[[ "$output" == *"cannot write the output"* ]]
	done
	run "$cooper" list --events /dev/full
	[ "$status" = 0 ]
	run "$cooper" build --events /dev/full
	[ "$status" = 7 ]
	[[ "$output" == *"cannot write all events to '/dev/full'"* ]]
	[ "$(kegs)" = 1 ]
}

@test "closed descriptors: no file gets their numbers" {
	sh -c "'$cooper' build --yes 0<&- 1>&- 2>&-" || true
	[ "$(kegs)" = 1 ]
	[ ! -s "$COOPER_HOME/up.lock" ] || ! grep -q . <(grep -a "tiny" "$COOPER_HOME/up.lock")
	run sh -c "'$cooper' --version >&-"
	[ "$status" = 1 ]
}

@test "an ignored SIGCHLD: what fails is a failure" {
	recipe "exit 3"
	run python3 -c 'import signal, os, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$cooper" build --yes
	[ "$status" = 1 ]
	[ "$(kegs)" = 0 ]
}

@test "TERM, HUP and INT end a build with 143, 129 and 130; ignored, with nothing" {
	for pair in TERM:143 HUP:129 INT:130; do
		for action in DFL IGN; do
			chmod -R u+w "$COOPER_HOME" 2>/dev/null || true
			rm -rf "$COOPER_HOME"
			# long enough for the signal on a busy host, or of no account
			if [ $action = IGN ]; then recipe "sleep 0.1"; else recipe "sleep 30"; fi
			run python3 - "${pair%:*}" $action "$cooper" build --yes <<-'END'
				import os, signal, subprocess, sys, time
				number = getattr(signal, "SIG" + sys.argv[1])
				def prepare():
				    for name in ("HUP", "INT", "TERM"):
				        signal.signal(getattr(signal, "SIG" + name), signal.SIG_DFL)
				    signal.signal(number, getattr(signal, "SIG_" + sys.argv[2]))
				p = subprocess.Popen(sys.argv[3:], preexec_fn=prepare)
				log = os.environ["COOPER_HOME"] + "/build/tiny"
				while p.poll() is None and not any(n.startswith("out-") for n in (os.listdir(log) if os.path.isdir(log) else [])):
				    time.sleep(0.01)
				p.send_signal(number)
				sys.exit(p.wait())
			END
			want=0
			[ $action = IGN ] || want=${pair#*:}
			[ "$status" = $want ] || { echo "$pair $action: $status: $output"; false; }
		done
	done
}

@test "a limit on the size of files: exit 7, and nothing half-written stays" {
	run limited -f 64 "$cooper" build --yes
	[ "$status" = 7 ]
	[[ "$output" == *"File too large"* ]]
	run find "$COOPER_HOME" -name '*tmp-*'
	[ -z "$output" ]
	run -0 "$cooper" build --yes
}

@test "too little memory is neither tampering nor a fault of this program" {
	[ "$(uname)" = Linux ] || skip "the system has no such limit"
	low=10000 high=2000000
	while [ $((high - low)) -gt 500 ]; do # what it needs to begin
		kib=$(((low + high) / 2))
		if limited -v $kib "$cooper" --version >/dev/null 2>&1; then high=$kib; else low=$kib; fi
	done
	for more in $(seq 0 2000 8000); do
		chmod -R u+w "$COOPER_HOME" 2>/dev/null || true
		rm -rf "$COOPER_HOME"
		code=0
		limited -v $((high + more)) "$cooper" build --yes >out 2>&1 || code=$?
		echo "$((high + more)): $code: $(cat out)"
		[ $code = 0 ] || [ $code = 1 ]
		! grep -q "bug:\|must be\|hostile\|damaged" out
	done
	run -0 "$cooper" build --yes
}

@test "too few descriptors: said, and no trouble of the network" {
	export COOPER_BACKOFF_MS=1
	source="{ url: \"http://127.0.0.1:9/s.tar.gz\", sha256: $(sum ../s.tar.gz) }"
	recipe true
	for n in 4 5 6 7 8 9 10 11 12 13 14 15 16 18 20; do
		code=0
		limited -n $n "$cooper" fetch >out 2>&1 || code=$?
		echo "$n: $code: $(cat out)"
		[ $code = 1 ] || [ $code = 6 ] || [ $code = 127 ] # of the loader
		! grep -q "bug:" out
		[ $code != 6 ] || break # enough for everything: there is no server
	done
}

@test "too few processes: the steps run one after another, or it is said" {
	[ "$(id -u)" = 0 ] || skip "needs a user without processes"
	command -v setpriv >/dev/null || skip
	place=$(mktemp -d /tmp/cooper-few.XXXXXX)
	user=$((54400 + $$ % 500)) # nobody else's: all processes of a user count
	cp -r "$project" "$BATS_TEST_TMPDIR/s.tar.gz" "$cooper" "$place/"
	sed "s|$BATS_TEST_TMPDIR|$place|" recipes/tiny.yaml >"$place/p/recipes/tiny.yaml"
	chown -R $user "$place"
	cd "$place/p"
	for n in 1 2 3 4 5 6 9; do
		rm -rf "$place/home"
		code=0
		COOPER_RECIPES=$place/p TMPDIR=$place COOPER_HOME=$place/home limited -u $n setpriv --reuid $user --clear-groups "$place/cooper" build --yes \
			>"$BATS_TEST_TMPDIR/out" 2>&1 || code=$?
		echo "$n: $code: $(cat "$BATS_TEST_TMPDIR/out")"
		[ $code = 0 ] || [ $code = 1 ]
		! grep -q "bug:\|must be\|hostile\|damaged" "$BATS_TEST_TMPDIR/out"
	done
	chmod -R u+w "$place"
	rm -rf "$place"
	[ $code = 0 ]
}
