#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# The program as people call it: help, mistakes, exit codes. Hermetic: its own home, no network.

setup() {
	umask 022
	cooper="$BATS_TEST_DIRNAME/../../build/${CONFIG:-release}/cooper"
	export COOPER_HOME="$BATS_TEST_TMPDIR/home" HOME="$BATS_TEST_TMPDIR" NO_COLOR=1
	export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
	cd "$BATS_TEST_TMPDIR"
}

@test "help lists every command, and each has help of its own" {
	run "$cooper" --help
	[ "$status" = 0 ]
	for c in up plan status start stop ssh verify destroy gc fetch build list info lint; do
		[[ "$output" == *"  $c "* ]]
		run -0 "$cooper" $c --help
		[[ "$output" == *"usage: cooper $c"* ]]
		run -0 "$cooper" --help
	done
}

@test "help of a group, in every way to ask for it" {
	run "$cooper" tool
	[ "$status" = 2 ]
	for words in "tool --help" "tool help" "help tool"; do
		run -0 "$cooper" $words
		[[ "$output" == *"usage: cooper tool COMMAND"*"  fetch "*"  unpack "* ]]
		[[ "$output" != *" status "* ]]
	done
	run -0 "$cooper" help tool fetch
	[[ "$output" == *"usage: cooper tool fetch"* ]]
	run -0 "$cooper" help up
	[[ "$output" == *"usage: cooper up"* ]]
	run "$cooper" help nonsense
	[ "$status" = 2 ]
	[[ "$output" == *"unknown command 'nonsense'"* ]]
	run "$cooper" tool nonsense
	[ "$status" = 2 ]
	[[ "$output" == *"\`cooper tool --help\` lists"* ]]
}

@test "a mistyped command gets a suggestion and exit 2" {
	run "$cooper" pln
	[ "$status" = 2 ]
	[[ "$output" == *"did you mean \`cooper plan\`?"* ]]
}

@test "a mistyped option gets a suggestion and exit 2" {
	run "$cooper" up --guest-arhc x
	[ "$status" = 2 ]
	[[ "$output" == *"did you mean --guest-arch?"* ]]
}

@test "an unknown stack is named, exit not 0, nothing is made" {
	run "$cooper" plan podman-debain
	[ "$status" = 1 ]
	[[ "$output" == *"podman-debian"* ]]
	[ ! -e "$COOPER_HOME" ]
}

@test "plan without a lock says what has to be resolved, exit 3, and writes nothing" {
	run "$cooper" plan podman-debian
	[ "$status" = 3 ]
	[[ "$output" == *"debian-source:qemu"* ]]
	[ ! -e "$COOPER_HOME" ]
}

@test "plan --json is JSON" {
	run "$cooper" plan podman-debian --json
	[ "$status" = 3 ]
	echo "$output" | python3 -c 'import json,sys; assert json.load(sys.stdin)["pending"] is True'
}

@test "every shipped recipe holds on every host" {
	run "$cooper" lint
	[ "$status" = 0 ]
}

@test "status and stop without a machine" {
	run -0 "$cooper" status podman-debian
	[[ "$output" == "no machine 'cooper'"* ]]
	run -0 "$cooper" status --json podman-debian
	[[ "$output" == *'"exists": false'* ]]
	run "$cooper" stop podman-debian
	[ "$status" = 0 ]
}

@test "ssh without a machine: exit 8 and what to do" {
	run "$cooper" ssh podman-debian -- true
	[ "$status" = 8 ]
	[[ "$output" == *"cooper up"* ]]
}

@test "destroy asks, and without a terminal does nothing" {
	mkdir -p "$COOPER_HOME"
	run "$cooper" destroy --all </dev/null
	[ "$status" = 2 ]
	[ -d "$COOPER_HOME" ]
	run "$cooper" destroy --all --yes
	[ "$status" = 0 ]
	[ ! -e "$COOPER_HOME" ]
}

@test "a folder that is not cooper's is neither used nor emptied" {
	mkdir -p "$COOPER_HOME/build"
	touch "$COOPER_HOME/thesis.tex"
	run "$cooper" destroy --all --yes
	[ "$status" = 2 ]
	[[ "$output" == *"is not cooper's folder: it contains 'thesis.tex'"* ]]
	COOPER_HOME=/dev/null run -2 "$cooper" list # whose mode is nothing to correct
	[[ "$output" == *"cannot use '/dev/null' as cooper's home: it is not a folder"* ]]
	run "$cooper" gc
	[ "$status" = 2 ]
	[ -d "$COOPER_HOME/build" ]
	rm "$COOPER_HOME/thesis.tex"
	run -0 "$cooper" gc
	touch "$COOPER_HOME/thesis.tex"
	run -0 "$cooper" destroy --all --yes
	[ "$(ls "$COOPER_HOME")" = thesis.tex ]
}

