#!/usr/bin/env bash
# The scripts of an uncooperative image try their ways out of the box that it is made in, as root and as another user;
# and that an image is the same bytes, whoever makes it, in a box or where there is none. Real packages of the host's own
# mirror, a small image: minutes. Linux. Ends with "N passed, N failed".
# shellcheck disable=SC2016  # what recipes and inner shells expand
set -u
cd "$(dirname "$0")/../.." || exit 1
skip() { echo "SKIP: $1"; echo "0 passed, 0 failed"; exit 0; }
[ "$(uname)" = Linux ] || skip "the ways are Linux's"
for program in mmdebstrap apt-ftparchive mke2fs newuidmap python3; do
	command -v $program >/dev/null || skip "there is no $program"
done
cooper=$PWD/build/${CONFIG:-release}/cooper
here=$PWD/tests
work=$(mktemp -d) passed=0 failed=0 pids=
finish() {
	# shellcheck disable=SC2086  # a list
	kill $pids 2>/dev/null
	chmod -R u+w "$work" 2>/dev/null
	rm -rf --one-file-system "$work"
}
trap finish EXIT
unset COOPER_MIRROR COOPER_OFFLINE COOPER_BOX XDG_DATA_HOME XDG_CONFIG_HOME
export NO_COLOR=1 COOPER_RECIPES=$work/p TMPDIR=$work/tmp
chmod 755 "$work"
umask 022

ok() { # ok NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		passed=$((passed + 1)) && echo "ok     $name"
	else
		failed=$((failed + 1)) && echo "not ok $name" && sed 's/^/  | /' "$work/said" | tail -30
	fi
}

