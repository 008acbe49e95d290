#!/usr/bin/env python3
"""loopback.py QEMU: what of the host's loopback a guest reaches by frames that it makes itself, as its root can.

No guest runs: a second netdev stands for it. Each frame opens a TCP connection to a listener on 127.0.0.1 or ::1, under
every address that means the host; whether the listener is connected to is the answer. With host-loopback=on (the
control) the plain ways are open, with off none is.
"""
import socket
import struct
import subprocess
import sys
import time

MAC, HOST_MAC = bytes.fromhex("525400123456"), bytes.fromhex("52550a000202")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def syn(source, target, sport, dport):
    six = ":" in target
    family = socket.AF_INET6 if six else socket.AF_INET
    src, dst = socket.inet_pton(family, source), socket.inet_pton(family, target)
    tcp = struct.pack(">HHIIBBHHH", sport, dport, 1000, 0, 5 << 4, 2, 8192, 0, 0)
    pseudo = src + dst + (struct.pack(">IHBB", len(tcp), 0, 0, 6) if six else struct.pack(">BBH", 0, 6, len(tcp)))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    if six:
        ip = struct.pack(">IHBB", 6 << 28, len(tcp), 6, 64) + src + dst
    else:
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + dst
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return HOST_MAC + MAC + struct.pack(">H", 0x86dd if six else 0x0800) + ip + tcp


def arp():
    body = struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + MAC + bytes([10, 0, 2, 15]) + bytes(6) + bytes([10, 0, 2, 2])
    return b"\xff" * 6 + MAC + b"\x08\x06" + body


def listener(family, address):
    s = socket.socket(family)
    s.bind((address, 0))
    s.listen(8)
    s.setblocking(False)
    return s


def connected(s, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            s.accept()[0].close()
            return True
        except BlockingIOError:
            time.sleep(0.01)
    return False


def reached(qemu, option):
    """The addresses of the host that frames reach, with -netdev user,OPTION."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 0))
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    net = f"socket,id=wire,udp=127.0.0.1:{wire.getsockname()[1]},localaddr=127.0.0.1:{port}"
    args = [qemu, "-machine", "none", "-nodefaults", "-display", "none", "-netdev", f"user,id=user{option}",
            "-netdev", "hubport,id=a,hubid=0,netdev=user", "-netdev", net, "-netdev", "hubport,id=b,hubid=0,netdev=wire"]
    found = []
    with subprocess.Popen(args) as process:
        try:
            wire.settimeout(0.2)
            for _ in range(50):  # until it answers
                wire.sendto(arp(), ("127.0.0.1", port))
                try:
                    wire.recv(2000)
                    break
                except OSError:
                    pass
            else:
                sys.exit("QEMU does not answer")
            four, six = listener(socket.AF_INET, "127.0.0.1"), listener(socket.AF_INET6, "::1")
            for sport, target in enumerate(
                    ["10.0.2.2", "127.0.0.1", "127.1.2.3", "0.0.0.0", "255.255.255.255", "10.0.2.3", "fec0::2", "::1", "::",
                     "::ffff:127.0.0.1", "::127.0.0.1", "fec0::3"], 40000):
                source = "fec0::5054:ff:fe12:3456" if ":" in target else "10.0.2.15"
                for s in four, six:
                    wire.sendto(syn(source, target, sport, s.getsockname()[1]), ("127.0.0.1", port))
                    if connected(s, 0.3):
                        found.append(target)
        finally:
            process.kill()
    return found


def main():
    qemu = sys.argv[1]
    is_open, closed = reached(qemu, ""), reached(qemu, ",host-loopback=off")
    print("open:", *is_open)
    print("closed:", *closed)
    if "10.0.2.2" not in is_open or "127.0.0.1" not in is_open:
        sys.exit("the control reaches nothing: the test is wrong")
    if closed:
        sys.exit("not closed")


main()