@test "guests of architectures that no machine can have" {
	run "$cooper" plan --guest-arch riscv64
	[ "$status" = 2 ]
	[[ "$output" == *"a machine cannot have the architecture 'riscv64'"* ]]
	run "$cooper" plan --guest-arch z80
	[ "$status" = 2 ]
	[[ "$output" == *"unknown guest architecture 'z80'"* ]]
}

@test "tool fetch verifies: right digest, wrong digest, no digest, missing file" {
	printf hello >src
	good=$(openssl dgst -sha256 -r src | cut -d' ' -f1)
	run -0 "$cooper" tool fetch "file://$PWD/src" --sha256 "$good" -o out
	[ "$(cat out)" = hello ]
	run "$cooper" tool fetch "file://$PWD/src" --sha256 "${good//[0-9]/a}" -o bad
	[ "$status" = 4 ]
	[ ! -e bad ]
	run "$cooper" tool fetch "file://$PWD/src" -o bad
	[ "$status" = 2 ]
	run "$cooper" tool fetch "file://$PWD/none" --sha256 "$good" -o bad
	[ "$status" != 0 ]
	[ -z "$(ls bad* 2>/dev/null)" ]
}

@test "tool fetch --list: many at once; a bad line names itself, a failed one leaves the others" {
	printf one >a && printf two >b
	a=$(openssl dgst -sha256 -r a | cut -d' ' -f1) b=$(openssl dgst -sha512 -r b | cut -d' ' -f1)
	printf '# comment\n\nfile://%s/a %s out.a\nfile://%s/b\t%s  out.b' "$PWD" "$a" "$PWD" "$b" >list
	run -0 "$cooper" tool fetch --list list
	[ "$(cat out.a out.b)" = onetwo ]
	rm out.a out.b
	printf 'file://%s/b %s out.a\nfile://%s/b %s out.b\n' "$PWD" "$a" "$PWD" "$b" >list
	run "$cooper" tool fetch --list list
	[ "$status" = 4 ]
	[ ! -e out.a ]
	[ "$(cat out.b)" = two ]
	printf '\nfile://%s/a 123 out.a\n' "$PWD" >list
	run "$cooper" tool fetch --list list
	[ "$status" = 2 ]
	[[ $output == *list:2* ]]
	run "$cooper" tool fetch
	[ "$status" = 2 ]
	run "$cooper" tool fetch --list list -o out
	[ "$status" = 2 ]
}

@test "tool unpack refuses what leads outside" {
	mkdir t && printf x >t/f && tar -cf good.tar t
	run -0 "$cooper" tool unpack good.tar out
	[ "$(cat out/t/f)" = x ]
	tar -cPf evil.tar --transform 's#t/f#../evil#' t/f
	run "$cooper" tool unpack evil.tar out2
	[ "$status" = 4 ]
	[ ! -e evil ]
	run "$cooper" tool unpack --limit file=8GiB,entries=1 good.tar out3
	[ "$status" = 4 ]
	[[ $output == *"--limit entries=2"* ]]
	run "$cooper" tool unpack --limit entries=many good.tar out3
	[ "$status" = 2 ]
}

@test "tool patch: fits, does not fit, twice" {
	mkdir d && printf 'a\nb\nc\n' >d/f
	printf -- '--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n' >p
	run -0 "$cooper" tool patch --check -d d p
	[ "$(sed -n 2p d/f)" = b ]
	run -0 "$cooper" tool patch -d d p
	[ "$(sed -n 2p d/f)" = B ]
	run "$cooper" tool patch -d d p
	[ "$status" = 4 ]
	[[ "$output" == *"already"* || "$output" == *"upstream"* ]]
}

@test "tool patch: --refresh writes the numbers, --check with it is refused" {
	mkdir d && printf 'a\nb\nc\n' >d/f
	printf -- '--- a/f\n+++ b/f\n@@ -7 +7 @@\n-b\n+B\n' >p
	run "$cooper" tool patch --check --refresh -d d p
	[ "$status" = 2 ]
	grep -q '^@@ -7 +7 @@$' p
	run -0 "$cooper" tool patch --refresh -d d p
	grep -q '^@@ -2 +2 @@$' p
	[ "$(sed -n 2p d/f)" = b ]
}

