#!/usr/bin/env python3
"""ports.py COOPER [STACK...]: what containers publish is on the host, of a machine that runs.

TCP and UDP, rootless and as root, at all of the guest's addresses and at its 127.0.0.1; removal, a port that is taken, a
hundred ports at once, and an ssh or a podman that ends. How long each takes is printed; only whether it comes is judged.
The containers run the guest's own perl.
"""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

PATIENCE = 120  # seconds: a busy host, an emulated guest
COOPER, STACK = sys.argv[1], sys.argv[2:]
IMAGE = r"""
set -e
d=$(mktemp -d); cd "$d"; mkdir -p usr/bin usr/lib
cp /usr/bin/perl usr/bin/
for l in $(ldd /usr/bin/perl | grep -o '/[^ ]*'); do mkdir -p ".${l%/*}"; cp -L "$l" ".$l"; done
for p in /usr/lib/*/perl-base; do mkdir -p ".${p%/*}"; cp -a "$p" ".$p"; done
cat > echo.pl <<'P'
use IO::Socket::INET; use IO::Select;
my @s = map {(IO::Socket::INET->new(LocalPort => $_, Listen => 5, ReuseAddr => 1),
              IO::Socket::INET->new(LocalPort => $_, Proto => 'udp'))} $ARGV[0] .. $ARGV[1];
my $all = IO::Select->new(@s);
while (my @r = $all->can_read) {
    for my $s (@r) {
        if ($s->socktype == SOCK_STREAM) { my $c = $s->accept; print $c "tcp" if $c; }
        else { my $p = $s->recv(my $d, 9000); $s->send("udp$d", 0, $p); }
    }
}
P
tar c . | podman import -c 'ENTRYPOINT ["/usr/bin/perl", "/echo.pl"]' - localhost/echo >&2
rm -rf "$d"
"""
results = []


def result(name, good, note=""):
    results.append(bool(good))
    print(f"{'ok   ' if good else 'FAIL '} {name}{': ' + note if note else ''}", flush=True)


def status():
    out = subprocess.run([COOPER, "status", "--json", *STACK], capture_output=True, text=True, check=False).stdout
    return json.loads(out)


def guest(*words, stdin=""):
    return subprocess.run([COOPER, "ssh", *STACK[1:], *STACK[:1], "--", *words], input=stdin, text=True, check=True,
                          capture_output=True).stdout


