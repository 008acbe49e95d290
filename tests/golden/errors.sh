#!/bin/sh
# errors.sh [--rewrite]: every bad document beside this script, given to `cooper lint`: exit status 2, and the message
# that is expected. --rewrite writes the expected messages anew; review the diff. Run from anywhere.
set -u
cd "$(dirname "$0")/../.." || exit 1
folder=tests/golden/errors
if [ "${1:-}" = --rewrite ]; then
	test=build/debug/tests/unit/test_recipe_errors
	${MAKE:-make} -s CONFIG=debug "$test" && COOPER_GOLDEN_REWRITE=1 "$test" >/dev/null
	exit
fi
cooper=build/${CONFIG:-release}/cooper
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in "$folder"/*.yaml; do
	COOPER_HOME=$work/home "$cooper" lint "$file" >"$work/out" 2>"$work/messages"
	status=$?
	# the program shows the error with its own name before it and the places indented
	{ sed -n '1s/^cooper: //p' "$work/messages"; sed -n '1!s/^  //p' "$work/messages"; } >"$work/found"
	if [ $status = 2 ] && cmp -s "$work/found" "${file%.yaml}.expected"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL: $file: exit status $status"
		diff "${file%.yaml}.expected" "$work/found"
	fi
done
echo "messages: $passed passed, $failed failed"
[ "$failed" = 0 ]
