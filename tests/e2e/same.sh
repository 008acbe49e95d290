#!/usr/bin/env bash
# The same key is the same bytes: the Debian image and the Debian QEMU, each made twice - by root under the usual umask,
# and in another folder by a plain user under 077. Half an hour; the sources of the usual home, no network.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
[ -f "$usual/cooper.lock" ] || { echo "SKIP: run \`make up\` first, for its downloads"; exit 0; }
[ "$(id -u)" = 0 ] || { echo "SKIP: only root can be two users"; exit 0; }
user=$(getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 {print $1; exit}')
[ -n "$user" ] || { echo "SKIP: there is no plain user here"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"

# What both read: the program, its recipes, the downloads.
mkdir -p "$work/app/build/release"
cp "$cooper" "$work/app/build/release/"
cp -R recipes vmimages patches "$work/app/"
cp -R "$usual/cas" "$work/mirror"
chmod -R u=rwX,go=rX "$work/app" "$work/mirror"
echo "$user:100000:65536" >"$work/ids"

# home FOLDER: a home there, with the usual lock and compiler cache
home() {
	mkdir -p "$1/home" "$1/tmp"
	cp "$usual/cooper.lock" "$1/home/"
	[ ! -d "$usual/ccache" ] || cp -R "$usual/ccache" "$1/home/"
}

# make FOLDER MASK COMMAND...: both results, by a COMMAND that becomes whoever makes them
make_both() {
	local folder=$1 mask=$2
	shift 2
	"$@" env -i PATH=/usr/bin:/bin HOME="$folder/tmp" TMPDIR="$folder/tmp" NO_COLOR=1 COOPER_HOME="$folder/home" \
		COOPER_RECIPES="$work/app" COOPER_MIRROR="file://$work/mirror" \
		sh -c "umask $mask; '$work/app/build/release/cooper' build --offline podman-debian &&
			exec '$work/app/build/release/cooper' build --offline --image podman-debian" >"$work/out" 2>&1 ||
		{ tail -20 "$work/out"; return 1; }
}

# As $user, who has subordinate ids in a view of /etc that is this process's own
as_user() {
	# shellcheck disable=SC2016  # expanded by that shell
	unshare --mount sh -c 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid &&
		user=$1 && shift && exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"' \
		"$work/ids" "$user" "$@"
}

# digests FOLDER: a line for each result, its key and name and its digest
digests() {
	for receipt in "$1"/home/store/*/receipt.json; do
		echo "$(basename "$(dirname "$receipt")") $(grep '^  "digest":' "$receipt")"
	done
}

home "$work/one"
home "$work/another/folder"
chown -R "$user:" "$work/another"
make_both "$work/one" 022
result "made by root" $?
make_both "$work/another/folder" 077 as_user
result "made by $user, in another folder" $?
digests "$work/one" >"$work/first"
digests "$work/another/folder" >"$work/second"
[ "$(wc -l <"$work/first")" = 2 ] && diff "$work/first" "$work/second"
result "two keys, and the same bytes under each" $?
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
