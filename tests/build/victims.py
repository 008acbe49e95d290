#!/usr/bin/env python3
"""What an uncooperative recipe is after: a server on loopback (TCP and UDP), an agent's socket, an abstract one, a
segment of shared memory. Writes FOLDER/ready, as lines for a shell, and serves until it is killed."""
import ctypes
import os
import selectors
import socket
import sys

folder = sys.argv[1]
libc = ctypes.CDLL(None)
watched = selectors.DefaultSelector()


def listen(family, kind, address):
    s = socket.socket(family, kind)
    s.bind(address)
    if kind == socket.SOCK_STREAM:
        s.listen(16)
    watched.register(s, selectors.EVENT_READ)
    return s


tcp = listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
port = tcp.getsockname()[1]
listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", port))
listen(socket.AF_UNIX, socket.SOCK_STREAM, folder + "/agent")
os.chmod(folder + "/agent", 0o666)
listen(socket.AF_UNIX, socket.SOCK_STREAM, "\0cooper-test-%d" % os.getpid())
key = 0x436F0000 + os.getpid() % 65536
shm = libc.shmget(key, 4096, 0o1666)
with open(folder + "/ready.new", "w", encoding="ascii") as f:
    f.write("port=%d\nabstract=cooper-test-%d\nshm=%d\nserver=%d\n" % (port, os.getpid(), key, os.getpid()))
os.rename(folder + "/ready.new", folder + "/ready")
try:
    while True:
        for event, _ in watched.select():
            s = event.fileobj
            if s.type == socket.SOCK_DGRAM:
                _, peer = s.recvfrom(10)
                s.sendto(b"answer", peer)
            else:
                peer, _ = s.accept()
                peer.sendall(b"answer")
                peer.close()
finally:
    libc.shmctl(shm, 0, None)
