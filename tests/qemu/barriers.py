#!/usr/bin/env python3
"""Read what an arm64 qemu-x86_64 made of a multi-threaded x86-64 program (-d op,out_asm[,exec,nochain]).

  barriers.py table NAME LOG...   rows of a table: host barriers per guest load and store, one row a log (LABEL=FILE)
  barriers.py model ELF LOG tso|arm TEST=reachable|never...
                                  the litmus tests of guest/litmus.c: is the outcome that a test is named for
                                  reachable with the instructions that were emitted, on a host that keeps total store
                                  order, or on one that keeps only what arm64 promises?

The words are decoded here, as no disassembler is linked into a static qemu: barriers (DMB), loads and stores whose
base is not the emulator's own state (x19) or stack. Arm ARM C4.1, "Loads and Stores"; DMB is C6.2.
"""
import itertools
import re
import subprocess
import sys

ENV, SP = 19, 31
CF_PARALLEL = 0x8000  # of a block: made when the process had a second thread
DMB = {1: "ld", 2: "st", 3: "sy"}  # bits 9:8, inner shareable


def decode(word):
    """One host instruction: ('dmb', kind), ('R',), ('W',), ('call',) or None."""
    if word & 0xFFFFF0FF == 0xD50330BF:
        return ("dmb", DMB[word >> 8 & 3])
    if word & 0xFC000000 == 0x94000000 or word & 0xFFFFFC1F == 0xD63F0000:
        return ("call",)
    if word >> 27 & 1 and not word >> 25 & 1 and (word >> 5 & 31) not in (ENV, SP):
        opc, vector = word >> 22 & 3, word >> 26 & 1
        if word >> 27 & 7 == 5:  # pairs: L is bit 22
            return ("R",) if opc & 1 else ("W",)
        if word >> 27 & 7 == 7:  # one register; opc 2 is a 128-bit store among vectors
            return ("W",) if opc == 0 or vector and opc == 2 else ("R",)
    return None


class Block:
    def __init__(self):
        self.pc = self.host = None
        self.ops = []  # the intermediate code's names of memory operations
        self.events = []  # (guest address, decoded instruction)


def read(path):
    """Yield ('block', Block) and, of blocks for parallel threads, ('exec', host address), in the log's order."""
    block, at, state = None, None, None
    for line in open(path, errors="replace"):
        if line.startswith("Trace "):
            host, flags = re.match(r"Trace \d+: 0x([0-9a-f]+) \[\w+/\w+/\w+/(\w+)\]", line).groups()
            if int(flags, 16) & CF_PARALLEL:
                yield "exec", int(host, 16)
        elif line.startswith("OP:"):
            if block and block.host:
                yield "block", block
            block, state = Block(), "op"
        elif line.startswith("OUT:"):
            state = "out"
        elif state == "op" and line.startswith(" ---- "):
            if block.pc is None:
                block.pc = int(line.split()[1], 16)
        elif state == "op":
            name = line.split(None, 1)[0] if line.strip() else ""
            if name.startswith(("qemu_ld", "qemu_st", "mb")) or "atomic" in line:
                block.ops.append("atomic" if "atomic" in line else name.split("_i")[0])
        elif state == "out":
            m = re.match(r"\s+-- guest addr 0x([0-9a-f]+)", line)
            if m:
                at = int(m.group(1), 16)
            elif line.startswith("0x") and block.host is None:
                block.host = int(line.split(":")[0], 16)
            elif line.startswith("OBJD-H:"):
                raw = bytes.fromhex(line.split()[1])
                for i in range(0, len(raw) - 3, 4):
                    event = decode(int.from_bytes(raw[i : i + 4], "little"))
                    if event:
                        block.events.append((at, event))
            elif not line.strip():
                state = None
                yield "block", block
                block = None
    if block and block.host:
        yield "block", block


def count(block):
    """Guest loads and stores as the front end asked for them, barriers in front of either, other barriers."""
    n = {"loads": 0, "stores": 0, "dmb_load": 0, "dmb_store": 0, "dmb_other": 0}
    n["loads"] = sum(op.startswith("qemu_ld") for op in block.ops)
    n["stores"] = sum(op.startswith("qemu_st") for op in block.ops)
    waiting = 0
    for _, event in block.events:
        if event[0] == "dmb":
            waiting += 1
        elif event[0] in "RW":
            n["dmb_load" if event[0] == "R" else "dmb_store"] += waiting
            waiting = 0
    n["dmb_other"] = waiting
    return n


