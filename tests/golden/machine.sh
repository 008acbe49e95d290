#!/bin/sh
# The golden files of the machine: command lines and first-boot configs, compared (or, with --rewrite, written anew),
# and the canaries' machine code against its assembly where clang and lld are installed.
# Run from the top of the tree. CONFIG chooses the build (default debug).
set -eu
cd "$(dirname "$0")/../.."
config=${CONFIG:-debug}
case "${1:-}" in
--rewrite) COOPER_GOLDEN_REWRITE=1; export COOPER_GOLDEN_REWRITE ;;
"") ;;
*) echo "usage: sh tests/golden/machine.sh [--rewrite]" >&2; exit 2 ;;
esac
tests="build/$config/tests/unit/test_argv build/$config/tests/unit/test_ignition"
# shellcheck disable=SC2086 # two words are meant
make -s CONFIG="$config" $tests
for t in $tests; do "$t"; done

clang=$(command -v clang || command -v clang-14 || true)
lld=$(command -v ld.lld || command -v ld.lld-14 || true)
objcopy=$(command -v llvm-objcopy || command -v llvm-objcopy-14 || true)
if [ -z "$clang" ] || [ -z "$lld" ] || [ -z "$objcopy" ]; then
	echo "canary code: skipped, clang, ld.lld or llvm-objcopy is missing"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for source in cmd/lib/fmt/canary_*.S.txt; do
	arch=$(basename "${source#*canary_}" .S.txt)
	case $arch in
	riscv64) set -- -march=rv64im -mno-relax ;;
	arm) set -- -march=armv7-a -mfloat-abi=hard ;;
	*) set -- ;;
	esac
	"$clang" -target "$arch-linux-gnu" "$@" -x assembler -c -o "$work/elf" "$source"
	# lld knows no s390x; its assembly leaves nothing to link
	[ "$arch" = s390x ] || "$lld" -static -e _start -o "$work/elf" "$work/elf"
	"$objcopy" -O binary -j .text "$work/elf" "$work/bin"
	od -An -v -tx1 "$work/bin" | tr -d ' \n' > "$work/want"
	sed -n "/code_$arch\[\]/,/};/p" cmd/lib/fmt/canary.c | grep -o '0x[0-9a-f][0-9a-f]' | sed 's/0x//' | tr -d '\n' > "$work/have"
	cmp -s "$work/want" "$work/have" || { echo "canary code: $arch differs from its assembly" >&2; exit 1; }
done
echo "canary code: matches its assembly"
