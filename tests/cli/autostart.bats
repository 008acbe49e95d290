#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# `cooper autostart`: what it leaves is what systemd takes, and goes with the machine. No machine runs.

load lib

setup() {
	alone
	unset XDG_CONFIG_HOME
	[ "$(uname)" = Linux ] || skip "systemd's"
	unit="$HOME/.config/systemd/user/cooper-dev.service"
	wants="$HOME/.config/systemd/user/default.target.wants/cooper-dev.service"
	mkdir -p "$COOPER_HOME/machines/dev"
	chmod 700 "$COOPER_HOME"
	cd "$BATS_TEST_TMPDIR"
}

@test "autostart: on, twice, and off, twice" {
	for _ in 1 2; do
		run -0 --separate-stderr "$cooper" autostart on dev
		[ "$output" = "machine 'dev' starts when you log in: $unit" ]
		[ "$(readlink "$wants")" = "$unit" ]
	done
	run -0 "$cooper" status dev
	[[ "$output" == *"starts when you log in"* ]]
	run -0 "$cooper" autostart off dev
	[ "$output" = "machine 'dev' no longer starts when you log in" ]
	[ ! -e "$unit" ] && [ ! -L "$wants" ]
	run -0 "$cooper" autostart off dev
	[ "$output" = "machine 'dev' does not start when you log in" ]
}

@test "autostart: systemd understands it" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	export COOPER_HOME="$BATS_TEST_TMPDIR/a+b=c~d,é"
	mkdir -p "$COOPER_HOME/machines/dev" && chmod 700 "$COOPER_HOME"
	run -0 "$cooper" autostart on dev
	XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR" run -0 systemd-analyze verify --user "$unit"
	[ -z "$output" ]
}

@test "autostart: of a machine that is not there" {
	run -1 "$cooper" autostart on none
	[[ "$output" == *"'none'"* ]]
	[ ! -e "$HOME/.config" ]
}

@test "autostart: somebody else's file stays" {
	mkdir -p "$(dirname "$unit")" && echo mine >"$unit"
	run -5 "$cooper" autostart on dev
	[[ "$output" == *"'$unit' was not written for this machine"* ]]
	run -0 "$cooper" destroy --yes dev
	[ "$(cat "$unit")" = mine ]
}

@test "autostart: goes with the machine" {
	run -0 "$cooper" autostart on dev
	run -0 "$cooper" destroy --yes dev
	[ ! -e "$unit" ] && [ ! -L "$wants" ]
}

@test "autostart: settings that cannot be read keep nobody from status and destroy" {
	XDG_CONFIG_HOME=/dev/null run -0 "$cooper" status dev
	[ "$output" = "'dev' is not running" ]
	ln -s loop "$HOME/loop"
	XDG_CONFIG_HOME="$HOME/loop" run -0 --separate-stderr "$cooper" status dev
	[ "$output" = "'dev' is not running" ]
	[[ "$stderr" == *"cannot tell whether it starts when you log in"* ]]
	XDG_CONFIG_HOME="$HOME/loop" run -0 "$cooper" destroy --yes dev
	[[ "$output" == *"may be left"*"machine 'dev' is gone"* ]]
}