# --- who makes them ---
user='' users=("")
if [ "$(id -u)" = 0 ]; then
	user=$(getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 {print $1; exit}')
	[ -n "$user" ] && users+=("$user") || echo "SKIP   a user: there is none here"
	echo "$user:100000:65536" >"$work/ids"
fi

# as USER COMMAND... - of an empty name: as this user; another one has subordinate ids in a view of /etc of its own
as() {
	local user=$1
	shift
	[ -n "$user" ] || { "$@"; return; }
	unshare --mount sh -c 'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid &&
		user=$1 && shift && exec setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups "$@"' \
		"$work/ids" "$user" "$@"
}

# --- the project and its victims ---
mkdir -p "$work/p/recipes" "$work/p/vmimages/tiny" "$work/user/.ssh" "$work/tmp"
mark=$((100000 + RANDOM)).$$
echo "secret-$mark" >"$work/user/.ssh/id" && chmod 600 "$work/user/.ssh/id"
echo "another's" >"$work/tmp/other"
python3 "$here/build/victims.py" "$work" & pids="$pids $!"
sleep 3000 & pids="$pids $!" victim=$!
for _ in $(seq 100); do
	[ -e "$work/ready" ] && break
	sleep 0.05
done
# shellcheck disable=SC1091
. "$work/ready"
: "${port:?}" "${abstract:?}" "${shm:?}"
cat >"$work/p/vmimages/tiny.yaml" <<END
kind: image
name: tiny
version: "1"
os: debian
debian: { suite: trixie, files: tiny, packages: [base-files] }
disk: { size: 1GiB, label: root }
boot: { mode: kernel, cmdline: root=LABEL=root, first_boot_cmdline: first=1 }
user: core
END
cat >"$work/p/recipes/none.yaml" <<END
kind: build
name: none
version: "1"
license: MIT
source: [{ url: "file:///none.tar", sha256: "$(printf '%064d' 1)" }]
install: [["true"]]
END
printf 'kind: stack\nemulator: none\nimage: tiny\n' >"$work/p/cooper.yaml"
files=$work/p/vmimages/tiny
cp "$here/image/attack.py" "$files/"
cp "$here/build/attack.py" "$files/build-attack.py"
cc -O -o "$files/bomb" "$here/build/bomb.c" || exit 1
: >"$files/prepare.sh"

# What the same packages do not make alike goes.
tidy='root=$1; here=$(dirname "$0")
cd "$root" && mkdir -p boot && echo kernel >boot/vmlinuz-1 && echo initrd >boot/initrd.img-1
rm -rf var/log/* var/lib/apt/lists/* var/cache/* var/tmp/* etc/machine-id etc/resolv.conf etc/hostname etc/.pwd.lock
rm -f etc/*- var/lib/dpkg/status-old etc/apt/sources.list
sed -i "/^force-/d" etc/dpkg/dpkg.cfg.d/99mmdebstrap
rm -f etc/apt/apt.conf.d/99mmdebstrap'

# script TEXT - what customizes the image
script() { printf '%s\n' "$1" >"$files/customize.sh"; }

# image HOME USER [NAME=VALUE...] - make it; the exit code is the output's last line
image() {
	local home=$1 user=$2
	shift 2
	mkdir -p "$home"
	[ "$home" = "$work/first" ] || cp "$work/first/cooper.lock" "$home/" 2>/dev/null
	[ -z "$user" ] || chown -R "$user" "$home" "$work/tmp" "$work/user"
	(
		cd "$work/p" && exec 50<"$work/user/.ssh/id"
		as "$user" env COOPER_HOME="$home" HOME="$work/user" SSH_AUTH_SOCK="$work/agent" SECRET_TOKEN=x "$@" \
			"$cooper" build --image --yes
	) >"$work/image.out" 2>&1
	echo "exit $?" >>"$work/image.out"
	[ -z "$user" ] || chown -R "$(id -u)" "$work/tmp" "$work/user"
}
exits() { cat "$work/image.out" "$1"/log/image-*.log && tail -1 "$work/image.out" | grep -qx "exit $2"; }
digest() { sed -n 's/^  "digest": "\(.*\)".*/\1/p' "$1"/store/*-tiny-*/receipt.json; }

# --- the same bytes, in a box or in none; with the downloads of the others ---
script "$tidy"
image "$work/first" ""
if ! tail -1 "$work/image.out" | grep -qx "exit 0" && grep -qE 'mirror|package index|cannot resolve' "$work/image.out"; then
	cat "$work/image.out"
	skip "there are no packages here"
fi
ok "an image is made" exits "$work/first" 0
[ "$failed" = 0 ] || { echo "$passed passed, $failed failed"; exit 1; }
grep -q 'is not kept from' "$work/image.out" && { sed -n 's/.*warning: //p' "$work/image.out"; skip "this host has no box for trees"; }
cp -R "$work/first/cas" "$work/mirror" && chmod -R u=rwX,go=rX "$work/mirror"
export COOPER_MIRROR=file://$work/mirror COOPER_OFFLINE=1
image "$work/unboxed" "" COOPER_BOX=nothing
ok "and without a box" exits "$work/unboxed" 0
ok "which is said" grep -q "warning: what this recipe runs is not kept from writing elsewhere, .*COOPER_BOX asks for nothing" "$work/image.out"
ok "with the same bytes" [ "$(digest "$work/first")" = "$(digest "$work/unboxed")" ]

# --- the ways ---
# What dpkg does itself is not held back: in the tree, by the box's root. The descriptor is mmdebstrap's, to itself.
own="capabilities-of-a-file chroot descriptors-inherited mount privileges setuid-by-a-newer-call setuid-by-chmod setuid-by-open"
for who in "${users[@]}"; do
	name=${who:-$(id -un)} home=$work/ways-$who
	keg=$home/store/0123-first-x86_64
	mkdir -p "$keg" "$home/build/other" "$home/cas"
	echo program >"$keg/program"
	cat >"$files/victims" <<-END
		export V_PORT=$port V_ABSTRACT=$abstract V_AGENT=$work/agent V_SECRET=$work/user/.ssh/id V_HOME=$work/user
		export V_STORE=$home/store V_KEG=$keg/program V_CAS=$home/cas V_OTHER=$home/build/other
		export V_TEMP=$work/tmp/other V_PID=$victim V_SHM=$shm V_MARK=$mark
		export V_PACKAGES=$home/build/tiny-$(uname -m)/packages
	END
	# and a name that is commands of a program which reads it
	script "$tidy
		mkdir -p \"odd/a
!touch $work/tmp/commanded
write $work/user/.ssh/id stolen
help\"
		cd /tmp && . \"\$here/victims\" && cp \"\$here/bomb\" . && python3 \"\$here/attack.py\" \"\$root\"
		rm -rf \"\$root\"/tmp/* \"\$root\"/linked"
	image "$home" "$who"
	ok "$name: an image is made" exits "$home" 0
	ok "$name: every way of a build was tried" grep -qx "tried everything" "$home"/log/image-*.log
	ok "$name: every way of an image was tried" grep -qx "tried everything of an image" "$home"/log/image-*.log
	through=$(sed -n 's/^THROUGH \([a-z-]*\).*/\1/p' "$home"/log/image-*.log | sort | tr '\n' ' ')
	printf 'through:  %s\nexpected: %s\n' "$through" "$own" >"$work/ways"
	grep -h '^THROUGH' "$home"/log/image-*.log >>"$work/ways"
	ok "$name: what gets through" sh -c 'cat "$1"; [ "$2" = "$3" ]' - "$work/ways" "$through" "$own "
	ok "$name: nothing of cooper's is inherited" grep -qE "^THROUGH descriptors-inherited \['socket:\[[0-9]+\]'\]\$" "$home"/log/image-*.log
	ok "$name: no daemon goes on" sh -c '! pgrep -f "sleep $1"' - "$mark"
	ok "$name: a name is no command" [ ! -e "$work/tmp/commanded" ]
	ok "$name: and steals nothing" sh -c 'cat "$1"/store/*-tiny-*/disk.raw | { ! grep -aqF "secret-$2"; }' - "$home" "$mark"
	ok "$name: nothing is left" sh -c '! ls -d "$1"/build/tiny-* && ! grep -F "$1" /proc/self/mountinfo' - "$home"
	ok "$name: the image is ours alone" sh -c '[ -z "$(find "$1"/store/*-tiny-* ! -user "$2")" ]' - "$home" "${who:-$(id -u)}"
	script "$tidy"
	image "$home" "$who"
	ok "$name: the same bytes" [ "$(digest "$home" | sort -u | grep -c "$(digest "$work/first")")" = 1 ]
	echo "another's" >"$work/tmp/other"
done

# --- what the tree says where its kernel is ---
for link in "ln -sf $work/user/.ssh/id boot/vmlinuz-1" "rm -r boot && ln -s $work/user boot && : "; do
	echo kernel >"$work/user/vmlinuz-1"
	script "$tidy
		$link"
	image "$work/links" ""
	ok "refused: $link" exits "$work/links" 2
	ok "and the host has its files" sh -c 'ls "$1/vmlinuz-1" "$1/.ssh/id"' - "$work/user"
done

# --- a disk that fills up ---
if [ "$(id -u)" = 0 ] && mkdir -p "$work/small" && mount -t tmpfs -o size=600m tmpfs "$work/small" 2>/dev/null; then
	script 'while head -c 1000000 /dev/zero >>"$1/fill"; do :; done; sleep 300'
	image "$work/small/home" ""
	ok "a full disk: exit 7" exits "$work/small/home" 7
	ok "and what filled it is gone" [ ! -e "$work/small/home/build/tiny-$(uname -m)" ]
	umount "$work/small"
fi

# --- the end of cooper is the end of what it runs ---
script "sleep $mark"
(
	cd "$work/p" && COOPER_HOME=$work/links HOME=$work/user exec env --default-signal=INT,HUP,TERM "$cooper" build --image --yes
) >"$work/image.out" 2>&1 &
cooper_pid=$!
for _ in $(seq 3000); do
	pgrep -f "^sleep $mark" >/dev/null && break
	kill -0 $cooper_pid 2>/dev/null || break
	sleep 0.1
done
kill -KILL $cooper_pid
wait $cooper_pid 2>/dev/null
ok "SIGKILL: its processes are gone" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do pgrep -f "$1|$2/links" >/dev/null || exit 0; sleep 0.3; done; exit 1' - "^sleep $mark" "$work"
ok "and its mounts" sh -c '! grep -F "$1" /proc/self/mountinfo' - "$work/links"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
