#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# Links in a project do not lead out of it, and some folders are never shared: lint, plan and up say so alike.

setup() {
	cooper="$BATS_TEST_DIRNAME/../../build/${CONFIG:-release}/cooper"
	export COOPER_HOME="$BATS_TEST_TMPDIR/home" HOME="$BATS_TEST_TMPDIR" NO_COLOR=1
	export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
	mkdir -p "$BATS_TEST_TMPDIR/project" "$BATS_TEST_TMPDIR/secret"
	echo '{"ignition": {"version": "3.3.0"}}' >"$BATS_TEST_TMPDIR/secret/file"
	cd "$BATS_TEST_TMPDIR/project"
	ln -s ../secret lead
}

refused() { # refused TEXT: cooper.yaml with it
	printf 'extends: podman-debian\nkind: stack\n%s\n' "$1" >cooper.yaml
	for c in "lint cooper.yaml" plan "up --yes"; do
		run "$cooper" $c
		[ "$status" = 2 ]
		[[ "$output" == *"leads out of"*"by a link to '../secret'"* ]]
	done
	rm lead
	cp -r ../secret lead
	run -0 "$cooper" lint cooper.yaml
	rm -r lead
	ln -s ../secret lead
}

@test "a mount" { refused 'mounts: [{ host: ./lead, guest: /data }]'; }
@test "a file that a step writes" { refused 'steps: [{ name: s, write: { path: /x, from: lead/file } }]'; }
@test "a configuration of Ignition" { refused 'ignition: lead/file'; }

@test "a folder that no guest is given" {
	for share in "host: /, guest: /data" "host: ~/.ssh, guest: /data" "host: /etc, guest: /data, writable: true"; do
		printf 'extends: podman-debian\nkind: stack\nmounts: [{ %s }]\n' "$share" >cooper.yaml
		for c in "lint cooper.yaml" plan "up --yes"; do
			run "$cooper" $c
			[ "$status" = 2 ]
			[[ "$output" == *"cooper does not share"* ]]
		done
	done
}

@test "keys are where the account has them, whatever HOME says" {
	home=$(python3 -c 'import os, pwd; print(pwd.getpwuid(os.getuid()).pw_dir)')
	printf 'extends: podman-debian\nkind: stack\nmounts: [{ host: "%s/.ssh", guest: /data }]\n' "$home" >cooper.yaml
	for setting in "-u HOME" HOME= HOME=elsewhere "HOME=$HOME"; do
		# shellcheck disable=SC2086  # two words of an option
		run env $setting "$cooper" plan
		[ "$status" = 2 ] || { echo "$setting: $output"; false; }
		[[ "$output" == *"cooper does not share '$home/.ssh': your keys are there"* ]]
	done
}

@test "a folder below ~ where nobody knows which that is" {
	printf 'extends: podman-debian\nkind: stack\nmounts: [{ host: ~/src, guest: /data }]\n' >cooper.yaml
	for setting in "-u HOME" HOME= HOME=elsewhere; do
		# shellcheck disable=SC2086  # two words of an option
		run env $setting "$cooper" plan
		[ "$status" = 2 ]
		[[ "$output" == *"the mount '~/src': HOME is not set to an absolute path"* ]]
	done
}

@test "destroy --all removes a link in the home, and says what it led to" {
	for name in cas store build; do
		mkdir -p "$COOPER_HOME" "$BATS_TEST_TMPDIR/disk/deep" && chmod 700 "$COOPER_HOME" "$BATS_TEST_TMPDIR/disk"
		(cd "$COOPER_HOME" && mkdir cas store build machines && rmdir $name && ln -s ../disk $name)
		echo mine >"$BATS_TEST_TMPDIR/disk/deep/file"
		run "$cooper" destroy --all --yes
		[ "$status" = 0 ] || { echo "$name: $output"; false; }
		[ ! -e "$COOPER_HOME" ]
		[ "$(cat "$BATS_TEST_TMPDIR/disk/deep/file")" = mine ]
		[[ "$output" == *"home/$name' was a link: what it led to is still in '"*"/disk'"* ]]
	done
}

case_recipe() { # case_recipe NAME INTO NAME INTO: a recipe with these two sources
	{
		printf 'kind: build\nname: tiny\nversion: "1"\nlicense: MIT\nsource:\n'
		printf '  - { url: "https://host.invalid/%s", sha256: "%064d", into: "%s" }\n' "$1" 1 "$2" "$3" 2 "$4"
		printf 'install: [["true"]]\n'
	} >recipes/tiny.yaml
}

@test "files of two sources that are one where letter case does not count" {
	mkdir -p recipes
	case_recipe a/Fw.bin x b/fw.bin x
	run "$cooper" lint recipes/tiny.yaml
	[ "$status" = 2 ]
	[[ "$output" == *"'Fw.bin' and 'fw.bin' of two sources are one file where letter case does not count"* ]]
	case_recipe a/x.bin Fw b/y.bin fw
	run "$cooper" lint recipes/tiny.yaml
	[ "$status" = 2 ]
	[[ "$output" == *"'Fw' and 'fw' of two sources are one folder"* ]]
	case_recipe a/Fw.tar.gz x b/fw.tar.gz x
	run -0 "$cooper" lint recipes/tiny.yaml
	case_recipe a/Fw.bin x b/fw.bin y
	run -0 "$cooper" lint recipes/tiny.yaml
}
