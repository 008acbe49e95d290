#!/usr/bin/env bats
bats_require_minimum_version 1.5.0
# What of a project is asked about before it runs, and where. Hermetic: its own home, no network.

load lib

setup() {
	alone
	mkdir -p "$BATS_TEST_TMPDIR/tree/s" && echo words >"$BATS_TEST_TMPDIR/tree/s/words"
	cd "$BATS_TEST_TMPDIR/tree"
	tiny_project $'machine: { accel: tcg }\nsteps: [{ name: one, run: [echo, one] }]\n'
}

# whether the box of this host keeps all that lasts
boxed() { ! "$cooper" tool facts | grep '"box_lets": ".' | grep -qv '": "any number of processes"'; }

@test "in a whole box, build asks nobody, and plan says that there is one" {
	boxed || skip "this host keeps less"
	run -3 "$cooper" plan
	[[ "$output" == *" in a box: "* ]]
	[[ "$output" != *"does not keep"* ]]
	"$cooper" build </dev/null
	[ "$(kegs)" = 1 ]
}

@test "in no box, build asks as up does, and plan and trust say what is not kept" {
	export COOPER_BOX=nothing
	recipe "touch $BATS_TEST_TMPDIR/ran"
	run -2 "$cooper" build </dev/null
	[[ "$output" == *"nobody has agreed yet"* ]]
	[[ "$output" == *"this host does not keep its commands from: writing elsewhere, reading homes, the network"* ]]
	[[ "$output" != *" in a box"* ]]
	[ ! -e ../ran ] && [ "$(kegs)" = 0 ]
	run -3 "$cooper" plan
	[[ "$output" == *"does not keep its commands from: writing elsewhere"* ]]
	[[ "$output" != *" in a box"* ]]
	run -0 "$cooper" trust --yes
	[[ "$output" == *"+ recipes/tiny.yaml: this host does not keep its commands from: writing elsewhere"* ]]
	run -3 "$cooper" plan
	[[ "$output" == *"nothing new in what that takes, runs and opens"* ]]
	[[ "$output" != *"cooper.yaml: "* ]]
	run -3 "$cooper" plan --json
	[[ "$output" == *"cooper.yaml: step 'one', in the guest as root: echo one"* ]]
	"$cooper" build </dev/null
	[ -e ../ran ] && [ "$(kegs)" = 1 ]
}

@test "with rules alone, build asks, and --yes is an answer" {
	[ "$(uname)" = Linux ] || skip "the sandbox of macOS keeps everything"
	export COOPER_BOX=rules
	run -2 "$cooper" build </dev/null
	[[ "$output" == *"does not keep its commands from: "*"modes and times of files elsewhere"* ]]
	[ "$(kegs)" = 0 ]
	"$cooper" build --yes </dev/null
	[ "$(kegs)" = 1 ]
}

@test "what was agreed to for a whole box is asked about again where there is none" {
	boxed || skip "this host keeps less"
	"$cooper" trust --yes
	COOPER_BOX=nothing run -2 "$cooper" build </dev/null
	[[ "$output" == *"does not keep its commands from"* ]]
	[[ "$output" == *"that were agreed to before"* ]] # the stack's
}

@test "in no box either, nobody is asked about what came with cooper" {
	mkdir -p "$BATS_TEST_TMPDIR/shipped"
	cp -R recipes vmimages "$BATS_TEST_TMPDIR/shipped"
	rm -r recipes vmimages
	export COOPER_RECIPES="$BATS_TEST_TMPDIR/shipped" COOPER_BOX=nothing
	"$cooper" build </dev/null
	[ "$(kegs)" = 1 ]
	run -0 "$cooper" trust --yes
	[[ "$output" == *"cooper.yaml: step 'one', in the guest as root: echo one"* ]]
	[[ "$output" != *"recipes/tiny.yaml"* ]]
}

@test "fetch asks nobody" {
	export COOPER_BOX=nothing
	"$cooper" fetch </dev/null || true
	[ -n "$(find "$COOPER_HOME/cas" -type f ! -name CACHEDIR.TAG)" ]
}

# repository - the recipe's source: a tag of it
repository() {
	command -v git >/dev/null || skip "no git"
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x
	git init -q -b main "$BATS_TEST_TMPDIR/repo"
	cp ../tree/s/words "$BATS_TEST_TMPDIR/repo"
	git -C "$BATS_TEST_TMPDIR/repo" add words
	git -C "$BATS_TEST_TMPDIR/repo" commit -q -m one
	git -C "$BATS_TEST_TMPDIR/repo" tag v1
	tagged=$(git -C "$BATS_TEST_TMPDIR/repo" rev-parse v1)
	source="{ url: \"git:file://$BATS_TEST_TMPDIR/repo\", tag: v1 }"
	recipe true
}

@test "what cooper itself writes to the lock needs no second answer; what somebody else did needs one" {
	export COOPER_BOX=nothing
	repository
	[ ! -e cooper.lock ]
	"$cooper" trust --yes
	"$cooper" build </dev/null
	grep -q "#$tagged\"" cooper.lock
	rm cooper.lock && "$cooper" build </dev/null # resolved again
	"$cooper" update
	"$cooper" build </dev/null
	sed "s/#$tagged/#$(printf 'e%.0s' $(seq 40))/" cooper.lock >other && mv other cooper.lock
	run -2 "$cooper" build </dev/null
	[[ "$output" == *"cooper.lock: git:file://"*"#refs/tags/v1 is v1 git:file://"*"#eeeeeeee"* ]]
	[[ "$output" == *"that were agreed to before"* ]]
}
