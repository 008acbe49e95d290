#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# A home is shared to be read, without what a guest must not see, where QEMU can leave names out.

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
	stack "mounts: [{ host: '~' }]"
}

stack() { # stack LINE [EMULATOR]: cooper.yaml with it
	printf 'kind: stack\nemulator: %s\nimage: img\nmachine: { name: dev }\n%s\n' "${2:-qemu}" "$1" >cooper.yaml
}

shares() { "$cooper" tool argv | grep '^local,id=share' || true; }

@test "the home, at its own path, to be read, without its hidden names" {
	[ "$(shares)" = "local,id=share0,security_model=none,multidevs=remap,readonly=on,hidden=.*:Applications:bin:Library,path=$HOME" ]
	"$cooper" tool argv | grep -qE ",nosuid,,nodev $HOME\$"
}

@test "what holds COOPER_HOME is hidden, too" {
	COOPER_HOME="$HOME/tools/cooper" run -0 shares
	[[ "$output" == *",hidden=.*:Applications:bin:Library:tools,"* ]]
}

@test "it cannot be written to" {
	stack "mounts: [{ host: '~', writable: true }]"
	for c in "lint cooper.yaml" plan; do
		run -2 "$cooper" $c
		[[ "$output" == *"the guest would be you"* ]]
	done
}

@test "an empty list and none share nothing" {
	for mounts in "mounts: []" ""; do
		stack "$mounts"
		run -0 "$cooper" lint cooper.yaml
		[ -z "$(shares)" ]
	done
}

@test "a QEMU that cannot leave names out shows them" {
	stack "mounts: [{ host: '~' }]" qemu-6.1
	export COOPER_HOME="$BATS_TEST_TMPDIR/cooper"
	[ "$(shares 2>/dev/null)" = "local,id=share0,security_model=none,multidevs=remap,readonly=on,path=$HOME" ]
}

@test "./ is the project's folder, by its own path" {
	stack "mounts: [{ host: ./, writable: true }, { host: ./not-yet, guest: /mnt/x }]"
	run -0 --separate-stderr shares
	[ "${lines[0]##*path=}" = "$HOME/project" ]
	[ "${lines[1]##*path=}" = "$HOME/project/not-yet" ]
}

@test "a name that a list of lines cannot have is refused" {
	mkdir "$HOME/a
b"
	HOME="$HOME/a
b" run -2 "$cooper" plan
	[[ "$output" == *"control characters"* ]]
}

@test "what programs of others run in is among what is trusted" {
	stack "steps: [{ name: s, run: [echo, hello] }]"
	run "$cooper" trust --yes
	stack "steps: [{ name: s, run: [echo, hello] }]" qemu-6.1
	run "$cooper" trust
	[ "$status" != 0 ]
	[[ "$output" == *"the machine is 'dev', its emulator 'qemu-6.1', its image 'img'"* ]]
}

@test "the name of a project's folder is UTF-8" {
	odd="$HOME/odd"$'\xff'
	cp -r "$HOME/project" "$odd"
	cd "$odd"
	run -2 "$cooper" plan
	[[ "$output" == *"is not UTF-8"* ]]
}

@test "what somebody put into the store is neither dropped nor offered" {
	mkdir -p "$COOPER_HOME/cas" "$COOPER_HOME/store/my keep"
	echo data >"$COOPER_HOME/store/my keep/file"
	touch "$COOPER_HOME/store/README"
	mkdir "$COOPER_HOME/store/$(printf '%024d' 1)-dead"
	run -0 "$cooper" gc --yes
	[[ "$output" == *-dead* && "$output" != *keep* && "$output" != *README* ]]
	run -0 "$cooper" verify --deep
	[ -f "$COOPER_HOME/store/my keep/file" ] && [ -f "$COOPER_HOME/store/README" ]
}

@test "a folder of the guest that it needs is not covered" {
	for guest in /home/core/.ssh /etc/ssh /var/lib /tmp; do
		stack "mounts: [{ host: ~/src, guest: $guest }]"
		run -2 "$cooper" plan
		[[ "$output" == *"cover"* ]]
	done
}
