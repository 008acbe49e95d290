#!/usr/bin/env bash
# `cooper tool patch` killed at every system call that changes something, one after the other: the tree is as it was, and
# the next run ends in the new one; or it is half patched, and the next run refuses it until it is restored. Nothing is
# ever left beside it. Needs strace; a minute.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=$(readlink -f "${COOPER:-build/release/cooper}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
passed=0 failed=0
command -v strace >/dev/null || {
	echo 'SKIP killed at every call: no strace'
	exit 0
}
export GIT_CEILING_DIRECTORIES=$work GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git=(git -c user.name=a -c user.email=a@b -c commit.gpgsign=false)

# Rewritten, created, removed, renamed, copied, a mode, a link, binary bytes, hard links, a folder gone, one that a link
# replaces, a file that a folder replaces
mkdir -p "$work/a/d/e" "$work/a/folder/in" "$work/a/to/in"
(
	cd "$work/a" || exit 1
	for i in 1 2 3 4; do seq 1 "${i}00" >"f$i"; done
	seq 1 50 >d/gone && seq 60 200 >d/e/moved && seq 1 30 >mode && ln -s f1 link
	head -c 5000 /dev/urandom >bytes && seq 1 40 >twin
	seq 1 9 >folder/in/f && seq 2 8 >file && echo stays >to/f && mkdir to/in/empty
	git init -q && git add -A && "${git[@]}" commit -qm a
	sed -i 's/^5$/five/; s/^77$//' f1 f2 && seq 1 3 >f3 && (echo first && seq 1 400) >f4
	git rm -q d/gone && git mv d/e/moved moved && chmod +x mode && ln -sfn f2 link
	cp f2 copy && mkdir -p n/m && echo new >n/m/new && head -c 6000 /dev/urandom >bytes && echo x >>twin
	git rm -qr folder && ln -s to folder && git rm -q file && mkdir file && echo in >file/in
	git add -A && git diff --cached --binary -M -C --find-copies-harder >"$work/p.patch"
	git checkout -qf . && git reset -q --hard
) || exit 1
rm -rf "$work/a/.git"
ln "$work/a/twin" "$work/a/other-name"
listing() { (cd "$1" && find . ! -type d -printf '%P %y %l %m %n\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
fresh() { rm -rf "$work"/t* && cp -a "$work/a" "$work/t"; }

killed_at() { # killed_at CALL N - succeeds when there is no Nth call
	strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" \
		"$cooper" tool patch -d "$work/t" "$work/p.patch" >/dev/null 2>&1
}

fresh
listing "$work/t" >"$work/old"
"$cooper" tool patch -d "$work/t" "$work/p.patch" >/dev/null || exit 1
listing "$work/t" >"$work/new"
cmp -s "$work/old" "$work/new" && exit 1

apply() { "$cooper" tool patch -d "$work/t" "$work/p.patch" 2>&1; }

calls=openat,write,renameat,rename,unlinkat,unlink,rmdir,ftruncate,fchmod,mkdirat,symlinkat,mkdir
half=0 again=0
for call in ${calls//,/ }; do
	for ((n = 1; n <= 4000; n++)); do
		fresh
		{ killed_at "$call" "$n"; } 2>/dev/null && break
		wrong=
		rm -rf "$work/seen" && cp -a "$work/t" "$work/seen" && rm -rf "$work/seen/.cooper-patch.new"
		if out=$(apply); then
			again=$((again + 1))
			listing "$work/seen" | cmp -s - "$work/old" || wrong="taken for the old tree"
		else
			case $out in
			*'is half patched: a run was interrupted in it'*) # restored, as the hint says
				half=$((half + 1))
				fresh
				out=$(apply) || wrong="not to be restored"
				;;
			*'is upstream now'*) ;; # stopped when all was done
			*) wrong="refused" ;;
			esac
		fi
		if [ -n "$wrong" ] || ! listing "$work/t" | cmp -s - "$work/new" ||
			[ -n "$(find "$work" -mindepth 1 -maxdepth 1 -name 't?*')" ]; then
			failed=$((failed + 1))
			printf 'FAILED killed at %s %d (%s): %s\n' "$call" "$n" "$wrong" "$out"
			listing "$work/t" | diff "$work/new" - | head -5
		else
			passed=$((passed + 1))
		fi
	done
done
printf '%d kills left the tree as it was, %d half patched\n' "$again" "$half"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
