#!/bin/sh
# Every fuzz target, or those named: sh tests/fuzz/run.sh [NAME...]. The corpus in the tree is replayed, then new
# inputs are tried for FUZZ_SECONDS (default 20; 0 = replay alone). What is found stays in build/fuzz/findings/, new
# inputs that reach new code in build/fuzz/corpus/NAME. KEEP=1 takes the smallest set that reaches as much into the tree.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-20}
if ! printf 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) {(void)d; (void)n; return 0;}' |
	clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null; then
	echo "SKIP: clang with libFuzzer is missing (Debian: clang, libclang-rt-dev)"
	echo "0 passed, 0 failed"
	exit 0
fi
# shellcheck disable=SC2046  # names are words
[ $# -gt 0 ] || set -- $(for f in tests/fuzz/fuzz_*.c; do basename "$f" .c | sed 's/^fuzz_//'; done)
# A library that asks for more is told that there is none, as under the program's own limits.
export ASAN_OPTIONS="allocator_may_return_null=1:max_allocation_size_mb=512${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
passed=0 failed=0
for name in "$@"; do
	target=build/fuzz/tests/fuzz/fuzz_$name
	log=build/fuzz/findings/$name.log
	corpus=tests/fuzz/corpus/$name
	${MAKE:-make} -s CONFIG=fuzz CC="${FUZZ_CC:-clang}" "$target" || {
		failed=$((failed + 1))
		continue
	}
	mkdir -p "build/fuzz/corpus/$name" build/fuzz/findings "$corpus"
	set -- -timeout=60 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/findings/$name-" -print_final_stats=1
	if [ "$seconds" = 0 ]; then set -- "$@" -runs=0; else set -- "$@" -max_total_time="$seconds"; fi
	[ -f "tests/fuzz/$name.dict" ] && set -- "$@" -dict="tests/fuzz/$name.dict"
	if "$target" "$@" "build/fuzz/corpus/$name" "$corpus" >"$log" 2>&1; then
		passed=$((passed + 1))
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok   $name: ${runs:-0} inputs"
		if [ -n "${KEEP:-}" ]; then
			mv "$corpus" "build/fuzz/before-$name" && mkdir "$corpus" &&
				"$target" -merge=1 "$corpus" "build/fuzz/before-$name" "build/fuzz/corpus/$name" >>"$log" 2>&1
			rm -rf "build/fuzz/before-$name"
		fi
	else
		failed=$((failed + 1))
		echo "FAIL $name: $log"
		tail -30 "$log"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
