#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# Names that a shell, make, apt or a package manager would read as more than a name. Hermetic: its own home, no network.

load lib

setup() {
	alone
	mkdir -p "$BATS_TEST_TMPDIR/tree/s"
	echo hello >"$BATS_TEST_TMPDIR/tree/s/hello"
	tar -C "$BATS_TEST_TMPDIR/tree" -czf "$BATS_TEST_TMPDIR/s.tar.gz" s
	project "$BATS_TEST_TMPDIR/p"
}

# project FOLDER [PACKAGE] - a stack there, whose build needs a host package
project() {
	mkdir -p "$1/recipes" "$1/vmimages" "$1/patches"
	cd "$1"
	printf -- '--- a/hello\n+++ b/hello\n@@ -1 +1 @@\n-hello\n+patched\n' >patches/x.patch
	no_image
	printf 'kind: stack\nemulator: tiny\nimage: none\n' >cooper.yaml
	cat >recipes/tiny.yaml <<-END
		kind: build
		name: tiny
		version: 10.2.3
		license: MIT
		source: [{ url: "file://$BATS_TEST_TMPDIR/s.tar.gz", sha256: $(sum "$BATS_TEST_TMPDIR/s.tar.gz") }]
		patches: [{ file: x.patch, why: a word, upstream: none }]
		${2:+host: { apt: [${2}], brew: [${2}] \}}
		install:
		  - ["install", "-d", "\${prefix}/bin"]
		  - ["cp", "\${source}/hello", "\${prefix}/bin/"]
	END
}

built() { grep -qx patched "$COOPER_HOME"/store/*-tiny-10.2.3-*/bin/hello; }

@test "a project's folder may have any name" {
	for name in $'a b"c\'d#e$(touch x)`touch x`\nf:g,h;i%s*[j' 'ü' '-n'; do
		chmod -R u+w "$COOPER_HOME" 2>/dev/null || true
		rm -rf "$COOPER_HOME"
		project "$BATS_TEST_TMPDIR/$name"
		run -0 "$cooper" build --yes
		built
		[ ! -e x ]
	done
}

@test "a home that programs would misread is refused at once, with the reason" {
	for name in 'a blank' 'q"uote' "q'uote" 'h#ash' '$(touch x)' '`touch x`' $'new\nline' 'co:lon' 'semi;colon' '%s' '*' '[a' 'back\slash'; do
		export COOPER_HOME="$BATS_TEST_TMPDIR/$name/home"
		run "$cooper" build --yes
		[ "$status" = 2 ] || { echo "$name: $status, $output"; false; }
		[[ "$output" == *"COOPER_HOME cannot be"*"set COOPER_HOME to"* ]]
		[[ "$output" != *started* ]]
		[ ! -e "$BATS_TEST_TMPDIR/$name" ]
	done
}

@test "a home of other characters works" {
	for name in 'com,ma@equal=pl+us~ü' '-n'; do
		export COOPER_HOME="$BATS_TEST_TMPDIR/$name"
		run -0 "$cooper" build --yes
		built
	done
}

@test "a home that was made before can be used and removed" {
	run -0 "$cooper" build --yes
	mv "$COOPER_HOME" "$BATS_TEST_TMPDIR/a blank"
	export COOPER_HOME="$BATS_TEST_TMPDIR/a blank"
	run -0 "$cooper" status
	run -0 "$cooper" destroy --all --yes
	[ ! -e "$COOPER_HOME" ]
}

@test "a package cannot be an option, a removal or a file" {
	names="'openssh-server-' '-y' '--purge' 'a=1' 'a/stable' './x.deb' 'a*' 'a b' '~n' '?essential' 'openssh-server_' 'a,b'"
	project "$BATS_TEST_TMPDIR/p" "$(echo "$names" | sed "s/' '/', '/g")"
	run "$cooper" lint recipes/tiny.yaml
	[ "$status" != 0 ]
	[ "$(echo "$output" | grep -c "an item of 'apt' is not a package's name")" = 12 ] || { echo "$output"; false; }
}

@test "host packages are asked for after --, and are no regular expressions" {
	[ "$(uname)" = Linux ] || skip "apt is not the system's"
	project "$BATS_TEST_TMPDIR/p" '"l.b.ssl-dev", "g++"'
	mkdir "$BATS_TEST_TMPDIR/bin"
	for name in apt"-get" sudo; do # that of the test
		printf '#!/bin/sh\necho "%s $*" >>"%s"\nexit 1\n' $name "$BATS_TEST_TMPDIR/asked" >"$BATS_TEST_TMPDIR/bin/$name"
	done
	printf '#!/bin/sh\necho "dpkg-query $*" >>"%s"\nexit 1\n' "$BATS_TEST_TMPDIR/asked" >"$BATS_TEST_TMPDIR/bin/dpkg-query"
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	PATH="$BATS_TEST_TMPDIR/bin:$PATH" run "$cooper" up --yes
	echo "$status: $output"
	[ "$status" = 1 ]
	cat "$BATS_TEST_TMPDIR/asked"
	grep -q "^ -- l\.b\.ssl-dev" "$BATS_TEST_TMPDIR/asked"
	grep -q "APT::Cmd::Pattern-Only=true.* -- .*l\.b\.ssl-dev" "$BATS_TEST_TMPDIR/asked"
}
