#!/usr/bin/env python3
"""Damaged and misplaced patches, given to cooper and to `git apply`: same verdict and same bytes, or a known reason.

Each case is a real diff, then mutated: the file moved under it, context changed, header counts or names changed, lines
dropped or doubled, CRLF, cut short. CASES (2,000) of them from SEED; cases run in one tree per tool, each in its own
folder. Two results that differ are a failure (but for carriage returns); verdicts that differ must be in the table below, which says why
cooper decides as it does. Ends with "N passed, N failed".
"""
import collections
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

COOPER = os.path.abspath(os.environ.get("COOPER", "build/release/cooper"))
CASES = int(os.environ.get("CASES", "2000"))
SEED = int(os.environ.get("SEED", "1"))
ENV = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", LC_ALL="C", TZ="UTC")

CRLF = "CRLF ends of a patch whose headers have them too are the transport's"
# (who takes it, what the other one says, why)
EXPLAINED = [
    ("cooper", r"No valid patches in input", "an empty patch changes nothing"),
    ("cooper, loose", r"patch failed: f:\d+\n", "git binds a hunk of line 1 to line 1 and one without context to both ends; "
     "cooper, like patch(1), binds it where it has less context, and one without any to nothing but its lines"),
    ("git", r"has more lines than its header says", "changed lines after a hunk's counted end: git drops them unseen"),
    ("git", r"a hunk's header is damaged", "a hunk header that counts nothing, or line 0 with lines"),
    ("git", r"has no content: it is cut short|ends inside a file's header|'---' and '\+\+\+' is missing",
     "a header line in the wrong place: git passes over it"),
    ("git", r"does not apply to 'f' \(expected at line \d+\)\n  'f' has 0 lines",
     "lines added after a line that does not exist: git moves them"),
    ("git", r"the hunk of line \d+ is cut short", "a patch that ends inside its last words"),
    ("git", r"\(no newline at the end\)", "the patch says that the file ends without a newline, it ends with one"),
]


def loose(patch):
    """Whether a hunk lacks context on a side, or is said to stand at line 0 or 1"""
    bodies = re.split(r"(?m)^@@ -(\d+).*\n", patch)
    for start, rest in zip(bodies[1::2], bodies[2::2]):
        rows = re.match(r"(?:[-+ \\].*\n|\n)*", rest).group().splitlines()
        kinds = [row[:1] for row in rows if row[:1] != "\\"]
        if int(start) <= 1 or not kinds or kinds[0] in "+-" or kinds[-1] in "+-":
            return True
    return False


def explain(taker, says, patch):
    if taker == "cooper" and loose(patch) and "\r\n" not in patch:
        taker = "cooper, loose" if "patch failed" in says else taker
    if taker == "cooper" and "\r\n" in patch:
        return CRLF
    return next((why for who, words, why in EXPLAINED if who == taker and re.search(words, says)), None)


def body(r):
    pool = ["a", "b", "c", "}", "", "\treturn 0;"]
    return [r.choice(pool) if r.random() < 0.5 else "line %d" % i for i in range(r.choice([0, 1, 2, 5, 12, 40]))]


def edit(r, lines):
    lines = list(lines)
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(lines) + 1)
        kind = r.randrange(3)
        if kind == 0:
            lines[at:at] = ["new %d" % r.randrange(50) for _ in range(r.randrange(1, 3))]
        elif kind == 1:
            del lines[at:at + r.randrange(1, 3)]
        else:
            lines[at:at + 1] = ["changed"]
    return lines


def joined(r, lines):
    return "\n".join(lines) + ("\n" if lines and r.random() < 0.9 else "")


def disturb(r, lines):
    """The file that the patch meets"""
    lines = list(lines)
    kind = r.randrange(6)
    if kind == 0:
        lines[:0] = ["above %d" % i for i in range(r.randrange(1, 8))]
    elif kind == 1:
        lines += ["below %d" % i for i in range(r.randrange(1, 4))]
    elif kind == 2 and lines:
        lines[r.randrange(len(lines))] = "other"
    elif kind == 3 and lines:
        del lines[r.randrange(len(lines))]
    return lines


