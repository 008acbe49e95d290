#!/usr/bin/env bash
# Two `up` at once: the second waits, names the holder, and ends with "nothing to do". Needs a stack that is up to
# date but for its machine being stopped (`make up` before).
set -u
cd "$(dirname "$0")/../.." || exit 1
cooper=build/release/cooper
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
args=("$@")
"$cooper" stop "${args[@]}" >/dev/null || exit 1
"$cooper" up --yes "${args[@]}" >"$work/first" 2>&1 &
first=$!
sleep 2
"$cooper" up --yes "${args[@]}" >"$work/second" 2>&1
second_status=$?
wait $first
first_status=$?
cat "$work/second"
[ $first_status = 0 ] && [ $second_status = 0 ] && grep -q "waiting: held by pid $first: cooper up" "$work/second" &&
	grep -q "^nothing to do" "$work/second" && echo "1 passed, 0 failed" && exit 0
cat "$work/first"
echo "0 passed, 1 failed"
exit 1
