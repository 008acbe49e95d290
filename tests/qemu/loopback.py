#!/usr/bin/env python3
"""loopback.py QEMU: what of the host's loopback a guest reaches by frames that it makes itself, as its root can.

No guest runs: a second netdev stands for it. Each frame opens a TCP connection to a listener on 127.0.0.1 or ::1, under
every address that means the host; whether the listener is connected to is the answer. With host-loopback=on (the
control) the plain ways are open, with off none is. Of UDP: whoever wrote to a forwarded port is answered, also at length and
again, and nobody else of the host is written to. And no series of fragments ends QEMU, nor does it keep what never ends.
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


def datagram(source, sport, dport, data, number):
    """Its frames, fragments where it is long."""
    src, dst = socket.inet_aton(source), socket.inet_aton("10.0.2.2")
    udp = struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data
    pseudo = src + dst + struct.pack(">BBH", 0, 17, len(udp))
    udp = udp[:6] + struct.pack(">H", checksum(pseudo + udp) or 0xffff) + udp[8:]
    for at in range(0, len(udp), 1480):
        part = udp[at:at + 1480]
        more = 0x2000 if at + 1480 < len(udp) else 0
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(part), number, more | at // 8, 64, 17, 0) + src + dst
        ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
        yield HOST_MAC + MAC + b"\x08\x00" + ip + part


def machine(qemu, option):
    """A QEMU with -netdev user,OPTION: the process, the other end of its wire, where that goes."""
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 0))
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    net = f"socket,id=wire,udp=127.0.0.1:{wire.getsockname()[1]},localaddr=127.0.0.1:{port}"
    args = [qemu, "-machine", "none", "-nodefaults", "-display", "none", "-netdev", f"user,id=user{option}",
            "-netdev", "hubport,id=a,hubid=0,netdev=user", "-netdev", net, "-netdev", "hubport,id=b,hubid=0,netdev=wire"]
    process = subprocess.Popen(args)
    wire.settimeout(0.2)
    for _ in range(50):  # until it answers
        wire.sendto(arp(), ("127.0.0.1", port))
        try:
            wire.recv(2000)
            return process, wire, ("127.0.0.1", port)
        except OSError:
            pass
    process.kill()
    sys.exit("QEMU does not answer")


def comes(s):
    """What comes to a socket of the host; None when nothing does."""
    s.settimeout(2)
    try:
        return s.recv(65536)
    except OSError:
        return None


def asked(wire, port):
    """The source, address and port, of the next datagram that comes to a port of the guest, if its sums are right."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            frame = wire.recv(2000)
        except OSError:
            continue
        ip, udp = frame[14:34], frame[34:14 + struct.unpack(">H", frame[16:18])[0]]
        if frame[12:14] == b"\x08\x00" and ip[9] == 17 and udp[2:4] == struct.pack(">H", port):
            good = checksum(ip) == 0 and checksum(ip[12:20] + struct.pack(">BBH", 0, 17, len(udp)) + udp) == 0
            return (socket.inet_ntoa(ip[12:16]), struct.unpack(">H", udp[:2])[0]) if good else None
    return None


def answered(qemu, option):
    """What is wrong with a forwarded UDP port."""
    client, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    client.bind(("127.0.0.1", 0))
    other.bind(("127.0.0.1", 0))
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()
    wrong = []
    process, wire, to = machine(qemu, f"{option},hostfwd=udp:127.0.0.1:{port}-10.0.2.15:7")
    with process:
        try:
            for number, answer in enumerate([b"one", b"two", b"x" * 5000, b"four"], 100):
                client.sendto(b"ping", ("127.0.0.1", port))
                source = asked(wire, 7)
                if source != ("10.0.2.2", client.getsockname()[1]):
                    wrong.append(f"the guest is asked by {source}")
                for frame in datagram("10.0.2.15", 7, client.getsockname()[1], answer, number):
                    wire.sendto(frame, to)
                if comes(client) != answer:
                    wrong.append(f"no answer {number} of {len(answer)} bytes")
            for sport in 7, 8:
                for frame in datagram("10.0.2.15", sport, other.getsockname()[1], b"hello", 200 + sport):
                    wire.sendto(frame, to)
                if comes(other):
                    wrong.append(f"port {sport} of the guest writes to who has not asked")
        finally:
            process.kill()
    return wrong