@test "tool canary prints what it runs on" {
	run -0 "$cooper" tool canary x86_64 -o c
	[ "$(uname -m)" = x86_64 ] || skip "the canary is foreign here"
	[ "$(./c)" = x86_64 ]
}

@test "NO_COLOR and a pipe: no escape sequences" {
	run "$cooper" plan no-such-stack
	[[ "$output" != *$'\033'* ]]
}

@test "completions: bash completes commands, options and tools; other shells' scripts parse" {
	"$cooper" completion bash >"$BATS_TEST_TMPDIR/c"
	run -0 bash -c "source '$BATS_TEST_TMPDIR/c'; COMP_WORDS=(cooper st); COMP_CWORD=1; _cooper; echo \"\${COMPREPLY[@]}\"
		COMP_WORDS=(cooper up --y); COMP_CWORD=2; _cooper; echo \"\${COMPREPLY[@]}\"
		COMP_WORDS=(cooper tool fe); _cooper; echo \"\${COMPREPLY[@]}\"
		COMP_WORDS=(cooper patch ''); _cooper; echo \"\${COMPREPLY[@]}\"
		COMP_WORDS=(cooper tool fetch --sha2); COMP_CWORD=3; _cooper; echo \"\${COMPREPLY[@]}\""
	[ "${lines[0]}" = "status start stop" ]
	[ "${lines[1]}" = "--yes" ]
	[ "${lines[2]}" = "fetch" ]
	[ "${lines[3]}" = "edit save" ]
	[ "${lines[4]}" = "--sha256" ]
	mkdir -p "$COOPER_HOME/machines/dev" "$COOPER_HOME/machines/test"
	run -0 bash -c "source '$BATS_TEST_TMPDIR/c'
		t() { COMP_WORDS=(\"$cooper\" \"\$@\"); COMP_CWORD=\$#; COMPREPLY=(); _cooper; echo \"\${COMPREPLY[*]}\"; }
		t stop te; t ssh d; t up podman-d; t stop podman-d; t cp de; t completion ''; t list m; t plan --color ''; t status --guest-arch a; t list"
	[ "$(printf '%s,' "${lines[@]}")" = "test,dev,podman-debian,podman-debian,dev:,bash zsh fish,machines,auto always never,aarch64,list," ]
	if command -v fish >/dev/null; then
		"$cooper" completion fish >"$BATS_TEST_TMPDIR/c.fish"
		PATH="${cooper%/*}:$PATH" run -0 fish -c "source '$BATS_TEST_TMPDIR/c.fish'; complete -C 'cooper stop t'; complete -C 'cooper cp t'"
		[[ "$output" = test*test:* ]]
	fi
	for shell in zsh fish; do
		"$cooper" completion $shell >"$BATS_TEST_TMPDIR/c.$shell"
		grep -q verify "$BATS_TEST_TMPDIR/c.$shell"
		! command -v $shell >/dev/null || $shell -n "$BATS_TEST_TMPDIR/c.$shell"
	done
	run -2 "$cooper" completion csh
}

@test "a host's facts are what --host takes; doctor and key agree with themselves" {
	"$cooper" tool facts podman >facts.json
	run -0 bash -c "'$cooper' doctor podman --json --host facts.json | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"facts\"][\"os\"])'"
	[ "$output" = linux ] || [ "$output" = macos ]
	key=$("$cooper" key podman --host facts.json)
	[ "$key" = "$("$cooper" key podman)" ]
	[ "$(printf '%s\n' "$key" | wc -l)" = 1 ]
	[ "$key" != "$("$cooper" key podman --host macos/amd64)" ]
	"$cooper" key podman-debian # nothing is locked yet
	[ ! -e "$COOPER_HOME" ]
}

@test "doctor: exit 1 with what to do; a host that is none: exit 2" {
	printf '{"os": "macos", "os_version": "12.3", "arch": "aarch64", "cpus": 8, "memory_bytes": 17179869184,
		"hv_support": true, "developer_tools": "no"}' >mac.json
	run -1 "$cooper" doctor podman --host mac.json
	[[ "$output" == *"xcode-select --install"* ]]
	run -2 "$cooper" plan podman-2021 --host mac.json
	[[ "$output" == *"panic"*"machine.memory"* ]]
	printf 'kind: stack\nextends: podman\nmachine: { accel: kvm }\n' >cooper.yaml
	run -1 "$cooper" doctor --host mac.json
	[[ "$output" == *"kvm exists on Linux only"* ]]
	run -2 "$cooper" plan podman --host amiga
	[[ "$output" == *"macos/arm64"* ]]
	echo '{"os": "macos", "cpu": 1}' >bad.json
	run -2 "$cooper" doctor podman --host bad.json
	[[ "$output" == *"did you mean 'cpus'"* ]]
}

# A project here with the build recipe "hello", of @1 more lines, and a stack that names it.
make_project() {
	mkdir -p recipes vmimages
	cp "$BATS_TEST_DIRNAME"/../../vmimages/fedora-coreos-34.yaml vmimages/
	mkdir hello-1 && echo "from the source" >hello-1/word && tar -cf hello.tar hello-1
	cat >recipes/hello.yaml <<-EOF
		kind: build
		name: hello
		version: "1.0"
		source:
		  - url: file://$PWD/hello.tar
		    sha256: $(openssl dgst -sha256 -r hello.tar | cut -d' ' -f1)
		$1
	EOF
	printf 'kind: stack\nemulator: hello\nimage: fedora-coreos-34\n' >cooper.yaml
	export COOPER_RECIPES="$PWD"
}

@test "a build's own environment may name its folders" {
	make_project 'env: { WORD: "${source}/word" }
install:
  - script: mkdir -p ${prefix}/bin && cp "$WORD" ${prefix}/bin/said
test:
  - script: cat "$WORD"
    expect: from the source'
	run "$cooper" build --yes
	echo "$output"
	[ "$status" = 0 ]
	grep -q "from the source" "$COOPER_HOME"/store/*-hello-1.0-*/bin/said
}

@test "a build that fails is one, also where the caller ignores SIGCHLD" {
	make_project 'install:
  - script: mkdir -p ${prefix}/bin && touch ${prefix}/bin/half && exit 7'
	run -1 python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$cooper" build --yes
	[[ "$output" == *"exit status 7"* ]]
	run find "$COOPER_HOME/store" -mindepth 1 -maxdepth 1 ! -name '.*' ! -name CACHEDIR.TAG
	[ -z "$output" ]
}

@test "a build where the caller has closed the standard descriptors" {
	make_project 'install:
  - script: mkdir -p ${prefix}/bin && cp ${source}/word ${prefix}/bin/said'
	for closed in '<&- >&-' '<&- 2>&-' '<&- >&- 2>&-'; do
		rm -rf "$COOPER_HOME"
		code=0
		eval '"$cooper" build --yes '"$closed" || code=$?
		# 1 where it cannot say what it did
		case $closed in *'>&- '* | *' >&-') [ $code = 1 ] ;; *) [ $code = 0 ] ;; esac
		echo "$COOPER_HOME"/store/*-hello-1.0-*/bin/said
		grep -q . "$COOPER_HOME"/store/*-hello-1.0-*/bin/said
		[ "$(grep -vc '^pid ' "$COOPER_HOME/up.lock")" = 0 ]
		chmod -R u+w "$COOPER_HOME"
	done
}

