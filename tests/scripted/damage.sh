#!/usr/bin/env bash
# Each file of a machine's folder, damaged in each way: what is disposable `up` makes anew, the data disk is the user's.
# All of them with DAMAGE=all (two minutes); else some of them, and each damage of what matters most.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/scripted/lib.sh
motd='{ name: motd, write: { path: /etc/motd, text: "hello" } }'
emulator one && image 1 && stack 512MiB "$motd"
cd "$project" || exit 1
whole=$work/whole data=$machine/data.qcow2

# damage HOW FILE
damage() {
	local file=$machine/$2 size
	size=0
	[ ! -f "$file" ] || size=$(wc -c <"$file")
	case $1 in
	missing) rm -rf "$file" ;;
	empty) rm -rf "$file" && : >"$file" ;;
	folder) rm -rf "$file" && mkdir "$file" && : >"$file/inside" ;;
	unreadable) [ ! -e "$file" ] || chmod 0 "$file" ;;
	truncated) [ ! -f "$file" ] || { head -c $((size / 2)) "$file" >"$work/half" && cat "$work/half" >"$file"; } ;;
	flipped) [ ! -f "$file" ] || { LC_ALL=C tr '\000-\377' '\001-\377\000' <"$file" >"$work/flip" && cat "$work/flip" >"$file"; } ;;
	other) echo "something else" >"$file" ;;
	dangling) rm -rf "$file" && ln -s "$work/nowhere/at/all" "$file" ;;
	pipe) rm -rf "$file" && mkfifo "$file" ;;
	esac
}
restore() {
	"$cooper" stop --quiet >/dev/null 2>&1
	chmod -R u+rwx "$machine" 2>/dev/null
	rm -rf "$machine" && cp -Rp "$whole" "$machine"
}
# heals HOW FILE - with one `up`, and no data are lost
heals() {
	restore && damage "$1" "$2"
	ends 0 "" timeout 30 "$cooper" up && ends 0 "nothing to do" "$cooper" up &&
		[ "$(guest etc/motd) $(field state)" = "hello ready" ] && cmp "$data" "$whole/data.qcow2" >>"$out"
}
# refused HOW - of the data disk: an error with a remedy, by up, plan and start, and nothing is made in its place
refused() {
	local command
	restore && damage "$1" data.qcow2
	for command in up plan start; do
		ends "$2" "$3" timeout 30 "$cooper" "$command" && grep -q '^hint: ' "$out" || return 1
	done
	[ "$(boots)" = "$at" ] && case $1 in
	missing) [ ! -e "$data" ] ;;
	empty) [ ! -s "$data" ] ;;
	folder) [ -e "$data/inside" ] ;;
	dangling) [ -L "$data" ] ;;
	pipe) [ -p "$data" ] ;;
	*) ! cmp -s "$data" "$whole/data.qcow2" ;;
	esac
}

check "up" ends 0 "runs" up
"$cooper" stop >"$out" 2>&1
cp -Rp "$machine" "$whole"
hows='missing empty folder unreadable truncated flipped dangling pipe'
files='lock current boot.json proofs.json connection.json data.json end.json ctl.sock qmp.sock ready.sock api.sock mux-core ssh
	ssh/id_ed25519 ssh/id_ed25519.pub ssh/ssh_host_ed25519_key ssh/ssh_host_ed25519_key.pub ssh/known_hosts ssh/port
	ssh/config log log/serial.log log/qemu.log log/api.log log/supervisor.log gen-1 gen-1/generation.json
	gen-1/machine.json gen-1/booted gen-1/config.ign gen-1/flash-vars.fd gen-1/os.qcow2 gen-1/step-motd.done'
number=0
for file in $files; do
	for how in $hows; do
		number=$((number + 1))
		[ "${DAMAGE:-}" = all ] || [ $((number % 19)) = 0 ] || continue
		check "$file $how" heals "$how" "$file"
	done
done
restore
at=$(boots)
check "the data disk is missing" refused missing 1 "is missing"
check "is empty" refused empty 4 "is empty"
check "is a folder" refused folder 4 "is no file"
check "is a link to nothing" refused dangling 1 "leads to nothing"
check "is a pipe" refused pipe 4 "is no file"
check "is no disk" refused other 4 "holds no size"
restore
mv "$data" "$work/elsewhere" && ln -s "$work/elsewhere" "$data"
check "one that lies elsewhere is used" ends 0 "runs" up

# --- while the machine runs ---

restore
check "up" ends 0 "runs" up
at=$(boots)
rm "$machine/lock" "$machine/ctl.sock"
check "lock and socket are removed: its supervisor has them again" wait_for ends 0 "is ready" "$cooper" status
echo none >"$machine/ssh/known_hosts" && rm "$machine/ssh/config"
check "damaged ssh files: plan" ends 3 "repair" "$cooper" plan
check "up puts them right" ends 0 "" up
check "without a boot" [ "$(field state) $(boots)" = "ready $at" ]
rm "$machine/ssh/id_ed25519"
check "a lost key: up makes a new OS disk" ends 0 "generation 2" up
check "with the data, and reaches it" [ "$(field state) $(guest etc/motd)" = "ready hello" ]
check "the data are the same" cmp "$data" "$whole/data.qcow2"
check "destroy" ends 0 "" "$cooper" destroy --yes
echo hello >"$machine"
check "a file where the machine's folder has to be" ends 2 "is not a folder" up
echo "$passed passed, $failed failed"
[ $failed = 0 ]
