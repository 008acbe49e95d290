#!/usr/bin/env bash
# Export and import under the scripted machine: what is in the file, what a machine made from it holds, which files are
# refused. (Killed anywhere, and given again: tests/fault.)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
emulator one && image 1 && stack 512MiB
cd "$project" || exit 1
data=$machine/data.qcow2
file=$work/dev.tar
add() { printf '%s' "$1" >>"$data"; }
inside() { sed -n 3p "$COOPER_HOME/machines/$1/data.qcow2"; }
left() { find "$COOPER_HOME/machines" -name '.gone-*' | grep -c .; }

check "up" ends 0 "$foreign runs" up
check "not of a machine that runs" ends 5 "is running" "$cooper" export "$file"
check "stop" ends 0 "" "$cooper" stop
add A
check "what is below it is in it, too" ends 0 "" "$cooper" snapshot create one
add B
check "export" ends 0 "exported 'dev' to '$file'" "$cooper" export "$file"
check "for its owner alone" [ "$(stat -c %a "$file")" = 600 ]
check "any tar reads it" [ "$(tar -tf "$file" | tr '\n' ' ')" = "machine.json data.qcow2 SHA256SUMS " ]
mkdir "$work/box" && tar -C "$work/box" -xf "$file"
check "sha256sum checks it" [ "$(cd "$work/box" && sha256sum -c SHA256SUMS 2>&1 | tr '\n' ' ')" = "machine.json: OK data.qcow2: OK " ]
check "its disk stands on nothing" [ "$(sed -n 2,3p "$work/box/data.qcow2" | tr '\n' ' ')" = "none AB" ]
check "no key is in it" [ "$(grep -c 'PRIVATE KEY' "$file")" = 0 ]
check "nothing is left of the work" [ "$(left)" = 0 ]
check "not over what is there" ends 2 "already exists" "$cooper" export "$file"
check "nor where nothing can be" ends 1 "" "$cooper" export "$work/none/dev.tar"
check "nor in the place of a folder" ends 2 "already exists" "$cooper" export "$work/box"
check "the same data gives the same file" ends 0 "" "$cooper" export dev "$work/again.tar"
check "byte for byte" cmp "$file" "$work/again.tar"
check "a machine's name is no file's" ends 2 "is the name of a machine" "$cooper" export dev
check "nor is nothing" ends 2 "needs the name of the file" "$cooper" export ''
mkdir "$work/beside" && touch "$work/beside/report.tmp-0123456789abcdef" "$work/beside/r.tmp-0123456789abcdef"
check "what a killed one left beside it goes" ends 0 "" "$cooper" export "$work/beside/r"
# shellcheck disable=SC2012  # names are ours
check "and nothing else" [ "$(ls "$work/beside" | tr '\n' ' ')" = "r report.tmp-0123456789abcdef " ]
check "without a file" ends 2 "needs the name of the file" "$cooper" export

check "import: the name is taken" ends 2 "there is a machine 'dev' already" "$cooper" import "$file"
check "import" ends 0 "imported 'twin' from" "$cooper" import "$file" twin
check "it holds the same" [ "$(inside twin)" = AB ]
check "list has it" ends 0 twin "$cooper" list machines
check "gc leaves it" ends 0 "everything" "$cooper" gc --yes
for command in start restart "snapshot list" verify "export twin $work/twin.tar" "clone twin three"; do
	case $command in *twin*) set -- ;; *) set -- twin ;; esac
	# shellcheck disable=SC2086  # words
	check "without an OS disk: $command" ends 1 "has no OS disk yet" "$cooper" $command "$@"
done
check "destroy removes it" ends 0 "machine 'twin' is gone" "$cooper" destroy --yes twin

# elsewhere: another home
check "the machine goes" ends 0 "machine 'dev' is gone" "$cooper" destroy --yes dev
check "import, as it was called" ends 0 "imported 'dev'" "$cooper" import "$file"
check "up takes its data" ends 0 "$foreign runs" up
check "all of it" [ "$(inside dev)" = AB ]
check "it goes on as any other" ends 0 "" "$cooper" stop
check "with snapshots" ends 0 "" "$cooper" snapshot create one

# --- what is no such file ---

