#!/usr/bin/env bash
# debian-random.sh [COUNT [SEED]] - source packages of the host's Debian mirror, chosen at random, smaller than 5 MB:
# cooper's tree next to dpkg-source's, without patches and with them. By hand: what is compared changes with the archive.
# A package whose files the mirror does not have is passed over. $COOPER is the program; $DEBIAN_SOURCES keeps downloads.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-$PWD/build/release/cooper} count=${1:-60} seed=${2:-1} top=$PWD
# shellcheck source=tests/patches/lib.sh
. tests/patches/lib.sh
debian_state || { echo "SKIP: no package archive"; exit 0; }
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# shellcheck source=tests/sources/lib.sh
. tests/sources/lib.sh
# shellcheck source=tests/sources/debian-lib.sh
. tests/sources/debian-lib.sh
tree=$COOPER_HOME/build/tiny/src

# "name version" of every package of main that is small enough, in random order
choose() {
	python3 - "$seed" "$debian_cache"/apt/lists/*_main_source_Sources* <<-'END'
		import random, re, subprocess, sys
		seed, *lists = sys.argv[1:]
		found = {}
		for path in lists:
		    command = ["lz4", "-dc", path] if path.endswith(".lz4") else ["cat", path]
		    text = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
		    for stanza in text.split("\n\n"):
		        name = re.search(r"^Package: (\S+)", stanza, re.M)
		        version = re.search(r"^Version: (\S+)", stanza, re.M)
		        sums = re.search(r"^Checksums-Sha256:((?:\n .*)+)", stanza, re.M)
		        if name and version and sums and sum(int(l.split()[1]) for l in sums[1].strip().split("\n")) < 5_000_000:
		            found[name[1]] = version[1]
		names = sorted(found)
		random.Random(int(seed)).shuffle(names)
		for name in names:
		    print(name, found[name])
	END
}

compare() { # compare NAME WHAT OPTION: cooper's tree, and dpkg-source's with OPTION
	local reference=$work/reference
	chmod -R u+w "$COOPER_HOME" "$reference" 2>/dev/null
	rm -rf "$COOPER_HOME" "$reference"
	if ! dpkg-source --no-check ${3:+"$3"} -x ./*.dsc "$reference" >"$work/dpkg.out" 2>&1; then
		echo "no-reference $2 $1: $(grep -m1 error "$work/dpkg.out")" >>"$work/results"
		return
	fi
	rm -rf "$reference/.pc" "$reference/debian/patches/.dpkg-source-applied"
	if ! (cd "$project" && timeout 300 "$cooper" build) >"$work/out" 2>&1; then
		echo "refused $2 $1: $(grep -m1 '^cooper:' "$work/out")" >>"$work/results"
	elif python3 "$top/tests/sources/tree.py" "$reference" "$tree" >"$work/differences"; then
		echo "same $2 $1" >>"$work/results"
	else
		echo "DIFFERENT $2 $1: $(head -3 "$work/differences" | tr '\n' ' ')" >>"$work/results"
	fi
}

one() { # one NAME VERSION
	local from=$debian_cache/$1
	mkdir -p "$from"
	cd "$from" || return 1
	if ! ls ./*.dsc >/dev/null 2>&1; then
		(debian_apt -qq --download-only --only-source source "$1=$2") >/dev/null 2>&1 || { rm -rf "$from"; return 1; }
	fi
	sed -n 's/^Format: /format /p' ./*.dsc >>"$work/results"
	pin "$1"
	compare "$1" unpatched --skip-patches
	if [ -s "$work/reference/debian/patches/series" ]; then
		pin "$1"
		with_patches
		compare "$1" patched ''
	fi
	cd "$top" || exit 1
}

: >"$work/results"
choose >"$work/chosen"
done=0 passed_over=0
while [ $done -lt "$count" ] && read -r name version; do
	if one "$name" "$version" </dev/null; then
		done=$((done + 1))
	else
		passed_over=$((passed_over + 1))
		[ $passed_over -lt 600 ] || break
	fi
done <"$work/chosen"
echo "$done packages, seed $seed; $passed_over passed over: the mirror does not have them"
grep '^format' "$work/results" | sort | uniq -c
grep -oE '^(same|refused|DIFFERENT|no-reference) (un)?patched' "$work/results" | sort | uniq -c
grep -vE '^(same|format)' "$work/results"
! grep -q '^DIFFERENT' "$work/results"
