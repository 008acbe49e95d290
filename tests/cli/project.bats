#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# Which project a folder belongs to, and that no other one is ever taken or forgotten. Hermetic: its own home, no network.

setup() {
	umask 022
	cooper="$BATS_TEST_DIRNAME/../../build/${CONFIG:-release}/cooper"
	export COOPER_HOME="$BATS_TEST_TMPDIR/home" HOME="$BATS_TEST_TMPDIR" NO_COLOR=1
	export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
	unset SUDO_UID
	cd "$BATS_TEST_TMPDIR"
}

# make_project FOLDER WORD - with a build of one file that says WORD
make_project() {
	mkdir -p "$1/recipes" "$1/vmimages" hello-1
	cp "$BATS_TEST_DIRNAME"/../../vmimages/fedora-coreos-34.yaml "$1/vmimages/"
	echo "$2" >hello-1/word && tar -cf "$1/hello.tar" hello-1
	cat >"$1/recipes/hello.yaml" <<-EOF
		kind: build
		name: hello
		version: "1.0"
		source:
		  - url: file://$PWD/$1/hello.tar
		    sha256: $(openssl dgst -sha256 -r "$1/hello.tar" | cut -d' ' -f1)
		install:
		  - script: mkdir -p \${prefix}/bin && cp \${source}/word \${prefix}/bin/word
	EOF
	printf 'kind: stack\nemulator: hello\nimage: fedora-coreos-34\n' >"$1/cooper.yaml"
}

@test "a subfolder means its project, and the project's folder is said" {
	make_project a one
	mkdir -p a/b/c other
	cd a/b/c
	run -0 "$cooper" status
	[[ "$output" == *"belongs to '"*"/a'"* ]]
	run -0 --separate-stderr "$cooper" info --json
	[[ "$output" == *hello* ]]
	[[ "$stderr" == *"/a'"* ]]
	run -0 "$cooper" status --quiet
	[[ "$output" != *"belongs to"* ]]
	run -0 "$cooper" build --yes
	cd ../..
	run -0 "$cooper" status
	[[ "$output" != *"belongs to"* ]]
	run -0 "$cooper" build --yes
	[[ "$output" == *"nothing to do"* ]] # one project, one keg
	cd ../other
	run -0 "$cooper" info
	[[ "$output" != *hello* ]]
}

@test "the name of a stranger's file is not the terminal's to read" {
	make_project a one
	cp a/recipes/hello.yaml a/recipes/$'x\e[2K.yaml'
	for c in lint list; do
		run env -C a "$cooper" $c
		[[ "$output" == *'x\x1b[2K'* && "$output" != *$'\e'* ]] || { echo "$c: $output" | cat -v; false; }
	done
}

@test "lint and list know the project's own recipes" {
	make_project a one
	mkdir a/b
	cd a/b
	run -0 "$cooper" lint
	[[ "$output" == *"/a/cooper.yaml: ok"* && "$output" == *"/a/recipes/hello.yaml: ok"* && "$output" != *podman* ]]
	run -0 "$cooper" list
	[[ "$output" == *hello* && "$output" == *podman-debian* ]]
	echo 'machine: { name: Dev }' >>../cooper.yaml
	run -2 "$cooper" lint
	[[ "$output" == *"/a/cooper.yaml:4:18: "* ]]
	cp ../cooper.yaml ../two.yaml # every file is looked at, wherever the first mistake is
	run -2 "$cooper" lint ../two.yaml ../recipes/hello.yaml ../cooper.yaml
	[[ "$output" == *"two.yaml:4:18: "*"hello.yaml: ok"*"cooper.yaml:4:18: "* ]]
	run -2 "$cooper" lint ../two.yaml ../recipes/hello.yaml
	run -0 "$cooper" lint ../recipes/hello.yaml
	run -0 "$cooper" patch edit hello
	grep -q one hello-patches/word
	cd ../..
	run -0 "$cooper" lint
	[[ "$output" == *podman-debian* ]]
}

@test "lint looks for the folders to be shared that come with the project" {
	make_project a one
	cd a
	echo 'mounts: [{ host: ./none, guest: /x }, { host: ~/elsewhere, guest: /y }, { host: ./, guest: /z }]' >>cooper.yaml
	run -2 "$cooper" lint
	[[ "$output" == *"cooper.yaml:4:18: 'none' does not exist"* && "$output" == *"has 1 problem"* ]]
	mkdir none
	run -0 "$cooper" lint
}

