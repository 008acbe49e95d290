#!/bin/sh
# liblzma.sh - on a Linux whose liblzma is older than 5.6, make a newer one below build/liblzma for cooper alone: the older
# decode a third slower. From pinned source; the Makefile takes it where it lies. Without it cooper works just as well, so a
# source that cannot be had is said and is no failure.
set -eu
version=5.8.1
sha256=0b54f79df85912504de0b14aec7971e3f964491af1812d83447005807513cd9e
cd "$(dirname "$0")/.."
[ "$(uname -s)" = Linux ] || exit 0
if pkg-config --atleast-version=5.6 liblzma; then exit 0; fi
if grep -qsx $sha256 build/liblzma/source; then exit 0; fi

mkdir -p build
work=$(mktemp -d build/liblzma-XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

left() { # left WHY
	echo "liblzma: $1; the host's $(pkg-config --modversion liblzma) is used, which decodes a third slower"
	exit 0
}

# Debian's mirrors keep the file as it was released, where others may not be within reach.
urls() {
	if command -v apt-get >/dev/null 2>&1; then
		# shellcheck disable=SC2016  # apt's variable
		apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep '^http' | sort -u |
			sed "s|/*\$|/pool/main/x/xz-utils/xz-utils_$version.orig.tar.xz|"
	fi
	echo "https://github.com/tukaani-project/xz/releases/download/v$version/xz-$version.tar.xz"
}

fetch() {
	for url in $(urls); do
		if curl -fsL --connect-timeout 5 --max-time 60 -o "$work/source.tar.xz" "$url" &&
			[ "$(sha256sum "$work/source.tar.xz" | cut -d ' ' -f 1)" = $sha256 ]; then
			return 0
		fi
	done
	return 1
}

# The decoder alone; its loops gain from -O3.
make_library() {
	mkdir "$work/tree" "$work/out"
	tar -xJf "$work/source.tar.xz" -C "$work/tree" --strip-components 1 && cd "$work/tree" &&
		./configure CFLAGS='-O3 -g' --prefix=/ --disable-shared --disable-xz --disable-xzdec --disable-lzmadec \
			--disable-lzmainfo --disable-scripts --disable-doc --disable-nls --disable-encoders \
			--disable-microlzma --disable-lzip-decoder &&
		make -j"$(getconf _NPROCESSORS_ONLN)" install DESTDIR="$PWD/../out"
}

echo "liblzma: making $version, since the host's $(pkg-config --modversion liblzma) decodes a third slower"
fetch || left "its source cannot be fetched"
if ! (make_library) >"$work/log" 2>&1; then
	tail -n 5 "$work/log"
	left "it cannot be made"
fi
echo $sha256 >"$work/out/source"
rm -rf build/liblzma
mv "$work/out" build/liblzma
