"""Unpack every archive of make.py with the program: sh tests/archives/run.sh. Ends with "N passed, N failed"."""

import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import unicodedata

import make

BOMB_SECONDS = 1.0


def fold(name):
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def entries(root):
    """path -> (kind, executable, content) of everything below root; never follows a link."""
    found = {}
    for here, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(here, name)
            info = os.lstat(path)
            kind = stat.S_IFMT(info.st_mode)
            content = b""
            if stat.S_ISLNK(info.st_mode):
                content = os.readlink(path).encode()
            elif stat.S_ISREG(info.st_mode):
                with open(path, "rb") as f:
                    content = f.read()
            mode = 0 if stat.S_ISLNK(info.st_mode) else stat.S_IMODE(info.st_mode)
            found[os.path.relpath(path, root)] = (kind, mode, content)
    return found


def complaints(root):
    """What is wrong with a tree, whatever archive it came from."""
    found = []
    seen = {}
    for here, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(here, name)
            short = os.path.relpath(path, root)
            info = os.lstat(path)
            if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode) or stat.S_ISLNK(info.st_mode)):
                found.append("%r is neither file nor folder nor link" % short)
            if not stat.S_ISLNK(info.st_mode) and stat.S_IMODE(info.st_mode) not in (0o644, 0o755):
                found.append("%r has mode %o" % (short, stat.S_IMODE(info.st_mode)))
            if stat.S_ISLNK(info.st_mode):
                target = os.path.normpath(os.path.join(os.path.dirname(short), os.readlink(path)))
                if os.path.isabs(os.readlink(path)) or target.split("/")[0] == "..":
                    found.append("%r points to %r" % (short, os.readlink(path)))
            if any(ord(c) < 32 or ord(c) == 127 for c in short):
                found.append("%r has a control character" % short)
            other = seen.setdefault(fold(short), short)
            if other != short:
                found.append("%r and %r are one name on a Mac" % (other, short))
    return found


def outside_changed(outside):
    if sorted(os.listdir(outside)) != ["victim"]:
        return "something was left outside: %r" % os.listdir(outside)
    info = os.lstat(os.path.join(outside, "victim"))
    with open(os.path.join(outside, "victim"), "rb") as f:
        if f.read() != b"precious" or info.st_nlink != 1 or stat.S_IMODE(info.st_mode) != 0o644:
            return "the file outside was changed"
    return None


def processor_seconds():
    """Of all children so far: how long it took on a clock depends on who else uses this machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def unpack(cooper, archive, to):
    os.makedirs(to)
    before = processor_seconds()
    done = subprocess.run([cooper, "tool", "unpack", archive, to], capture_output=True, timeout=120)
    return done, processor_seconds() - before


def check_hostile(cooper, archive, work, outside, expected):
    to = os.path.join(work, "out")
    done, taken = unpack(cooper, archive, to)
    text = done.stderr
    problems = complaints(to)
    changed = outside_changed(outside)
    beside = set(os.listdir(work)) - {"out"}
    shutil.rmtree(to)
    if changed:
        problems.append(changed)
    if beside:
        problems.append("left beside the tree: %r" % beside)
    if done.returncode not in ((4,) if expected == "refuse" else (0, 4)):
        problems.append("exit code %d, %r" % (done.returncode, text[:300]))
    if any(c < 32 and c != 10 for c in text) or b"\xe2\x80\xae" in text:
        problems.append("control characters in %r" % text[:300])
    if done.returncode == 4 and not text.startswith(b"cooper: cannot unpack"):
        problems.append("the message is %r" % text[:300])
    if taken > BOMB_SECONDS:
        problems.append("took %.2f s of a processor" % taken)
    return problems


def reference(archive, to):
    os.makedirs(to)
    if archive.endswith(".deb"):
        command = ["dpkg-deb", "-x", archive, to]
    elif archive.endswith((".rpm", ".zip")):
        command = ["bsdtar", "-xf", archive, "-C", to]
    else:
        command = ["tar", "-xf", archive, "-C", to, "--no-same-owner"]
    done = subprocess.run(command, capture_output=True, umask=0o022, check=False)
    if done.returncode not in (0, 2):  # 2: GNU tar says so of garbage after the end and of odd times
        raise RuntimeError("%s: %s" % (command, done.stderr))


def check_valid(cooper, archive, work):
    mine, theirs = os.path.join(work, "out"), os.path.join(work, "reference")
    done, _ = unpack(cooper, archive, mine)
    problems = [] if done.returncode == 0 else ["exit code %d: %r" % (done.returncode, done.stderr[:300])]
    reference(archive, theirs)
    a, b = entries(mine), entries(theirs)
    if not b:
        problems.append("the other tool unpacked nothing")
    for path in sorted(set(a) | set(b)):
        if a.get(path) != b.get(path):
            problems.append("%r: %s, the other tool: %s" % (path, shown(a.get(path)), shown(b.get(path))))
    problems += complaints(mine)
    if "sparse" in a and "sparse-" in archive:
        if os.lstat(os.path.join(mine, "sparse")).st_blocks * 512 >= 9 << 20:
            problems.append("the sparse file has no holes")
    shutil.rmtree(mine)
    shutil.rmtree(theirs)
    return problems[:5]


def shown(entry):
    return entry and "%o %o %d bytes" % (entry[0], entry[1], len(entry[2]))


def main():
    cooper = os.path.abspath(sys.argv[1])
    os.umask(0o022)
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory(prefix="archives-") as base:
        outside, work = os.path.join(base, "outside"), os.path.join(base, "work")
        os.makedirs(outside)
        os.makedirs(work)
        with open(os.path.join(outside, "victim"), "wb") as f:
            f.write(b"precious")
        os.chmod(os.path.join(outside, "victim"), 0o644)
        os.environ["COOPER_HOME"] = os.path.join(base, "home")
        for name, expected in make.make(base, outside).items():
            if len(sys.argv) > 2 and name not in sys.argv[2:]:
                continue
            if expected == "equal":
                problems = check_valid(cooper, os.path.join(base, "valid", name), work)
            else:
                problems = check_hostile(cooper, os.path.join(base, "hostile", name), work, outside, expected)
            passed, failed = passed + (not problems), failed + bool(problems)
            for problem in problems:
                print("FAIL %s: %s" % (name, problem))
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


sys.exit(main())
