#!/usr/bin/env python3
"""Reads tests/mutation/mutants: `table.py list [NAME...]`, `table.py apply NAME TREE`.

A mutant is a block: `[NAME]`, `file PATH`, `test ...`, then what it replaces, each line after '-', and by what, each
after '+'. What it replaces must be in the file exactly once: a table that the code has left behind is an error.
"""
import pathlib
import re
import sys

# What a protection leaves behind when it is gone must not be the error.
UNUSED = ("unused-function", "unused-parameter", "unused-variable", "unused-const-variable", "unused-but-set-variable")
PRAGMAS = "".join(f'_Pragma("GCC diagnostic ignored \\"-W{name}\\"") ' for name in UNUSED)
TABLE = pathlib.Path(__file__).with_name("mutants")


def read():
    mutants, now = {}, None
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if line.startswith("[") and line.endswith("]"):
            now = {"name": line[1:-1], "old": [], "new": []}
            if now["name"] in mutants or not re.fullmatch(r"[a-z0-9-]+", now["name"]):
                sys.exit(f"{TABLE.name}:{number}: no name, or one that is taken: {line}")
            mutants[now["name"]] = now
        elif now and line[:1] in ("-", "+"):
            now["old" if line[0] == "-" else "new"].append(line[1:] + "\n")
        elif now and re.match(r"(file|test) ", line):
            now[line[:4]] = line[5:]
        elif line and not line.startswith("#"):
            sys.exit(f"{TABLE.name}:{number}: not understood: {line}")
    for mutant in mutants.values():
        if not ("file" in mutant and re.match(r"(unit \w+ \w+|bats \S+ \w.*|script \S+)$", mutant.get("test", "")) and mutant["old"]):
            sys.exit(f"{TABLE.name}: [{mutant['name']}] lacks its file, test or lines")
    return mutants


def apply(mutant, tree):
    path = pathlib.Path(tree) / mutant["file"]
    text, old, new = path.read_text(), "".join(mutant["old"]), "".join(mutant["new"])
    found = ("\n" + text).count("\n" + old)
    if found != 1:
        sys.exit(f"what it replaces is {found} times in {mutant['file']}")
    path.write_text(PRAGMAS + "\n" + ("\n" + text).replace("\n" + old, "\n" + new)[1:])


mutants = read()
if sys.argv[1] == "apply":
    apply(mutants[sys.argv[2]], sys.argv[3])
else:
    unknown = [name for name in sys.argv[2:] if name not in mutants]
    if unknown:
        sys.exit(f"no such mutant: {' '.join(unknown)}")
    for name in sys.argv[2:] or mutants:
        print(name, mutants[name]["file"], mutants[name]["test"], sep="\t")
