# Sourced by tests that are two users: I run cooper, and another user of this host wants to harm me. Root, Linux.
# Of both no more is needed than a number; the home, the project and a folder like /tmp between them are below $work.
# shellcheck shell=bash
if [ "$(uname)" != Linux ] || [ "$(id -u)" != 0 ] || ! command -v setpriv >/dev/null || ! [ -x /usr/bin/python3 ]; then
	echo "SKIP: only root can be two users, with setpriv and python3"
	echo "0 passed, 0 failed"
	exit 0
fi
umask 022
. tests/scripted/lib.sh
user=$(id -u daemon) # ssh-keygen wants one who has a name
as_me=(setpriv --reuid "$user" --regid "$user" --clear-groups)
as_him=(setpriv --reuid 65533 --regid 65533 --clear-groups --no-new-privs env PATH=/usr/bin:/bin)
me() { "${as_me[@]}" "$@"; }
# him SCRIPT ARGUMENTS... - of sh
him() { "${as_him[@]}" sh -c "$1" sh "${@:2}"; }
# python ARGUMENTS... - his program on standard input
python() { "${as_him[@]}" python3 -S - "$@" >"$out" 2>&1; }
# shellcheck disable=SC2034  # of who sources this
his="belongs to user 65533"
not() { ! "$@"; }
# refused TEXT COMMAND... - it ends by itself, with an error that says so and a hint, and shows no foreign bytes
refused() {
	local text=$1 code=0
	shift
	"$@" >"$out" 2>&1 </dev/null || code=$?
	echo "exit $code" >>"$out"
	[ $code != 0 ] && [ $code != 3 ] && [ $code -lt 124 ] && grep -q '^cooper: ' "$out" && grep -q '^hint: ' "$out" &&
		grep -qF -- "$text" "$out" && ! grep -qP '[\x00-\x08\x0b-\x1f]' "$out"
}

# What is below the checkout may be root's alone. The program runs as me, under a umask that protects nothing.
rm -rf "${work:?}/home" && chmod 0755 "$work"
cp "$cooper" "$work/program" && cp -R "$scripted" "$work/scripted"
PATH=$work/scripted/host-bin:${PATH#"$scripted"/host-bin:}
cooper=$work/cooper
# shellcheck disable=SC2016  # the program's own variables
printf '#!/bin/sh\numask 000\nexec timeout -k 1 30 %s ${PROGRAM:-%s} "$@"\n' "${as_me[*]}" "$work/program" >"$cooper"
chmod 0755 "$cooper" "$work/program"
export HOME=$work/me COOPER_HOME=$work/me/cooper
machine=$COOPER_HOME/machines/dev shared=$work/shared
mkdir "$HOME" "$COOPER_HOME" && mkdir -m 1777 "$shared" && mkdir "$shared/mine" "$shared/his"
chown "$user" "$HOME" "$COOPER_HOME" "$shared/mine" && chown 65533 "$shared/his"
export TMPDIR=$shared
# own - what was made as root is mine
own() { chown -hR "$user" "$project"; }
: >"$out"
