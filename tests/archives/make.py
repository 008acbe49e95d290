"""Archives as no tool makes them, and odd ones that are right. make(dir, outside) writes dir/hostile/ and dir/valid/;
outside is a path that an absolute name may try to write to."""

import bz2
import gzip
import io
import lzma
import os
import struct
import subprocess
import tarfile
import tempfile
import zipfile
import zlib

ZEROS = bytes(1 << 20)


def octal(value, size):
    return b"%0*o\0" % (size - 1, value)


def header(name, kind=b"0", size=0, mode=0o644, link="", magic=b"ustar\x0000", mtime=1600000000, raw_size=None):
    """One 512-byte header; tar(5)."""
    h = bytearray(512)
    name = name.encode() if isinstance(name, str) else name
    h[0:len(name[:100])] = name[:100]
    h[100:108] = octal(mode, 8)
    h[108:116] = h[116:124] = octal(0, 8)
    h[124:136] = raw_size or octal(size, 12)
    h[136:148] = octal(mtime, 12)
    h[156:157] = kind
    link = link.encode()[:100]
    h[157:157 + len(link)] = link
    h[257:257 + len(magic)] = magic
    if kind in (b"3", b"4"):
        h[329:337], h[337:345] = octal(1, 8), octal(3, 8)
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def pad(data):
    return data + bytes(-len(data) % 512)


def file(name, data=b"x", **more):
    return header(name, size=len(data), **more) + pad(data)


def folder(name):
    return header(name, b"5", mode=0o755)


def symlink(name, target):
    return header(name, b"2", link=target, mode=0o777)


def hardlink(name, target):
    return header(name, b"1", link=target)


def pax(records, kind=b"x"):
    body = b""
    for key, value in records:
        value = value if isinstance(value, bytes) else str(value).encode()
        tail = b" " + key.encode() + b"=" + value + b"\n"
        n = len(tail) + 1
        while len(str(n)) + len(tail) != n:
            n += 1
        body += str(n).encode() + tail
    return header("pax", kind, size=len(body)) + pad(body)


def gnu_long(kind, text):
    text = text.encode() + b"\0"
    return header("././@LongLink", kind, size=len(text), magic=b"ustar  \0") + pad(text)


def tar(*parts):
    return b"".join(parts) + bytes(1024)


def zip_of(*entries):
    """Entries: (name, data, unix mode)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, data)
    return out.getvalue()


def zip_overlapping(files, megabytes):
    """Many names for one compressed run of zeros: D. Fifield, "A better zip bomb"."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    size, crc = megabytes << 20, 0
    packed = b""
    for _ in range(megabytes):
        packed += packer.compress(ZEROS)
        crc = zlib.crc32(ZEROS, crc)
    packed += packer.flush()
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0x21, crc, len(packed), size, 4, 0) + b"f000"
    central = b""
    for i in range(files):
        central += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0x031E, 20, 0, 8, 0, 0x21, crc, len(packed), size, 4,
                               0, 0, 0, 0, 0o100644 << 16, 0) + b"f%03d" % i
    body = local + packed
    return body + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, files, files, len(central), len(body), 0)


def ar(*members):
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name.encode(), 0, 0, 0, b"100644", len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


def deb(data_tar, member="data.tar"):
    return ar(("debian-binary", b"2.0\n"), ("control.tar", tar(file("./control", b"Package: x\n"))), (member, data_tar))


def cpio(*entries):
    """The "new ASCII" format that rpm uses. Entries: (name, mode, data, inode, links)."""
    out = b""
    for i, entry in enumerate(entries + (("TRAILER!!!", 0, b"", 0, 1),)):
        name, mode, data, inode, links = (entry + (i + 1, 1))[:5] if len(entry) < 5 else entry
        name = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, 1, 3, len(name), 0)
        out += b"070701" + b"".join(b"%08x" % f for f in fields)
        out += name + bytes(-(110 + len(name)) % 4) + data + bytes(-len(data) % 4)
    return out


