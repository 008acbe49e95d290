#!/usr/bin/env bash
# What a source is, its bytes decide: whatever its name ends in, it ends in the tree or in an error. $COOPER is the program.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-$PWD/build/release/cooper}
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# shellcheck source=tests/sources/lib.sh
. tests/sources/lib.sh

tree=$COOPER_HOME/build/tiny/src
sha() { sha256sum "$1" | cut -d' ' -f1; }
has() { [ "$(cat "$tree/$1" 2>/dev/null)" = "$2" ]; }
only() { [ "$(cd "$tree" && find . -type f | sort | tr '\n' ' ')" = "$* " ]; }
source_of() { # source_of FILE [MORE]: a recipe with this source
	chmod -R u+w "$COOPER_HOME" 2>/dev/null
	rm -rf "$COOPER_HOME"
	recipe "  - url: \"file://$1\"
    sha256: $(sha "$1")
$(printf '%s\n' "${@:2}" | sed 's/^/    /')"
	sed -i '/install, -m/d' "$project/recipes/tiny.yaml"
}

mkdir -p "$work/foo-1/src" "$work/served"
echo hello >"$work/foo-1/hello"
echo 'int a;' >"$work/foo-1/src/a.c"
pack() { tar cf - -C "$work" foo-1; }
pack | gzip >"$work/served/download"
pack | xz >"$work/served/foo-1.crate"
pack | bzip2 >"$work/served/foo-1.tbz2"
pack | gzip >"$work/served/foo-1.TAR.GZ"
pack | gzip >"$work/served/foo-1.zip"
pack >"$work/served/v1.0"
command -v zstd >/dev/null && pack | zstd -q >"$work/served/foo-1.tzst"
(cd "$work" && python3 -c 'import shutil; shutil.make_archive("served/foo", "zip", ".", "foo-1")')
mv "$work/served/foo.zip" "$work/served/foo-1.jar"
cp "$work/served/foo-1.jar" "$work/served/foo-1.tar.gz"
for file in "$work"/served/*; do
	source_of "$file"
	ends "$(basename "$file")" 0 "" "$cooper" build --yes
	ok "$(basename "$file"): it is unpacked" has src/a.c 'int a;'
	ok "$(basename "$file"): and nothing else is there" only ./hello ./src/a.c
done

# One file that is no archive
echo 'a text' >"$work/config.guess"
source_of "$work/config.guess" "into: build-aux"
ends "one file" 0 "" "$cooper" build --yes
ok "one file: it is where it was asked for" has build-aux/config.guess 'a text'
source_of "$work/config.guess" "strip: 1"
ends "one file, with strip" 2 "'strip: 1' leaves nothing of its name" "$cooper" build --yes
source_of "$work/config.guess" "exclude: ['config.*']"
ends "one file, excluded" 2 "is no name for it" "$cooper" build --yes
head -c 100000 /dev/zero >"$work/zeros.tar.gz"
source_of "$work/zeros.tar.gz"
ends "an archive by name alone" 0 "" "$cooper" build --yes
ok "an archive by name alone: it is a file" cmp "$work/zeros.tar.gz" "$tree/zeros.tar.gz"
gzip -c "$work/config.guess" >"$work/config.gz"
source_of "$work/config.gz"
ends "one compressed file" 4 "what is compressed in it is no tar archive" "$cooper" build --yes
printf '7z\274\257\047\034\0\4aaaaaaaaaaaaaaaaaaaaaaa' >"$work/foo.tar.xz"
source_of "$work/foo.tar.xz"
ends "an archive that is not read here" 4 "is of the format 7-Zip" "$cooper" build --yes
pack | xz --format=lzma >"$work/foo.tar.lzma"
source_of "$work/foo.tar.lzma"
ends "lzma" 4 "is of the format lzma" "$cooper" build --yes
cp "$work/config.guess" "$work/foo-1/config.guess"
tar czf "$work/both.tar.gz" -C "$work" foo-1
recipe "  - url: file://$work/both.tar.gz
    sha256: $(sha "$work/both.tar.gz")
  - url: file://$work/config.guess
    sha256: $(sha "$work/config.guess")"
ends "a file over another" 2 "config.guess" "$cooper" build --yes
rm "$work/foo-1/config.guess"

# The top of an archive
tar czf "$work/flat.tar.gz" -C "$work/foo-1" hello src
source_of "$work/flat.tar.gz"
ends "no folder at the top" 2 "it has no one folder at its top: 'hello' is in none" "$cooper" build --yes
ok "no folder at the top: what to do" grep -qF "'strip: 0' keeps all names" "$work/out"
source_of "$work/flat.tar.gz" "strip: 0"
ends "no folder at the top, strip: 0" 0 "" "$cooper" build --yes
ok "no folder at the top, strip: 0: all is there" only ./hello ./src/a.c
source_of "$work/flat.tar.gz" "strip: 1"
ends "no folder at the top, strip: 1" 0 "'strip: 1' leaves out 1 entry with too short a name: 'hello'" "$cooper" build --yes
ok "no folder at the top, strip: 1: the rest is there" only ./a.c
mkdir "$work/bar" && echo b >"$work/bar/b"
tar czf "$work/two.tar.gz" -C "$work" foo-1 bar
source_of "$work/two.tar.gz"
ends "two folders at the top" 2 "there are 'foo-1' and 'bar'" "$cooper" build --yes
source_of "$work/two.tar.gz" "strip: 0"
ends "two folders at the top, strip: 0" 0 "" "$cooper" build --yes
ok "two folders at the top, strip: 0: all is there" only ./bar/b ./foo-1/hello ./foo-1/src/a.c
source_of "$work/two.tar.gz" "strip: 1"
ends "two folders at the top, strip: 1" 0 "" "$cooper" build --yes
ok "two folders at the top, strip: 1: they are one" only ./b ./hello ./src/a.c
tar czf "$work/dotted.tar.gz" -C "$work" ./foo-1
source_of "$work/dotted.tar.gz"
ends "'./' before the top" 0 "" "$cooper" build --yes
ok "'./' before the top: all is there" only ./hello ./src/a.c

# What fails at once says why.
fails() { # fails FILE TEXT
	ends "$1" 4 "$2" "$cooper" tool unpack "$work/$1" "$work/out.$1"
	ok "$1: not called empty" sh -c "! grep -q 'is empty' '$work/out'"
}
damage() { python3 -c "import sys; b = bytearray(sys.stdin.buffer.read()); b[$1] ^= 0x55; sys.stdout.buffer.write(b)"; }
head -c 3000000 /dev/urandom >"$work/foo-1/large"
for packer in bzip2 gzip xz zstd; do
	command -v $packer >/dev/null || { echo "SKIP $packer: it is missing"; continue; }
	for size in 18 40 200 100000; do
		pack | $packer -c 2>/dev/null | head -c $size >"$work/cut-$size.$packer"
		fails "cut-$size.$packer" runcated
	done
	for at in 30 500 100000; do
		pack | $packer -c 2>/dev/null | damage $at >"$work/damaged-$at.$packer"
		rm -rf "$work/out.d"
		ends "damaged-$at.$packer" 4 "damaged-$at.$packer" "$cooper" tool unpack "$work/damaged-$at.$packer" "$work/out.d"
		ok "damaged-$at.$packer: not taken for something else" sh -c "! grep -qE 'Unrecognized|is no|nothing in it' '$work/out'"
	done
done
(cd "$work" && python3 -c 'import shutil; shutil.make_archive("whole", "zip", ".", "foo-1")')
for size in 10 1000 100000; do
	head -c $size "$work/whole.zip" >"$work/cut-$size.zip"
	fails "cut-$size.zip" "a zip that is truncated or damaged"
done
damage 1000000 <"$work/whole.zip" >"$work/damaged.zip"
fails damaged.zip "bad CRC"
if command -v zstd >/dev/null; then
	pack | zstd -qc --ultra -22 --long=31 >"$work/long.zst"
	fails long.zst "requires too much memory"
fi
finish