class Api(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def call(api, method, target, body=None):
    c = Api(api)
    c.request(method, target, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = c.getresponse()
    data = answer.read()
    if answer.status >= 400:
        raise RuntimeError(f"{method} {target}: {answer.status} {data[:300]}")
    return json.loads(data) if data else None


def reachable(api):
    """Whether the guest's podman answers through that socket."""
    try:
        call(api, "GET", "/v1.40/version")
        return True
    except (OSError, http.client.HTTPException):
        return False


def run(api, name, first, last, address="", protocols=("tcp", "udp")):
    """A container that echoes on these ports, as docker clients start one."""
    keys = [f"{p}/{q}" for p in range(first, last + 1) for q in protocols]
    call(api, "POST", f"/v1.40/containers/create?name={name}", {
        "Image": "localhost/echo", "Cmd": [str(first), str(last)], "ExposedPorts": {k: {} for k in keys},
        "HostConfig": {"PortBindings": {k: [{"HostIp": address, "HostPort": k.split("/")[0]}] for k in keys}}})
    call(api, "POST", f"/v1.40/containers/{name}/start")
    return time.monotonic()


def remove(api, name, holds):
    """Milliseconds from its end until that holds; then it is removed."""
    call(api, "POST", f"/v1.40/containers/{name}/kill")
    took = comes(holds, time.monotonic())
    call(api, "DELETE", f"/v1.40/containers/{name}?force=true")
    return took


def bound(port, protocol="tcp"):
    """Whether somebody of the host has the port of 127.0.0.1."""
    state = "0A" if protocol == "tcp" else "07"
    with open(f"/proc/net/{protocol}", encoding="ascii") as f:
        return any(w[1] == f"0100007F:{port:04X}" and w[3] == state for w in map(str.split, list(f)[1:]))


def comes(holds, since):
    """Milliseconds from then until it holds; None when it never does."""
    while time.monotonic() - since < PATIENCE:
        if holds():
            return round((time.monotonic() - since) * 1000)
        time.sleep(0.005)
    return None


def answers(port, protocol):
    s = socket.socket(type=socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(3)
    try:
        s.connect(("127.0.0.1", port))
        if protocol == "udp":
            s.send(b"x" * 3000)
        return s.recv(9000) == (b"tcp" if protocol == "tcp" else b"udp" + b"x" * 3000)
    except OSError:
        return False
    finally:
        s.close()


def free_ports(count):
    for first in range(21000, 60000, 137):
        if not any(bound(p, q) for p in range(first, first + count) for q in ("tcp", "udp")):
            return first
    raise RuntimeError("no free ports")


def state_of(port):
    return next(((p["state"], p.get("why", "")) for p in status().get("ports", []) if p["port"] == port), ("gone", ""))


def come_and_go(api, who):
    for name, address in (("all", ""), ("loopback", "127.0.0.1")):
        port = free_ports(1)
        since = run(api, f"ports-{name}", port, port, address)
        there = comes(lambda: bound(port) and bound(port, "udp"), since)
        result(f"{who}, {name}: there", there is not None, f"{there} ms after the start")
        for protocol in "tcp", "udp":
            late = comes(lambda: answers(port, protocol), since)
            result(f"{who}, {name}: {protocol} answers", late is not None)
        gone = remove(api, f"ports-{name}", lambda: not bound(port) and not bound(port, "udp"))
        result(f"{who}, {name}: gone", gone is not None, f"{gone} ms after the end")


def taken(api):
    port = free_ports(1)
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    s.listen()
    since = run(api, "ports-taken", port, port, "", ("tcp",))
    comes(lambda: state_of(port)[0] == "taken", since)
    state, why = state_of(port)
    result("a port that is taken: who has it", state == "taken" and f"(process {os.getpid()})" in why, why)
    s.close()
    late = comes(lambda: answers(port, "tcp"), time.monotonic())
    result("and once it is free, it is there", late is not None, f"{late} ms later")
    remove(api, "ports-taken", lambda: not bound(port))


def hundred(api):
    first = free_ports(100)
    since = run(api, "ports-hundred", first, first + 99, "", ("tcp",))
    there = comes(lambda: all(bound(p) for p in range(first, first + 100)), since)
    result("100 ports: there", there is not None, f"{there} ms after the start")
    gone = remove(api, "ports-hundred", lambda: not any(bound(p) for p in range(first, first + 100)))
    result("100 ports: gone", gone is not None, f"{gone} ms after the end")


def breaks(api):
    """A connection, then the guest's podman, end: what is there stays, what is new comes."""
    before, after = free_ports(2), free_ports(2) + 1
    run(api, "ports-before", before, before, "", ("tcp",))
    comes(lambda: answers(before, "tcp"), time.monotonic())
    ssh = [int(p) for p in os.listdir("/proc") if p.isdigit() and is_forward(p, api)]
    for pid in ssh:
        os.kill(pid, signal.SIGKILL)
    result("ssh ends: what is there stays", ssh and bound(before) and answers(before, "tcp"))
    comes(lambda: reachable(api), time.monotonic())
    guest("sh", "-c", "systemctl --user kill --kill-whom=main --signal=KILL podman.service; true")
    comes(lambda: reachable(api), time.monotonic())
    since = run(api, "ports-after", after, after, "", ("tcp",))
    there = comes(lambda: bound(after), since)
    result("and podman: what is new comes", there is not None, f"{there} ms after the start")
    result("and what is there still stays", answers(before, "tcp"))
    gone = remove(api, "ports-before", lambda: not bound(before))
    result("and goes", gone is not None, f"{gone} ms after the end")
    remove(api, "ports-after", lambda: not bound(after))


def is_forward(pid, api):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
    except OSError:
        return False
    return words[0] == b"ssh" and any(w.startswith(api.encode() + b":") for w in words)


def main():
    s = status()
    if not s.get("ready") or "api" not in s or "root_api" not in s:
        sys.exit("the machine is not ready, or its sockets are not open")
    api, root = (s[k].removeprefix("unix://") for k in ("api", "root_api"))
    for words in ["sh"], ["sudo", "sh"]:
        guest(*words, stdin=IMAGE)
    come_and_go(api, "rootless")
    come_and_go(root, "as root")
    taken(api)
    hundred(api)
    breaks(api)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(0 if all(results) else 1)


main()
