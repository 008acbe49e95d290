#!/usr/bin/env bash
# `debian-source:` gives the tree that `dpkg-source --skip-patches -x` gives, or says why not: packages of every shape,
# made here and pinned by hand. $COOPER is the program.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-$PWD/build/release/cooper}
top=$PWD
command -v dpkg-source >/dev/null || { echo "SKIP tests/sources/debian.sh: no dpkg-source"; echo "0 passed, 0 failed"; exit 0; }
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
# shellcheck source=tests/sources/lib.sh
. tests/sources/lib.sh
# shellcheck source=tests/sources/debian-lib.sh
. tests/sources/debian-lib.sh
tree=$COOPER_HOME/build/tiny/src

# packaging DIR FORMAT [VERSION]: a debian/ that dpkg-source takes; format '' is 1.0 without saying so
packaging() {
	mkdir -p "$1/debian/source"
	if [ -n "$2" ]; then echo "$2" >"$1/debian/source/format"; else rmdir "$1/debian/source"; fi
	printf '%s\n' 'Source: foo' 'Section: misc' 'Priority: optional' 'Maintainer: A <a@example.org>' \
		'Standards-Version: 4.6.2' '' 'Package: foo' 'Architecture: any' 'Description: x' ' x' >"$1/debian/control"
	printf 'foo (%s) unstable; urgency=low\n\n  * x\n\n -- A <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n' \
		"${3:-1.0-1}" >"$1/debian/changelog"
	printf '#!/usr/bin/make -f\n' >"$1/debian/rules"
	chmod +x "$1/debian/rules"
}

fresh() { # an empty folder, the current one, for the files of a package
	cd "$top" || exit 1
	chmod -R u+w "$COOPER_HOME" "$work/p" 2>/dev/null
	rm -rf "$COOPER_HOME" "$work/p"
	mkdir "$work/p"
	cd "$work/p" || exit 1
}