def reached(qemu, option):
    """The addresses of the host that frames reach, with -netdev user,OPTION."""
    found = []
    process, wire, to = machine(qemu, option)
    with process:
        try:
            four, six = listener(socket.AF_INET, "127.0.0.1"), listener(socket.AF_INET6, "::1")
            for sport, target in enumerate(
                    ["10.0.2.2", "127.0.0.1", "127.1.2.3", "0.0.0.0", "255.255.255.255", "10.0.2.3", "fec0::2", "::1", "::",
                     "::ffff:127.0.0.1", "::127.0.0.1", "fec0::3"], 40000):
                source = "fec0::5054:ff:fe12:3456" if ":" in target else "10.0.2.15"
                for s in four, six:
                    wire.sendto(syn(source, target, sport, s.getsockname()[1]), to)
                    if connected(s, 0.3):
                        found.append(target)
        finally:
            process.kill()
    return found


def fragment(at, more, size, flags=0, number=7, good=True):
    """Of a UDP packet to nowhere; @at in units of 8 bytes."""
    src, dst = socket.inet_aton("10.0.2.15"), socket.inet_aton("192.0.2.9")
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, number, flags | more << 13 | at, 64, 17, 0) + src + dst
    ip = ip[:10] + struct.pack(">H", checksum(ip) ^ (not good)) + ip[12:]
    return HOST_MAC + MAC + b"\x08\x00" + ip + b"x" * size


SERIES = {
    "the last alone": [fragment(1, 0, 8)],
    "the last before the first": [fragment(1, 0, 8), fragment(0, 1, 8)],
    "the last of another packet": [fragment(0, 1, 8, number=8), fragment(1, 0, 8)],
    "the last after a first that is dropped": [fragment(0, 1, 8, good=False), fragment(1, 0, 8)],
    "the last twice": [fragment(0, 1, 8), fragment(1, 0, 8), fragment(1, 0, 8)],
    "the last after one that empties the queue": [fragment(0, 1, 8), fragment(1, 1, 8, flags=0x8000), fragment(1, 0, 8)],
    "the last after a gap": [fragment(0, 1, 8), fragment(5, 0, 8)],
    "the last of the first of seventeen": [fragment(0, 1, 8, number=n) for n in range(17)] + [fragment(1, 0, 8, number=0)],
    "a first that is no multiple of eight": [fragment(0, 1, 9), fragment(1, 0, 8)],
    "the last of one that begins again": [fragment(0, 1, 8), fragment(0, 1, 16), fragment(2, 0, 8)],
    "the last of more pieces than are kept": [fragment(at, 1, 8) for at in range(200)] + [fragment(200, 0, 8)],
    "one that ends beyond 65,535": [fragment(0x1fff, 0, 100)],
}


def ended_by(qemu):
    """The series of fragments that end a QEMU."""
    found = []
    for name, frames in SERIES.items():
        process, wire, to = machine(qemu, "")
        with process:
            for frame in frames:
                wire.sendto(frame, to)
                time.sleep(0.01)
            time.sleep(0.2)
            if process.poll() is not None:
                found.append(name)
            process.kill()
    return found


def resident(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * 4096 >> 20


def kept_by(qemu):
    """Megabytes that it keeps of packets that begin, at length or in many pieces, and never end."""
    process, wire, to = machine(qemu, "")
    with process:
        before = resident(process)
        for number in range(25000):
            wire.sendto(fragment(0, 1, 1400, number=number), to)
            if number % 20 == 0:
                time.sleep(0.002)
        for number in range(30000, 30004):
            for at in range(5000):
                wire.sendto(fragment(at, 1, 8, number=number), to)
                if at % 20 == 0:
                    time.sleep(0.002)
        kept = resident(process) - before
        process.kill()
    return kept


def main():
    qemu = sys.argv[1]
    ended = ended_by(qemu)
    print("ended by:", *ended, sep="\n  ")
    if ended:
        sys.exit("fragments end QEMU")
    kept = kept_by(qemu)
    print(f"kept of fragments: {kept} MiB")
    if kept > 20:
        sys.exit("fragments that never end are kept")
    is_open, closed = reached(qemu, ""), reached(qemu, ",host-loopback=off")
    print("open:", *is_open)
    print("closed:", *closed)
    if "10.0.2.2" not in is_open or "127.0.0.1" not in is_open:
        sys.exit("the control reaches nothing: the test is wrong")
    if closed:
        sys.exit("not closed")
    control, wrong = answered(qemu, ""), answered(qemu, ",host-loopback=off")
    print("UDP, open:", *control, sep="\n  ")
    print("UDP, closed:", *wrong, sep="\n  ")
    if control != [f"port {p} of the guest writes to who has not asked" for p in (7, 8)]:
        sys.exit("the control is not answered, or writes to nobody: the test is wrong")
    if wrong:
        sys.exit("UDP is not forwarded as it must be")


main()
