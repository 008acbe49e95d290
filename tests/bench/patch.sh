#!/usr/bin/env bash
# Patching: Debian's qemu series, and 800 files with 2,400 hunks, against `git apply` and GNU patch. Each run gets a
# fresh copy of the files that the patches touch; the tools take turns.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
. tests/patches/lib.sh
: "${COOPER:=$PWD/build/release/cooper}"
COOPER=$(readlink -f "$COOPER")
rounds=${ROUNDS:-9}
work=$(mktemp -d)
export GIT_CEILING_DIRECTORIES=$work
trap 'rm -rf "$work"' EXIT
umask 022
missed=0

# shellcheck disable=SC2317  # called by name
by_cooper() { "$COOPER" tool patch -d "$tree" "${series[@]}"; }
# shellcheck disable=SC2317
by_git() (
	cd "$tree" || return 1
	took=0
	# One by one: in one call it lets no patch touch a line that an earlier one made. What it refuses it is spared.
	for p in "${series[@]}"; do git apply -p1 "$p" && took=$((took + 1)); done
	echo "$took" >"$work/git.took"
)
# shellcheck disable=SC2317
by_gnu() {
	local p
	for p in "${series[@]}"; do patch -d "$tree" -g0 -f -s -F0 -p1 --no-backup-if-mismatch -i "$p" || return 1; done
}

# compare TITLE SOURCE - one section of rows; $series holds the patches
compare() {
	local tool i took
	declare -A times=()
	for ((i = 0; i < rounds; i++)); do
		for tool in cooper git gnu; do
			tree=$work/tree
			rm -rf "$tree"
			cp -a "$2" "$tree"
			sync -f "$tree"
			took=$(seconds "by_$tool")
			times["$tool"]+=" $took"
		done
	done
	local ours
	# shellcheck disable=SC2086  # lists of numbers
	ours=$(median ${times[cooper]})
	printf '| %s | cooper | %s s | |\n' "$1" "$ours"
	for tool in git gnu; do
		local its r name
		# shellcheck disable=SC2016  # Markdown
		name='`git apply`'
		[ $tool = gnu ] && name='GNU patch'
		[ $tool = git ] && [ "${#series[@]}" -gt 1 ] && name+=" (takes $(cat "$work/git.took") of them)"
		# shellcheck disable=SC2086
		its=$(median ${times[$tool]})
		r=$(ratio "$ours" "$its")
		printf '| %s | %s | %s s | %s |\n' "$1" "$name" "$its" "$r"
		if [ "$tool" = git ] || [ "$3" = both ]; then within "$r" 0.99 || missed=1; fi
	done
}

# 16 folders of 50 files of 300 lines, three hunks each
make_many() {
	awk -v dir="$work/many" 'BEGIN {
		for (i = 0; i < 800; i++) {
			d = "d" int(i / 50); f = d "/f" i ".c"
			if (i % 50 == 0) system("mkdir -p " dir "/" d)
			for (n = 1; n <= 300; n++) print "\tline " n " of file " i ";" >(dir "/" f)
			close(dir "/" f)
			print "--- a/" f "\n+++ b/" f
			for (at = 50; at <= 250; at += 100) {
				print "@@ -" at ",7 +" at ",8 @@"
				for (n = at; n < at + 7; n++) {
					if (n == at + 3) print "-\tline " n " of file " i ";\n+\tchanged " n ";\n+\tadded;"
					else print " \tline " n " of file " i ";"
				}
			}
		}
	}' >"$work/many.patch"
}

# A patch without what git apply refuses it for: binary changes without their bytes, renames inside a submodule
with_bytes() {
	awk 'function flush() { if (!drop) printf "%s", held; held = ""; drop = 0 }
		/^diff --git / { flush() }
		/^Binary files .* differ$/ || /^diff --git a\/tests\/lcitool\/libvirt-ci/ { drop = 1 }
		{ held = held $0 "\n" }
		END { flush() }'
}

# The files that a series touches, of the tree $1, in $2
touched() {
	(cd "$1" && sed -nE 's#^(---|\+\+\+) [^/]+/([^\t ]+).*#\2#p; s#^rename (from|to) (.*)#\2#p' "${series[@]}" | sort -u |
		while read -r f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done | tar cf - --null -T -) | tar xf - -C "$2"
}

echo '## Patching'
echo
echo "Medians of $rounds runs in turn; \`cooper tool patch\` takes a series at once, atomically."
echo
echo '| what | tool | median | cooper / it (asked: below 1) |'
echo '|---|---|---|---|'
if debian_source qemu "$work/qemu"; then
	series=()
	mkdir "$work/patches"
	while read -r name; do
		series+=("$work/patches/${name//\//-}")
		with_bytes <"$work/qemu/debian/patches/$name" >"${series[-1]}"
	done < <(quilt_list "$work/qemu")
	mkdir "$work/part"
	touched "$work/qemu" "$work/part"
	compare "Debian's qemu series, ${#series[@]} patches" "$work/part" both
else
	echo "| Debian's qemu series | SKIP: no apt, or no network | | |"
fi
make_many
series=("$work/many.patch")
compare '800 files, 2,400 hunks' "$work/many" git
exit "$missed"