same() { # same NAME: cooper's tree is dpkg-source's
	rm -rf "$work/reference"
	ok "$1: dpkg-source unpacks it" dpkg-source --no-check --skip-patches -x ./*.dsc "$work/reference"
	pin foo
	ends "$1" 0 "" "$cooper" build --yes
	ok "$1: the same tree" python3 "$top/tests/sources/tree.py" "$work/reference" "$tree"
}
refused() { # refused NAME STATUS TEXT
	pin foo "${@:4}"
	ends "$1" "$2" "$3" "$cooper" build --yes
	ok "$1: nothing is installed" nothing_stored
}
make_dsc() { # make_dsc FORMAT: a .dsc of the files that are here, as no dpkg-source would make it
	rm -f foo_1.0-1.dsc
	{
		printf 'Format: %s\nSource: foo\nBinary: foo\nArchitecture: any\nVersion: 1.0-1\nChecksums-Sha256:\n' "$1"
		for file in foo_*; do echo " $(sha256sum "$file" | cut -d' ' -f1) $(stat -c %s "$file") $file"; done
		echo "Files:"
		for file in foo_*; do echo " $(md5sum "$file" | cut -d' ' -f1) $(stat -c %s "$file") $file"; done
	} >"$work/dsc"
	mv "$work/dsc" foo_1.0-1.dsc
}
build_it() { dpkg-source --build "$@" >"$work/dpkg.out" 2>&1 || cat "$work/dpkg.out"; }
project_files() { # a folder foo-1.0 with a bit of everything
	mkdir -p foo-1.0/src/empty
	echo orig >foo-1.0/f
	printf 'no line end' >foo-1.0/src/g
	printf '#!/bin/sh\n' >foo-1.0/configure
	chmod 755 foo-1.0/configure
	ln -s src/g foo-1.0/link
	printf 'crlf\r\n' >foo-1.0/dos
	chmod 600 foo-1.0/f
}

fresh
project_files
tar czf foo_1.0.orig.tar.gz foo-1.0
packaging foo-1.0 ''
echo changed >foo-1.0/f
printf 'now with\n' >foo-1.0/src/g
printf 'crlf\r\nand more\r\n' >foo-1.0/dos
mkdir foo-1.0/new && echo new >foo-1.0/new/file
printf 'no end' >foo-1.0/debian/none
build_it foo-1.0
ok "1.0: there is a diff" [ -s foo_1.0-1.diff.gz ]
same "1.0, with a diff"
ok "1.0: the rules may be executed" [ -x "$tree/debian/rules" ]

fresh
project_files
tar czf foo_1.0.orig.tar.gz -C foo-1.0 .
packaging foo-1.0 ''
echo changed >foo-1.0/f
build_it foo-1.0
same "1.0, no folder at the top"

fresh
project_files
packaging foo-1.0 '' 1.0
build_it foo-1.0
same "1.0, native"

fresh
project_files
packaging foo-1.0 '3.0 (native)' 1.0
rm foo-1.0/debian/source/format
build_it --format='3.0 (native)' foo-1.0
same "3.0 (native)"
ok "3.0 (native): the format is noted" grep -qx '3.0 (native)' "$tree/debian/source/format"

for packing in gzip bzip2 xz; do
	fresh
	project_files
	case $packing in gzip) ending=gz ;; bzip2) ending=bz2 ;; *) ending=xz ;; esac
	tar caf foo_1.0.orig.tar.$ending foo-1.0
	packaging foo-1.0 '3.0 (quilt)'
	mkdir foo-1.0/debian/patches
	printf -- '--- a/f\n+++ b/f\n@@ -1 +1 @@\n-orig\n+patched\n' >foo-1.0/debian/patches/one
	echo one >foo-1.0/debian/patches/series
	ln -s control foo-1.0/debian/link
	ln -s ../f foo-1.0/debian/up
	build_it -Z$packing foo-1.0
	same "3.0 (quilt), $packing"
done
with_patches
ends "3.0 (quilt): with its patches" 0 "applied 1 patch" "$cooper" build --yes
rm -rf "$work/reference"
dpkg-source --no-check -x ./*.dsc "$work/reference" >/dev/null 2>&1
rm -rf "$work/reference/.pc" "$work/reference/debian/patches/.dpkg-source-applied"
ok "3.0 (quilt): with its patches, the same tree" python3 "$top/tests/sources/tree.py" "$work/reference" "$tree"

fresh
project_files
tar czf foo_1.0.orig.tar.gz -C foo-1.0 configure src f
rm foo-1.0/link foo-1.0/dos
packaging foo-1.0 '3.0 (quilt)'
build_it foo-1.0
same "no folder at the top"

fresh
project_files
mkdir other && echo o >other/o
tar czf foo_1.0.orig.tar.gz foo-1.0 other
mkdir whole && mv foo-1.0 other whole
packaging whole '3.0 (quilt)'
build_it whole
same "two folders at the top"

fresh
project_files
mkdir comp-2 flat && echo c >comp-2/c && echo d >flat/d && echo e >flat/e
tar czf foo_1.0.orig.tar.gz foo-1.0
tar cJf foo_1.0.orig-extra.tar.xz comp-2
tar czf foo_1.0.orig-b-2.tar.gz -C flat d e
mv comp-2 foo-1.0/extra
mv flat foo-1.0/b-2
packaging foo-1.0 '3.0 (quilt)'
build_it foo-1.0
same "components"

fresh
project_files
mkdir foo-1.0/extra && echo theirs >foo-1.0/extra/theirs
tar czf foo_1.0.orig.tar.gz foo-1.0
rm -r foo-1.0/extra
mkdir comp-2 && echo c >comp-2/c
tar czf foo_1.0.orig-extra.tar.gz comp-2
mv comp-2 foo-1.0/extra
packaging foo-1.0 '3.0 (quilt)'
build_it foo-1.0
same "a component in place of a folder"

for theirs in control old deep/x; do
	fresh
	project_files
	mkdir -p "foo-1.0/debian/$(dirname $theirs)" foo-1.0/.pc
	echo theirs >foo-1.0/debian/$theirs
	echo theirs >foo-1.0/.pc/x
	tar czf foo_1.0.orig.tar.gz foo-1.0
	rm -r foo-1.0/debian foo-1.0/.pc
	packaging foo-1.0 '3.0 (quilt)'
	build_it foo-1.0
	same "the project's own debian/$theirs"
done

fresh
project_files
ln -s src foo-1.0/debian
tar czf foo_1.0.orig.tar.gz foo-1.0
rm foo-1.0/debian
packaging foo-1.0 '3.0 (quilt)'
build_it foo-1.0
same "the project's own debian, a link"

fresh
project_files
tar czf foo_1.0.orig.tar.gz foo-1.0
packaging foo-1.0 '3.0 (quilt)' 2:1.0-1
echo signature >foo_1.0.orig.tar.gz.asc
build_it foo-1.0
same "an epoch, and a signature of the project's"

# A lock names no other server: who can write to a project is not who says where its sources come from.
pin foo
sed -i "s,debian:foo_1.0.orig.tar.gz,https://elsewhere.invalid/foo_1.0.orig.tar.gz," "$project/cooper.lock"
chmod -R u+w "$COOPER_HOME"
rm -rf "$COOPER_HOME"
ends "a lock that names another place" 4 "from elsewhere: 'https://elsewhere.invalid/foo_1.0.orig.tar.gz" "$cooper" build
ok "nothing is installed" nothing_stored
pin foo
sed -i "s,debian:foo_1.0.orig.tar.gz,file://$PWD/foo_1.0.orig.tar.gz," "$project/cooper.lock"
ends "but a file of this host, by its digest" 0 "" "$cooper" build --yes

# What is asked for besides: left out, and put elsewhere
pin foo "into: sub" "exclude: [src/, debian/changelog]"
ends "into and exclude" 0 "" "$cooper" build --yes
ok "it is there" [ -f "$tree/sub/debian/control" ]
ok "and what is excluded is not" [ ! -e "$tree/sub/src" ] && [ ! -e "$tree/sub/debian/changelog" ]
pin foo "exclude: [debian/]"
ends "the packaging stays" 0 "" "$cooper" build --yes
ok "and is whole" [ -f "$tree/debian/changelog" ]
pin foo "strip: 1"
ends "strip says nothing here" 2 "strip" "$cooper" build --yes
echo one >"$work/one"
recipe "  - url: file://$work/one
    sha256: $(sha256sum "$work/one" | cut -d' ' -f1)
  - debian-source: foo"
sed -i '/install, -m/d; s/^version:.*/version: "1"/' "$project/recipes/tiny.yaml"
ends "after another source, in its folder" 2 "needs a folder of its own" "$cooper" build --yes

# What is not understood is refused.
for format in '2.0' '3.0 (git)' '3.0 (custom)' '3.0 (bzr)' '4.0'; do
	fresh
	project_files
	tar czf foo_1.0.orig.tar.gz foo-1.0
	make_dsc "$format"
	refused "format $format" 2 "its source format '$format' is not supported"
done
fresh
project_files
tar czf foo_1.0.orig.tar.gz foo-1.0
make_dsc '3.0 (quilt)'
refused "no packaging" 4 "none of its files is the archive of the packaging"
echo more >foo_1.0-1.notes
make_dsc '1.0'
refused "a file without a place" 4 "'foo_1.0-1.notes' has no place in a source package of format 1.0"
rm foo_1.0-1.notes
refused "a file is missing" 4 "'foo_1.0-1.notes', which its .dsc lists, is not among its files"
make_dsc '1.0'
echo x >>foo_1.0.orig.tar.gz
refused "another digest" 4 "'foo_1.0.orig.tar.gz' has another digest than its .dsc lists"
fresh
project_files
tar czf foo_1.0.orig.tar.gz foo-1.0
printf -- '--- foo-1.0.orig/f\n+++ foo-1.0/f\n@@ -1 +1 @@\n-something else\n+changed\n' | gzip >foo_1.0-1.diff.gz
make_dsc '1.0'
refused "a diff that does not fit" 4 "does not apply"
printf -- '--- foo-1.0.orig/f\n+++ foo-1.0/f\n@@ -1 +1 @@\n-orig\n+changed\n' | gzip | head -c 60 >foo_1.0-1.diff.gz
make_dsc '1.0'
refused "a diff that is cut off" 4 "truncated"
fresh
project_files
ln -s /etc/passwd foo-1.0/absolute
tar czf foo_1.0.orig.tar.gz foo-1.0
packaging foo-1.0 '3.0 (quilt)'
build_it foo-1.0
refused "a link that leads outside" 4 "absolute"
pin foo "exclude: [absolute]"
ends "a link that leads outside, excluded" 0 "" "$cooper" build --yes
cd "$top" || exit 1
finish