@test "HOME and the file system are as far as it goes" {
	make_project a one
	mkdir -p a/b
	cd a/b
	HOME="$PWD" run -0 "$cooper" info
	[[ "$output" != *hello* ]]
	unshare -m true 2>/dev/null || skip "no mounts of its own here"
	run -0 unshare -m sh -c 'mkdir m && mount -t tmpfs none m && cd m && exec "$0" info' "$cooper"
	[[ "$output" != *hello* ]]
}

@test "a cooper.yaml that cannot be read is an error and never another stack" {
	mkdir -p "$COOPER_HOME/cas" "$COOPER_HOME/machines/cooper/x" a/b link/b
	mkdir a/cooper.yaml
	ln -s /nonexistent/stack.yaml link/cooper.yaml
	for dir in a a/b link link/b; do
		for command in "destroy --yes" plan up build status stop start "tool key build:x" "gc --yes" doctor; do
			(cd $dir && run "$cooper" $command && echo "$output" && [ "$status" != 0 ] && [ "$status" != 3 ] &&
				[[ "$output" == *"cooper.yaml"* ]])
		done
	done
	[ -d "$COOPER_HOME/machines/cooper/x" ]
	cd a
	run -0 "$cooper" info podman-debian # a stack that is named
}

@test "gc of one project leaves what another one has built" {
	make_project a one
	make_project b two
	for p in a b a b; do
		(cd $p && run -0 "$cooper" build --yes && run -0 "$cooper" gc --yes)
	done
	grep -q one "$COOPER_HOME"/store/*/bin/word
	grep -q two "$COOPER_HOME"/store/*/bin/word
	cd a
	run -0 "$cooper" build --yes
	[[ "$output" == *"nothing to do"* ]]
	mv ../b ../c # or its disk is not mounted
	run -0 "$cooper" gc --yes
	grep -q two "$COOPER_HOME"/store/*/bin/word
	record=$(expr "$output" : ".*/b/cooper.yaml' used last is kept, .* remove '\([^']*\)'")
	rm "$record"
	run -0 "$cooper" gc --yes
	[[ "$output" != *"used last"* ]]
	! grep -q two "$COOPER_HOME"/store/*/bin/word
}

@test "the stack of another user is used only where it is named" {
	[ "$(id -u)" = 0 ] || skip "needs root to make it"
	make_project a one
	chown 12345 a/cooper.yaml
	mkdir a/b
	for dir in a a/b; do
		(cd $dir && run -2 "$cooper" info && [[ "$output" == *"12345"*"cooper up "* ]])
	done
	run -0 "$cooper" info a/cooper.yaml
}

@test "a home that others can change is refused, and what to do is said" {
	mkdir -p "$COOPER_HOME/store"
	run -0 "$cooper" gc
	for mode in 0777 0775 1777; do
		chmod $mode "$COOPER_HOME"
		run -2 "$cooper" gc
		[[ "$output" == *"others can write to '$COOPER_HOME' (mode $mode)"*"chmod go-w"* ]]
	done
	chmod 0755 "$COOPER_HOME"
	mkdir elsewhere && chmod 0777 elsewhere
	for name in store cas machines git keys; do
		rm -rf "${COOPER_HOME:?}/$name" && ln -s "$PWD/elsewhere" "$COOPER_HOME/$name"
		run -2 "$cooper" status podman-debian
		[[ "$output" == *"others can write to '$COOPER_HOME/$name'"*"chmod go-w"* ]]
		rm "$COOPER_HOME/$name"
	done
	chmod 0755 elsewhere && ln -s "$PWD/elsewhere" "$COOPER_HOME/store"
	run -0 "$cooper" gc
	mkdir -m 0775 "$COOPER_HOME/ccache" # as ccache makes it, under a team's umask
	run -2 "$cooper" gc
	chmod 0700 "$COOPER_HOME" # where nobody gets to
	run -0 "$cooper" gc
}

@test "a home of another user is refused, also where only a link leads to it" {
	[ "$(id -u)" = 0 ] || skip "needs root to make it"
	mkdir -p "$COOPER_HOME" elsewhere
	chown 12345 elsewhere
	ln -s "$PWD/elsewhere" "$COOPER_HOME/store"
	for command in gc "plan podman-debian" "up podman-debian" "destroy --all --yes" list; do
		run -2 "$cooper" $command
		[[ "$output" == *"belongs to user 12345, and this is 'root'"*"chown"* ]]
	done
	[ -L "$COOPER_HOME/store" ]
	rm "$COOPER_HOME/store" && chown 12345 "$COOPER_HOME"
	run -2 "$cooper" gc
	[[ "$output" == *"'$COOPER_HOME' belongs to user 12345"* ]]
	SUDO_UID=12345 run -2 "$cooper" gc
	[[ "$output" == *"run it without sudo, or with \`sudo -H\`"* ]]
}
