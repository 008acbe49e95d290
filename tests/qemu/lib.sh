# Common to the scripts of tests/qemu: sourced, POSIX sh. Sets top, here, patches, shared; counts results.
# shellcheck shell=sh
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
patches=$top/patches/qemu
shared=$top/../shared
cooper=${COOPER:-$top/build/release/cooper}
n_passed=0
n_failed=0

# ok NAME COMMAND...: one result; the command's output is shown when it fails
ok() {
	name=$1
	shift
	if out=$("$@" 2>&1); then
		n_passed=$((n_passed + 1))
		echo "ok - $name"
	else
		n_failed=$((n_failed + 1))
		printf 'not ok - %s\n%s\n' "$name" "$out" | sed '2,$s/^/  /'
	fi
}

# fails NAME COMMAND...: one result, good when the command fails
fails() {
	name=$1
	shift
	ok "$name" not "$@"
}

not() {
	! "$@"
}

# finish: the totals; the exit status of the script
finish() {
	echo "$n_passed passed, $n_failed failed"
	[ "$n_failed" = 0 ] || exit 1
}

# sources: the QEMU source archives at hand, one a line
sources() {
	ls "$shared"/data/qemu_*.orig.tar.* 2>/dev/null
}

# unpack_source ARCHIVE FOLDER: without the firmware's sources, nine tenths of the files
unpack_source() {
	"$cooper" tool unpack -q --strip 1 --exclude roms/ "$1" "$2" >/dev/null
}

# wants VERSION: the patches whose header says that they apply to it (10.2.3 -> 10.2.x), one a line
wants() {
	for p in "$patches"/*.patch; do
		if grep -q "^Applies to:.*${1%.*}\.x" "$p"; then echo "$p"; fi
	done
}
