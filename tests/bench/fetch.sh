#!/usr/bin/env bash
# Downloads from nginx: 1 GiB against curl, 200 files of 1 MiB against aria2 and curl, each followed by sha256sum, and a
# shaped link. The tools take turns; every run starts with the target gone and the disk quiet. Needs 3 GB; minutes.
# ROUNDS=1 for a look, PARTS="big many link" for some of them.
# shellcheck disable=SC2317,SC2016  # functions called by name; Markdown
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/lib.sh
. tests/net/lib.sh
: "${COOPER:=$PWD/build/release/cooper}"
COOPER=$(readlink -f "$COOPER")
rounds=${ROUNDS:-5} parts=${PARTS:-big many link} missed=0 warm=yes
work=$(mktemp -d)
nginx_pid='' space=''
finish() {
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
	[ -z "$space" ] || ip netns del "$space" || true
	rm -rf "$work"
}
trap finish EXIT
export COOPER_HOME=$work/home no_proxy=127.0.0.1,10.77.0.1 COOPER_CA_BUNDLE=$work/ca.pem NO_COLOR=1
unset COOPER_OFFLINE COOPER_MIRROR
got=$work/got

# take_turns TOOL... - runs by_TOOL $rounds times each, each after an untimed run of the same where $warm is set: in a
# virtual machine memory that was idle for a moment is slow at first, and so is memory that another tool left in pieces
# of another size. Medians in median_of[TOOL], processor time in used_by[TOOL]
declare -A median_of used_by
take_turns() {
	local i tool line
	for tool in "$@"; do : >"$work/times.$tool"; done
	for ((i = 0; i < rounds; i++)); do
		for tool in "$@"; do
			if [ -n "$warm" ]; then rm -rf "$got" && mkdir "$got" && sync -f "$work" && "by_$tool" >"$work/out" 2>&1; fi
			rm -rf "$got" && mkdir "$got"
			sync -f "$work"
			TIMEFORMAT='%R %U %S'
			line=$( { time "by_$tool" >"$work/out" 2>&1; } 2>&1) || { cat "$work/out" >&2 && return 1; }
			echo "$line" >>"$work/times.$tool"
		done
	done
	for tool in "$@"; do
		# shellcheck disable=SC2046  # a list of numbers
		median_of[$tool]=$(median $(cut -d' ' -f1 "$work/times.$tool"))
		# shellcheck disable=SC2046
		used_by[$tool]=$(median $(awk '{print $2 + $3}' "$work/times.$tool"))
	done
}

# row WHAT NAME TOOL [LIMIT] - a line of the table; where a limit of the ratio is given and missed, the bench fails
row() {
	local r
	r=$(ratio "${median_of[cooper]}" "${median_of[$3]}")
	printf '| %s | %s | %s s | %s s | %s%s |\n' "$1" "$2" "${median_of[$3]}" "${used_by[$3]}" "$r" "${4:+ (asked: $4)}"
	[ -z "${4:-}" ] || within "$r" "$4" || missed=1
}
own_row() { printf '| %s | cooper, verified | %s s | %s s | |\n' "$1" "${median_of[cooper]}" "${used_by[cooper]}"; }
sha() { sha256sum "$1" | cut -d' ' -f1; }

one_big() {
	head -c 1073741824 /dev/urandom >"$work/www/big"
	local digest
	digest=$(sha "$work/www/big")
	echo "$digest  $got/big" >"$work/sums"
	by_cooper() { "$COOPER" tool fetch "$plain/big" --sha256 "$digest" -o "$got/big"; }
	by_curl() { curl -sS --noproxy '*' -o "$got/big" "$plain/big"; }
	by_both() { by_curl && sha256sum -c --quiet "$work/sums"; }
	take_turns cooper curl both
	own_row '1 GiB'
	row '1 GiB' '`curl -o`, not verified' curl 1.10
	row '1 GiB' '`curl -o && sha256sum`' both 0.75
	rm "$work/www/big"
}

many_small() {
	local i
	for ((i = 0; i < 200; i++)); do
		head -c 1048576 /dev/urandom >"$work/www/f$i"
		local digest
		digest=$(sha "$work/www/f$i")
		echo "$plain/f$i $digest $got/f$i" >&3
		echo "$digest  $got/f$i" >&4
		echo "$plain/f$i" >&5
		printf 'url = "%s"\noutput = "%s"\n' "$plain/f$i" "$got/f$i" >&6
	done 3>"$work/list" 4>"$work/sums" 5>"$work/urls" 6>"$work/curlrc"
	by_cooper() { "$COOPER" tool fetch --list "$work/list"; }
	by_aria2() {
		aria2c -q -j16 --no-conf --file-allocation=none -d "$got" -i "$work/urls" && sha256sum -c --quiet "$work/sums"
	}
	by_curl() { curl -sS -Z --noproxy '*' -K "$work/curlrc" && sha256sum -c --quiet "$work/sums"; }
	take_turns cooper aria2 curl
	own_row '200 files of 1 MiB'
	row '200 files of 1 MiB' '`aria2c -j16 && sha256sum`' aria2 1.00
	row '200 files of 1 MiB' '`curl --parallel && sha256sum`' curl 1.00
	rm "$work"/www/f*
}

# A namespace at the far end of a link of 200 Mbit/s, 20 ms in each direction: 10.77.0.1, from here.
shape_link() {
	local name=cpr$$ answer
	ip netns add "$name" || return 1
	space=$name
	coproc LINK { exec python3 tests/bench/link.py "$name" "${name}x" 200 20; }
	read -r -t 5 -u "${LINK[0]}" answer && [ "$answer" = ready ] &&
		ip link set "${name}x" txqueuelen 10000 netns "$name" &&
		ip -n "$name" link set lo up &&
		ip addr add 10.77.0.2 peer 10.77.0.1 dev "$name" && ip link set "$name" txqueuelen 10000 up &&
		ip -n "$name" addr add 10.77.0.1 peer 10.77.0.2 dev "${name}x" && ip -n "$name" link set "${name}x" up
}

shaped() {
	local size=402653184 line
	if ! shape_link 2>"$work/out"; then
		echo "| 200 Mbit/s, 40 ms | SKIP: $(tail -1 "$work/out") (a namespace and /dev/net/tun take root) | | | |"
		return
	fi
	kill "$nginx_pid"
	start_nginx "$work" 10.77.0.1 ip netns exec "$space"
	head -c $size /dev/urandom >"$work/www/far"
	local digest
	digest=$(sha "$work/www/far")
	by_cooper() { "$COOPER" tool fetch "$secure/far" --sha256 "$digest" -o "$got/far"; }
	by_curl() { curl -sS --cacert "$work/ca.pem" --noproxy '*' -o "$got/far" "$secure/far"; }
	warm=
	take_turns cooper curl
	median_of[line]=$(awk -v n=$size 'BEGIN {printf "%.3f", n * 8 / 200e6}') used_by[line]=0
	line='384 MiB over 200 Mbit/s, 40 ms'
	own_row "$line"
	row "$line" '`curl -o`, not verified' curl
	row "$line" 'the line itself' line 1.05
}

make_certificate "$work"
start_nginx "$work" 127.0.0.1
echo '## Downloads'
echo
echo '`tests/bench/fetch.sh`: nginx on this machine; time and processor time are medians of '"$rounds"'.'
echo
echo '| what | tool | time | processor | ratio |'
echo '|---|---|---|---|---|'
case " $parts " in *" big "*) one_big ;; esac
case " $parts " in *" many "*) many_small ;; esac
case " $parts " in *" link "*) shaped ;; esac
exit $missed
