#!/usr/bin/env bash
# Signed sources, as people meet them: `cooper build` with keys made by gpg. $COOPER is the program.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
cooper=${COOPER:-$PWD/build/release/cooper}
work=$(mktemp -d)
trap 'GNUPGHOME=$work/gnupg gpgconf --kill all; chmod -R u+w "$work"; rm -rf "$work"' EXIT
# shellcheck source=tests/sources/lib.sh
. tests/sources/lib.sh

export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
g() { gpg --batch --quiet --pinentry-mode loopback --passphrase '' "$@" 2>>"$work/gpg.log"; }
fpr() { g --list-keys --with-colons "$1" | awk -F: '/^fpr/ {print $10; exit}'; }
for n in good other revoked; do g --quick-gen-key $n@x ed25519 sign never; done
g --faked-system-time 20200101T000000! --quick-gen-key expired@x ed25519 sign 1y
good=$(fpr good@x) other=$(fpr other@x) revoked=$(fpr revoked@x) expired=$(fpr expired@x)

mkdir -p "$work/tiny-1"
printf '#!/bin/sh\necho hello\n' >"$work/tiny-1/hello"
archive=$work/tiny-1.tar.gz
tar czf "$archive" -C "$work" tiny-1
digest=$(sha256sum "$archive" | cut -d' ' -f1)
sig=$archive.sig
keys=$project/recipes/keys

