#!/usr/bin/env bash
# Every patch of several Debian source packages, one by one: cooper makes the tree that `patch -F0` and `git apply` make
# wherever one of them takes the patch. Then each series at once, and taken back. Needs apt's network, 3 GB, minutes.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/patches/lib.sh
cooper=$(readlink -f "${COOPER:-build/release/cooper}")
read -ra packages <<<"${PACKAGES:-qemu systemd bash glibc libpod}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
passed=0 failed=0

pass() { passed=$((passed + 1)); }
fail() {
	failed=$((failed + 1))
	printf 'FAILED %s\n' "$*"
}
# Names, kinds, modes (of files: executable or not), links and bytes; folders that patch(1) leaves empty do not count.
listing() { (cd "$1" && find . ! -type d -printf '%P %y %l %m\n' | sed 's/ [0-7]*\([0-7]\)[0-7][0-7]$/ \1/' | sort); }
same() { diff -rq --no-dereference "$1" "$2" >/dev/null && cmp -s <(listing "$1") <(listing "$2"); }
by_patch() { (cd "$1" && patch -g0 -f -s -F0 -p1 --no-backup-if-mismatch "${@:3}" -i "$2") >/dev/null 2>&1; }
by_git() { (cd "$1" && GIT_CEILING_DIRECTORIES=$work git apply -p1 "$2") >/dev/null 2>&1; }

# Binary changes without their bytes: GNU patch passes over them in silence, cooper wants them excluded by name.
without_bytes() {
	sed -nE 's#^Binary files .* and [^/]+/(.*) differ$#\1#p' "$1" | paste -sd,
}

by_cooper() { # by_cooper DIR PATCH - what it prints in $out
	local holes
	holes=$(without_bytes "$2")
	out=$("$cooper" tool patch -d "$1" ${holes:+--exclude "$holes"} "$2" 2>&1)
}

# Of a new binary file without bytes GNU patch makes an empty one; cooper leaves it out.
drop_hollow() { # drop_hollow DIR PATCH
	local f
	without_bytes "$2" | tr , '\n' | while read -r f; do [ -s "$1/$f" ] || rm -f "$1/$f"; done
}

# The other tools on their trees; one that refuses goes on from ours: that judges what it made so far.
others() { # others PACKAGE NAME PATCH
	local took=0
	if by_patch "$gnu" "$3" --dry-run && by_patch "$gnu" "$3"; then
		n_gnu=$((n_gnu + 1)) took=1
		drop_hollow "$gnu" "$3"
	else
		by_cooper "$gnu" "$3" || fail "$1 $2: what patch -F0 made before it differs"
	fi
	if by_git "$git" "$3"; then
		n_git=$((n_git + 1)) took=1
	else
		by_cooper "$git" "$3" || fail "$1 $2: what git apply made before it differs"
	fi
	[ $took = 1 ] || none=$((none + 1))
}

check() { # check WHAT COMMAND...
	local what=$1
	shift
	if "$@"; then pass; else fail "$what"; fi
}

one_package() { # one_package NAME
	local p name list=() holes=() n_gnu=0 n_git=0 none=0 moved=0
	rm -rf "$first" "$ours" "$gnu" "$git"
	if ! debian_source "$1" "$first"; then
		echo "SKIP $1: its source package cannot be had (no apt, or no network)"
		return
	fi
	cp -a "$first" "$ours" && cp -a "$first" "$gnu" && cp -a "$first" "$git"
	while read -r name; do
		p=$first/debian/patches/$name
		if by_cooper "$ours" "$p"; then
			list+=("$p")
			holes+=("$(without_bytes "$p")")
			moved=$((moved + $(grep -c '^hunk ' <<<"$out")))
			others "$1" "$name" "$p"
			pass
		elif by_patch "$gnu" "$p" --dry-run || by_git "$git" "$p"; then
			fail "$1 $name: another tool takes it: $out"
			return
		else
			fail "$1 $name: nobody takes it: $out"
			return
		fi
	done < <(quilt_list "$first")
	check "$1: another tree than patch -F0" same "$ours" "$gnu"
	check "$1: another tree than git apply" same "$ours" "$git"
	rm -rf "$gnu"
	cp -a "$first" "$gnu"
	holes=(--exclude "$(printf '%s\n' "${holes[@]}" | sed '/^$/d' | paste -sd,)")
	check "$1: as one series" "$cooper" tool patch -q -d "$gnu" "${holes[@]}" "${list[@]}" >/dev/null
	check "$1: as one series, another tree" same "$ours" "$gnu"
	check "$1: taken back" "$cooper" tool patch -q --reverse -d "$gnu" "${holes[@]}" "${list[@]}" >/dev/null
	check "$1: taken back, another tree" same "$first" "$gnu"
	printf '%s: %d patches (%d by patch -F0, %d by git apply, %d by neither), %d hunks moved\n' "$1" "${#list[@]}" \
		"$n_gnu" "$n_git" "$none" "$moved"
}

first=$work/orig ours=$work/ours gnu=$work/gnu git=$work/git
for package in "${packages[@]}"; do one_package "$package"; done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