@test "a lock that cannot be opened is not called another cooper" {
	mkdir -p "$COOPER_HOME/up.lock"
	run -1 "$cooper" gc --yes
	[[ "$output" == *"cannot open the lock '$COOPER_HOME/up.lock': Is a directory"* ]]
	[[ "$output" != *"another cooper"* ]]
}

@test "what cannot be read is neither garbage nor damaged" {
	command -v strace >/dev/null || skip "no strace"
	make_project 'install:
  - script: mkdir -p ${prefix}/bin && cp ${source}/word ${prefix}/bin/said'
	run -0 "$cooper" build --yes
	said=$(echo "$COOPER_HOME"/store/*-hello-1.0-*/bin/said)
	for nth in 1 2 3; do
		run strace -f -qq -o trace -e trace=getdents64 -e inject=getdents64:error=EIO:when=$nth "$cooper" gc --yes
		[ "$status" = 1 ]
		[[ "$output" == *"cannot list '$COOPER_HOME"*": Input/output error"* ]]
		[ -e "$said" ]
	done
	nth=1
	while run strace -f -qq -o trace -e trace=getdents64 -e inject=getdents64:error=EIO:when=$nth "$cooper" verify --deep
		grep -q INJECTED trace; do
		[ "$status" != 0 ]
		[[ "$output" == *": Input/output error"* ]]
		[ -e "$said" ]
		nth=$((nth + 1))
	done
	[ "$nth" -gt 3 ]
	run strace -qq -o trace -P "${said%/bin/said}/receipt.json" -e inject=openat:error=EIO "$cooper" verify --deep
	[ "$status" != 0 ]
	[ -e "$said" ]
}

