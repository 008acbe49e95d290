"""Is the arm64 Mach-O file named ad-hoc signed, and is each page's digest right? See: xnu's osfmk/kern/cs_blobs.h"""
import hashlib
import struct
import sys

LC_CODE_SIGNATURE, EMBEDDED, CODE_DIRECTORY, ADHOC, SHA256 = 0x1D, 0xFADE0CC0, 0xFADE0C02, 0x2, 2


def signature_bytes(data):
    count = struct.unpack_from("<I", data, 16)[0]
    at = 32
    for _ in range(count):
        command, size = struct.unpack_from("<2I", data, at)
        if command == LC_CODE_SIGNATURE:
            offset, length = struct.unpack_from("<2I", data, at + 8)
            return data[offset : offset + length]
        at += size
    sys.exit("not signed")


def code_directory(blob):
    magic, _, count = struct.unpack_from(">3I", blob)
    if magic != EMBEDDED:
        sys.exit("the signature is not an embedded one")
    for i in range(count):
        _, offset = struct.unpack_from(">2I", blob, 12 + 8 * i)
        if struct.unpack_from(">I", blob, offset)[0] == CODE_DIRECTORY:
            return blob[offset:]
    sys.exit("the signature has no code directory")


def main():
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    directory = code_directory(signature_bytes(data))
    flags, hashes_at = struct.unpack_from(">2I", directory, 12)
    pages, limit = struct.unpack_from(">2I", directory, 28)
    hash_size, hash_type, _, page_shift = struct.unpack_from("4B", directory, 36)
    if not flags & ADHOC or hash_type != SHA256:
        sys.exit("the signature is not an ad-hoc one with SHA-256")
    page = 1 << page_shift
    if pages == 0 or pages != -(-limit // page):
        sys.exit(f"{pages} pages do not cover {limit} bytes")
    for i in range(pages):
        digest = hashlib.sha256(data[i * page : min((i + 1) * page, limit)]).digest()
        at = hashes_at + i * hash_size
        if digest != directory[at : at + hash_size]:
            sys.exit(f"page {i} of {pages} has another digest")


main()