def rpm(payload, index=1, size=16):
    """Lead, signature, header, payload: enough of rpm's format for a reader of payloads."""
    lead = b"\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01" + b"x-1-1".ljust(66, b"\0") + b"\0\1\0\5" + bytes(16)
    entry = struct.pack(">IIII", 1000, 6, 0, 1)
    section = b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", 1, 16) + entry + b"x\0".ljust(16, b"\0")
    broken = b"\x8e\xad\xe8\x01\0\0\0\0" + struct.pack(">II", index, size) + entry + b"x\0".ljust(16, b"\0")
    return lead + section + bytes(-len(section) % 8) + broken + payload


def packed_zeros(kind, megabytes, before=b"", after=b"", streams=False):
    """before, then zeros, then after, packed; with streams in many of xz, of which one is made: that is quick."""
    if streams:
        return lzma.compress(before) + lzma.compress(ZEROS * 64, preset=0) * (megabytes // 64) + lzma.compress(after)
    if kind == "zst":
        with tempfile.TemporaryFile() as f:
            f.write(before)
            f.truncate(len(before) + (megabytes << 20))
            f.seek(0, os.SEEK_END)
            f.write(after)
            f.seek(0)
            return subprocess.run(["zstd", "-qc"], stdin=f, capture_output=True, check=True).stdout
    make = {"gz": lambda: zlib.compressobj(6, zlib.DEFLATED, 31), "bz2": bz2.BZ2Compressor,
            "xz": lambda: lzma.LZMACompressor(preset=0)}[kind]
    c = make()
    return c.compress(before) + b"".join(c.compress(ZEROS) for _ in range(megabytes)) + c.compress(after) + c.flush()


def bomb(kind, megabytes, streams=False):
    return packed_zeros(kind, megabytes, file_header_of(megabytes), bytes(1024), streams)


def file_header_of(megabytes):
    return header("zeros", size=megabytes << 20)


def flood(count):
    """The same folder again and again: next to nothing packed, no bytes of content, and no end of entries."""
    c = lzma.LZMACompressor(preset=0)
    block = folder("a") * 1000
    return b"".join(c.compress(block) for _ in range(count // 1000)) + c.compress(bytes(1024)) + c.flush()


def folders(count):
    """Long names that make sixty folders each."""
    names = ["%d/%s" % (i, "/".join("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh")) for i in range(count)]
    return lzma.compress(b"".join(gnu_long(b"L", name) + header(name[:100], b"5", mode=0o755) for name in names))


def xz_dictionary():
    """An .xz that says it needs a window of 4 GiB."""
    real = bytearray(lzma.compress(tar(file("a")), format=lzma.FORMAT_XZ, filters=[{"id": lzma.FILTER_LZMA2,
                                                                                    "preset": 0}]))
    # the block header's dictionary size property: 40 = 4 GiB - 1; xz file format 1.0.4, 5.3.1; and its CRC32 anew
    start = 12
    length = (real[start] + 1) * 4
    at = real.index(b"\x21\x01", start) + 2
    real[at] = 40
    real[start + length - 4:start + length] = struct.pack("<I", zlib.crc32(bytes(real[start:start + length - 4])))
    return bytes(real)


def hostile(outside):
    """name -> (bytes, "refuse": it must fail; "tame": either, as long as the tree is clean)."""
    up = "../" + os.path.basename(os.path.dirname(outside)) + "/" + os.path.basename(outside)
    deep = "/".join(["d"] * 3000)
    desync = tar(pax([("size", 0)]), header("a", size=1024), file("../hidden"))
    r, t = "refuse", "tame"
    cases = {
        # outside by name
        "dotdot.tar": (tar(file("../x")), r),
        "dotdot-inside.tar": (tar(file("a/../../x")), r),
        "dotdot-dot.tar": (tar(file("./../x")), r),
        "dotdot-folder.tar": (tar(folder("a/.."), folder("..")), r),
        "dotdot-last.tar": (tar(file("a/..")), r),
        "absolute.tar": (tar(file(outside + "/x")), r),
        "absolute-slashes.tar": (tar(file("//" + outside.lstrip("/") + "/x")), r),
        "pax-path.tar": (tar(pax([("path", "../x")]), file("a")), r),
        "pax-path-absolute.tar": (tar(pax([("path", outside + "/x")]), file("a")), r),
        "pax-global-path.tar": (tar(pax([("path", "../x")], b"g"), file("a")), t),
        "gnu-long-name.tar": (tar(gnu_long(b"L", "../" + "y" * 120), file("a")), r),
        "ustar-prefix.tar": (tar(prefixed("x", "..")), r),
        # outside through links
        "link-absolute-through.tar": (tar(symlink("l", outside), file("l/x")), r),
        "link-up-through.tar": (tar(symlink("l", up), file("l/x")), r),
        "link-chain.tar": (tar(folder("a"), symlink("a/b", "."), symlink("a/c", "b/.."), symlink("d", "a/c/.."),
                               file("d/x")), r),
        "link-through-inside.tar": (tar(folder("a"), symlink("l", "a"), file("l/x")), r),
        "folder-becomes-link.tar": (tar(folder("a"), symlink("a", outside), file("a/x")), r),
        "link-becomes-folder.tar": (tar(symlink("a", "b"), folder("a"), file("a/x")), r),
        "file-over-link.tar": (tar(symlink("a", "b"), file("a")), r),
        "link-over-file.tar": (tar(file("a"), symlink("a", "b")), r),
        "link-outward.tar": (tar(symlink("l", up)), r),
        "link-outward-absolute.tar": (tar(symlink("l", "/etc/passwd")), r),
        "link-after-name.tar": (tar(folder("d"), symlink("d/l", "x/../../..")), r),
        "link-empty.tar": (tar(symlink("l", "")), r),
        "link-control.tar": (tar(symlink("l", "a\x1b[2J")), r),
        "link-long-target.tar": (tar(gnu_long(b"K", "a/" * 4000), symlink("l", "a")), r),
        "pax-linkpath.tar": (tar(pax([("linkpath", outside)]), symlink("l", "a")), r),
        "link-loop.tar": (tar(symlink("a", "b"), symlink("b", "a"), file("c")), t),
        "hardlink-absolute.tar": (tar(hardlink("l", outside + "/victim")), r),
        "hardlink-up.tar": (tar(hardlink("l", up + "/victim")), r),
        "hardlink-through-link.tar": (tar(symlink("s", up), hardlink("l", "s/victim")), r),
        "hardlink-through-inside-link.tar": (tar(folder("d"), file("d/f"), symlink("s", "d"), hardlink("l", "s/f")), r),
        "hardlink-to-outward-link.tar": (tar(symlink("d/s", "../victim"), hardlink("s", "d/s")), r),
        "hardlink-self.tar": (tar(hardlink("l", "l")), r),
        "hardlink-forward.tar": (tar(hardlink("l", "f"), file("f")), r),
        "hardlink-folder.tar": (tar(folder("d"), hardlink("l", "d")), r),
        "hardlink-with-data.tar": (tar(file("f", b"one"), header("l", b"1", size=3, link="f") + pad(b"two")), t),
        # kinds and modes
        "character-device.tar": (tar(header("n", b"3")), r),
        "block-device.tar": (tar(header("n", b"4")), r),
        "fifo.tar": (tar(header("p", b"6")), r),
        "setuid.tar": (tar(file("s", mode=0o6755)), t),
        "world-writable.tar": (tar(file("w", mode=0o777), header("d", b"5", mode=0o1777)), t),
        "unreadable.tar": (tar(header("d", b"5", mode=0), file("d/f", mode=0)), t),
        "unknown-kind.tar": (tar(header("u", b"Z", size=1) + pad(b"x")), t),
        "gnu-volume.tar": (tar(header("v", b"V"), file("a")), t),
        # collisions
        "twice.tar": (tar(file("a", b"one"), file("a", b"two")), r),
        "twice-dot.tar": (tar(file("a", b"one"), file("./a", b"two")), r),
        "case.tar": (tar(file("README"), file("readme")), r),
        "case-folder.tar": (tar(file("Dir/a"), file("dir/b")), r),
        "case-greek.tar": (tar(file("\u03a3"), file("\u03c2")), r),
        "case-sharp-s.tar": (tar(file("stra\u00dfe"), file("STRASSE")), r),
        "case-ligature.tar": (tar(file("\ufb01le"), file("FILE")), r),
        "case-kelvin.tar": (tar(file("\u212a"), file("k")), r),
        "case-link-through.tar": (tar(symlink("A", "."), file("a/x")), r),
        "normalisation.tar": (tar(file("caf\u00e9"), file("cafe\u0301")), r),
        "normalisation-vietnamese.tar": (tar(file("\u1ec7"), file("\u1eb9\u0302")), r),
        "normalisation-order.tar": (tar(file("q\u0323\u0307"), file("q\u0307\u0323")), r),
        "normalisation-hangul.tar": (tar(file("\ud55c"), file("\u1112\u1161\u11ab")), r),
        "invisible.tar": (tar(file("ab"), file("a\u200bb")), r),
        # names
        "newline.tar": (tar(file("a\nb")), r),
        "escape.tar": (tar(file("\x1b]0;owned\x07")), r),
        "bidi.tar": (tar(file("gpj.\u202eexe")), r),
        "latin1.tar": (tar(file(b"caf\xe9")), r),
        "overlong-utf8.tar": (tar(file(b"\xc0\xae\xc0\xae/x")), r),
        "long-component.tar": (tar(gnu_long(b"L", "n" * 300), file("a")), r),
        "long-path.tar": (tar(gnu_long(b"L", deep), file("a")), r),
        "deep.tar": (tar(pax([("path", "/".join("d" * 100))]), file("a")), r),
        "no-name.tar": (tar(file("")), r),
        # sizes and damage
        "size-negative.tar": (tar(header("a", raw_size=b"\xff" * 12)), r),
        "size-huge.tar": (tar(header("a", raw_size=b"\x80" + b"\x7f" * 11)), r),
        "pax-size-huge.tar": (tar(pax([("size", 1 << 62)]), file("a")), r),
        "pax-desync.tar": (desync, t),
        "gnu-long-huge.tar": (header("././@LongLink", b"L", size=1 << 32, magic=b"ustar  \0") + b"x" * 512, r),
        "truncated.tar": (tar(file("a", b"y" * 5000))[:2000], r),
        "truncated.tar.xz": (lzma.compress(tar(file("a", os.urandom(50000))))[:-400], r),
        "damaged.tar.xz": (damage(lzma.compress(tar(file("a", os.urandom(50000))))), r),
        "damaged.tar.gz": (damage(gzip.compress(tar(file("a", os.urandom(50000))))), r),
        "checksum.tar": (tar(header("a")[:100] + b"\xff" + header("a")[101:]), r),
        "sparse-huge.tar": (tar(gnu_sparse("s", 1 << 50)), r),
        "sparse-beyond.tar": (tar(gnu_sparse("s", 100)), r),
        "pax-malformed.tar": (tar(header("pax", b"x", size=8) + pad(b"99 path="), file("a")), r),
        "long-target.tar": (tar(gnu_long(b"K", "t" * 80000), symlink("l", "f")), r),
        "sparse-pax-huge.tar": (tar(pax([("GNU.sparse.major", 1), ("GNU.sparse.minor", 0), ("GNU.sparse.name", "s"),
                                         ("GNU.sparse.realsize", 1 << 50)]), file("a", pad(b"1\n0\n1\n") + b"x")), r),
        "nothing.txt": (b"just some text\n" * 100, r),
        # bombs
        "zeros.tar.xz": (bomb("xz", 2048), r),
        "zeros.tar.gz": (bomb("gz", 2048), r),
        "zeros.tar.bz2": (bomb("bz2", 512), r),
        "zeros.tar.zst": (bomb("zst", 2048), r),
        "zeros-unnamed.tar.xz": (packed_zeros("xz", 2048, streams=True), r),
        "zeros-pax.tar.gz": (packed_zeros("gz", 1024, header("pax", b"x", size=1 << 30), bytes(1024)), r),
        "zeros-after-end.tar.xz": (packed_zeros("xz", 2048, tar(file("a")), streams=True), t),
        "gzip-in-gzip.tar.gz": (nested(tar(file("a", bytes(1 << 20))), 40), t),
        "dictionary.tar.xz": (xz_dictionary(), r),
        "late-cut.tar.zst": (late("zst", 1000), r),
        "late-cut.tar.bz2": (late("bz2", 1000), r),
        "late-damage.tar.zst": (late("zst", 0), r),
        "late-damage.tar.bz2": (late("bz2", 0), r),
        "flood.tar.xz": (flood(900000), r),
        "folders.tar.xz": (folders(2000), r),
        # zip
        "dotdot.zip": (zip_of(("../x", b"x", 0o100644)), r),
        "absolute.zip": (zip_of((outside + "/x", b"x", 0o100644)), r),
        "backslash.zip": (zip_of(("..\\x", b"x", 0o100644), ("a", b"x", 0o100644)), t),
        "drive.zip": (zip_of(("C:\\x", b"x", 0o100644)), t),
        "link-through.zip": (zip_of(("l", outside.encode(), 0o120777), ("l/x", b"x", 0o100644)), r),
        "link-outward.zip": (zip_of(("l", b"../../etc/passwd", 0o120777)), r),
        "twice.zip": (zip_twice(), r),
        "case.zip": (zip_of(("A", b"1", 0o100644), ("a", b"2", 0o100644)), r),
        "setuid.zip": (zip_of(("s", b"x", 0o106755)), t),
        "fifo.zip": (zip_of(("p", b"", 0o010644)), t),
        "device.zip": (zip_of(("n", b"", 0o020644)), r),
        "zeros.zip": (zip_of(("z", bytes(512 << 20), 0o100644)), r),
        "overlap.zip": (zip_overlapping(200, 100), r),
        "other-local-name.zip": (zip_of(("aa", b"x", 0o100644)).replace(b"aa", b"..", 1), t),
        # Debian packages
        "dotdot.deb": (deb(tar(file("./../x"))), r),
        "link-through.deb": (deb(tar(symlink("./l", up), file("./l/x"))), r),
        "link-outward.deb": (deb(tar(symlink("./l", "/etc/passwd"))), r),
        "device.deb": (deb(tar(header("./n", b"3"))), r),
        "setuid.deb": (deb(tar(file("./s", mode=0o4755))), t),
        "no-data.deb": (ar(("debian-binary", b"2.0\n")), r),
        "zeros.deb": (deb(bomb("xz", 1024, streams=True), "data.tar.xz"), r),
        "size-lies.deb": (deb(tar(file("a"))).replace(b"100644  10", b"100644  99"), t),
        "members.deb": (ar(*[("m%d" % i, b"") for i in range(1000)]), r),
        "unknown-packing.deb": (deb(lzma.compress(tar(file("./a")), format=lzma.FORMAT_ALONE), "data.tar.lzma"), r),
        "not-a-tar.deb": (deb(b"no tar at all" * 100), r),
        # rpm packages
        "dotdot.rpm": (rpm(gzip.compress(cpio(("./../x", 0o100644, b"x")))), r),
        "absolute.rpm": (rpm(gzip.compress(cpio((outside + "/x", 0o100644, b"x")))), r),
        "link-through.rpm": (rpm(gzip.compress(cpio(("./l", 0o120777, up.encode()), ("./l/x", 0o100644, b"x")))), r),
        "link-outward.rpm": (rpm(gzip.compress(cpio(("./l", 0o120777, b"/etc/passwd")))), r),
        "device.rpm": (rpm(gzip.compress(cpio(("./n", 0o020644, b"")))), r),
        "fifo.rpm": (rpm(cpio(("./p", 0o010644, b""))), r),
        "socket.rpm": (rpm(cpio(("./s", 0o140644, b""))), r),
        "setuid.rpm": (rpm(gzip.compress(cpio(("./s", 0o104755, b"x")))), t),
        "twice.rpm": (rpm(gzip.compress(cpio(("./a", 0o100644, b"1"), ("./a", 0o100644, b"2")))), r),
        "hardlink-with-data.rpm": (rpm(cpio(("./a", 0o100644, b"", 7, 2), ("./b", 0o100644, b"x", 7, 2))), r),
        "case.rpm": (rpm(gzip.compress(cpio(("./a", 0o100644, b"1"), ("./A", 0o100644, b"2")))), r),
        "header-lies.rpm": (rpm(gzip.compress(cpio(("./a", 0o100644, b"x"))), 0xFFFFFFFF, 0xFFFFFFFF), r),
        "header-only.rpm": (rpm(b""), r),
        "truncated.rpm": (rpm(b"")[:150], r),
        "name-size.rpm": (rpm(cpio(("./a", 0o100644, b"x")).replace(b"00000004" + b"00000000./a", b"ffffffff"
                                                                   + b"00000000./a", 1)), r),
        "zeros.rpm": (rpm(packed_zeros("xz", 1024, cpio_header(1 << 30), streams=True)), r),
    }
    return cases


def cpio_header(size):
    return b"070701" + b"".join(b"%08x" % f for f in (1, 0o100644, 0, 0, 1, 0, size, 0, 0, 1, 3, 4, 0)) + b"./z\0\0\0"


def prefixed(name, prefix):
    h = bytearray(header(name))
    h[345:345 + len(prefix)] = prefix.encode()
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def gnu_sparse(name, real_size):
    h = bytearray(header(name, b"S", size=512, magic=b"ustar  \0"))
    h[386:398], h[398:410] = octal(0, 12), octal(512, 12)
    h[483:495] = b"\x80" + real_size.to_bytes(11, "big")
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h) + b"x" * 512


def damage(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1:]


def late(kind, cut):
    """Damage behind the archive's end, in what only a reader of all of it meets: an end cut off, or one bit of a sum."""
    data = tar(file("a")) + os.urandom(1 << 20)
    whole = bz2.compress(data) if kind == "bz2" else subprocess.run(["zstd", "-qc"], input=data, capture_output=True,
                                                                    check=True).stdout
    return whole[:-cut] if cut else whole[:-2] + bytes([whole[-2] ^ 0x10]) + whole[-1:]


def nested(data, levels):
    for _ in range(levels):
        data = gzip.compress(data)
    return data


def zip_twice():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for data in (b"one", b"two"):
            info = zipfile.ZipInfo("a")
            info.create_system, info.external_attr = 3, 0o100644 << 16
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                z.writestr(info, data)
    return out.getvalue()


def valid(where):
    """name -> bytes, for what GNU tar (or dpkg-deb, bsdtar) unpacks as well."""
    tree = os.path.join(where, "tree")
    os.makedirs(os.path.join(tree, "bin"))
    os.makedirs(os.path.join(tree, "empty folder"))
    write(tree, "bin/tool", b"#!/bin/sh\n", 0o755)
    write(tree, "plain", os.urandom(300000), 0o644)
    write(tree, "zero", b"", 0o644)
    write(tree, "\u00fcml\u00e4ut \u4e2d", b"utf-8", 0o644)
    write(tree, "a 'quoted' \"name\"", b"q", 0o644)
    os.symlink("bin/tool", os.path.join(tree, "link"))
    os.symlink("../plain", os.path.join(tree, "bin", "up"))
    os.symlink("nowhere", os.path.join(tree, "dangling"))
    os.link(os.path.join(tree, "plain"), os.path.join(tree, "bin", "again"))
    with open(os.path.join(tree, "sparse"), "wb") as f:
        for at in (0, 1 << 20, 5 << 20):
            f.seek(at)
            f.write(b"data at %d" % at)
        f.truncate(9 << 20)
    os.chmod(os.path.join(tree, "sparse"), 0o644)
    long = os.path.join("l" * 90, "m" * 90, "n" * 200)
    write(tree, long, b"long", 0o644)
    cases = {}
    for kind in ("gnu", "pax"):
        cases["sparse-%s.tar" % kind] = run_tar(tree, "--sparse", "--format=" + kind)
        cases["plain-%s.tar" % kind] = run_tar(tree, "--format=" + kind)
    for minor in ("0.0", "0.1", "1.0"):
        cases["sparse-%s.tar" % minor] = run_tar(tree, "--sparse", "--format=pax", "--sparse-version=" + minor)
    plain = cases["plain-gnu.tar"]
    cases["packed.tar.gz"] = gzip.compress(plain)
    cases["packed.tar.bz2"] = bz2.compress(plain)
    cases["packed.tar.xz"] = lzma.compress(plain)
    cases["packed-blocks.tar.xz"] = subprocess.run(["xz", "-T2", "--block-size=64KiB"], input=plain,
                                                   capture_output=True, check=True).stdout
    cases["concatenated.tar.xz"] = lzma.compress(plain[:100000]) + lzma.compress(plain[100000:])
    cases["concatenated.tar.gz"] = gzip.compress(plain[:100000]) + gzip.compress(plain[100000:])
    cases["packed.tar.zst"] = subprocess.run(["zstd", "-qc"], input=plain, capture_output=True, check=True).stdout
    cases["skippable.tar.zst"] = b"\x50\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello" + cases["packed.tar.zst"]
    cases["v7.tar"] = tar(header("d/", b"\0", mode=0o755, magic=b""), header("d/f", b"\0", size=2, magic=b"")
                          + pad(b"v7"), header("d/l", b"2", link="f", magic=b""))
    cases["ustar-split.tar"] = tar(prefixed("f", "p" * 100 + "/" + "q" * 50))
    cases["no-folders.tar"] = tar(file("a/b/c", b"1"), file("a/b/d", b"2"), file("e/f", b"3"))
    cases["folders-last.tar"] = tar(file("a/b", b"1"), folder("a/"))
    cases["folder-twice.tar"] = tar(folder("a/"), folder("a/"), file("a/f"))
    cases["dot.tar"] = tar(folder("./"), file("./a"), folder("././b/"))
    cases["no-end.tar"] = file("a") + file("b")
    cases["garbage-after.tar"] = tar(file("a")) + b"garbage" * 1000
    cases["empty-file.tar"] = tar(file("a", b""))
    cases["time-huge.tar"] = tar(pax([("mtime", "99999999999.5")]), file("a"))
    cases["time-negative.tar"] = tar(pax([("mtime", "-5")]), file("a"))
    cases["pax-attributes.tar"] = tar(pax([("SCHILY.xattr.user.x", "y"), ("LIBARCHIVE.xattr.user.z", "eA=="),
                                           ("uname", "nobody"), ("comment", "hi")]), file("a"))
    cases["dot-underscore.tar"] = tar(file("._x", b"attributes"), file("x"))
    cases["many.tar.gz"] = many(100000)
    cases["large-first.tar"] = tar(file("a", os.urandom(1 << 20) * 70), file("b"))
    cases["unix.zip"] = zip_of(("d/", b"", 0o40755), ("d/tool", b"#!/bin/sh\n", 0o100755), ("d/f", b"x" * 9999, 0o100644),
                               ("d/l", b"f", 0o120777))
    cases["package.deb"] = deb(lzma.compress(run_tar(tree, "--format=gnu", "--transform=s,^\\.,.,")), "data.tar.xz")
    for packing, packed in (("", plain), (".gz", cases["packed.tar.gz"]), (".zst", cases["packed.tar.zst"])):
        cases["package%s.deb" % packing] = deb(packed, "data.tar" + packing)
    entries = [(".", 0o40755, b""), ("./bin", 0o40755, b""), ("./bin/tool", 0o100755, b"#!/bin/sh\n"),
               ("./f", 0o100644, b"data" * 999), ("./l", 0o120777, b"bin/tool")]
    cases["gzip.rpm"] = rpm(gzip.compress(cpio(*entries)))
    cases["xz.rpm"] = rpm(lzma.compress(cpio(*entries)))
    cases["plain.rpm"] = rpm(cpio(*entries))
    cases["zstd.rpm"] = rpm(subprocess.run(["zstd", "-qc"], input=cpio(*entries), capture_output=True,
                                           check=True).stdout)
    return cases


def write(tree, name, data, mode):
    path = os.path.join(tree, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, mode)


def run_tar(tree, *options):
    return subprocess.run(["tar", "-C", tree, "--sort=name", "-c", *options, "."], capture_output=True,
                          check=True).stdout


def many(count):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as t:
        for i in range(count):
            info = tarfile.TarInfo("d%03d/f%05d" % (i // 100, i))
            info.mode, info.size = 0o644, 3
            t.addfile(info, io.BytesIO(b"abc"))
    return out.getvalue()


def make(where, outside):
    """Write everything; the hostile cases' expectations by name."""
    expectations = {}
    for kind, cases in (("hostile", hostile(outside)), ("valid", valid(where))):
        os.makedirs(os.path.join(where, kind))
        for name, case in cases.items():
            data, expectations[name] = case if kind == "hostile" else (case, "equal")
            with open(os.path.join(where, kind, name), "wb") as f:
                f.write(data)
    return expectations