def mutate(r, patch):
    rows = patch.split("\n")
    kind = r.randrange(16)
    hunks = [i for i, row in enumerate(rows) if row.startswith("@@ ")]
    inner = [i for i, row in enumerate(rows) if row[:1] in (" ", "+", "-") and not row.startswith(("---", "+++"))]
    if kind == 0 and hunks:
        i = r.choice(hunks)
        rows[i] = re.sub(r"\d+", lambda m: str(max(0, int(m.group()) + r.choice([-1, 0, 0, 1]))), rows[i])
    elif kind == 1 and inner:
        del rows[r.choice(inner)]
    elif kind == 2 and inner:
        i = r.choice(inner)
        rows.insert(i, rows[i])
    elif kind == 3:
        return patch[:r.randrange(len(patch) + 1)]
    elif kind == 4:
        return patch.replace("\n", "\r\n")
    elif kind == 5 and inner:
        i = r.choice(inner)
        rows[i] = r.choice(" +-\\") + rows[i][1:]
    elif kind == 6:
        rows = [row for row in rows if not row.startswith("\\")]
    elif kind == 7 and inner:
        i = r.choice(inner)
        rows[i] = rows[i].rstrip(" ") or ""
    elif kind == 8:
        rows = [row for row in rows if not row.startswith(("diff ", "index "))]
    elif kind == 9:
        rows.insert(r.randrange(len(rows)), r.choice(["prose", "-- ", "", "@@ -1 +1 @@", "--- a/f", "+++ b/f"]))
    elif kind == 10:
        return patch + patch
    return "\n".join(rows)


def run(argv, cwd):
    p = subprocess.run(argv, cwd=cwd, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode == 0, p.stdout.decode(errors="replace")


def content(dir):
    found = {}
    for folder, _, names in os.walk(dir):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                found[os.path.relpath(os.path.join(folder, name), dir)] = f.read()
    return found


def one(top, number, tally):
    r = random.Random("%d %d" % (SEED, number))
    old = body(r)
    new = edit(r, old)
    while new == old:
        new = edit(r, old)
    dir = os.path.join(top, str(number))
    for side, text in (("a", joined(r, old)), ("b", joined(r, new))):
        os.makedirs(os.path.join(dir, side))
        with open(os.path.join(dir, side, "f"), "w", newline="") as f:
            f.write(text)
    plain = r.random() < 0.3
    argv = ["diff", "-u", "a/f", "b/f"] if plain else ["git", "diff", "--no-index", "--no-prefix", "a/f", "b/f"]
    patch = mutate(r, subprocess.run(argv, cwd=dir, env=ENV, stdout=subprocess.PIPE).stdout.decode())
    met = disturb(r, old) if r.random() < 0.5 else old
    with open(os.path.join(dir, "p"), "w", newline="") as f:
        f.write(patch)
    met = joined(random.Random("%d" % number), met)
    for side in ("git", "ours"):
        os.makedirs(os.path.join(dir, side))
        with open(os.path.join(dir, side, "f"), "w", newline="") as f:
            f.write(met)
    before = {"f": met.encode()}
    git, git_says = run(["git", "apply", "-p1", "../p"], os.path.join(dir, "git"))
    ours, we_say = run([COOPER, "tool", "patch", "../p"], os.path.join(dir, "ours"))
    theirs, mine = content(os.path.join(dir, "git")), content(os.path.join(dir, "ours"))
    wrong = None
    if not ours and mine != before:
        wrong = "refused, and the tree has changed"
    elif git and ours and theirs["f"].replace(b"\r", b"") == mine["f"] and theirs != mine and "\r\n" in patch:
        tally[("both", CRLF)] += 1
    elif git and ours and theirs != mine:
        wrong = "both take it, with different results: %r and %r" % (mine, theirs)
    elif git != ours:
        who, says = ("git", we_say) if git else ("cooper", git_says)
        why = explain(who, says, patch)
        tally[(who, why)] += 1
        wrong = None if why else "only %s takes it; the other: %s" % (who, says)
    else:
        tally[("both" if git else "neither", "")] += 1
    shutil.rmtree(dir)
    if wrong:
        print("FAILED case %d of seed %d: %s\n--- met\n%s--- patch\n%s" % (number, SEED, wrong, met, patch))
    return wrong is None


def main():
    top = tempfile.mkdtemp(dir=os.environ.get("TMPDIR") or ("/dev/shm" if os.path.isdir("/dev/shm") else None))
    ENV["GIT_CEILING_DIRECTORIES"] = top
    tally = collections.Counter()
    try:
        good = sum(one(top, n, tally) for n in range(CASES))
    finally:
        shutil.rmtree(top)
    for (who, why), n in sorted(tally.items(), key=lambda item: -item[1]):
        print("%5d %s%s%s" % (n, {"both": "taken by both", "neither": "refused by both"}.get(
            who, "only %s takes it" % who), ": " if why else "", why))
    print("%d passed, %d failed" % (good, CASES - good))
    return good < CASES


sys.exit(main())