@test "output that cannot be written is an error, a reader that leaves early is none" {
	[ -e /dev/full ] || skip "no /dev/full"
	run --separate-stderr -7 sh -c '"$1" list >/dev/full' sh "$cooper"
	[[ "$stderr" == *"cannot write the output"* ]]
	run -0 bash -c 'set -o pipefail; "$1" tool docs | head -n 1' sh "$cooper"
	run -0 python3 -c 'import os, subprocess, sys
gone, out = os.pipe()
os.close(gone) # before the first of many writes
sys.exit(subprocess.call([sys.argv[1], "tool", "docs"], stdout=out))' "$cooper"
}

@test "doctor says that paths of sockets are too long" {
	COOPER_HOME="$HOME/$(printf 'a%.0s' $(seq 120))" run "$cooper" doctor podman-debian
	[[ "$output" == *"failure  sockets"*"103 is the limit"*"shorter folder"* ]]
}

# on_a_terminal SCRIPT - a stack whose emulator's build prints what SCRIPT does, and an environment for a terminal
on_a_terminal() {
	mkdir -p recipes vmimages
	cp "$BATS_TEST_DIRNAME"/../../vmimages/fedora-coreos-34.yaml vmimages/
	mkdir hello-1 && echo word >hello-1/word && tar -cf hello.tar hello-1
	cat >recipes/hello.yaml <<-EOF
		kind: build
		name: hello
		version: "1.0"
		source:
		  - url: file://$PWD/hello.tar
		    sha256: $(openssl dgst -sha256 -r hello.tar | cut -d' ' -f1)
		install:
		  - script: |
		      mkdir -p \${prefix}/bin && echo >\${prefix}/bin/said
		      $1
	EOF
	printf 'kind: stack\nemulator: hello\nimage: fedora-coreos-34\n' >cooper.yaml
	export COOPER_RECIPES="$PWD" TERM=xterm
	unset CI # there, output is plain
}

@test "a terminal: a line that is too long is cut between characters, wide ones counted as two" {
	local wide
	wide=$(printf '\346\274\242\303\251%.0s' {1..20})$(printf 'x%.0s' {1..16})
	on_a_terminal "for n in 1 2 3 4 5; do echo '$wide'; sleep 0.1; done"
	for columns in 40 41; do
		rm -rf home
		python3 - "$columns" "$cooper" build --yes <<-'EOF'
			import fcntl, os, pty, re, struct, sys, termios, unicodedata
			columns = int(sys.argv[1])
			pid, fd = pty.fork()
			if pid == 0:
			    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
			    os.execv(sys.argv[2], sys.argv[2:])
			seen = b""
			try:
			    while piece := os.read(fd, 4096):
			        seen += piece
			except OSError:
			    pass
			assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
			lines = re.sub("\x1b\\[[?0-9;]*[A-Za-z]", "", seen.decode("utf-8")).splitlines()
			shown = [l for l in lines if "\u6f22" in l]
			assert shown, seen
			for line in shown:
			    assert sum(1 + (unicodedata.east_asian_width(c) == "W") for c in line) < columns, line
		EOF
	done
}

@test "a terminal: the clock of a step that says nothing moves, and what ninja counts is shown" {
	on_a_terminal "printf '[7/9] Linking\\r\\n'; sleep 3.5"
	run -0 python3 -c 'import pty, sys
sys.exit(pty.spawn(sys.argv[1:]) >> 8)' "$cooper" build --yes </dev/null
	# a busy host may miss one of the three seconds
	[ "$(grep -aoE '  build:hello  [123]\.0 s  7/9 steps  Linking' <<<"$output" | sort -u | wc -l)" -ge 2 ]
	[[ "$output" != *x0d* ]]
}

@test "start, stop and rollback wait for who is at work on this home" {
	mkdir -p "$COOPER_HOME/machines/cooper"
	for command in start stop rollback; do
		run -0 python3 - "$cooper" $command <<-'END'
			import fcntl, os, subprocess, sys, time
			lock = open(os.environ["COOPER_HOME"] + "/up.lock", "w")
			fcntl.flock(lock, fcntl.LOCK_EX)
			child = subprocess.Popen(sys.argv[1:] + ["podman-debian"], stderr=subprocess.PIPE, text=True)
			said = ""
			while "waiting: " not in said:
			    line = child.stderr.readline()
			    assert line, "it did not wait: " + said
			    said += line
			time.sleep(0.2)
			assert child.poll() is None, "it went on"
			fcntl.flock(lock, fcntl.LOCK_UN)
			child.communicate()
		END
	done
}
