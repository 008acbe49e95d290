#!/usr/bin/env python3
"""Print cmd/lib/tree/fold_tables.c from Python's copy of the Unicode data: python3 packaging/fold-tables.py"""

import textwrap
import unicodedata


def rows(values, form):
    return textwrap.indent(textwrap.fill(" ".join(form % v for v in values), 114, break_on_hyphens=False), "\t")


def ranges(points):
    out = []
    for p in points:
        if out and out[-1][1] == p - 1:
            out[-1][1] = p
        else:
            out.append([p, p])
    return [tuple(r) for r in out]


pairs, pairs32, single, several = [], [], [], []
for p in range(0x80, 0x110000):
    text = unicodedata.decomposition(chr(p))
    if text and not text.startswith("<"):
        row = tuple([p] + [int(x, 16) for x in text.split()] + [0])[:3]
        (pairs if max(row) < 0x10000 else pairs32).append(row)
for p in range(0x41, 0x20000):
    folded = [ord(c) for c in chr(p).casefold()]
    if len(folded) > 1:
        several.append(tuple([p] + folded + [0] * (3 - len(folded))))
    elif folded[0] != p:
        single.append((p, folded[0] - p))

cases = []  # first, last, step, distance
for p, distance in single:
    last = cases[-1] if cases else None
    if last and last[3] == distance and p - last[1] in (1, 2) and last[2] in (0, p - last[1]):
        last[1], last[2] = p, p - last[1]
    else:
        cases.append([p, p, 0, distance])
cases = [(a, b, step or 1, d) for a, b, step, d in cases]
marks = ranges(p for p in range(0x20000) if unicodedata.combining(chr(p)))

print("/* Printed by packaging/fold-tables.py from Unicode %s; do not edit. */" % unicodedata.unidata_version)
print('#include "tree/fold_tables.h"\n\n/* clang-format off */')
print("const uint16_t fold_pairs[][3] = {\n%s\n};" % rows(pairs, "{0x%04x,0x%04x,%#x},"))
print("const size_t fold_pairs_count = sizeof(fold_pairs) / sizeof(fold_pairs[0]);\n")
print("const uint32_t fold_pairs32[][3] = {\n%s\n};" % rows(pairs32, "{0x%04x,0x%04x,%#x},"))
print("const size_t fold_pairs32_count = sizeof(fold_pairs32) / sizeof(fold_pairs32[0]);\n")
print("const struct fold_case fold_cases[] = {\n%s\n};" % rows(cases, "{0x%04x,0x%04x,%d,%d},"))
print("const size_t fold_cases_count = sizeof(fold_cases) / sizeof(fold_cases[0]);\n")
print("const uint16_t fold_several[][4] = {\n%s\n};" % rows(several, "{0x%04x,0x%04x,0x%04x,%#x},"))
print("const size_t fold_several_count = sizeof(fold_several) / sizeof(fold_several[0]);\n")
print("const uint32_t fold_marks[][2] = {\n%s\n};" % rows(marks, "{0x%04x,0x%04x},"))
print("const size_t fold_marks_count = sizeof(fold_marks) / sizeof(fold_marks[0]);")
