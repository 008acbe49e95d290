#!/bin/sh
# dist.sh VERSION [URL] - what a release consists of, in build/dist: the source archive of the current commit, its digest,
# and install.sh and the Homebrew formula with both in them. URL is the folder that they will be fetched from.
set -eu
version=$1
url=${2:-}
cd "$(dirname "$0")/.."
name=cooper-$version
mkdir -p build/dist
git archive --format=tar --prefix="$name/" HEAD | gzip -n -9 >"build/dist/$name.tar.gz"
digest=$(openssl dgst -sha256 -r "build/dist/$name.tar.gz" | cut -d ' ' -f 1)
printf '%s  %s\n' "$digest" "$name.tar.gz" >"build/dist/$name.tar.gz.sha256"
sed -e "s|^release_url=.*|release_url=${url:+$url/$name.tar.gz}|" -e "s|^release_sha256=.*|release_sha256=$digest|" \
	install.sh >build/dist/install.sh
sed -e "s|@URL@|$url/$name.tar.gz|" -e "s|@HOMEPAGE@|$url|" -e "s|@VERSION@|$version|" -e "s|@SHA256@|$digest|" \
	packaging/homebrew/cooper.rb.in >build/dist/cooper.rb
echo "build/dist/$name.tar.gz $digest"
