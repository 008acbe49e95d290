#!/usr/bin/env python3
"""Random trees, random edits: the diff between them, applied, gives the second tree; taken back, the first.

A round is a folder of a few files and what was edited in it; ROUNDS (10,000) of them in batches of 500, each batch one
`git diff --binary` (renames, copies, modes, links, binary bytes) and one `diff -ruN` (text). SEED repeats a run; a batch
that fails is bisected to the first round that fails alone. Ends with "N passed, N failed" of rounds.
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

COOPER = os.path.abspath(os.environ.get("COOPER", "build/release/cooper"))
ROUNDS = int(os.environ.get("ROUNDS", "10000"))
SEED = int(os.environ.get("SEED", "1"))
BATCH = 500
ENV = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null", LC_ALL="C", TZ="UTC")
# Few different lines, so that hunks look alike; some that look like parts of a patch.
LINES = ["", "}", "\treturn 0;", "{", "a", "b", "--- a/f", "+++ b/f", "@@ -1 +1 @@", "-- ", "-", "+", " ", "\\ No newline",
         "diff --git a/f b/f", "long " * 30, "caf\u00e9 \u2603", "cr\r", "index 123..456", "From 0123456789"]
FOLDERS = ["d", "b"]  # files where others are folders: only git can say that
NAMES = ["f", "g.c", "d/h", "d/e/i", "with blank", "tab\tname", 'quote"s', "\u00fc", "-dash", "b/a/x"]


def free(tree, git):
    return [n for n in NAMES + FOLDERS * git
            if not any(o == n or o.startswith(n + "/") or n.startswith(o + "/") for o in tree)]


def text(r, lines):
    body = "\n".join(r.choice(LINES) if r.random() < 0.7 else "line %d" % r.randrange(9999) for _ in range(lines))
    return (body + ("\n" if r.random() < 0.85 and body else "")).encode()


def edit_text(r, data):
    lines = data.split(b"\n")
    for _ in range(r.randrange(1, 5)):
        at = r.randrange(len(lines) + 1)
        kind = r.randrange(4)
        if kind == 0:
            lines[at:at] = [r.choice(LINES).encode() for _ in range(r.randrange(1, 4))]
        elif kind == 1:
            del lines[at:at + r.randrange(1, 4)]
        elif kind == 2:
            lines[at:at + 1] = [b"changed %d" % r.randrange(99)]
        else:
            lines.append(b"")
    return b"\n".join(lines)


def edit_bytes(r, data):
    data = bytearray(data)
    for _ in range(r.randrange(1, 4)):
        at = r.randrange(len(data) + 1)
        data[at:at + r.randrange(20)] = r.randbytes(r.randrange(20)) + (b"\0" if r.random() < 0.5 else b"")
    return bytes(data)


def first(r, git):
    """path -> (kind, bytes): 'f' file, 'x' executable, 'l' link"""
    tree = {}
    for name in r.sample(NAMES + FOLDERS * git, r.randrange(1, 4)):
        if name not in free(tree, git):
            continue
        if git and r.random() < 0.1:
            tree[name] = ("l", r.choice([b"f", b"g.c", b"d/h"]))
        elif git and r.random() < 0.15:
            tree[name] = ("f", b"\0" + r.randbytes(r.randrange(400)))
        else:
            kind = "x" if git and r.random() < 0.2 else "f"
            tree[name] = (kind, text(r, r.choice([0, 1, 3, 20, 60])))
    return tree


def second(r, tree, git):
    tree = dict(tree)
    for name, (kind, data) in list(tree.items()):
        choice = r.randrange(10)
        if kind == "l":
            tree[name] = ("l", b"other") if choice < 5 else (kind, data)
        elif choice < 6:
            new = edit_bytes(r, data) if data[:1] == b"\0" else edit_text(r, data)
            tree[name] = (kind, new)
        elif choice == 6 and (git or data):  # diff -u cannot say that an empty file goes or comes
            del tree[name]
        elif choice == 7 and git:
            tree[name] = ("x" if kind == "f" else "f", data)
        elif choice == 8 and git:
            new = r.choice(free(tree, git) or [name])
            tree[new] = tree.pop(name) if r.random() < 0.6 else tree[name]
            if r.random() < 0.5:
                tree[new] = (kind, edit_text(r, data) if data[:1] != b"\0" else data)
    if r.random() < 0.3:
        tree[r.choice(free(tree, git))] = ("f", text(r, r.choice([0, 1, 10] if git else [1, 10])) or (b"" if git else b"x"))
    return tree


def write(top, trees):
    for number, tree in trees.items():
        for name, (kind, data) in tree.items():
            path = os.path.join(top, "c%05d" % number, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if kind == "l":
                os.symlink(data, path)
            else:
                with open(path, "wb") as f:
                    f.write(data)
                os.chmod(path, 0o755 if kind == "x" else 0o644)


def read(top):
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                value = ("l", os.fsencode(os.readlink(path)))
            else:
                with open(path, "rb") as f:
                    value = ("x" if os.stat(path).st_mode & 0o100 else "f", f.read())
            found[os.path.relpath(path, top)] = value
    return found


def flat(trees):
    return {"c%05d/%s" % (n, name): value for n, tree in trees.items() for name, value in tree.items()}


def run(argv, cwd, ok=(0,)):
    p = subprocess.run(argv, cwd=cwd, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode not in ok:
        raise RuntimeError("%s: %s" % (argv, p.stderr.decode(errors="replace")))
    return p.stdout


def make_patch(dir, a, b, git, context):
    if not git:
        return run(["diff", "-ruNa", "-U%d" % context, "a", "b"], dir, ok=(0, 1))
    repo = ["git", "--git-dir=" + dir + "/repo"]
    run(repo + ["--work-tree=" + a, "init", "-q"], dir)
    trees = []
    for side in (a, b):
        run(repo + ["--work-tree=" + side, "-c", "core.autocrlf=false", "add", "-A"], side)
        trees.append(run(repo + ["write-tree"], dir).decode().strip())
    return run(repo + ["diff", "--binary", "-M", "-C", "-l0", "-U%d" % context] + trees, dir)


# A copy of what changed between file and folder: `git apply -R` refuses its own patch
NO_WAY_BACK = object()


def attempt(numbers, git):
    """None, what went wrong, or NO_WAY_BACK"""
    dir = tempfile.mkdtemp(dir=os.environ.get("TMPDIR") or ("/dev/shm" if os.path.isdir("/dev/shm") else None))
    try:
        before, after = {}, {}
        for n in numbers:
            r = random.Random("%d %d %s" % (SEED, n, git))
            before[n] = first(r, git)
            after[n] = second(r, before[n], git)
        a, b, tree = (os.path.join(dir, x) for x in ("a", "b", "tree"))
        for top, trees in ((a, before), (b, after), (tree, before)):
            os.mkdir(top)
            write(top, trees)
        patch = os.path.join(dir, "p.patch")
        with open(patch, "wb") as f:
            f.write(make_patch(dir, a, b, git, context=1 + numbers[0] // BATCH % 4))
        for what, extra, wanted in (("forward", [], after), ("back", ["--reverse"], before)):
            p = subprocess.run([COOPER, "tool", "patch", "-d", tree] + extra + [patch], env=ENV, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
            if p.returncode and extra and git and not git_takes_back(tree, patch):
                return NO_WAY_BACK
            if p.returncode:
                return "%s: %s" % (what, p.stdout.decode(errors="replace"))
            if b" with an offset" in p.stdout:
                return "%s: a hunk moved: %s" % (what, p.stdout.decode(errors="replace"))
            found, wanted = read(tree), flat(wanted)
            if found != wanted:
                other = [k for k in set(found) | set(wanted) if found.get(k) != wanted.get(k)]
                return "%s: another tree: %s" % (what, sorted(other)[:5])
        return None
    finally:
        shutil.rmtree(dir)


def git_takes_back(tree, patch):
    env = dict(ENV, GIT_CEILING_DIRECTORIES=os.path.dirname(tree))
    return subprocess.run(["git", "apply", "-R", "--whitespace=nowarn", patch], cwd=tree, env=env,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def main():
    passed = failed = left_out = 0
    for git in (True, False):
        for start in range(0, ROUNDS // 2, BATCH):
            numbers = list(range(start, min(start + BATCH, ROUNDS // 2)))
            groups = [(numbers, attempt(numbers, git))]
            if groups[0][1] is NO_WAY_BACK:  # each by itself: no other round hides behind that one
                groups = [([n], attempt([n], git)) for n in numbers]
            for group, wrong in groups:
                if wrong is None:
                    passed += len(group)
                elif wrong is NO_WAY_BACK:
                    left_out += 1
                else:
                    failed += 1
                    alone = next((n for n in group if isinstance(attempt([n], git), str)), None)
                    print("FAILED %s, seed %d, round %s: %s" % ("git diff" if git else "diff", SEED, alone,
                                                                attempt([alone], git) if alone is not None else wrong))
    if left_out:
        print("%d left out: their way back git does not know either" % left_out)
    if left_out > ROUNDS // 1000:
        print("FAILED: more than one round in a thousand is left out")
        failed += 1
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
