# shellcheck shell=bash
# What the tests of sources share: a project of one build recipe and an image that is never made, and checks.
# Sourced after `work` (a fresh folder) and `cooper` (the program) are set.
passed=0 failed=0
work=${work:?} cooper=${cooper:?}
export COOPER_HOME=$work/home HOME=$work NO_COLOR=1 TMPDIR=$work GIT_CONFIG_NOSYSTEM=1
export http_proxy='' https_proxy='' no_proxy='*'
project=$work/project
mkdir -p "$project/recipes/keys" "$project/vmimages"

ok() { # ok NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$work/ok.out" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: $*"
		sed 's/^/  | /' "$work/ok.out" | tail -20
	fi
}

# ends NAME STATUS TEXT COMMAND...: it exits with STATUS and says TEXT
ends() {
	local name=$1 status=$2 text=$3 got=0
	shift 3
	(cd "$project" && "$@") >"$work/out" 2>&1 || got=$?
	if [ "$got" = "$status" ] && grep -qF -- "$text" "$work/out"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: exit $got instead of $status, or without '$text'"
		sed 's/^/  | /' "$work/out" | tail -20
	fi
}

nothing_stored() { [ -z "$(find "$COOPER_HOME/store" -mindepth 1 ! -name CACHEDIR.TAG 2>/dev/null)" ]; }

# recipe SOURCE-LINES: recipes/tiny.yaml, which copies the file `hello` of its source
recipe() {
	cat >"$project/recipes/tiny.yaml" <<-END
		kind: build
		name: tiny
		version: "1"
		license: MIT
		source:
		$1
		install:
		  - [install, -d, "\${prefix}/bin"]
		  - [install, -m, "755", "\${source}/hello", "\${prefix}/bin/"]
	END
}

cat >"$project/vmimages/none.yaml" <<END
kind: image
name: none
version: "1"
os: debian
source:
  - url: file:///nonexistent/none.qcow2
    sha256: $(printf none | sha256sum | cut -d' ' -f1)
format: qcow2
boot: { mode: uefi }
user: core
END
cat >"$project/cooper.yaml" <<END
kind: stack
emulator: tiny
image: none
END

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
