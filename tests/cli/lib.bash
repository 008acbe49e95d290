# Loaded by tests that build a tiny recipe in a project and a home of their own, without a network.
# shellcheck shell=bash

# alone - the program, and a home of its own below the test's folder
alone() {
	cooper="$BATS_TEST_DIRNAME/../../build/${CONFIG:-release}/cooper"
	export COOPER_HOME="$BATS_TEST_TMPDIR/home" HOME="$BATS_TEST_TMPDIR" TMPDIR="$BATS_TEST_TMPDIR" NO_COLOR=1
	unset COOPER_MIRROR COOPER_OFFLINE COOPER_RECIPES COOPER_BOX
}

sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

# no_image - the image recipe "none", whose disk is not there
no_image() {
	printf 'kind: image\nname: none\nversion: "1"\nos: debian\nformat: qcow2\nboot: { mode: uefi }\nuser: core\n' >vmimages/none.yaml
	printf 'source: [{ url: "file:///none.qcow2", sha256: "%064d" }]\n' 1 >>vmimages/none.yaml
}

# tiny_project [MORE] - the current folder, from now on: a stack, with MORE in it, of the emulator "tiny" and no image;
# ../tree/s goes into the archive that the emulator is made from
tiny_project() {
	project="$BATS_TEST_TMPDIR/p"
	mkdir -p "$project/recipes" "$project/vmimages"
	cd "$project" || return
	tar -C ../tree -czf ../s.tar.gz s
	no_image
	printf 'kind: stack\nemulator: tiny\nimage: none\n%s' "${1:-}" >cooper.yaml
	recipe true
}

# recipe SCRIPT - what the build of "tiny" runs; version and source can be set before
recipe() {
	cat >recipes/tiny.yaml <<-END
		kind: build
		name: tiny
		version: "${version:-10.2.3}"
		license: MIT
		source: [${source:-{ url: "file://$BATS_TEST_TMPDIR/s.tar.gz", sha256: $(sum ../s.tar.gz) \}}]
		build: [{ script: '$1' }]
		install: [[install, -d, "\${prefix}/bin"]]
	END
}

kegs() { ls "$COOPER_HOME/store" 2>/dev/null | grep -c -- -tiny- || true; }
