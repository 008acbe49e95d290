#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# The home is shared where the stack says nothing of mounts, without what a guest must not see; else the reason is said.

setup() {
	cooper="$BATS_TEST_DIRNAME/../../build/${CONFIG:-release}/cooper"
	export HOME="$BATS_TEST_TMPDIR/ann" NO_COLOR=1
	export COOPER_HOME="$HOME/.local/share/cooper"
	export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
	mkdir -p "$HOME/project/vmimages" "$HOME/src"
	cd "$HOME/project"
	cat >vmimages/img.yaml <<-YAML
		kind: image
		name: img
		version: "1"
		os: debian
		source:
		  - { url: "https://example.org/disk.qcow2", sha256: "$(printf '%064d' 0)" }
		format: qcow2
		boot: { mode: uefi }
		user: core
	YAML
	stack ""
}

stack() { # stack LINE [EMULATOR]: cooper.yaml with it
	printf 'kind: stack\nemulator: %s\nimage: img\nmachine: { name: dev }\n%s\n' "${2:-qemu}" "$1" >cooper.yaml
}

shares() { "$cooper" tool argv | grep '^local,id=share' || true; }

@test "the home, at its own path, to be written, without its hidden names" {
	[ "$(shares)" = "local,id=share0,security_model=none,multidevs=remap,hidden=.*:Applications:bin:Library,path=$HOME" ]
	"$cooper" tool argv | grep -qE ",nosuid,,nodev $HOME\$"
}

@test "the folder of COOPER_HOME is hidden, too" {
	COOPER_HOME="$HOME/tools/cooper" run -0 shares
	[[ "$output" == *",hidden=.*:Applications:bin:Library:tools,"* ]]
}

@test "an empty list shares nothing, a list what it says" {
	stack "mounts: []"
	run -0 "$cooper" lint cooper.yaml
	[ -z "$(shares)" ]
	stack "mounts: [{ host: ~/src }]"
	[ "$(shares)" = "local,id=share0,security_model=none,multidevs=remap,readonly=on,path=$HOME/src" ]
	stack "mounts: [{ host: '~', writable: true }]"
	[[ "$(shares)" == *"remap,hidden=.*:"*"path=$HOME" ]]
	stack "mounts: [{ host: '~', guest: /mnt/ann }]"
	[[ "$(shares)" == *"remap,readonly=on,hidden=.*:"*"path=$HOME" ]]
}

@test "a QEMU that cannot hide names gets no home, and none to write to" {
	stack "" qemu-6.1
	[ -z "$(shares)" ]
	stack "mounts: [{ host: '~', writable: true }]" qemu-6.1
	run -2 "$cooper" plan
	[[ "$output" == *"the guest would be you"* ]]
	run -0 "$cooper" lint cooper.yaml
}

@test "no home that is not there, or not ours, or cooper's own" {
	HOME="$BATS_TEST_TMPDIR/none" run -0 shares
	[ -z "$output" ]
	COOPER_HOME="$HOME" run -0 shares
	[ -z "$output" ]
	if [ "$(id -u)" = 0 ]; then
		chown 1 "$HOME"
		[ -z "$(shares)" ]
	fi
}

@test "whoever trusts a project's programs is told that they may write to it" {
	run "$cooper" trust
	[[ "$output" == *"your home, without names that begin with a dot"* ]]
	stack "mounts: []"
	run "$cooper" trust
	[[ "$output" == *"img.yaml"* && "$output" != *"your home"* ]]
}