signed() { # signed KEY [MORE]: the recipe with this fingerprint pinned
	recipe "  - url: file://$archive
    sha256: $digest
    signature: { url: \"file://$sig\", key: $1${2:-} }"
}
sign() { rm -f "$sig"; g "$@" --detach-sign -o "$sig" "$archive"; }
again() { chmod -R u+w "$COOPER_HOME" 2>/dev/null; rm -rf "$COOPER_HOME"; }
refused() { # refused NAME TEXT
	ends "$1" 4 "$2" "$cooper" build --yes
	ok "$1: nothing is installed" nothing_stored
	ok "$1: nothing is remembered" [ -z "$(ls -A "$COOPER_HOME/signatures" 2>/dev/null)" ]
}

sign -u "$good"
signed "$good"
refused "no key" "not found"
ok "the message says where the key goes" grep -qF "$COOPER_HOME/keys/$good.asc" "$work/out"
g --armor --export "$good" >"$keys/$good.asc"
ends "a good signature" 0 "" "$cooper" build --yes
ok "the receipt tells who signed" sh -c "grep -q '\"signer\": \"$good\"' '$COOPER_HOME'/store/*/receipt.json"
ends "again, nothing to do" 0 "nothing to do" "$cooper" build --yes

again
g --armor --export "$other" >>"$keys/$good.asc"
sign -u "$other"
refused "another key of the same file" "and not by $good"
sign -u "$good" -u "$other"
refused "two signatures" "more than one signature"
g --armor --export "$good" >"$keys/$good.asc"
sign -u "$other"
refused "an unknown key" "is signed by the key $other and not by $good"

signed "[$good, $other]"
refused "one of two keys, and its file is not here" "no key file for 'tiny-1.tar.gz' contains the key $other"
g --armor --export "$other" >"$keys/$other.asc"
ends "one of two keys" 0 "" "$cooper" build --yes
ok "the receipt tells which" sh -c "grep -q '\"key\": \"$other\"' '$COOPER_HOME'/store/*/receipt.json"
again
signed "$good"
refused "taken from the list, it counts no more" "and not by $good"

recipe "  - url: file://$archive
    sha512: $(sha512sum "$archive" | cut -d' ' -f1)
    signature: { url: \"file://$sig\", key: $good }"
refused "a file that is named by SHA-512, and another key" "and not by $good"
sign -u "$good"
ends "a good signature of a file that is named by SHA-512" 0 "" "$cooper" build --yes
ok "the receipt has its digest" sh -c "cat '$COOPER_HOME'/store/*/receipt.json | grep -q '\"sha512\": \"$(sha512sum "$archive" | cut -d' ' -f1)\"'"
again

echo hello >"$work/elsewhere"
rm -f "$sig"
g -u "$good" --detach-sign -o "$sig" "$work/elsewhere"
refused "the signature of another file" "belongs to another file"
sign -u "$good"
head -c 30 "$sig" >"$sig.cut" && mv "$sig.cut" "$sig"
refused "a damaged signature" ""
sign -u "$good"
ends "the right signature after a wrong one: it is fetched again" 0 "" "$cooper" build --yes

again
echo x >>"$archive"
refused "a tampered file: its digest, before any signature" "cannot fetch 'file://$archive'"
ok "it is not in the object store" sh -c "! find '$COOPER_HOME/cas' -name $digest | grep -q ."
tar czf "$archive" -C "$work" tiny-1
digest=$(sha256sum "$archive" | cut -d' ' -f1)

sign --faked-system-time 20200601T000000! -u "$expired"
g --armor --export "$expired" >"$keys/$expired.asc"
signed "$expired"
refused "an expired key" "has expired"

sign -u "$revoked"
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$revoked.rev" | g --import
g --armor --export "$revoked" >"$keys/$revoked.asc"
signed "$revoked"
refused "a revoked key" "was revoked"

g --quick-add-key "$good" ed25519 sign never
sign -u "$good"
signed "$good"
refused "a subkey that the key file has not yet" "and not by $good"
g --armor --export "$good" >"$keys/$good.asc"
ends "a subkey" 0 "" "$cooper" build --yes
ok "the receipt names key and subkey" sh -c "grep -q '\"key\": \"$good\"' '$COOPER_HOME'/store/*/receipt.json &&
	! grep -q '\"signer\": \"$good\"' '$COOPER_HOME'/store/*/receipt.json"

# What is not what it has to be is called what it is.
cp "$keys/$good.asc" "$work/good.asc"
(printf '\xef\xbb\xbf'; cat "$work/good.asc") >"$keys/$good.asc"
again
ends "a key file that an editor began with a byte order mark" 0 "" "$cooper" build --yes
again
(printf 'Öffentlicher Schlüssel:\n\n'; cat "$work/good.asc") >"$keys/$good.asc"
ends "a key file with words before the key" 0 "" "$cooper" build --yes
again
iconv -f UTF-8 -t UTF-16 "$work/good.asc" >"$keys/$good.asc"
refused "a key file in UTF-16" "$good.asc' is text in UTF-16"
g --armor --export-secret-keys "$good" >"$keys/$good.asc"
refused "a secret key" "is a private key"
g --export-options export-minimal --export-filter keep-uid=uid=none --armor --export "$good" >"$keys/$good.asc"
refused "a key without a user ID" "has no user ID"
cp "$work/good.asc" "$keys/$good.asc"
rm -f "$sig" && g -u "$good" --clear-sign -o "$sig" "$archive"
refused "a clear-signed text" "is a clear-signed text"
rm -f "$sig" && g -u "$good" --sign -o "$sig" "$archive"
refused "a signed message" "not a detached signature"
echo '<!DOCTYPE html><p>not here' >"$sig"
refused "a page in place of a signature" "is a web page"
sign --faked-system-time 20370102T000000! -u "$good!"
refused "a signature of the future" "this host's clock says"
g --faked-system-time 20370101T000000! --quick-gen-key future@x ed25519 sign never
future=$(fpr future@x)
sign --faked-system-time 20370102T000000! -u "$future"
g --armor --export "$future" >"$keys/$future.asc"
signed "$future"
refused "a key of the future" "this host's clock says"
ok "and gpgv's own words" grep -qF "time warp or clock problem" "$work/out"
signed "$good"
sign -u "$good"

again
mv "$keys/$good.asc" "$work/served.asc"
mkdir -p "$COOPER_HOME/keys" && cp "$work/served.asc" "$COOPER_HOME/keys/$good.asc"
ends "the user's own key file" 0 "" "$cooper" build --yes
again
key_digest=$(sha256sum "$work/served.asc" | cut -d' ' -f1)
signed "$good" ", key-url: \"file://$work/served.asc\", key-sha256: $key_digest"
ends "a key that the recipe pins by URL and digest" 0 "" "$cooper" build --yes
again
g --armor --export "$other" >"$work/served.asc"
refused "another key at that URL" "cannot fetch the key $good"
ok "no folder is left behind" sh -c "! ls '$COOPER_HOME/build' | grep -q gpgv"

# Bytes that change where they are kept: size and time stay, so that only --deep sees it.
mkdir -p "$COOPER_HOME/keys" && g --armor --export "$good" >"$COOPER_HOME/keys/$good.asc"
sign -u "$good"
signed "$good"
ends "built" 0 "" "$cooper" build --yes
ends "verify --deep: all is well" 0 "0 damaged" "$cooper" verify --deep
spoil() { # spoil FILE
	python3 - "$1" <<-'END'
		import os, sys
		path, st = sys.argv[1], os.stat(sys.argv[1])
		os.chmod(path, 0o644)
		with open(path, "r+b") as f:
		    byte = f.read(1)
		    f.seek(0)
		    f.write(bytes([byte[0] ^ 1]))
		os.chmod(path, st.st_mode)
		os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))
	END
}
object=$(find "$COOPER_HOME/cas" -name "$digest")
rm -f "$object" && mkdir "$object"
ends "verify --deep: an object is a folder" 4 "'$object' is not a file: dropped" "$cooper" verify --deep
ends "and made again" 0 "" "$cooper" build --yes
keg=$(echo "$COOPER_HOME"/store/*-tiny-*)
spoil "$keg/bin/hello"
spoil "$(find "$COOPER_HOME/cas" -name "$digest")"
ends "unnoticed in daily use" 0 "nothing to do" "$cooper" build --yes
ends "verify --deep: an object and a result are damaged" 4 "2 of 2 were damaged, and are dropped" "$cooper" verify --deep
ok "they are dropped" [ ! -e "$keg" ]
ends "made again" 0 "" "$cooper" build --yes
ok "as it was" sh -c "[ \"\$('$keg/bin/hello')\" = hello ]"
ends "verify --deep: all is well again" 0 "0 damaged" "$cooper" verify --deep

# The keys that are shipped are the ones that the shipped recipes pin, all of them.
while read -r pinned; do
	ok "the key $pinned is shipped" [ -f "recipes/keys/$pinned.asc" ]
done < <(grep -hoE '\b[0-9A-F]{40}\b' recipes/*.yaml vmimages/*.yaml | sort -u)
for file in recipes/keys/*.asc; do
	pinned=$(basename "$file" .asc)
	ok "$file is the key of its name" sh -c "gpg --show-keys --with-colons '$file' | awk -F: '/^fpr/ {print \$10; exit}' | grep -qx $pinned"
done
finish
