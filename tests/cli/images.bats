#!/usr/bin/env bats
bats_require_minimum_version 1.5.0

# A hostile disk image as the source of a recipe: `build --image` and `up` refuse it before any program has opened it.

load lib

setup() {
	alone
	mkdir -p "$BATS_TEST_TMPDIR/p/recipes" "$BATS_TEST_TMPDIR/p/vmimages" "$BATS_TEST_TMPDIR/bin"
	cd "$BATS_TEST_TMPDIR/p"
	export COOPER_RECIPES="$PWD"
	for program in qemu-img qemu-system-x86_64 qemu-system-aarch64; do
		printf '#!/bin/sh\n: >"%s/opened"\nexit 1\n' "$BATS_TEST_TMPDIR" >"../bin/$program"
		chmod 755 "../bin/$program"
	done
	export PATH="$BATS_TEST_TMPDIR/bin:$PATH"
	mkdir ../x && echo x >../x/x && tar -C .. -czf ../x.tar.gz x
	printf 'kind: build\nname: tiny\nversion: "10.2.3"\nlicense: MIT\nsource: [{ url: "file://%s/x.tar.gz", sha256: "%s" }]\ninstall:\n  - [mkdir, -p, "${prefix}/bin", "${prefix}/share/qemu"]\n  - [touch, "${prefix}/share/qemu/edk2-x86_64-code.fd", "${prefix}/share/qemu/edk2-aarch64-code.fd"]\n' \
		"$BATS_TEST_TMPDIR" "$(sum ../x.tar.gz)" >recipes/tiny.yaml
	printf 'kind: stack\nemulator: tiny\nimage: evil\n' >cooper.yaml
}

# image PYTHON - the disk, from what `qemu-img create` makes as `q`: at(offset, width, value), put(offset, bytes)
image() {
	python3 - "$BATS_TEST_TMPDIR/disk" "$1" <<-'END'
		import sys
		d = bytearray(196616)
		def put(offset, data): d[offset:offset + len(data)] = data
		def at(offset, width, value): put(offset, value.to_bytes(width, "big"))
		def q():
		    put(0, b"QFI\xfb")
		    for offset, width, value in ((4, 4, 3), (20, 4, 16), (24, 8, 1 << 20), (36, 4, 1), (40, 8, 0x30000), (48, 8, 0x10000),
		                                 (56, 4, 1), (96, 4, 4), (100, 4, 104)):
		        at(offset, width, value)
		exec(sys.argv[2])
		open(sys.argv[1], "wb").write(d)
	END
}

# refused FORMAT TEXT PYTHON - said to be of that format
refused() {
	image "$3"
	printf 'kind: image\nname: evil\nversion: "1"\nos: debian\nformat: %s\nboot: { mode: uefi }\nuser: core\nsource: [{ url: "file://%s/disk", sha256: "%s" }]\n' \
		"$1" "$BATS_TEST_TMPDIR" "$(sum "$BATS_TEST_TMPDIR/disk")" >vmimages/evil.yaml
	for command in "build --image --yes" "up --yes"; do
		run "$cooper" $command
		echo "$command: $3: $status: $output"
		[ "$status" = 4 ]
		[[ "$output" == *"cannot install"*"$2"* ]]
		[ -z "$(ls "$COOPER_HOME/store" | grep evil)" ]
		[ ! -e "$BATS_TEST_TMPDIR/opened" ]
	done
}

@test "a backing file" { refused qcow2 "/etc/shadow" 'q(); at(8, 8, 512); at(16, 4, 11); put(512, b"/etc/shadow")'; }
@test "an external data file" {
	refused qcow2 "in another file" 'q(); at(72, 8, 4)'
	refused qcow2 "another file" 'q(); at(104, 4, 0x44415441); at(108, 4, 8); put(112, b"/etc/pwd")'
}
@test "encrypted" { refused qcow2 "encrypted" 'q(); at(32, 4, 2)'; }
@test "a feature that is not known" { refused qcow2 "not known" 'q(); at(72, 8, 1 << 40)'; }
@test "huge tables" {
	refused qcow2 "no possible size" 'q(); at(36, 4, 0xffffffff)'
	refused qcow2 "no possible size" 'q(); at(56, 4, 0xffffffff)'
	refused qcow2 "no possible size" 'q(); at(60, 4, 65537)'
}
@test "a table outside of the file" { refused qcow2 "outside" 'q(); at(40, 8, 1 << 62)'; }
@test "raw that is qcow2, and the other way round" {
	refused raw "not a raw one" 'q()'
	refused qcow2 "does not start as a qcow2" 'pass'
}
@test "vmdk, vhdx, vpc, vdi, qed, luks, parallels, bochs, cloop" {
	for start in '0, b"KDMV"' '0, b"# Disk DescriptorFile\n"' '0, b"vhdxfile"' '0, b"conectix"' '64, b"\x7f\x10\xda\xbe"' '0, b"QED\0"' \
		'0, b"LUKS\xba\xbe\0\1"' '0, b"WithoutFreeSpace"' '0, b"Bochs Virtual HD Image"' '0, b"#!/bin/sh\n#V2.0 Format\n"'; do
		refused raw "not a raw one" "put($start)"
		refused qcow2 "not a qcow2 one" "put($start)"
	done
}
