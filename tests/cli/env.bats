#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# `cooper env`: what it prints, evaluated by the shells that it is for. No machine runs.

setup() {
	umask 022
	cooper="$BATS_TEST_DIRNAME/../../build/${CONFIG:-release}/cooper"
	export HOME="$BATS_TEST_TMPDIR" NO_COLOR=1 COOPER_HOME="$BATS_TEST_TMPDIR/é~a=b"
	unset DOCKER_HOST CONTAINER_HOST
	socket="$COOPER_HOME/machines/dev/api.sock"
	mkdir -p "$COOPER_HOME/machines/dev"
	chmod 700 "$COOPER_HOME"
	cd "$BATS_TEST_TMPDIR"
}

has() { command -v "$1" >/dev/null || skip "no $1 here"; }

@test "env: sh and bash" {
	for shell in sh bash; do
		run -0 $shell -c 'eval "$("$1" env dev --shell sh 2>/dev/null)"; env' - "$cooper"
		[[ "$output" == *"DOCKER_HOST=unix://$socket"* ]]
		[[ "$output" == *"CONTAINER_HOST=unix://"*"/%C3%A9~a=b/machines/dev/api.sock"* ]]
		[[ "$output" == *"DOCKER_BUILDKIT=0"* ]]
		run -0 $shell -c 'eval "$("$1" env dev --shell sh 2>/dev/null)"; eval "$("$1" env dev --shell sh --unset)"; env' - "$cooper"
		[[ "$output" != *DOCKER_HOST* && "$output" != *TESTCONTAINERS* && "$output" != *BUILDKIT* ]]
	done
}

@test "env: fish" {
	has fish
	run -0 fish -c "'$cooper' env dev --shell fish 2>/dev/null | source; env"
	[[ "$output" == *"DOCKER_HOST=unix://$socket"* ]]
	run -0 fish -c "'$cooper' env dev --shell fish 2>/dev/null | source; '$cooper' env dev --shell fish --unset | source; env"
	[[ "$output" != *DOCKER_HOST* ]]
}

@test "env: csh" {
	has csh
	run -0 csh -f -c "eval \`'$cooper' env dev --shell csh\`; env"
	[[ "$output" == *"DOCKER_HOST=unix://$socket"* ]]
	run -0 csh -f -c "setenv DOCKER_HOST x; eval \`'$cooper' env dev --shell csh --unset\`; env"
	[[ "$output" != *DOCKER_HOST* ]]
}

@test "env: the shell that SHELL names, else one like sh" {
	SHELL=/usr/bin/fish run -0 --separate-stderr "$cooper" env dev
	[[ "$output" == "set -gx DOCKER_HOST "* ]]
	SHELL=/usr/bin/nu run -0 --separate-stderr "$cooper" env dev
	[[ "$output" == "export DOCKER_HOST="* ]]
	run -2 "$cooper" env dev --shell nu
	[[ "$output" == *"sh, fish or csh"* ]]
}

@test "env: the guest's root, and JSON" {
	run -0 --separate-stderr "$cooper" env dev --rootful --json
	[ "$(echo "$output" | python3 -c 'import json, sys; print(json.load(sys.stdin)["TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"])')" = /run/podman/podman.sock ]
	[[ "$output" == *"/machines/dev/root.sock"* ]]
}

@test "env: a machine that does not run is warned about, one that is not there prints nothing" {
	run -0 --separate-stderr "$cooper" env dev
	[[ "$stderr" == *"'dev' is not running"* ]]
	run -1 --separate-stderr "$cooper" env other
	[ -z "$output" ]
}
