# After the machine was stopped and started.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area boot

# The containers are started before, and are looked at after it.
before_boot() {
	local name who
	for name in podman podman-root docker; do
		for who in always unless-stopped; do
			client=$name
			c run -d --name "boot-$name-$who" --restart "$who" "$busy" sleep 1000
		done
	done
	client=podman
	boot_port=$(free_port)
	n=boot-web && web --restart always -p "$boot_port:80"
	"$cooper" stop && "$cooper" start
}
if [ "$mode" = run ] && wanted "after a boot"; then
	exits 0 before_boot
	result "the machine is stopped and started" $?
	cat "$work/out"
fi
runs_again() { await 60 running "boot-$client-$1"; }
always_again() { runs_again always; }
unless_again() { runs_again unless-stopped; }
port_again() { await 60 hello "$boot_port"; }
works "podman podman-root docker" "--restart always: runs after a boot" always_again
fails "podman podman-root docker" "--restart unless-stopped: runs after a boot" unless_again "the guest's podman is older than 5.8, which knows it: \`always\` does" 'not in time'
works "podman" "-p: there after a boot" port_again
killed() { kill -9 "$("$cooper" status --json | sed -n 's/^  "pid": \([0-9]*\),*/\1/p')" && "$cooper" start && port_again; }
works "podman" "-p: there after the supervisor was killed, and a start" killed
