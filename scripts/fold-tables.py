#!/usr/bin/env python3
"""Print cmd/lib/fmt/fold_tables.c from Python's copy of the Unicode data: python3 scripts/fold-tables.py"""

import unicodedata


def rows(values, form, per_line):
    values = [form % v for v in values]
    return "\n".join("\t" + " ".join(values[i:i + per_line]) for i in range(0, len(values), per_line))


def ranges(points):
    out = []
    for p in points:
        if out and out[-1][1] == p - 1:
            out[-1][1] = p
        else:
            out.append([p, p])
    return [tuple(r) for r in out]


pairs, single, several = [], [], []
for p in range(0x80, 0x10000):
    text = unicodedata.decomposition(chr(p))
    if text and not text.startswith("<"):
        parts = [int(x, 16) for x in text.split()]
        if all(x < 0x10000 for x in parts):
            pairs.append((p, parts[0], parts[1] if len(parts) > 1 else 0))
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

print("/* Printed by scripts/fold-tables.py from Unicode %s; do not edit. */" % unicodedata.unidata_version)
print('#include "fmt/fold_tables.h"\n\n/* clang-format off */')
print("const uint16_t fold_pairs[][3] = {\n%s\n};" % rows(pairs, "{0x%04x,0x%04x,%#x},", 5))
print("const size_t fold_pairs_count = sizeof(fold_pairs) / sizeof(fold_pairs[0]);\n")
print("const struct fold_case fold_cases[] = {\n%s\n};" % rows(cases, "{0x%04x,0x%04x,%d,%d},", 4))
print("const size_t fold_cases_count = sizeof(fold_cases) / sizeof(fold_cases[0]);\n")
print("const uint16_t fold_several[][4] = {\n%s\n};" % rows(several, "{0x%04x,0x%04x,0x%04x,%#x},", 4))
print("const size_t fold_several_count = sizeof(fold_several) / sizeof(fold_several[0]);\n")
print("const uint32_t fold_marks[][2] = {\n%s\n};" % rows(marks, "{0x%04x,0x%04x},", 7))
print("const size_t fold_marks_count = sizeof(fold_marks) / sizeof(fold_marks[0]);")
