#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# packaging/macos-first-run.sh in a scratch tree that holds the real program and recipes, and short suites in place of the
# long ones; as on Linux, and as on a Mac that lacks some things (stand-ins for its tools, found first in PATH).

setup() {
	top="$BATS_TEST_DIRNAME/../.."
	tree="$BATS_TEST_TMPDIR/tree"
	mkdir -p "$tree/build/release" "$tree/packaging" "$tree/bin"
	cp "$top/packaging/macos-first-run.sh" "$tree/packaging/"
	ln -s "$(cd "$top" && pwd)/build/${CONFIG:-release}/cooper" "$tree/build/release/cooper"
	ln -s "$(cd "$top" && pwd)/recipes" "$(cd "$top" && pwd)/vmimages" "$(cd "$top" && pwd)/patches" "$tree/"
	for suite in golden/errors golden/hosts archives/run install/run; do
		mkdir -p "$tree/tests/${suite%/*}"
		echo "echo $suite: 1 passed, 0 failed" >"$tree/tests/$suite.sh"
	done
	printf 'all:\n\t@echo compiled\ncheck-unit:\n\t@echo unit: 1 passed, 0 failed\n' >"$tree/Makefile"
	export COOPER_HOME="$BATS_TEST_TMPDIR/home" HOME="$BATS_TEST_TMPDIR"
	cd "$tree"
}

program() { # program NAME TEXT: a stand-in
	printf '#!/bin/sh\n%s\n' "$2" >"$tree/bin/$1"
	chmod +x "$tree/bin/$1"
}

one_file() { # what the run leaves beside its tree's own things
	ls -A; 	[ "$(ls -A)" = "$(printf '%s\n' Makefile bin build cooper-first-run.txt packaging patches recipes tests vmimages | LC_ALL=C sort)" ]
}

@test "first run, not on a Mac: one file, SKIP for what only a Mac has, the same again" {
	run -0 sh packaging/macos-first-run.sh
	[[ "$output" == *"macOS ... SKIP: for macOS"* ]]
	[[ "$output" == *"up ... SKIP: without --up"* ]]
	[[ "$output" =~ [0-9]+" passed, 0 failed, "[0-9]+" skipped" ]]
	LC_ALL=C one_file
	grep -q '"os": *"linux"' cooper-first-run.txt
	grep -q 'build qemu' cooper-first-run.txt
	grep -q '^==== ok after' cooper-first-run.txt
	run ! grep -F "$HOME" cooper-first-run.txt
	before=$(grep -c '' cooper-first-run.txt)
	run -0 sh packaging/macos-first-run.sh
	LC_ALL=C one_file
	[ "$(grep -c '' cooper-first-run.txt)" -le $((before + 20)) ]
}

@test "first run on a Mac that lacks codesign, Homebrew and a QEMU: its facts are in the file, the rest is SKIP" {
	program uname 'if [ "$1" = -s ]; then echo Darwin; else echo Darwin mac 23.5.0 arm64; fi'
	program sw_vers 'echo ProductVersion: 14.5'
	program sysctl 'for name; do echo "$name: 1"; done'
	program xcode-select 'echo /Library/Developer/CommandLineTools'
	program xcrun 'echo 15.2'
	PATH="$tree/bin:$PATH" run -0 sh packaging/macos-first-run.sh report.txt
	grep -q 'ProductVersion: 14.5' report.txt
	grep -q 'kern.hv_support: 1' report.txt
	[[ "$output" == *"the Brewfile's packages ... SKIP: brew is not there"* ]]
	[[ "$output" == *"accelerators of a QEMU from elsewhere ... "* ]]
	[[ "$output" == *"our own signature and libraries ... SKIP: codesign is not there"* ]]
	[ ! -e cooper-first-run.txt ]
}

@test "first run: a step that hangs is ended with all below it, and the next ones run" {
	echo 'sleep 4711 & sh -c "sleep 4712; true"' >tests/archives/run.sh
	run -1 sh packaging/macos-first-run.sh --most 4
	[[ "$output" == *"hostile archives ... FAILED"* ]]
	grep -q 'out of time' cooper-first-run.txt
	[[ "$output" == *"unit tests ... ok"* ]]
	run ! pgrep -f 'sleep 471[12]'
}

@test "first run: what does not compile is a failure, and nothing after it is tried with an old program" {
	printf 'all:\n\t@echo no such library; exit 1\n' >Makefile
	rm build/release/cooper
	run -1 sh packaging/macos-first-run.sh
	[[ "$output" == *"compile ... FAILED"* ]]
	[[ "$output" == *"doctor ... SKIP: cooper was not compiled"* ]]
	grep -q 'no such library' cooper-first-run.txt
	run -2 sh packaging/macos-first-run.sh --upp
}
