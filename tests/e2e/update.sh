#!/usr/bin/env bash
# `cooper update` and a downloaded image, against a server on this machine: a stream document, a small disk, a key made
# here. Whatever is tampered with ends in exit 4, and nothing is in the store. Takes some 20 s; needs no network.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/e2e/lib.sh
real=$PWD/../shared/data/fedora-coreos-stable.json
golden=$PWD/tests/golden/update/podman.lock
work=$(mktemp -d)
server=''
trap '[ -z "$server" ] || kill "$server"; gpgconf --homedir "$work/gpg" --kill all 2>/dev/null; chmod -R u+w "$work"
rm -rf --one-file-system "$work"' EXIT
export COOPER_HOME=$work/home no_proxy=127.0.0.1
mkdir -p "$work/www/streams" "$work/p/recipes/keys" "$work/p/vmimages" "$work/gpg"
chmod 700 "$work/gpg"

# --- a server on a port that the kernel chooses ---

cat >"$work/serve.py" <<'PYTHON'
import functools, http.server, sys

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 "$work/serve.py" "$work/www" >"$work/port" 2>/dev/null &
server=$!
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done
base=http://127.0.0.1:$(cat "$work/port")

# --- keys, images, the stack ---

gpg() { command gpg --homedir "$work/gpg" --batch --quiet --no-tty --passphrase '' --pinentry-mode loopback "$@" 2>/dev/null; }
fingerprint() { gpg --with-colons --list-keys "$1" | awk -F: '$1 == "fpr" { print $10; exit }'; }
sum() { sha256sum "$1" | cut -d' ' -f1; }

# image VERSION - a small packed disk of its own content, signed, and its stream document
image() {
	local f=$work/www/coreos-$1-qemu.aarch64.qcow2
	yes "disk $1" | head -c 300000 >"$work/raw"
	qemu-img convert -O qcow2 "$work/raw" "$f" || exit 1
	inner=$(sum "$f")
	xz -qf "$f"
	packed=$f.xz
	rm -f "$packed.sig"
	gpg -u project --detach-sign -o "$packed.sig" "$packed" || exit 1
	stream "$1" "$(sum "$packed")" "$inner"
}

# stream VERSION SHA256 INNER [SIGNATURE]
stream() {
	local url=$base/coreos-$1-qemu.aarch64.qcow2.xz
	cat >"$work/www/streams/stable.json" <<-JSON
		{"stream": "stable", "metadata": {"generator": "test"}, "architectures": {"aarch64": {"artifacts": {
		"metal": {"release": "$1", "formats": {}},
		"qemu": {"release": "$1", "formats": {"qcow2.xz": {"disk": {"location": "$url",
		"signature": "${4-$url.sig}", "sha256": "$2", "uncompressed-sha256": "$3"}}}}}}}}
	JSON
}

recipe() {
	cat >"$work/p/vmimages/fedora-coreos.yaml" <<-YAML
		kind: image
		name: fedora-coreos
		version: 44.1.1
		os: fedora-coreos
		channel: $base/streams/stable.json
		source:
		  - url: $base/coreos-44.1.1-qemu.aarch64.qcow2.xz
		    sha256: $(sum "$work/www/coreos-44.1.1-qemu.aarch64.qcow2.xz")
		    uncompressed-sha256: $first
		    signature: { url: "file://$work/www/coreos-44.1.1-qemu.aarch64.qcow2.xz.sig", key: $1 }
		format: qcow2.xz
		boot: { mode: uefi }
		user: core
	YAML
}

gpg --quick-gen-key project ed25519 sign never && gpg --quick-gen-key other ed25519 sign never || exit 1
key=$(fingerprint project) other=$(fingerprint other)
gpg --armor --export project >"$work/p/recipes/keys/$key.asc"
gpg --armor --export other >"$work/p/recipes/keys/$other.asc"
image 44.1.1
first=$inner
recipe "$key"
printf 'kind: stack\nemulator: qemu\nimage: fedora-coreos\nmachine: { name: update, cpus: 1, memory: 1GiB, disk: 8GiB }\n' \
	>"$work/p/cooper.yaml"