refused() {
	check "$1" ends "$2" "$3" "$cooper" import "$4" twin
	check "$1: nothing is left" [ "$(left) $(ls "$COOPER_HOME/machines")" = "0 dev" ]
}
pack() { tar -C "$work/box" -cf "$work/bad.tar" "$@"; }
again() { (cd "$work/box" && sha256sum machine.json data.qcow2 >SHA256SUMS); }
refused "nothing there" 1 "does not exist" "$work/none.tar"
refused "a folder" 2 "is not a file" "$work/box"
mkfifo "$work/pipe"
refused "a pipe" 2 "is not a file" "$work/pipe"
: >"$work/empty"
refused "an empty file" 4 "$work/empty" "$work/empty"
for bytes in 100 600 1600 2600; do
	head -c "$bytes" "$file" >"$work/bad.tar"
	refused "cut after $bytes" 4 "" "$work/bad.tar"
done
sed "s/AB\x00/AC\x00/" "$file" >"$work/bad.tar"
refused "another byte in the disk" 4 "differs from its own checksums" "$work/bad.tar"
sed 's/"name": "dev"/"name": "dog"/' "$file" >"$work/bad.tar"
refused "another byte in the description" 4 "differs from its own checksums" "$work/bad.tar"
pack machine.json SHA256SUMS data.qcow2
refused "another order" 4 "has no 'data.qcow2' where one is expected" "$work/bad.tar"
pack machine.json data.qcow2
refused "no sums" 4 "has no 'SHA256SUMS'" "$work/bad.tar"
pack machine.json data.qcow2 SHA256SUMS data.qcow2
refused "more in it" 4 "there is more in it" "$work/bad.tar"
pack -S machine.json data.qcow2 SHA256SUMS && (cd "$work/box" && cp data.qcow2 whole && truncate -s +64K data.qcow2 && again && pack -S machine.json data.qcow2 SHA256SUMS && mv whole data.qcow2 && again)
refused "with holes" 4 "with holes" "$work/bad.tar"
(cd "$work/box" && python3 -c 'import zipfile; z = zipfile.ZipFile("../bad.zip", "w", strict_timestamps=False); [z.write(n) for n in ("machine.json", "data.qcow2", "SHA256SUMS")]; z.close()')
refused "a zip" 4 "it is no tar" "$work/bad.zip"
mv "$work/box/data.qcow2" "$work/disk" && ln -s /etc/hosts "$work/box/data.qcow2" && again && pack machine.json data.qcow2 SHA256SUMS
refused "a link for a disk" 4 "has no 'data.qcow2'" "$work/bad.tar"
rm "$work/box/data.qcow2" && echo hello >"$work/box/data.qcow2" && again && pack machine.json data.qcow2 SHA256SUMS
refused "a disk that is none" 4 "" "$work/bad.tar"
cp "$work/disk" "$work/box/data.qcow2"
about() { printf '%s' "$1" >"$work/box/machine.json" && again && pack machine.json data.qcow2 SHA256SUMS; }
about '{"format": 2, "name": "dev", "uid": 0}'
refused "of a newer cooper" 2 "written by a newer cooper" "$work/bad.tar"
about '{"format": 1, "name": "dev", "uid": 4711}'
refused "of another user" 2 "belong to user id 4711" "$work/bad.tar"
for text in '' '{' '[]' '{}' '{"format": 1}' '{"format": "1", "name": "dev", "uid": 1000}' '{"format": 1, "name": 7, "uid": 1000}'; do
	about "$text"
	refused "a description '$text'" 4 "" "$work/bad.tar"
done
about "{\"format\": 1, \"name\": \"../../x\", \"uid\": $(id -u | sed 's/^0$/1000/')}"
check "a name that is none" ends 2 "cannot be the name of a machine" "$cooper" import "$work/bad.tar"
check "nothing is left" [ "$(left) $(ls "$COOPER_HOME/machines")" = "0 dev" ]
check "nor one given" ends 2 "cannot be the name of a machine" "$cooper" import "$file" ../x
gzip -k "$file"
check "a packed one is read, too" ends 0 "imported 'packed'" "$cooper" import "$file.gz" packed
check "it holds the same" [ "$(inside packed)" = AB ]
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
