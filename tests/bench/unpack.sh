#!/usr/bin/env bash
# Unpacking next to tar and bsdtar, and a packed disk image next to xz. Files go to memory (tmpfs) where there is
# enough of it, since disks differ from minute to minute. Archives are made once, in build/bench/.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
: "${COOPER:=$PWD/build/release/cooper}"
rounds=${ROUNDS:-5} image_rounds=${IMAGE_ROUNDS:-3} mib=${IMAGE_MIB:-2048}
source=../shared/data/qemu_10.2.2+ds.orig.tar.xz
made=build/bench
mkdir -p "$made"

place=${TMPDIR:-/tmp}
free=$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')
if [ "${free:-0}" -ge 6000 ]; then place=/dev/shm; fi
work=$(mktemp -d "$place/bench-unpack-XXXXXX")
trap 'rm -rf "$work"' EXIT
export COOPER_HOME=$work/home

# peak COMMAND... - the largest resident set of one process of it, in MiB
peak() {
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)' "$@"
}

# timed NAME COMMAND... - into an empty folder (or a file in it); adds to the times of NAME. An untimed run of the same
# goes before it, as in fetch.sh: memory that a virtual machine has not used for a moment is slow at first, and so is
# memory that another tool left in pieces of another size.
declare -A times=()
timed() {
	local name=$1
	shift
	emptied
	"$@" >/dev/null
	emptied
	times[$name]+=" $(seconds "$@")"
}

emptied() {
	rm -rf "$work/out"
	mkdir "$work/out"
}

of() { # of NAME - its median
	# shellcheck disable=SC2086  # a list of numbers
	median ${times[$1]}
}

missed=0
# row TITLE OURS THEIRS LIMIT - how often cooper is as fast as the other; LIMIT is what was asked
row() {
	local ours theirs
	ours=$(of "$2") theirs=$(of "$3")
	printf '| %s | %s s | %s s | %s | %s |\n' "$1" "$ours" "$theirs" "$(ratio "$theirs" "$ours")" "$4"
	within "$4" "$(ratio "$theirs" "$ours")" || missed=$((missed + 1))
}

# An image like a system's: programs and texts of this host, a tenth noise, a tenth zeros; packed as xz -T does.
make_image() {
	{
		# head ends the pipe before cat is done
		find /usr/lib /usr/share /usr/bin -xdev -type f -size +16k -print0 2>/dev/null | LC_ALL=C sort -z |
			xargs -0 cat 2>/dev/null | head -c $((mib * 8 / 10))M || true
		head -c $((mib / 10))M /dev/urandom
	} >"$work/image"
	truncate -s "${mib}M" "$work/image"
	xz -T2 -1 -c --block-size=24MiB "$work/image" >"$made/image-$mib.raw.xz.new"
	rm "$work/image"
	mv "$made/image-$mib.raw.xz.new" "$made/image-$mib.raw.xz"
}

# shellcheck disable=SC2016  # Markdown, not commands
bench_archives() {
	local single=$made/single.tar.xz i
	if [ ! -e "$single" ]; then
		xz -dc "$source" | xz -T1 -3 -c >"$single.new"
		mv "$single.new" "$single"
	fi
	for ((i = 0; i < rounds; i++)); do
		timed single-cooper "$COOPER" tool unpack -q "$single" "$work/out"
		timed single-tar tar xJf "$single" -C "$work/out"
		timed single-bsdtar bsdtar -xf "$single" -C "$work/out"
		timed many-cooper "$COOPER" tool unpack -q "$source" "$work/out"
		timed many-tar tar xJf "$source" -C "$work/out"
		timed exclude-cooper "$COOPER" tool unpack -q --strip 1 --exclude roms/ "$source" "$work/out"
	done
	row 'QEMU, 39,836 entries, one block; `tar xJf`' single-cooper single-tar 1.00
	row 'the same; `bsdtar -xf`' single-cooper single-bsdtar 1.00
	row 'QEMU, 14 blocks; `tar xJf`' many-cooper many-tar 1.60
	row 'the same without `roms/` (two thirds of the entries); `tar xJf`' exclude-cooper many-tar 2.50
	rm -rf "$work/out"
	mkdir "$work/out"
	memory="$(peak "$COOPER" tool unpack -q "$source" "$work/out") MiB for the archive of 14 blocks"
}

# shellcheck disable=SC2016  # Markdown, not commands
bench_image() {
	local image=$made/image-$mib.raw.xz packed i
	[ -e "$image" ] || make_image
	packed=$(sha256sum "$image" | cut -d' ' -f1)
	for ((i = 0; i < image_rounds; i++)); do
		timed image-cooper "$COOPER" tool inflate -q --packed-sha256 "$packed" "$image" "$work/out/image"
		timed image-xz xz -dc "$image"
	done
	row 'disk image of '"$mib"' MiB, both digests, sparse file; `xz -dc >/dev/null`' image-cooper image-xz 1.70
	memory+=", $(peak "$COOPER" tool inflate -q "$image" "$work/out/image") MiB for the image"
}

echo '## Unpacking'
echo
echo "Files in $place; medians of $rounds rounds, of $image_rounds for the image. Both digests of the image and those of"
echo 'every file are computed along the way; tar and xz compute none.'
echo
echo '| what; next to | cooper | the other | times as fast | asked |'
echo '|---|---|---|---|---|'
memory=''
if [ -e "$source" ]; then bench_archives; else echo '| QEMU archive | SKIP: ../shared/data is not here | | | |'; fi
bench_image
echo
own=build/liblzma/lib/pkgconfig
echo "Decoding is most of the work: cooper has liblzma $(PKG_CONFIG_PATH=$own pkg-config --modversion liblzma), tar and xz have $(
	xz --version | sed -n 's/^liblzma //p')."
echo 'What is left out has to be decoded all the same.'
echo
echo "Peak memory (resident): $memory. The .xz decoder is limited to a quarter of the machine's memory, 1 GiB at most;"
echo 'where more threads would need more, fewer run.'
[ "$missed" = 0 ]
