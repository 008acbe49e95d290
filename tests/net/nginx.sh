#!/usr/bin/env bash
# `cooper tool fetch` against a real nginx: what is asked of it, and how often. Needs nginx-light, openssl, python3,
# curl and strace; takes some 15 s.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/net/lib.sh
cooper=$(readlink -f "${COOPER:-build/release/cooper}")
for tool in nginx openssl python3 curl strace; do
	command -v $tool >/dev/null || { echo "SKIP tests/net/nginx.sh: no $tool (packaging/host-packages.sh test)"; exit 0; }
done
work=$(mktemp -d)
nginx_pid='' passed=0 failed=0
trap '[ -z "$nginx_pid" ] || kill "$nginx_pid"; rm -rf "$work"' EXIT
export COOPER_HOME=$work/home NO_COLOR=1 no_proxy=127.0.0.1 COOPER_CA_BUNDLE=$work/ca.pem
unset COOPER_OFFLINE COOPER_MIRROR

check() { # check NAME COMMAND... - it succeeds
	if "${@:2}"; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		printf 'FAILED %s\n' "$1"
		[ ! -s "$work/out" ] || tail -5 "$work/out"
		tail -5 "$work/access"
	fi
}
sha() { sha256sum "$1" | cut -d' ' -f1; }
get() { "$cooper" tool fetch "$1" --sha256 "$2" -o "$3" >"$work/out" 2>&1; }
# Lines of the log, once what nginx is still busy with is in it.
logged() { sleep 0.3 && grep -c -- "$1" "$work/access"; }
is() { [ "$1" = "$2" ] || { echo "   '$1' instead of '$2'" && return 1; }; }
random() { head -c "$2" /dev/urandom >"$work/www/$1"; }
forget() { : >"$work/access"; }

make_certificate "$work" && start_nginx "$work" 127.0.0.1 || exit 1
mkdir "$work/got"

one_request() {
	random one 3000000
	local scheme
	for scheme in "$plain" "$secure"; do
		rm -f "$work/got/one" && forget
		check "fetched from $scheme" get "$scheme/one" "$(sha "$work/www/one")" "$work/got/one"
		check "one request for one object" is "$(logged .)" 1
		check "all of it, once" is "$(awk '{print $3, $4, $5}' "$work/access")" "200 3000000 /one"
	done
	check "the same bytes" cmp "$work/www/one" "$work/got/one"
	get "$secure/one" "$(sha "$work/www/one")" "$work/got/one"
	check "what is there is not asked for" is "$(logged .)" 1
}

# Starts a slow download of "big" and kills it at about half; $part is what it left.
kill_at_half() { # kill_at_half DIGEST
	rm -f "$work"/got/big* && forget
	"$cooper" tool fetch "$secure/slow/big" --sha256 "$1" -o "$work/got/big" >"$work/out" 2>&1 &
	local pid=$! i
	for ((i = 0; i < 200; i++)); do
		part=$(stat -c %s "$work/got/big.part" 2>/dev/null || echo 0)
		[ "$part" -lt 4000000 ] || break
		sleep 0.02
	done
	kill -9 $pid
	wait $pid 2>/dev/null
	part=$(stat -c %s "$work/got/big.part")
	sleep 0.3 && forget
}

killed() {
	random big 8000000
	local digest
	digest=$(sha "$work/www/big")
	kill_at_half "$digest"
	check "about half is there" test "$part" -ge 3500000 -a "$part" -lt 7500000
	check "a second run completes it" get "$secure/slow/big" "$digest" "$work/got/big"
	check "it asked for the rest alone" is "$(logged . && cut -d' ' -f3- "$work/access")" \
		"1"$'\n'"206 $((8000000 - part)) /slow/big bytes=$part-"
	check "the bytes are right" cmp "$work/www/big" "$work/got/big"
	check "nothing is left beside it" is "$(echo "$work"/got/big*)" "$work/got/big"
}

changed() {
	local digest
	kill_at_half "$(sha "$work/www/big")"
	random new 8000000 && touch -d tomorrow "$work/www/new" && mv "$work/www/new" "$work/www/big"
	digest=$(sha "$work/www/big")
	check "changed in between: the new file" get "$secure/slow/big" "$digest" "$work/got/big"
	check "changed in between: whole and right" cmp "$work/www/big" "$work/got/big"
	check "changed in between: one answer, the whole" is "$(logged . && cut -d' ' -f3-5 "$work/access")" \
		"1"$'\n'"200 8000000 /slow/big"
}

