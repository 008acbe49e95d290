"""Compare two QEMU command lines option by option: podman 3.4's for a machine, and cooper's for podman-2021.

usage: podman-2021.py PODMAN-ARGV COOPER-ARGV DOCUMENT

Prints each option that is the same or is on one side only; paths are named by what they are, aliases and values that
are QEMU's defaults are spelled one way. Fails unless DOCUMENT has a row for each difference, and no other.
"""
import re
import sys

ALIASES = {"-M": "-machine"}
DEVICES = {"virtio-serial": "virtio-serial-pci"}  # the same device on a PCI machine
DEFAULTS = {("-machine", "gic-version=2"), ("-drive", "unit=0"), ("-drive", "unit=1")}
PATHS = [  # what a path is for; the first that matches
    (r"edk2-aarch64-code\.fd", "FIRMWARE"),
    (r"(ovmf_vars|flash-vars)\.fd", "VARIABLES"),
    (r"\.ign$", "IGNITION"),
    (r"qmp.*\.sock", "QMP-SOCKET"),
    (r"ready\.sock", "READY-SOCKET"),
    (r"serial\.log", "SERIAL-LOG"),
    (r"data\.qcow2", "DATA-DISK"),
    (r"\.qcow2$", "OS-DISK"),
    (r"share/qemu$", "SHARE"),
]


def name_path(text):
    for pattern, name in PATHS:
        if re.search(pattern, text):
            return name
    return text


def normal(option, value):
    option = ALIASES.get(option, option)
    parts = []
    for i, part in enumerate(value.split(",") if value else []):
        key, equals, text = part.partition("=")
        if (option, part) in DEFAULTS:
            continue
        if "/" in text and key in ("file", "path"):
            part = key + "=" + name_path(text)
        elif part.startswith("unix:") or (part.startswith("/") and i == 0):
            part = ("unix:" if part.startswith("unix:") else "") + name_path(part)
        elif option == "-device" and i == 0:
            part = DEVICES.get(part, part)
        elif option == "-m":
            part = re.sub(r"M$", "", part)
        parts.append(part)
    head = parts[:1] if parts and "=" not in parts[0] else []
    return " ".join([option, ",".join(head + sorted(parts[len(head):]))]).strip()


def read(path):
    words = open(path).read().split()[1:]
    options = []
    while words:
        option = words.pop(0)
        value = words.pop(0) if words and not words[0].startswith("-") else ""
        options.append(normal(option, value))
    return options


def main():
    podman, cooper, document = sys.argv[1:]
    ours, theirs = read(cooper), read(podman)
    rows = []
    for option in theirs:
        if option in ours:
            ours.remove(option)
            rows.append(("same", option))
        else:
            rows.append(("podman", option))
    rows += [("cooper", option) for option in ours]
    for side, option in rows:
        print(f"{side:<7} {option}")
    said = set(re.findall(r"^\| (podman|cooper) \| `([^`]+)` \|", open(document).read(), re.M))
    found = {row for row in rows if row[0] != "same"}
    for side, option in sorted(found - said):
        print(f"{document}: no reason for: | {side} | `{option}` |", file=sys.stderr)
    for side, option in sorted(said - found):
        print(f"{document}: no difference any more: | {side} | `{option}` |", file=sys.stderr)
    sys.exit(found != said)


main()
