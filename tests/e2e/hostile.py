#!/usr/bin/env python3
"""The host's side of hostile.sh: what a guest reached of it.

hostile.py listen FOLDER ADDRESS...  TCP and UDP, one port at all of them (FOLDER/port, once it listens); who comes is a line
                                     of FOLDER/came: protocol, address
hostile.py opened FOLDER FILE        whenever somebody opens a file of the folder, its name is a line of the file
hostile.py odd FOLDER                what is in it that may run as somebody else, is a device or somebody else's, or was marked
"""
import ctypes
import errno
import os
import select
import socket
import stat
import sys


def say(folder, name, text):
    with open(os.path.join(folder, name), "a", encoding="utf-8") as f:
        f.write(text + "\n")


def bound(addresses):
    """Sockets at one port of all addresses, with names; none where somebody has it at one of them."""
    first = socket.socket()
    first.bind(("127.0.0.1", 0))
    port = first.getsockname()[1]
    first.close()
    found = {}
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for kind, name in (socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp"):
            s = socket.socket(family, kind)
            try:
                s.bind((address, port))
            except OSError as e:
                if e.errno != errno.EADDRINUSE:
                    raise
                return port, {}
            if kind == socket.SOCK_STREAM:
                s.listen(64)
            s.setblocking(False)
            found[s] = f"{name} {address}"
    return port, found


def end_with_parent():
    ctypes.CDLL(None).prctl(1, 15)  # PR_SET_PDEATHSIG, SIGTERM
    if os.getppid() == 1:
        sys.exit()


def listen(folder, *addresses):
    end_with_parent()
    port, sockets = bound(addresses)
    while not sockets:
        port, sockets = bound(addresses)
    say(folder, "port", str(port))
    while True:
        for s in select.select(list(sockets), [], [])[0]:
            try:
                if s.type == socket.SOCK_STREAM:
                    s.accept()[0].close()
                else:
                    s.recv(2000)
            except OSError:
                continue
            say(folder, "came", sockets[s])


def opened(folder, file):
    end_with_parent()
    libc = ctypes.CDLL(None)
    fd = libc.inotify_init()
    if fd < 0 or libc.inotify_add_watch(fd, folder.encode(), 0x20) < 0:  # IN_OPEN
        sys.exit("no inotify")
    with open(file, "a", encoding="utf-8") as f:
        while True:
            data, at = os.read(fd, 65536), 0
            while at < len(data):
                length = int.from_bytes(data[at + 12:at + 16], sys.byteorder)
                name = data[at + 16:at + 16 + length].rstrip(b"\0").decode()
                print(name or "the folder", file=f, flush=True)
                at += 16 + length


def odd(folder):
    owners = {os.getuid(), os.getgid()} | ({0, 1000} if os.getuid() == 0 else set())
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            whole = os.path.join(path, name)
            st = os.lstat(whole)
            marks = [a for a in os.listxattr(whole, follow_symlinks=False) if not a.startswith("user.")]
            if st.st_mode & 0o6000 or stat.S_ISBLK(st.st_mode) or stat.S_ISCHR(st.st_mode) or marks or \
                    not {st.st_uid, st.st_gid} <= owners:
                print(whole, oct(st.st_mode), st.st_uid, st.st_gid, *marks)


{"listen": listen, "opened": opened, "odd": odd}[sys.argv[1]](*sys.argv[2:])
