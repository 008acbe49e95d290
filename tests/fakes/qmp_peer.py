#!/usr/bin/env python3
"""A scripted QMP peer: qmp_peer.py SOCKET SCRIPT...

Listens on SOCKET, takes one connection, and does what the words of SCRIPT say:
  greet         the greeting of QEMU 7.2
  accept        read one command, answer {"return": {}}
  expect:NAME   read one command and end with status 1 when it is not NAME; the next `reply` answers it
  reply:JSON    send JSON with the id of the command read last
  send:TEXT     send TEXT and a line end
  raw:TEXT      send TEXT alone
  flood:N       send N bytes without a line end
  sleep:MS      wait
  hold          wait until the other side hangs up
The connection is closed after the last word.
"""
import json
import os
import socket
import sys
import time

GREETING = '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}'


def main():
    path, script = sys.argv[1], sys.argv[2:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(1)
    os.rename(path + ".new", path)  # whoever sees the name can connect
    peer, _ = listener.accept()
    lines = peer.makefile("r", encoding="utf-8", newline="\n")
    last = {}

    def send(text):
        peer.sendall(text.encode())

    for word in script:
        verb, _, rest = word.partition(":")
        if verb == "greet":
            send(GREETING + "\r\n")
        elif verb in ("accept", "expect"):
            last = json.loads(lines.readline())
            if verb == "expect" and last["execute"] != rest:
                sys.exit(1)
            if verb == "accept":
                send(json.dumps({"return": {}, "id": last.get("id")}) + "\r\n")
        elif verb == "reply":
            send(json.dumps({**json.loads(rest), "id": last.get("id")}) + "\r\n")
        elif verb == "send":
            send(rest + "\r\n")
        elif verb == "raw":
            send(rest)
        elif verb == "flood":
            left = int(rest)
            while left > 0:
                peer.sendall(b" " * min(left, 1 << 20))
                left -= 1 << 20
        elif verb == "sleep":
            time.sleep(int(rest) / 1000)
        elif verb == "hold":
            while lines.readline():
                pass
        else:
            sys.exit("qmp_peer: what is '%s'?" % word)


try:
    main()
except (BrokenPipeError, ConnectionResetError):
    pass
