#!/usr/bin/env python3
"""A slow and distant link, for the benches: where the kernel has no netem, and the same everywhere else.

    link.py NAME OTHER MBIT DELAY_MS

Makes two tun devices and carries packets between them: what enters NAME comes out of OTHER, DELAY_MS later, and the
other way round; at most MBIT million bits of TCP payload a second in each direction. Prints "ready" when both are
there; the caller gives them addresses and moves OTHER into a namespace. Ends when its standard input does.
"""
import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
HEADERS = 52  # IPv4 and TCP with a timestamp
WAITING_MAX = 8000  # packets


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Direction:
    def __init__(self, source, sink, seconds_per_byte, delay):
        self.source, self.sink = source, sink
        self.seconds_per_byte, self.delay = seconds_per_byte, delay
        self.free = 0.0  # when the line has sent all that it was given
        self.waiting = collections.deque()

    def take(self):
        try:
            for _ in range(64):
                packet = os.read(self.source, 65536)
                if len(self.waiting) >= WAITING_MAX:
                    continue
                payload = max(len(packet) - HEADERS, 0)
                self.free = max(self.free, time.monotonic()) + payload * self.seconds_per_byte
                self.waiting.append((self.free + self.delay, packet))
        except OSError:
            pass

    def give(self):
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            try:
                os.write(self.sink, self.waiting.popleft()[1])
            except OSError:
                pass


def main():
    a, b = tun(sys.argv[1]), tun(sys.argv[2])
    cost, delay = 8 / (float(sys.argv[3]) * 1e6), float(sys.argv[4]) / 1e3
    ways = [Direction(a, b, cost, delay), Direction(b, a, cost, delay)]
    print("ready", flush=True)
    while True:
        due = [w.waiting[0][0] for w in ways if w.waiting]
        pause = max(min(due) - time.monotonic(), 0) if due else None
        ready = select.select([a, b, 0], [], [], pause)[0]
        if 0 in ready and not os.read(0, 4096):
            return
        for way in ways:
            if way.source in ready:
                way.take()
            way.give()


main()
