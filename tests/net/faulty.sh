#!/usr/bin/env bash
# `cooper tool fetch` against servers that misbehave: for each fault the exit code, the words, and never a wrong byte.
# Needs python3 and openssl; takes half a minute, most of it waiting. The same faults, looked at from inside: tests/unit/test_fetch_*.c.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/net/lib.sh
cooper=$(readlink -f "${COOPER:-build/release/cooper}")
for tool in openssl python3; do
	command -v $tool >/dev/null || { echo "SKIP tests/net/faulty.sh: no $tool (packaging/host-packages.sh test)"; exit 0; }
done
work=$(mktemp -d)
servers=() clients=() cases=0 size=600000
trap 'kill "${servers[@]}" 2>/dev/null; rm -rf "$work"' EXIT
export COOPER_HOME=$work/home NO_COLOR=1 no_proxy=127.0.0.1 COOPER_BACKOFF_MS=20 COOPER_STALL_SECONDS=20
unset COOPER_OFFLINE COOPER_MIRROR COOPER_CA_BUNDLE

# serve NAME [CERTIFICATE KEY] - a faulty server; its address is in $base, its log in $work/NAME.log
serve() {
	python3 tests/fakes/faulty_http.py "$work/$1.port" "$work/$1.log" "${@:2}" 2>"$work/$1.errors" &
	servers+=($!)
	local i scheme=http
	[ $# = 1 ] || scheme=https
	for ((i = 0; i < 200; i++)); do
		[ ! -e "$work/$1.port" ] || break
		sleep 0.05
	done
	base=$scheme://127.0.0.1:$(cat "$work/$1.port")
}

good() { echo good >>"$work/results"; }
bad() { echo "FAILED $*" >>"$work/results"; }

# fault CODE WORDS URL [OPTION...] - what fetching the good file's bytes from there comes to; most of it is waiting,
# so all faults run side by side
fault() {
	cases=$((cases + 1))
	judge "$work/got/$cases" "$@" &
	clients+=($!)
}

judge() { # judge DIR CODE WORDS URL [OPTION...]
	local dir=$1 code=$2 words=$3 url=$4 got=0
	shift 4
	mkdir "$dir"
	timeout 60 "$cooper" tool fetch "$url" --sha256 "$right" -o "$dir/file" "$@" >"$dir/out" 2>&1 || got=$?
	if [ "$got" = "$code" ]; then good; else bad "$url: code $got, not $code: $(cat "$dir/out")"; fi
	if [ -z "$words" ] || grep -qF -- "$words" "$dir/out"; then good; else bad "$url: no '$words': $(cat "$dir/out")"; fi
	if [ "$code" = 0 ]; then
		if cmp -s "$work/right" "$dir/file"; then good; else bad "$url: wrong bytes"; fi
	elif [ -e "$dir/file" ]; then
		bad "$url: a file in spite of the error"
	else
		good
	fi
}

# Certificates for 127.0.0.1: one that is fine, one that has expired, one of another name.
certificates() {
	make_certificate "$work" || return 1
	cp "$work/server.csr" "$work/expired.csr"
	mkdir -p "$work/db" && : >"$work/db/index" && echo 01 >"$work/db/serial"
	cat >"$work/db/ca.cnf" <<-END
		[ca]
		default_ca = d
		[d]
		database = $work/db/index
		serial = $work/db/serial
		new_certs_dir = $work/db
		default_md = sha256
		policy = p
		x509_extensions = x
		[p]
		commonName = supplied
		[x]
		subjectAltName = IP:127.0.0.1
	END
	openssl ca -batch -config "$work/db/ca.cnf" -cert "$work/ca.pem" -keyfile "$work/ca.key" -in "$work/expired.csr" \
		-startdate 20200101000000Z -enddate 20200201000000Z -notext -out "$work/expired.pem" 2>/dev/null
	openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 \
		-out "$work/named.pem" -extfile <(echo "subjectAltName=DNS:other.invalid") 2>/dev/null
}

mkdir "$work/got"
python3 -c "import sys; sys.stdout.buffer.write(bytes((i * 31 + i // 256) % 256 for i in range($size)))" >"$work/right"
right=$(sha256sum "$work/right" | cut -d' ' -f1)

bodies() {
	fault 0 '' "$base/ok/$size"
	fault 0 '' "$base/chunked/$size"
	fault 6 'the transfer ended after 300000 of 600000 bytes' "$base/short/$size"
	fault 6 'the transfer ended after 300000 of 600000 bytes' "$base/quietshort/$size" --size $size
	fault 4 'more than the expected 600000 bytes' "$base/long/$size" --size $size
	fault 4 "expected sha256 $right, found" "$base/long/$size"
	fault 4 'more than the expected 600000 bytes' "$base/endless/$size" --size $size
	fault 4 '600010 bytes instead of 600000' "$base/wronglength/$size" --size $size
	fault 4 "expected sha256 $right, found" "$base/wrongdigest/$size"
	fault 4 'Content-Encoding: gzip' "$base/encoded/$size"
	fault 0 '' "$base/cut/$size"
	fault 0 '' "$base/reset/$size"
	fault 0 '' "$base/cutchunk/$size"
	fault 0 '' "$base/unended/$size" --size $size
	fault 0 '' "$base/dated/$size"
}

ranges() {
	fault 0 '' "$base/wrongrange/$size"
	fault 0 '' "$base/wholeagain/$size"
	fault 0 '' "$base/changed/$size"
	fault 0 '' "$base/spliced/$size"
	fault 6 'was not asked for' "$base/unasked/$size"
}

redirects() {
	local plain=$base
	fault 0 '' "$plain/there/$size"
	fault 6 'more than 10 redirects' "$plain/loop/$size"
	fault 6 "a redirect to 'file:///etc/hostname' was refused" "$plain/tofile/$size"
	fault 6 "a redirect to 'ftp://127.0.0.1/x' was refused" "$plain/toftp/$size"
	serve other
	echo 'default login me password secret' >"$work/netrc"
	chmod 600 "$work/netrc"
	NETRC=$work/netrc fault 0 '' "$plain/elsewhere/$size/${base##*:}/http"
	wait "${clients[-1]}"
	if grep -q 'elsewhere.* Basic_' "$work/plain.log"; then good; else bad 'the login did not go to its own host'; fi
	if grep -q Basic_ "$work/other.log"; then bad 'the login went on to another host'; else good; fi
	base=$plain
}

answers() {
	fault 6 'does not have it (HTTP 404)' "$base/status/404"
	fault 6 'HTTP 403' "$base/status/403"
	fault 6 'HTTP 503' "$base/status/503"
	fault 0 '' "$base/busy/$size/3"
	fault 6 'HTTP 500' "$base/busy/$size/99"
	fault 0 '' "$base/later/$size/1"
	COOPER_STALL_SECONDS=1 fault 6 'sent almost nothing for 1 s' "$base/stall/$size"
	COOPER_STALL_SECONDS=1 fault 6 'sent almost nothing for 1 s' "$base/trickle/$size"
	fault 6 'header has no end' "$base/headers_endless/10"
	COOPER_STALL_SECONDS=1 fault 6 'sent almost nothing for 1 s' "$base/headers_trickle/10"
	fault 6 'cannot fetch' "$base/garbage/10"
	fault 6 'cannot fetch' http://127.0.0.1:1/x
}

# What passes is asked for again, what lasts is not; the message has the status.
statuses() {
	local status
	for status in 408 421 425 429 500 502 503 504 509 520 521 522 523 524 525 526 527 529 530 598 599; do
		fault 0 '' "$base/passing/$size/$status"
	done
	fault 0 '' "$base/pause/$size/1"
	for status in 204 300 304 400 401 402 403 405 407 410 411 412 414 416 418 423 431 451 501 505 508 510 511 600 999; do
		fault 6 "HTTP $status" "$base/status/$status/once"
	done
	wait "${clients[@]: -24}"
	for status in 204 304 400 416 451 501 511; do
		asked 1 "/status/$status/once" && good
	done
	for status in 301 302 303 307 308; do
		fault 0 '' "$base/moved/$size/$status"
	done
	fault 6 'HTTP 302' "$base/nowhere/$size"
	fault 0 '' "$base/hints/$size/5"
	fault 6 'header has no end' "$base/hints/$size/500"
}

# Lengths that contradict each other, fields after the body, packings that nobody asked for
framing() {
	local coding
	fault 0 '' "$base/trailer/$size"
	fault 0 '' "$base/trailer/$size/sized" --size $size
	fault 0 '' "$base/bothlengths/$size"
	fault 0 '' "$base/bothlengths/$size/sized" --size $size
	fault 4 'bytes instead of 600000' "$base/twolengths/$size/sized" --size $size
	for coding in br x-gzip deflate zstd identity aws-chunked; do
		fault 0 '' "$base/coded/$size/$coding" # only said: the bytes are as they are, and the digest decides
	done
}

# Nothing waits for ever: a connection that breaks before it is known whether it can be shared; a byte now and then.
dribbling() {
	COOPER_STALL_SECONDS=1 fault 6 'sent less than 512 bytes a second for 4 s' "$base/dribble/$size/10"
}

# Into a pipe, a long download says every half minute how far it is.
reporting() {
	fault 0 'fetch: running for 3' "$base/dribble/$size/1750" --size $size
}

breaking() {
	strace -o /dev/null true 2>/dev/null || { echo "SKIP a connection that breaks at once: no strace"; return; }
	mkdir "$work/broken"
	timeout 20 strace -f -qq -o "$work/broken/trace" -e trace=sendto -e inject=sendto:error=ECONNRESET:when=1 \
		"$cooper" tool fetch "$base/ok/$size/broken" --sha256 "$right" -o "$work/broken/file" >"$work/broken/out" 2>&1
	if cmp -s "$work/right" "$work/broken/file" && grep -q 'INJECTED' "$work/broken/trace"; then
		good
	else
		bad "a connection that breaks at once: $(cat "$work/broken/out")"
	fi
}

# In order, each tried on its own: 5 times the first, 3 times the next, and the right one once.
mirrors() {
	local ok=$base/ok/$size/mirror
	fault 0 '' "$base/busy/$size/98/mirror" "$base/status/404/mirror" "$base/busy/$size/97/mirror" \
		"$base/wrongdigest/$size/mirror" "$ok"
	wait "${clients[-1]}"
	asked 5 "/busy/$size/98/mirror" && asked 1 /status/404/mirror && asked 3 "/busy/$size/97/mirror" &&
		asked 1 "/wrongdigest/$size/mirror" && asked 1 "/ok/$size/mirror" && good
	fault 6 'HTTP 404' "$base/status/404/first" "$base/wrongdigest/$size/second"
	# What one began another ends, and the digest decides.
	fault 0 '' "$base/short/$size/begun" "$base/ok/$size/ended"
	wait "${clients[-1]}"
	if grep -q "/ok/$size/ended bytes=300000-" "$work/plain.log"; then good; else bad 'the mirror was not asked for the rest'; fi
}

asked() { # asked TIMES PATH
	local times
	times=$(grep -cF -- " $2 " "$work/plain.log")
	[ "$times" = "$1" ] || { bad "$2: asked $times times, not $1"; return 1; }
}

secure() {
	local plain=${base##*:}
	certificates || { bad 'no certificates'; return; }
	serve tls "$work/server.pem" "$work/server.key"
	fault 6 'set SSL_CERT_FILE to a bundle' "$base/ok/$size"
	export COOPER_CA_BUNDLE=$work/ca.pem
	fault 0 '' "$base/ok/$size"
	fault 6 'was refused' "$base/elsewhere/$size/$plain/http"
	serve expired "$work/expired.pem" "$work/server.key"
	fault 6 'expired' "$base/ok/$size"
	serve named "$work/named.pem" "$work/server.key"
	fault 6 'name' "$base/ok/$size"
}

serve plain
reporting
dribbling
bodies
ranges
redirects
answers
statuses
framing
breaking
mirrors
secure
wait "${clients[@]}"
grep -v '^good$' "$work/results"
failed=$(grep -c '^FAILED' "$work/results")
printf '%d passed, %d failed\n' "$(grep -c '^good$' "$work/results")" "$failed"
[ "$failed" = 0 ]
