#!/usr/bin/env bash
# Snapshots, clones and protection under the scripted machine: what the data disk holds at each point, what is left of
# layers, what is refused. (Killed anywhere, and given again: tests/fault.)
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
emulator one && image 1 && stack 512MiB
cd "$project" || exit 1
data=$machine/data.qcow2
# The third line of a disk is what it holds itself, the second the disk that it stands on.
add() { printf '%s' "$1" >>"${2:-$machine}/data.qcow2"; }
holds() {
	local file=${1:-$machine}/data.qcow2 all='' below
	while :; do
		all=$(sed -n 3p "$file")$all
		below=$(sed -n 2p "$file")
		[ "$below" != none ] || break
		file=$(dirname "$file")/$below
	done
	echo "$all"
}
layers() { find "$COOPER_HOME/disks" -type f 2>/dev/null | grep -c .; }
snapshot() { "$cooper" snapshot "$@"; }

check "up" ends 0 "$foreign runs" up
check "none yet" ends 0 "has no snapshots" snapshot list
check "not of a machine that runs" ends 5 "is running" snapshot create one
check "stop" ends 0 "" "$cooper" stop
check "up says where the disk lies; it is written" add A
check "create" ends 0 "created snapshot 'one' of 'dev'" snapshot create one
check "the disk holds the same" [ "$(holds)" = A ]
check "it stands on one layer" [ "$(layers)" = 1 ]
check "which nobody may write" [ -z "$(find "$COOPER_HOME/disks" -type f -perm /222)" ]
add B
check "a second one" ends 0 "" snapshot create two
add C
check "all is there" [ "$(holds)" = ABC ]
check "list has both, the older one first" ends 0 "one" snapshot list
check "and as JSON" ends 0 '"name": "two"' snapshot list --json
check "the same name again" ends 2 "has a snapshot 'one' already" snapshot create one
for name in '' . .. ../x a/b -x 'a b' "$(printf 'a%.0s' {1..65})" $'a\nb' é; do
	check "a name that is none: '$name'" ends 2 "cannot be the name of a snapshot" snapshot create -- "$name"
done
check "restore asks" ends 2 "nothing was changed" snapshot restore one
check "nothing was changed" [ "$(holds)" = ABC ]
check "restore one that is not there" ends 1 "did you mean 'two'?" snapshot restore tow --yes
check "restore" ends 0 "is back at snapshot 'one'" snapshot restore one --yes
check "the disk is as it was" [ "$(holds)" = A ]
check "the other one is still there" ends 0 "" snapshot restore two --yes
check "and holds what it held" [ "$(holds)" = AB ]
check "gc finds nothing" ends 0 "everything" "$cooper" gc --yes
check "up again: its disk is used" ends 0 "" up
check "nor is one restored while it runs" ends 5 "is running" snapshot restore one --yes
check "nor deleted" ends 5 "is running" snapshot delete one
check "stop" ends 0 "" "$cooper" stop
add D
check "delete the older one" ends 0 "" snapshot delete one
check "the disk is as before" [ "$(holds)" = ABD ]
check "one layer is left" [ "$(layers)" = 1 ]
check "it still holds its own" ends 0 "" snapshot restore two --yes
check "and that" [ "$(holds)" = AB ]
check "delete the last one" ends 0 "" snapshot delete two
check "no layer is left" [ "$(layers)" = 0 ]
check "the disk is whole by itself" [ "$(sed -n 2p "$data") $(holds)" = "none AB" ]

# --- clones ---

check "a clone of its own name" ends 2 "there is a machine 'dev' already" "$cooper" clone dev
check "a name that is none" ends 2 "cannot be the name of a machine" "$cooper" clone Dev
check "a clone" ends 0 "machine 'twin' is a clone of 'dev'" "$cooper" clone twin
twin=$COOPER_HOME/machines/twin
check "holds the same" [ "$(holds "$twin")" = AB ]
add T "$twin" && add E
check "each writes its own" [ "$(holds) $(holds "$twin")" = "ABE ABT" ]
check "it starts" ends 0 "'twin' is running" "$cooper" start twin
check "beside the first" ends 0 "'dev' is running" "$cooper" start dev
check "while it runs: no clone of it" ends 5 "is running" "$cooper" clone twin three
check "both stop" ends 0 "" "$cooper" stop twin
check "both stop" ends 0 "" "$cooper" stop dev
check "a snapshot of the clone" ends 0 "" snapshot create mine twin
check "is not the first one's" ends 0 "has no snapshots" snapshot list dev
check "gc leaves all" ends 0 "everything" "$cooper" gc --yes
check "protect" ends 0 "is protected" "$cooper" protect twin
check "list says so" ends 0 "stopped, protected" "$cooper" list machines
check "destroy refuses" ends 2 "is protected; nothing was removed" "$cooper" destroy --yes twin
check "with --all, too" ends 2 "is protected; nothing was removed" "$cooper" destroy --yes --all
check "nothing is gone" [ "$(holds) $(holds "$twin")" = "ABE ABT" ]
check "unprotect" ends 0 "is not protected" "$cooper" unprotect twin
check "destroy the first" ends 0 "machine 'dev' is gone" "$cooper" destroy --yes dev
check "the clone has all that it had" [ "$(holds "$twin")" = ABT ]
check "and goes on" ends 0 "'twin' is running" "$cooper" start twin
check "destroy it" ends 0 "machine 'twin' is gone" "$cooper" destroy --yes twin
check "no layer is left" [ "$(layers)" = 0 ]

