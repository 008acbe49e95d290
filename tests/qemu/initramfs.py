#!/usr/bin/env python3
"""Write an initramfs (cpio, newc): initramfs.py OUT NAME=FILE... ; NAME/ is a folder. All files are executable.

See the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""
import sys


def entry(name, mode, data, ino):
    fields = [ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def main(out, items):
    blob = b""
    for ino, item in enumerate(items, 1):
        name, _, path = item.partition("=")
        if name.endswith("/"):
            blob += entry(name.rstrip("/"), 0o040755, b"", ino)
        else:
            with open(path, "rb") as f:
                blob += entry(name, 0o100755, f.read(), ino)
    with open(out, "wb") as f:
        f.write(blob + entry("TRAILER!!!", 0, b"", 0))


main(sys.argv[1], sys.argv[2:])
