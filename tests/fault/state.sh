# Sourced after tests/scripted/lib.sh: what a home holds, and who still runs for it.
# shellcheck shell=bash

# What is in the home, without what is another one each time: keys, ports, pids, times, logs. Nor ccache/, which is a
# cache's: an empty one that is lost is made again by the next build.
state() {
	(
		cd "$COOPER_HOME" || exit 1
		find . \( -path ./machines/dev/log -o -path ./machines/two/log -o -path ./log -o -path ./ccache -o -name booted -o -name 'canary-*' -o -name hung -o -name guest -o -name buttons \
			-o -name ready.sock \) -prune -o -printf '%P %y %m %l\n' | LC_ALL=C sort
		find . \( -path ./machines/dev/log -o -path ./machines/two/log -o -path ./log -o -path ./ccache -o -path './cas/*.json' -o -path '*/ssh/*' -o -name booted -o -name 'canary-*' -o -name boot_id \
			-o -name lock -o -name up.lock -o -name boot.json -o -name connection.json -o -name proofs.json -o -name guest \
			-o -name buttons -o -name ready.sock \) -prune -o -type f -print | LC_ALL=C sort | while read -r file; do
			sed -E 's/AAAA[A-Za-z0-9+%=\/]*/KEY/g; s/BEGIN%20OPENSSH.*END%20OPENSSH/KEY/; /"(ms|made|given|at|ssh_keys|untouched)": /d' "$file" | case $file in
			*.record) sort ;;
			*) cat ;;
			esac | cksum | sed "s|\$| $file|"
		done
	)
}

# Whoever has this home in its environment, but for the test itself.
left_running() {
	local file pid
	for file in /proc/[0-9]*/environ; do
		tr '\0' '\n' 2>/dev/null <"$file" | grep -qxF "COOPER_HOME=$COOPER_HOME" || continue
		file=${file%/environ} pid=${file#/proc/}
		case $(tr '\0' ' ' <"$file/cmdline" 2>/dev/null) in
		'' | *tests/fault/*) ;;
		*) echo "$pid" ;;
		esac
	done 2>/dev/null
}
