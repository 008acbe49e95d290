#!/usr/bin/env python3
"""record.py FILE.cast COMMAND...: type each COMMAND at a prompt and run it in a terminal of 100 by 28, as asciicast v2.

Waiting is shortened: output is gathered for FRAME seconds and shown SPEED times as fast; the times that the commands
themselves print are true. Ends with the status of the first command that fails.
See: https://docs.asciinema.org/manual/asciicast/v2/
"""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios
import time

COLUMNS, ROWS = 100, 28
FRAME, SPEED, PAUSE = 1.0, 4, 1.5
PROMPT = "\x1b[32m$\x1b[0m "


class Cast:
    """The file, and the time in it."""

    def __init__(self, path):
        self.file, self.now = open(path, "w", encoding="utf-8"), 0.0
        self.write({"version": 2, "width": COLUMNS, "height": ROWS, "env": {"TERM": "xterm-256color"}})

    def write(self, value):
        json.dump(value, self.file, ensure_ascii=False)
        self.file.write("\n")

    def show(self, text, after=0.0):
        self.now += after
        self.write([round(self.now, 2), "o", text])


def run(cast, command):
    """Its output as it comes; the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(COLUMNS), LINES=str(ROWS))
        os.execlp("sh", "sh", "-c", command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    gathered, began = b"", time.monotonic()
    while True:
        ready = select.select([fd], [], [], FRAME)[0]
        try:
            data = os.read(fd, 65536) if ready else None
        except OSError:  # the terminal's other end is closed
            data = b""
        gathered += data or b""
        waited = time.monotonic() - began
        if gathered and (waited >= FRAME or data == b""):
            cast.show(gathered.decode("utf-8", "replace"), waited / SPEED)
            gathered, began = b"", time.monotonic()
        if data == b"":
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    cast = Cast(sys.argv[1])
    for command in sys.argv[2:]:
        cast.show(PROMPT, PAUSE / 3)
        for letter in command:
            cast.show(letter, 0.05)
        cast.show("\r\n", 0.4)
        status = run(cast, command)
        if status:
            return status
        cast.show("", PAUSE)
    cast.show(PROMPT, PAUSE)
    cast.show("", 3 * PAUSE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
