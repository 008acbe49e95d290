#!/usr/bin/env python3
"""terminal.py ROWS COLUMNS [TEXT KEYS]... -- COMMAND...: the command at a terminal of that size, as a person uses it.

When TEXT is read, KEYS are typed (with \\x03 and the like; "resize R C" makes the terminal another size, "wait N" waits N
seconds). What was read is printed without carriage returns; the exit code is the command's, or 124 when a text does not come.
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

PATIENCE = 240  # seconds for each text, and for the end


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read(fd, seen, until):
    """One more piece; False at the end, or when it takes too long."""
    ready, _, _ = select.select([fd], [], [], max(0, until - time.monotonic()))
    if not ready:
        return False
    try:
        piece = os.read(fd, 4096)
    except OSError:  # the other side is closed
        return False
    seen += piece
    return bool(piece)


def main():
    at = sys.argv.index("--")
    rows, columns, *steps = sys.argv[1:at]
    pid, fd = pty.fork()
    if pid == 0:
        # The size is there before the command looks at it.
        resize(0, int(rows), int(columns))
        os.execvp(sys.argv[at + 1], sys.argv[at + 1:])
    seen, place = bytearray(), 0
    for text, keys in zip(steps[::2], steps[1::2]):
        until = time.monotonic() + PATIENCE
        while text.encode() not in seen[place:]:
            if not read(fd, seen, until):
                print(seen.decode(errors="replace").replace("\r", ""))
                print(f"terminal.py: not read: {text}")
                os.kill(pid, 9)
                sys.exit(124)
        place = seen.index(text.encode(), place) + len(text)
        if keys.startswith("resize "):
            resize(fd, *map(int, keys.split()[1:]))
        elif keys.startswith("wait "):
            time.sleep(int(keys.split()[1]))
        else:
            os.write(fd, keys.encode().decode("unicode_escape").encode("latin-1"))
    until = time.monotonic() + PATIENCE
    while read(fd, seen, until):
        pass
    print(seen.decode(errors="replace").replace("\r", ""))
    if time.monotonic() >= until:
        os.kill(pid, 9)
        sys.exit(124)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main()
