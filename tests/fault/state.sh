# Sourced after tests/scripted/lib.sh: what a home holds, and who still runs for it.
# shellcheck shell=bash

# What is in the home, without what is another one each time: the bytes of keys, ports, pids, times, logs. Nor ccache/, which is a
# cache's: an empty one that is lost is made again by the next build.
state() {
	(
		cd "$COOPER_HOME" || exit 1
		find . \( -path ./machines/dev/log -o -path ./machines/two/log -o -path ./log -o -path ./ccache -o -name booted -o -name hung -o -name guest -o -name buttons \
			-o -name ready.sock \) -prune -o -printf '%P %y %m %l\n' | sed -E 's#^disks/all/[0-9a-f]{32}#disks/all/ID#' | LC_ALL=C sort
		# shellcheck disable=SC2016 # perl's
		find . \( -path ./machines/dev/log -o -path ./machines/two/log -o -path ./log -o -path ./ccache -o -path './cas/*.json' -o -path '*/ssh/*' -o -name booted -o -name boot_id \
			-o -name lock -o -name up.lock -o -name boot.json -o -name connection.json -o -name proofs.json -o -name guest \
			-o -name buttons -o -name ready.sock \) -prune -o -type f -print0 | LC_ALL=C sort -z | LC_ALL=C xargs -0r perl -e '
			undef $/;
			for $file (@ARGV) {
				open F, "<", $file or die "$file: $!\n";
				@lines = split /^/, <F>;
				$keys = $file =~ m{^\./machines/[^/]+/} ? `cat $&ssh/id_ed25519 $&ssh/ssh_host_ed25519_key 2>&1 | sha256sum` : "";
				@lines = sort @lines if $file =~ /\.record$/;
				for (@lines) {
					s/(?<="ssh_keys": ")([0-9a-f]{64})/index($keys, $1) == 0 ? "of the keys in ssh" : "of others"/e;
					s/("(ms|made|given|at|untouched)": )("[^"]*"|\d+)/$1ANOTHER/;
					s/[0-9a-f]{64}/SALTED/ if $file =~ m{/network\.json$};
					s/AAAA[A-Za-z0-9+%=\/]*/KEY/g;
					s/BEGIN%20OPENSSH.*END%20OPENSSH/KEY/;
					s/\n$// or s/$/ (no newline)/;
					s/(?<="layer": ")[0-9a-f]{32}|(?<=disks\/all\/)[0-9a-f]{32}/ID/g;
					print $file =~ s/(?<=disks\/all\/)[0-9a-f]{32}/ID/r, ": $_\n";
				}
			}'
	)
	for file in ${exported:+"$exported"*}; do
		[ ! -e "$file" ] || printf 'exported %s: %s\n' "${file##*/}" "$(sha256sum <"$file")"
	done
}

# Whoever has this home in its environment, but for the test itself.
left_running() {
	local file
	LC_ALL=C env -u COOPER_HOME grep -lzxF "COOPER_HOME=$COOPER_HOME" /proc/[0-9]*/environ 2>/dev/null | while read -r file; do
		file=${file%/environ}
		case $(tr '\0' ' ' 2>/dev/null <"$file/cmdline") in
		'' | *tests/fault/*) ;;
		*) echo "${file#/proc/}" ;;
		esac
	done
}

# What the clients of this user were told goes.
# shellcheck disable=SC2154
no_clients() { rm -rf "$work/connections" "$HOME/.docker"; }
