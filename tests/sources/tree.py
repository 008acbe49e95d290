#!/usr/bin/env python3
"""tree.py A B - compare two source trees: names, kinds, links, bytes, and whether a file may be executed.

Prints the differences, at most 20, and exits with 1 where there is one.
"""
import hashlib
import os
import stat
import sys


def listing(root):
    found = {}
    for folder, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            if stat.S_ISLNK(st.st_mode):
                what = ("link", os.readlink(path))
            elif stat.S_ISDIR(st.st_mode):
                what = ("folder",)
            elif stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    what = ("file", bool(st.st_mode & 0o100), hashlib.sha256(f.read()).hexdigest())
            else:
                what = ("other",)
            found[os.path.relpath(path, root)] = what
    return found


a, b = listing(sys.argv[1]), listing(sys.argv[2])
different = [f"{name}: {a.get(name, 'nothing')} and {b.get(name, 'nothing')}"
             for name in sorted(set(a) | set(b), key=os.fsencode) if a.get(name) != b.get(name)]
for line in different[:20]:
    print(line.encode("utf-8", "backslashreplace").decode())
print(f"{len(a)} entries, {len(different)} different")
sys.exit(1 if different or not a else 0)
