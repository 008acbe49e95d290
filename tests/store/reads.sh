#!/usr/bin/env bash
# What cannot be read is not taken for nothing: gc, verify and build meet errors of the disk (injected by strace), files that
# are none, what killed processes left, a full disk and one that only reads. A home with a keg and an image, no guest; seconds.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
skip() { echo "skip   $1: $2"; }
emulator one && image 1 && stack 512MiB
cd "$project" || exit 1
up --yes >"$out" 2>&1 || { cat "$out" && exit 1; }
"$cooper" stop >"$out" 2>&1
keep=$work/keep
cp -a "$COOPER_HOME" "$keep"
what() { (cd "$COOPER_HOME" && find store cas build -type f | sort); }
what >"$work/before"
same() { what | diff "$work/before" - >>"$out"; }
back() { chmod -R u+w "$COOPER_HOME" && rm -rf "$COOPER_HOME" && cp -a "$keep" "$COOPER_HOME"; }
receipt() { echo "$COOPER_HOME"/store/*-tiny-10.2.3-*/receipt.json; }
digest() { sed -n 's/^  "digest": "\(.*\)".*/\1/p' "$(receipt)"; }
good=$(digest)
hex=ef875a1705a5fdac206be996f4dc1f726ea6b68861eb741c37def7277f179e37 # of "junk"
junk=$COOPER_HOME/cas/sha256/ef/$hex
litter() { mkdir -p "${junk%/*}" && printf junk >"$junk"; }

# --- the disk fails while it is read ---

