#!/usr/bin/env python3
"""Stands in for qemu-system-*: fake_qemu.py SCENARIO-FILE QEMU-ARGUMENTS...

Makes the sockets and the serial log that the arguments name, talks QMP, and behaves as the next line of the scenario
file says (one line for each start; the last line stays). A line is a list of words:
  say:TEXT      a line on the console                 ready       write to the ready port
  wait:MS       wait                                  reset       the guest reboots (QEMU ends)
  poweroff      the guest powers itself off           die:N       end with status N
  err:TEXT      a line on stderr                      run         go on until told to stop
  talk:MIB      that much at once, on the console and on stderr; goes on when somebody made both logs short
  flood:MS      say all that can be said, everywhere, as fast as it is taken
  deaf          run, but ignore the power button      tcg-only:TEXT  under kvm: TEXT on stderr and status 1
  event:JSON    an event over QMP; after "cont" the machine goes on with the next word
  until-cont    wait for "cont"
Each start appends its arguments to SCENARIO-FILE.argv.
"""
import json
import os
import re
import select
import shlex
import socket
import sys
import time


def option(args, pattern):
    for a in args:
        m = re.search(pattern, a)
        if m:
            return m.group(1).replace(",,", ",")
    return None


def take_line(path):
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    if len(lines) > 1:
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines[1:]) + "\n")
    return shlex.split(lines[0])


def listen(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(1)
    return s


class Qemu:
    def __init__(self, args):
        self.serial = option(args, r"file,id=serial0,append=on,path=(.*)")
        self.qmp = listen(option(args, r"socket,id=qmp,server=on,wait=off,path=(.*)"))
        self.ready = listen(option(args, r"socket,id=ready,server=on,wait=off,path=(.*)"))
        self.peer = self.port = None
        self.deaf = False
        self.commands = 0
        self.continued = False
        self.forwards = {}
        self.input = b""

    def send(self, value):
        """As with QEMU, who hung up is no reason to end."""
        try:
            if self.peer:
                self.peer.sendall((json.dumps(value) + "\r\n").encode())
        except OSError:
            self.peer = None

    def end(self, reason, guest=True):
        self.send({"event": "SHUTDOWN", "data": {"guest": guest, "reason": reason}})
        sys.exit(0)

    def command(self, line):
        c = json.loads(line)
        self.commands += 1
        if c["execute"] == "cont":  # QEMU says so before it answers
            self.continued = True
            self.send({"event": "RESUME"})
        value = {}
        if c["execute"] == "human-monitor-command":
            value = self.forward(c["arguments"]["command-line"].split())
        self.send({"return": value, "id": c.get("id")})
        if c["execute"] == "quit":
            self.end("host-qmp-quit", False)
        if c["execute"] == "system_powerdown" and not self.deaf:
            self.end("guest-shutdown")

    def forward(self, words):
        """hostfwd_add NET PROTOCOL:ADDRESS:PORT-... and hostfwd_remove: the host's end is real, and leads nowhere."""
        rule = words[2].split("-")[0]
        protocol, address, port = rule.split(":")
        if words[0] == "hostfwd_remove":
            found = self.forwards.pop(rule, None)
            if found:
                found.close()
            return f"host forwarding rule for {rule} {'removed' if found else 'not found'}\r\n"
        s = socket.socket(type=socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
        if protocol == "tcp":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((address, int(port)))
            if protocol == "tcp":
                s.listen(1)
        except OSError:
            return f"Could not set up host forwarding rule '{words[2]}'\r\n"
        self.forwards[rule] = s
        with open(sys.argv[1] + ".forwards", "a") as log:
            log.write(words[2] + "\n")
        return ""

    def flood(self, ms):
        until = time.monotonic() + ms / 1000
        self.port.setblocking(False)
        self.peer.setblocking(False)
        event = (json.dumps({"event": "VSERPORT_CHANGE", "data": {"open": True, "id": "x"}}) + "\r\n").encode()
        while time.monotonic() < until:
            for s, data in ((self.port, b"ready\n" * 100), (self.peer, event)):
                try:
                    while data:
                        data = data[s.send(data):]
                except BlockingIOError:
                    if s is self.peer and len(data) < len(event):  # a line is not cut
                        s.setblocking(True)
                        s.sendall(data)
                        s.setblocking(False)
        self.peer.setblocking(True)

    def talk(self, mib):
        with open(self.serial, "a", encoding="utf-8") as console:
            for f in (console, sys.stderr):
                for _ in range(mib):
                    f.write("talking\n" * (1 << 17))
                f.flush()
        for _ in range(600):
            if max(os.path.getsize(self.serial), os.fstat(2).st_size) < 70 << 20:
                return
            self.pump(50)
        sys.exit(1)

    def pump(self, ms):
        until = time.monotonic() + ms / 1000
        while True:
            fds = [f for f in (self.peer or self.qmp, None if self.port else self.ready) if f]
            left = min(until - time.monotonic(), ms / 1000)
            got, _, _ = select.select(fds, [], [], max(left, 0))
            for f in got:
                if f is self.qmp:
                    self.peer, _ = f.accept()
                    self.send({"QMP": {"version": {}, "capabilities": []}})
                elif f is self.ready:
                    self.port, _ = f.accept()
                else:
                    try:
                        data = f.recv(65536)
                    except OSError:
                        data = b""
                    if not data:
                        self.peer = None
                    self.input += data
                    while b"\n" in self.input:
                        line, self.input = self.input.split(b"\n", 1)
                        self.command(line)
            if left <= 0:
                return


def main():
    scenario, args = sys.argv[1], sys.argv[2:]
    with open(scenario + ".argv", "a", encoding="utf-8") as f:
        f.write(" ".join(args) + "\n")
    words = take_line(scenario)
    q = None
    for word in words:
        verb, _, rest = word.partition(":")
        if verb == "tcg-only" and "kvm" in args:
            sys.stderr.write(rest + "\n")
            sys.exit(1)
        if verb == "err":
            sys.stderr.write(rest + "\n")
        elif verb == "die":
            sys.exit(int(rest))
        elif verb != "tcg-only":
            q = q or Qemu(args)
            q.pump(0)
        if verb == "say":
            with open(q.serial, "a", encoding="utf-8") as f:
                f.write(rest + "\r\n")
        elif verb == "talk":
            q.talk(int(rest))
        elif verb == "flood":
            q.flood(int(rest))
        elif verb == "wait":
            q.pump(int(rest))
        elif verb == "event":
            while not q.commands:
                q.pump(5)
            q.send(json.loads(rest))
        elif verb == "until-cont":
            while not q.continued:
                q.pump(10)
        elif verb == "ready":
            while not q.port:
                q.pump(10)
            q.port.sendall(b"ready\n")
        elif verb in ("reset", "poweroff"):
            while not q.commands:  # the supervisor must hear why
                q.pump(5)
            q.end("guest-reset" if verb == "reset" else "guest-shutdown")
        elif verb in ("run", "deaf"):
            q.deaf = verb == "deaf"
            while True:
                q.pump(1000)


main()
