# Networks between containers, and ports on the host's 127.0.0.1.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # names that the other files have; texts for a shell of the guest
area networks

by_name() {
	c network create "n$n" >/dev/null && web --network "n$n" && is "$(c run --rm --network "n$n" "$busy" sh -c "for i in 1 2 3 4 5 6 7 8; do wget -qO- http://$n/ 2>/dev/null && exit; sleep 1; done")" hello
}
works "$all" "two containers of a network, by name" by_name

by_alias() {
	c network create "n$n" >/dev/null && web --network "n$n" --network-alias "www$n" && is "$(c run --rm --network "n$n" "$busy" sh -c "for i in 1 2 3 4 5 6 7 8; do wget -qO- http://www$n/ 2>/dev/null && exit; sleep 1; done")" hello
}
works "$both" "two containers of a network, by alias" by_alias

connected_later() {
	c network create "n$n" >/dev/null && c network create "m$n" >/dev/null && web --network "n$n" && idle_other "m$n" || return
	! c exec "o$n" wget -T 3 -qO- "http://$n/" 2>/dev/null && c network connect "n$n" "o$n" &&
		await 20 c exec "o$n" wget -T 3 -qO- "http://$n/" && c network disconnect "n$n" "o$n" && ! c exec "o$n" wget -T 3 -qO- "http://$n/"
}
idle_other() { c run -d --name "o$n" --network "$1" "$busy" sleep 1000 >/dev/null; }
works "$both" "network connect and disconnect, while they run" connected_later

apart() {
	c network create "n$n" >/dev/null && c network create --internal "m$n" >/dev/null && web --network "n$n" &&
		! c run --rm --network "m$n" "$busy" wget -T 3 -qO- "http://$n/" && c network ls | grep -q "m$n" && c network rm "m$n" >/dev/null
}
works "$both" "another network does not reach it; --internal, ls, rm" apart

fixed_address() {
	c network create --subnet "10.99.$seq.0/24" "n$n" >/dev/null && is "$(c run --rm --network "n$n" --ip "10.99.$seq.7" "$busy" ip -4 -o addr show eth0 | grep -o "10\.99\.$seq\.7/24")" "10.99.$seq.7/24"
}
works "$both" "--subnet and --ip" fixed_address

none_and_host() {
	is "$(c run --rm --network none "$busy" ip -o link | grep -c eth)" 0 && c run --rm --network host "$busy" ip -o link | grep -qE 'en|eth'
}
works "$both" "--network none and host" none_and_host

shared_network() { web && is "$(c run --rm --network "container:$n" "$busy" wget -qO- http://127.0.0.1/)" hello; }
works "$both" "--network container:NAME" shared_network

host_name() { c run --rm "$busy" sh -c 'grep -q host.docker.internal /etc/hosts && grep -q host.containers.internal /etc/hosts'; }
works "$both" "host.docker.internal and host.containers.internal are known" host_name

gateway() { is "$(c run --rm --add-host "h:host-gateway" "$busy" grep -c '10.0.2.2.*h$' /etc/hosts)" 1; }
works "podman5 docker" "--add-host NAME:host-gateway is the host" gateway
fails "podman" "--add-host NAME:host-gateway is the host" gateway "podman 4.3 does not know the word; host.containers.internal is there" "invalid IP address"

published() {
	local p
	p=$(free_port) && web -p "$p:80" && await 30 hello "$p" && is "$(port "$n" 80/tcp)" "$p" && c rm -f "$n" >/dev/null && await 30 not hello "$p"
}
area ports
works "$all" "-p: on the host's 127.0.0.1, and gone with the container" published

loopback_published() { local p; p=$(free_port) && web -p "127.0.0.1:$p:80" && await 30 hello "$p"; }
works "$both" "-p 127.0.0.1:PORT" loopback_published

random_published() { web -p 80 && await 30 hello "$(port "$n" 80/tcp)"; }
works "$three" "-p without a port of the host, which \`port\` says" random_published

exposed() { web --expose 80 -P && await 30 hello "$(port "$n" 80/tcp)"; }
works "$both" "--expose and -P" exposed

udp_answers() { [ "$(echo ping | timeout 3 python3 -c '
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2); s.sendto(b"ping", ("127.0.0.1", int(sys.argv[1]))); print(s.recv(99).decode())' "$1")" = pong ]; }
# The guest's own perl: busybox has nothing that answers to UDP.
udp() {
	local p
	p=$(free_port) && c run -d --name "$n" -v /usr:/guest:ro -p "$p:53/udp" "$busy" sh -c 'p=$(echo /guest/lib/*/perl-base)
for ld in /guest/lib/*/ld-linux*.so.*; do
	exec "$ld" --library-path "${p%/*}" /guest/bin/perl "-I$p" -MIO::Socket::INET -e "
my \$s = IO::Socket::INET->new(LocalPort => 53, Proto => q(udp)) or die; while (1) { my \$p = \$s->recv(my \$d, 99); \$s->send(q(pong), 0, \$p) }"
done' >/dev/null && await 40 udp_answers "$p"
}
works "$both" "UDP" udp

again() {
	local p
	p=$(free_port) && web -p "$p:80" && await 30 hello "$p" && c stop -t 0 "$n" >/dev/null && await 30 not hello "$p" && c start "$n" >/dev/null && await 30 hello "$p" &&
		c restart -t 0 "$n" >/dev/null && await 30 hello "$p"
}
works "$all" "stop, start and restart: there again" again

range() {
	local p
	p=$(free_port) && c run -d --name "$n" -p "$p-$((p + 2)):8000-8002" "$busy" sh -c 'mkdir /www; echo hello >/www/index.html; for i in 8000 8001 8002; do httpd -p $i -h /www; done; sleep 1000' >/dev/null &&
		await 30 hello "$p" && await 30 hello $((p + 2))
}
works "$both" "a range of ports" range

bound_elsewhere() {
	local p
	p=$(free_port)
	web -p "$p:80" && await 30 hello "$p" && ! c run --rm -p "$p:80" "$busy" true 2>"$work/err" && grep -qiE 'in use|already allocated|bind' "$work/err"
}
works "$both" "a port that another container has is said" bound_elsewhere

network_and_port() {
	local p
	p=$(free_port) && c network create "n$n" >/dev/null && web --network "n$n" -p "$p:80" && await 30 hello "$p"
}
works "$both" "-p of a container in a network of its own" network_and_port