fails() { # fails CALL ERRNO WHEN PATH COMMAND... - as the tested program, with that call on PATH failing
	local call=$1 errno=$2 when=$3 path=$4
	shift 4
	timeout 20 strace -f -qqq -o /dev/null -P "$path" -e trace="$call" -e inject="$call:error=$errno:when=$when" "$@"
}
record=$(echo "$COOPER_HOME"/*.record)
if timeout 20 strace -qqq -o /dev/null -e inject=getdents64:error=EIO:when=1 true 2>/dev/null; then
	for place in "$COOPER_HOME" "$COOPER_HOME/store" "$COOPER_HOME/cas/sha256" "$COOPER_HOME/machines"; do
		litter
		check "gc, a folder cannot be listed: ${place#"$work/"}" ends 1 "${place#"$work/"}" fails getdents64 EIO 1 "$place" "$cooper" gc --yes
		rm -f "$junk"
		check "and nothing is removed" same
	done
	for place in "$record" "$(receipt)" "$machine/machine.json"; do
		[ -e "$place" ] || continue
		litter
		check "gc, what names things in use cannot be opened: ${place##*/}" ends 1 "${place##*/}" fails openat EIO 1 "$place" "$cooper" gc --yes
		rm -f "$junk"
		check "and nothing is removed" same
	done
	for errno in EIO EACCES ENOMEM; do
		check "gc, a machine's folder cannot be seen: $errno" ends 1 "$machine" fails newfstatat,statx,stat $errno 1+ "$machine" "$cooper" gc --yes
		check "and nothing is removed" same
	done
	check "verify --deep, a receipt cannot be opened" ends 1 "receipt.json" fails openat EIO 1 "$(receipt)" "$cooper" verify --deep
	check "and nothing is dropped" same
	check "verify --deep, a keg cannot be listed" ends 1 "bin" fails getdents64 EIO 1 "$(dirname "$(receipt)")/bin" "$cooper" verify --deep
	check "and nothing is dropped" same
	check "plan, whether the keg is there cannot be seen" ends 1 "receipt.json" fails openat EIO 1 "$(receipt)" "$cooper" plan
	for note in boot proofs connection; do
		check "plan, what the machine runs cannot be read: $note.json" ends 1 "$note.json" fails openat EIO 1+ "$machine/$note.json" "$cooper" plan
	done
	chmod -R u+w "$COOPER_HOME/store" && rm -rf "$(dirname "$(receipt)")"
	rm -rf "$COOPER_HOME/build/tiny"
	stage=$COOPER_HOME/store/.stage-tiny-10.2.3-$(uname -m)
	check "build, the result cannot be listed: no digest of a part" ends 1 "" fails getdents64 EIO 1 "$stage/bin" "$cooper" build
	check "build again" ends 0 "" "$cooper" build
	check "the same keg as ever" [ "$(digest)" = "$good" ]
	rm -rf "$COOPER_HOME/build/tiny" && chmod -R u+w "$COOPER_HOME/store" && rm -rf "$(dirname "$(receipt)")"
	# the tree is flushed whole, and before its stamp is there
	timeout 30 strace -f -qqq -y -o "$work/trace" -e trace=fsync,rename "$cooper" build >"$out" 2>&1
	stamp=$(grep -n 'rename(.*src.key"' "$work/trace" | head -1 | cut -d: -f1)
	for file in words machine systemctl ''; do
		flushed=$(grep -n "fsync(.*/src.new/*$file>" "$work/trace" | head -1 | cut -d: -f1)
		check "build flushes src/$file before the stamp" [ "${flushed:-999999}" -lt "${stamp:-0}" ]
	done
	back
else
	skip "errors of the disk" "strace is missing or may not trace"
fi

# --- files that are none ---

hex_of_source=$(sum "$work/tiny-1.tar.gz")
object=$COOPER_HOME/cas/sha256/${hex_of_source:0:2}/$hex_of_source
name=${object#"$COOPER_HOME/"}
for kind in mkdir mkfifo; do
	rm -f "$object" "$object.json" && $kind "$object"
	chmod -R u+w "$COOPER_HOME/store" && rm -rf "$(dirname "$(receipt)")" "$COOPER_HOME/build/tiny"
	check "build, $kind where a download was" ends 4 "verify --deep" timeout 20 "$cooper" build
	check "verify --deep drops it" ends 4 "is not a file" timeout 20 "$cooper" verify --deep
	check "it is gone" [ ! -e "$COOPER_HOME/$name" ]
	back
done
keg=$(dirname "$(receipt)")
chmod u+w "$keg"
rm -f "$(receipt)" && mkfifo "$keg/receipt.json"
check "a pipe for a receipt: made again" ends 0 "" timeout 60 "$cooper" build
check "the same keg" [ "$(digest)" = "$good" ]
chmod u+w "$keg" && rm -f "$keg/receipt.json"
cp "$COOPER_HOME"/store/*-tiny-os-*/receipt.json "$keg/receipt.json"
check "another result's receipt: made again" ends 0 "" timeout 60 "$cooper" build
check "the same keg" [ "$(digest)" = "$good" ]
back

# --- what the killed leave ---

check "gc after nobody was killed" ends 0 "in use" "$cooper" gc --yes
left="$junk.json.tmp-0123456789abcdef $record.tmp-0123456789abcdef $COOPER_HOME/accel.json.tmp-0123456789abcdef"
mkdir -p "${junk%/*}"
for file in $left; do echo half >"$file"; done
check "gc sees what the killed left" ends 0 "accel.json.tmp-" "$cooper" gc --yes
for file in $left; do check "gone: ${file##*/}" [ ! -e "$file" ]; done
rmdir "${junk%/*}" 2>/dev/null
check "and nothing else" same

# --- a disk that is full, and one that only reads ---

if [ "$(id -u)" = 0 ] && mkdir -p "$work/small" && mount -t tmpfs -o size=1m tmpfs "$work/small" 2>/dev/null; then
	trap 'umount -l "$work/small" 2>/dev/null; finish' EXIT
	cp -a "$keep" "$work/small/home"
	rm -f "$work/small/home/booted" # the scripted machine's own
	COOPER_HOME=$work/small/home junk=$work/small/home/cas/sha256/ef/$hex
	litter
	: >"$COOPER_HOME/up.lock"
	cat /dev/zero >"$work/small/filler" 2>/dev/null
	check "full disk: gc --dry-run" ends 0 "would be freed" "$cooper" gc --dry-run
	check "full disk: plan" ends 3 "" "$cooper" plan
	rm -rf "$COOPER_HOME/build/tiny" && chmod -R u+w "$COOPER_HOME/store" && rm -rf "$COOPER_HOME"/store/*-tiny-10*
	cat /dev/zero >>"$work/small/filler" 2>/dev/null
	check "full disk: build says so" ends 7 "No space left" "$cooper" build
	check "full disk: gc makes room" ends 0 "freed" "$cooper" gc --yes
	rm -f "$work/small/filler"
	check "build goes on" ends 0 "" "$cooper" build
	check "the same keg" [ "$(digest)" = "$good" ]
	check "(it only reads now)" wait_for mount -o remount,ro "$work/small"
	check "a disk that only reads: gc --dry-run" ends 0 "" "$cooper" gc --dry-run
	check "a disk that only reads: verify --deep" ends 0 "0 damaged" "$cooper" verify --deep
	check "a disk that only reads: destroy says so" ends 1 "Read-only file system" "$cooper" destroy --all --yes
	mount -o remount,rw "$work/small"
	cat /dev/zero >"$work/small/filler" 2>/dev/null
	check "full disk: destroy --all" ends 0 "is gone" "$cooper" destroy --all --yes
	# no room for one more name, at each point of a build: some of them are within its box
	umount "$work/small"
	for names in $(seq 14 60); do
		mount -t tmpfs -o nr_inodes="$names" tmpfs "$work/small" || break
		"$cooper" build >"$out" 2>&1 && names=
		sed -n 's/.*into its box: //p' "$out" >>"$work/boxed"
		umount "$work/small"
		[ -n "$names" ] || break
	done
	check "no room in the box: it is said for which folder" grep -q "$COOPER_HOME.*No space left" "$work/boxed"
	check "for each of them" [ "$(grep -c "$COOPER_HOME" "$work/boxed")" = "$(grep -c . "$work/boxed")" ]
else
	skip "a full disk" "mounting needs root"
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]