cd "$work/p" || exit 1
update() { "$cooper" update --guest-arch aarch64 "$@"; }
make_image() { "$cooper" build --image --guest-arch aarch64 "$@"; }
results() { find "$COOPER_HOME/store" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l; }
says() { grep -qF -- "$1" "$work/out" || { echo "does not say: $1"; cat "$work/out"; return 1; }; }
disk_of() { sha256sum "$COOPER_HOME"/store/*/"$1" 2>/dev/null | cut -d' ' -f1 | sort; }

# fresh - no lock, an empty home, image 44.1.2 as it should be
fresh() {
	chmod -R u+w "$COOPER_HOME" 2>/dev/null
	rm -rf "$COOPER_HOME" cooper.lock
	image 44.1.2
	recipe "$key"
}

# --- as it should be ---

exits 0 make_image && [ "$(disk_of disk.qcow2)" = "$first" ]
result "without a lock: the recipe's own pin is unpacked" $?
exits 0 update && says 'channel:fedora-coreos:stable:aarch64:qcow2.xz: 44.1.1, unchanged'
result "update: unchanged" $?
image 44.1.2
exits 0 update --dry-run && says '44.1.1 -> 44.1.2' && grep -q 44.1.1 cooper.lock && ! grep -q 44.1.2 cooper.lock
result "update --dry-run: old -> new, the lock stays" $?
exits 0 update --json && says '"changed": true' && python3 -m json.tool "$work/out" >/dev/null && grep -q 44.1.2 cooper.lock
result "update --json: the lock is written" $?
exits 0 make_image && disk_of disk.qcow2 | grep -q "$inner" && [ "$(results)" = 2 ]
result "the locked image is unpacked beside the old one" $?
receipt=$(grep -l "$inner" "$COOPER_HOME"/store/*/receipt.json) && grep -q "$(sum "$packed")" "$receipt" &&
	grep -q "$key" "$receipt"
result "its receipt has both digests and the key" $?
exits 0 make_image && says 'nothing to do'
result "and then there is nothing to do" $?

# --- tampered with: exit 4, nothing in the store ---

# refused NAME TEXT - update as far as it goes, then the image must be refused
refused() {
	exits 0 update && exits 4 make_image && says "$2" && [ "$(results)" = 0 ]
	result "$1: exit 4, nothing in the store" $?
}

fresh && stream 44.1.2 "$(sum "$work/raw")" "$inner"
refused "the stream has the digest of another file" "digest differs"
fresh && printf 'X' | dd of="$packed" bs=1 seek=200 conv=notrunc status=none
refused "a byte of the image" "digest differs"
fresh && stream 44.1.2 "$(sum "$packed")" "$first"
refused "another digest of what is inside" "the unpacked data has SHA-256"
fresh && gpg -u project --detach-sign -o "$work/sig" "$work/raw" && mv "$work/sig" "$packed.sig"
refused "a signature of other bytes" "signature"
fresh && rm "$packed.sig" && gpg -u other --detach-sign -o "$packed.sig" "$packed"
refused "a signature by another key" "$key"
fresh && recipe "$other"
refused "the recipe names a key with another fingerprint" "$other"
fresh && rm "$work/p/recipes/keys/$key.asc" && recipe "$key"
refused "no such key here" "not found"
gpg --armor --export project >"$work/p/recipes/keys/$key.asc"
fresh && gpg --armor --export other >"$work/p/recipes/keys/$key.asc"
refused "a key file that holds another key" "$key"
gpg --armor --export project >"$work/p/recipes/keys/$key.asc"
fresh && exits 0 update && sed -i '/"uncompressed_sha256"/d' cooper.lock && exits 4 make_image && [ "$(results)" = 0 ]
result "a lock without the inner digest: exit 4, nothing in the store" $?

# --- documents that say nothing good: the lock is not touched ---

# no_update CODE NAME TEXT
no_update() {
	exits "$1" update && says "$3" && [ ! -e cooper.lock ]
	result "$2: exit $1, no lock" $?
}

fresh && stream 44.1.2 "$(sum "$packed")" "$inner" "ftp://x.test/a.sig"
no_update 4 "a signature's URL that is none" "signature"
fresh && sed -i 's/"signature": "[^"]*",//' "$work/www/streams/stable.json"
no_update 4 "no signature, and the recipe requires one" "has no signature"
fresh && truncate -s 200 "$work/www/streams/stable.json"
no_update 4 "half a document" "channel"
fresh && head -c 5000000 /dev/zero | tr '\0' ' ' >>"$work/www/streams/stable.json"
no_update 4 "a document of 5 MB" "channel"
fresh && sed -i 's/"qemu"/"qemo"/' "$work/www/streams/stable.json"
no_update 1 "another artifact" "did you mean 'qemo'"
fresh && sed -i "s,channel: http://127.0.0.1,channel: http://127.0.0.1.x.test," vmimages/fedora-coreos.yaml
no_update 2 "a channel over http: to elsewhere" "is not an https: URL"

# --- the real document ---

if [ -f "$real" ]; then
	fresh && cp "$real" "$work/www/streams/stable.json"
	exits 0 update && exits 0 "$cooper" update --guest-arch x86_64 && says '-> 44.20260707.3.1' &&
		diff "$golden" cooper.lock
	result "the real document writes the lock that is expected" $?
else
	echo "SKIP: the real stream document is not here"
fi
totals