together() {
	local digest one two
	digest=$(sha "$work/www/big")
	rm -f "$work"/got/big* && forget
	"$cooper" tool fetch "$secure/slow/big" --sha256 "$digest" -o "$work/got/big" >"$work/out" 2>&1 &
	one=$!
	"$cooper" tool fetch "$secure/slow/big" --sha256 "$digest" -o "$work/got/big" >"$work/out2" 2>&1 &
	two=$!
	check "two at once: the first" wait $one
	check "two at once: the second" wait $two
	check "two at once: one transfer" is "$(logged . && cut -d' ' -f3-4 "$work/access")" "1"$'\n'"200 8000000"
	check "two at once: the bytes" cmp "$work/www/big" "$work/got/big"
}

# Whoever watches takes over where a killed one stopped.
taken_over() {
	local digest one two i
	digest=$(sha "$work/www/big")
	rm -f "$work"/got/big* && forget
	"$cooper" tool fetch "$secure/slow/big" --sha256 "$digest" -o "$work/got/big" >"$work/out" 2>&1 &
	one=$!
	for ((i = 0; i < 200; i++)); do
		[ "$(stat -c %s "$work/got/big.part" 2>/dev/null || echo 0)" -lt 1000000 ] || break
		sleep 0.02
	done
	"$cooper" tool fetch "$secure/slow/big" --sha256 "$digest" -o "$work/got/big" >"$work/out2" 2>&1 &
	two=$!
	for ((i = 0; i < 200; i++)); do
		! grep -q waiting "$work/out2" || break
		sleep 0.02
	done
	kill -9 $one
	wait $one 2>/dev/null
	part=$(stat -c %s "$work/got/big.part")
	check "taken over: it had begun, and was not done" test "$part" -ge 1000000 -a "$part" -lt 7500000
	check "taken over: the second waited" grep -q 'is being written by another process' "$work/out2"
	check "taken over: the second ends it" wait $two
	check "taken over: it asked for the rest alone" is "$(logged "206 $((8000000 - part)) /slow/big bytes=$part-")" 1
	check "taken over: the bytes" cmp "$work/www/big" "$work/got/big"
}

by_digest() {
	local digest
	digest=$(sha "$work/www/big")
	rm -f "$work"/got/big* && forget
	mkdir -p "$work/www/mirror/sha256/${digest:0:2}"
	ln "$work/www/big" "$work/www/mirror/sha256/${digest:0:2}/$digest"
	COOPER_MIRROR=$plain/mirror check "from the mirror of all" get "$secure/big" "$digest" "$work/got/big"
	check "the mirror alone was asked" is "$(logged . && cut -d' ' -f3-5 "$work/access")" \
		"1"$'\n'"200 8000000 /mirror/sha256/${digest:0:2}/$digest"
}

many() {
	local i
	for ((i = 0; i < 40; i++)); do
		random "small$i" 20000
		echo "$secure/small$i $(sha "$work/www/small$i") $work/got/small$i"
	done >"$work/list"
	forget
	check "40 small files" "$cooper" tool fetch --list "$work/list"
	check "40 requests over HTTP/2" is "$(logged 'HTTP/2.0 200 20000 /small')" 40
	check "one connection" is "$(cut -d' ' -f1 "$work/access" | sort -u | wc -l)" 1
	for ((i = 0; i < 40; i++)); do cmp -s "$work/www/small$i" "$work/got/small$i" || break; done
	check "each with its bytes" is "$i" 40
}

offline() {
	local connects
	rm -f "$work"/got/small{3,5} && forget
	COOPER_OFFLINE=1 strace -f -qq -e trace=connect,sendto -o "$work/trace" \
		"$cooper" tool fetch --list "$work/list" >"$work/out" 2>&1
	check "offline: code 6" is $? 6
	connects=$(grep -cE 'connect\(|sendto\(' "$work/trace")
	check "offline: no connect()" is "$connects" 0
	check "offline: nobody was asked" is "$(logged .)" 0
	for i in 3 5; do
		check "offline: missing ones by digest" grep -q "$(sha "$work/www/small$i")  $secure/small$i" "$work/out"
	done
	check "offline: only those" is "$(grep -c "$secure" "$work/out")" 2
	"$cooper" tool fetch --offline --list "$work/list" >"$work/out" 2>&1
	check "--offline: code 6" is $? 6
	check "--offline: the same list" is "$(grep -c "$secure" "$work/out")" 2
	check "--offline: nobody was asked" is "$(logged .)" 0
	strace -f -qq -e trace=connect -o "$work/trace" "$cooper" tool fetch --list "$work/list" >"$work/out" 2>&1
	check "online, strace does see a connect()" grep -q 'connect(' "$work/trace"
}

one_request
killed
changed
together
taken_over
by_digest
many
offline
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