# --- what is not ours to follow, or broken ---

check "up" ends 0 "" up
check "stop" ends 0 "" "$cooper" stop
add A
mv "$data" "$work/elsewhere" && ln -s "$work/elsewhere" "$data"
check "a data disk that is a link" ends 2 "is a link" snapshot create one
check "nor cloned" ends 2 "is a link" "$cooper" clone twin
check "nothing is left of either" [ "$(layers) $(ls "$COOPER_HOME/machines")" = "0 dev" ]
rm "$data" && mv "$work/elsewhere" "$data"
check "create" ends 0 "" snapshot create one
layer=$(find "$COOPER_HOME/disks" -type f)
mv "$layer" "$work/layer"
check "a layer is lost: start says so" ends 1 "$(basename "$layer")" "$cooper" start
check "gc removes nothing" ends 1 "cannot determine which disks are in use" "$cooper" gc --yes
check "and no snapshot is made" ends 1 "" snapshot create two
check "the list marks it" ends 0 "damaged" snapshot list
mv "$work/layer" "$layer"
check "put back, all is well" [ "$(holds)" = A ]
echo '{}' >"$machine/snapshots/one.json"
check "a note that says nothing: gc removes nothing" ends 4 "names no layer" "$cooper" gc --yes
check "it can be deleted" ends 0 "" snapshot delete one
check "the disk is as it was" [ "$(holds)" = A ]
touch "$COOPER_HOME/disks/all/notes" "$COOPER_HOME/machines/.DS_Store"
check "what is no layer stays" ends 0 "everything" "$cooper" gc --yes
check "it does" [ -e "$COOPER_HOME/disks/all/notes" ]
rm "$COOPER_HOME/disks/all/notes"

# --- another machine's disk cannot be seen, or is away: on what it stands is not known ---

check "a clone" ends 0 "" "$cooper" clone twin
add T "$twin"
check "and a snapshot" ends 0 "" snapshot create one
add B
for way in "mv data.qcow2 away" "mv data.qcow2 away; ln -s /nonexistent/volume data.qcow2" ": >data.qcow2" \
	"mv snapshots away; ln -s /nonexistent snapshots"; do
	[ -d "$twin/snapshots" ] || snapshot create mine twin >"$out" 2>&1
	cp -a "$twin" "$work/twin" && cp -a "$COOPER_HOME/disks" "$work/disks"
	(cd "$twin" && eval "$way")
	check "$way: gc removes nothing" [ "$("$cooper" gc --yes 2>&1 | grep -c "machine 'twin'")" = 1 ]
	check "$way: delete does, and tells what is left" ends 0 "machine 'twin'" snapshot delete one
	check "$way: the disk is as it was" [ "$(holds)" = AB ]
	check "$way: destroy tells, too" ends 0 "machine 'twin'" "$cooper" destroy --yes dev
	rm -rf "$twin" && mv "$work/twin" "$twin"
	check "$way: put back, the clone is whole" [ "$(holds "$twin")" = AT ]
	check "up" ends 0 "" up
	check "stop" ends 0 "" "$cooper" stop
	rm -rf "$work/disks"
	printf '%s' AB >>"$data"
	check "a snapshot" ends 0 "" snapshot create one
done
check "delete it" ends 0 "" snapshot delete one
echo 'kernel hold up run' >"$COOPER_HOME/boots"
start run "$cooper" machine run dev
check "a machine that is run without us, and boots" wait_for grep -q '^kernel hold' "$COOPER_HOME/booted"
check "is not changed below it" ends 5 "is running" snapshot create one
: >"$COOPER_HOME/go"
check "it comes up" wait_for ends 0 "is ready" "$cooper" status
check "stop" ends 0 "" "$cooper" stop
for ((i = 1; i <= 33; i++)); do
	snapshot create "s$i" >"$out" 2>&1 || break
	add x
done
check "no more than 32 on top of one another" grep -q "depends on 32 others" "$out"
check "which works" ends 0 "runs" up
check "stop" ends 0 "" "$cooper" stop
for ((i = 1; i <= 32; i++)); do
	snapshot delete "s$i" >"$out" 2>&1 || break
done
check "and is undone" [ "$(sed -n 2p "$data")" = none ]
check "clone without a name" ends 2 "needs the name" "$cooper" clone
before=$(layers)
for ((i = 1; i <= 3; i++)); do "$cooper" clone "c$i" >"$out" 2>&1; done
check "three clones of a machine that does not change: one layer more" [ "$(layers)" = $((before + 1)) ]
check "destroy --all" ends 0 "" "$cooper" destroy --yes --all
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