def table(name, logs):
    for spec in logs:
        label, path = spec.split("=", 1)
        known, code, run = {}, {}, {}
        for kind, item in read(path):
            if kind == "block":
                known[item.host] = item.pc, count(item)
            elif item in known:
                pc, counts = known[item]
                code[pc] = counts
                for key, value in counts.items():
                    run[key] = run.get(key, 0) + value
        made = {}
        for counts in code.values():
            for key, value in counts.items():
                made[key] = made.get(key, 0) + value
        for what, n in (("made", made), ("executed", run)):
            if n.get("loads"):
                barriers = n["dmb_load"] + n["dmb_store"] + n["dmb_other"]
                print(
                    f"| {name} | {label} | {what} | {n['loads']} | {n['stores']} | {n['dmb_load'] / n['loads']:.3f} "
                    f"| {n['dmb_store'] / n['stores']:.3f} | {barriers} | {barriers / (n['loads'] + n['stores']):.3f} |"
                )


# The variables in the order of each body's accesses; the last access of a body is its return's.
BODIES = {
    "mp": (("Wx", "Wy"), ("Ry", "Rx")),
    "lb": (("Rx", "Wy"), ("Ry", "Wx")),
    "sb": (("Wx", "Ry"), ("Wy", "Rx")),
    "sbf": (("Wx", "Ry"), ("Wy", "Rx")),
}
OUTCOME = {"mp": [1, 0], "lb": [1, 1], "sb": [0, 0], "sbf": [0, 0]}  # what the loads see, in the order above


def bodies(elf, log):
    """The emitted accesses and barriers of every litmus body: {'mp': ([...], [...])}; the last translation counts."""
    symbols = {}
    for line in subprocess.run(["nm", elf], capture_output=True, text=True, check=True).stdout.splitlines():
        value, _, name = line.split()
        symbols[int(value, 16)] = name
    found = {}
    for kind, item in read(log):
        name = symbols.get(item.pc, "") if kind == "block" else ""
        if name.startswith("body_"):
            found[name[5:]] = [event for _, event in item.events if event[0] != "call"]
    return {test: (found[test + "_0"], found[test + "_1"]) for test in BODIES}


def orders(names, events, host):
    """All orders in which the two accesses of one thread may take effect."""
    accesses = [i for i, e in enumerate(events) if e[0] in "RW"][:2]
    assert [events[i][0] for i in accesses] == [n[0] for n in names], (names, events)
    first, second = names
    kept = host == "tso" and not (first[0] == "W" and second[0] == "R")
    for kind, *rest in events[accesses[0] + 1 : accesses[1]]:
        if kind == "dmb":
            orders_all, orders_reads, orders_writes = (rest[0] == k for k in ("sy", "ld", "st"))
            kept |= orders_all or orders_reads and first[0] == "R" or orders_writes and first[0] + second[0] == "WW"
    return [(first, second)] if kept else [(first, second), (second, first)]


def reachable(test, code, host):
    wanted = dict(zip([(t, n) for t in (0, 1) for n in BODIES[test][t] if n[0] == "R"], OUTCOME[test]))
    for a, b in itertools.product(*(orders(BODIES[test][t], code[test][t], host) for t in (0, 1))):
        for slots in itertools.combinations(range(4), 2):
            memory, seen, its = {"x": 0, "y": 0}, {}, (iter(a), iter(b))
            for i in range(4):
                thread = 0 if i in slots else 1
                name = next(its[thread])
                if name[0] == "W":
                    memory[name[1]] = 1
                else:
                    seen[(thread, name)] = memory[name[1]]
            if seen == wanted:
                return True
    return False


def model(elf, log, host, expectations):
    code, wrong = bodies(elf, log), 0
    for expectation in expectations:
        test, want = expectation.split("=")
        have = "reachable" if reachable(test, code, host) else "never"
        shown = " | ".join(" ".join(" ".join(e) for e in thread[:-1]) for thread in code[test])
        print(f"{test} on {host}: {have} ({shown})")
        wrong += have != want
    return wrong


if sys.argv[1] == "table":
    table(sys.argv[2], sys.argv[3:])
else:
    sys.exit(model(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]))
