#!/usr/bin/env python3
"""An HTTP server that misbehaves on demand, for the tests of net/fetch.

    faulty_http.py PORTFILE LOGFILE [CERTIFICATE KEY [RESETS]]

Listens on 127.0.0.1 and writes the port into PORTFILE. The path says what happens: /<fault>/<size>/<anything>;
the right body of that size is byte(i) = (i * 31 + i // 256) % 256. Every request is one line of LOGFILE:
connection number, method, target, Range, If-Range, Authorization ('-' where absent).
The first RESETS connections are reset in the middle of the TLS handshake.
"""
import functools
import os
import socket
import ssl
import struct
import sys
import threading
import time

ETAG = '"one"'
MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT"
seen = {}
lock = threading.Lock()


@functools.lru_cache(maxsize=None)
def body_of(size):
    return bytes((i * 31 + i // 256) % 256 for i in range(size))


class Gone(Exception):
    """The connection is over."""


class Answer:
    def __init__(self, sock, target, headers):
        self.sock = sock
        self.headers = headers
        path = target.split("?")[0]
        if "://" in path:
            path = "/" + path.split("/", 3)[3]  # asked as a proxy
        self.target = target
        self.words = path.strip("/").split("/")
        self.size = int(self.words[1]) if len(self.words) > 1 and self.words[1].isdigit() else 0
        with lock:
            self.times = seen[path] = seen.get(path, 0) + 1

    def head(self, status, fields, extra=b""):
        text = "HTTP/1.1 %s\r\nDate: %s\r\n" % (status, time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()))
        self.sock.sendall((text + "".join("%s: %s\r\n" % f for f in fields) + "\r\n").encode() + extra)

    def whole(self, body, etag=ETAG, fields=(), upto=None):
        marks = [("ETag", etag)] if etag else []
        self.head("200 OK", [("Content-Length", len(body)), ("Accept-Ranges", "bytes")] + marks + list(fields))
        self.sock.sendall(body if upto is None else body[:upto])
        if upto is not None:
            raise Gone

    def ranged(self, body, etag=ETAG, upto=None):
        """What an honest server does."""
        wanted = self.headers.get("range", "")
        if_range = self.headers.get("if-range")
        if not wanted.startswith("bytes=") or (if_range and if_range not in (etag, MODIFIED)):
            return self.whole(body, etag, upto=upto)
        start = int(wanted[6:].split("-")[0])
        if start >= len(body):
            return self.head("416 Range Not Satisfiable", [("Content-Range", "bytes */%d" % len(body)), ("Content-Length", 0)])
        self.head("206 Partial Content", [("Content-Range", "bytes %d-%d/%d" % (start, len(body) - 1, len(body))),
                                          ("Content-Length", len(body) - start), ("ETag", etag or '"none"')])
        self.sock.sendall(body[start:])

    def chunk(self, data):
        self.sock.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def redirect(self, where):
        self.head("302 Found", [("Location", where), ("Content-Length", 5)], b"moved")

    # --- one method per fault

    def ok(self):
        self.ranged(body_of(self.size))

    def chunked(self):
        self.head("200 OK", [("Transfer-Encoding", "chunked")])
        self.chunk(body_of(self.size))
        self.sock.sendall(b"0\r\n\r\n")

    def dated(self):
        """No ETag; cut at first, then goes on when If-Range holds the date."""
        body = body_of(self.size)
        if self.times == 1:
            self.whole(body, None, [("Last-Modified", MODIFIED)], upto=len(body) // 2)
        self.ranged(body)

    def short(self):
        self.whole(body_of(self.size), upto=self.size // 2)

    def quietshort(self):
        """No length, and less than there is: only the known size shows it."""
        self.head("200 OK", [("Connection", "close")])
        self.sock.sendall(body_of(self.size)[: self.size // 2])
        raise Gone

    def cut(self):
        self.ranged(body_of(self.size), upto=self.size // 2 if self.times == 1 else None)

    def reset(self):
        if self.times == 1:
            body = body_of(self.size)
            self.head("200 OK", [("Content-Length", len(body)), ("ETag", ETAG)], body[: len(body) // 2])
            time.sleep(0.1)  # the bytes must arrive before the reset
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Gone
        self.ok()

    def changed(self):
        """Cut at first; then it is another file, with another validator: the right one."""
        if self.times == 1:
            self.whole(bytes(self.size), '"old"', upto=self.size // 2)
        self.ranged(body_of(self.size), '"new"')

    def spliced(self):
        """Like changed, but claims that nothing changed: only the digest can tell."""
        if self.times == 1:
            self.whole(bytes(self.size), upto=self.size // 2)
        self.ok()

    def ignorant(self):
        """Another file after the first request; gives the rest of it whatever If-Range says."""
        if self.times == 1:
            self.whole(bytes(self.size), '"old"', upto=self.size // 2)
        self.headers["if-range"] = ""
        self.ranged(body_of(self.size), '"new"')

    def piecewise(self):
        """No length at first; then a quarter at a time, which is allowed."""
        body = body_of(self.size)
        if self.times == 1:
            self.head("200 OK", [("Transfer-Encoding", "chunked"), ("ETag", ETAG)])
            self.sock.sendall(b"%x\r\n" % self.size + body[: self.size // 2])
            raise Gone
        start = int(self.headers["range"][6:].split("-")[0])
        end = start + self.size // 4
        self.head("206 Partial Content", [("Content-Range", "bytes %d-%d/%d" % (start, end - 1, self.size)),
                                          ("Content-Length", end - start), ("ETag", ETAG)], body[start:end])

    def wholeagain(self):
        body = body_of(self.size)
        self.whole(body, upto=len(body) // 2 if self.times == 1 else None)

    def wrongrange(self):
        body = body_of(self.size)
        if self.times == 1:
            self.whole(body, upto=len(body) // 2)
        if "range" not in self.headers:
            return self.whole(body)
        self.head("206 Partial Content", [("Content-Range", "bytes 0-%d/%d" % (len(body) - 1, len(body))),
                                          ("Content-Length", len(body)), ("ETag", ETAG)], body)

    def grown(self):
        """The rest of a longer file, under the name of the one that was there."""
        body = body_of(self.size)
        if self.times == 1:
            self.whole(body, upto=len(body) // 2)
        if "range" not in self.headers:
            return self.whole(body)
        start = int(self.headers["range"][6:].split("-")[0])
        rest = body[start:] + bytes(10)
        self.head("206 Partial Content", [("Content-Range", "bytes %d-%d/%d" % (start, len(body) + 9, len(body) + 10)),
                                          ("Content-Length", len(rest)), ("ETag", ETAG)], rest)

    def unasked(self):
        self.head("206 Partial Content", [("Content-Range", "bytes 10-19/20"), ("Content-Length", 10)], bytes(10))

    def wronglength(self):
        self.whole(body_of(self.size + 10))

    def long(self):
        self.head("200 OK", [("Transfer-Encoding", "chunked")])
        self.chunk(body_of(self.size + 1000))
        self.sock.sendall(b"0\r\n\r\n")

    def endless(self):
        self.head("200 OK", [("Transfer-Encoding", "chunked")])
        while True:
            self.chunk(bytes(65536))

    def wrongdigest(self):
        self.whole(bytes(self.size))

    def encoded(self):
        self.whole(bytes(self.size), fields=[("Content-Encoding", "gzip")])

    def loop(self):
        self.redirect(self.target)

    def tofile(self):
        self.redirect("file:///etc/hostname")

    def toftp(self):
        self.redirect("ftp://127.0.0.1/x")

    def there(self):
        self.redirect("/ok/%d/there" % self.size)

    def elsewhere(self):
        """/elsewhere/<size>/<port>/<scheme>: the same file on another port"""
        self.redirect("%s://127.0.0.1:%s/ok/%d/elsewhere" % (self.words[3], self.words[2], self.size))

    def status(self):
        self.head("%d Told So" % self.size, [("Content-Length", 3)], b"no\n")

    def busy(self):
        """/busy/<size>/<n>: 500 n times, then well"""
        if self.times <= int(self.words[2]):
            return self.head("500 Not Now", [("Content-Length", 0)])
        self.ok()

    def later(self):
        """/later/<size>/<seconds>: 429 with Retry-After once, then well"""
        if self.times == 1:
            return self.head("429 Too Many", [("Retry-After", self.words[2]), ("Content-Length", 0)])
        self.ok()

    def passing(self):
        """/passing/<size>/<status>: that status twice, then well"""
        if self.times <= 2:
            return self.head("%s For Now" % self.words[2], [("Content-Length", 3)], b"no\n")
        self.ok()

    def pause(self):
        """/pause/<size>/<seconds>: 503 with Retry-After once, then well"""
        if self.times == 1:
            return self.head("503 Soon", [("Retry-After", self.words[2]), ("Content-Length", 0)])
        self.ok()

    def moved(self):
        """/moved/<size>/<status>: a redirect with that status"""
        self.head("%s Moved" % self.words[2], [("Location", "/ok/%d/moved" % self.size), ("Content-Length", 0)])

    def nowhere(self):
        self.head("302 Found", [("Content-Length", 0)])

    def hints(self):
        """/hints/<size>/<n>: n interim answers, each with what belongs to none of the file, then well"""
        for _ in range(int(self.words[2])):
            self.sock.sendall(b'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nETag: "wrong"\r\nX: %s\r\n\r\n' % (b"a" * 1000))
        self.ok()

    def trailer(self):
        """Fields after the body are no fields of the file."""
        self.head("200 OK", [("Transfer-Encoding", "chunked"), ("Trailer", "Content-Length")])
        self.chunk(body_of(self.size))
        self.sock.sendall(b"0\r\nContent-Length: 7\r\nContent-Encoding: gzip\r\nHTTP/1.1 404 Not Found: x\r\n\r\n")

    def twolengths(self):
        self.head("200 OK", [("Content-Length", self.size), ("Content-Length", self.size - 5)], body_of(self.size))

    def bothlengths(self):
        """Chunked, and a length: the chunks count (RFC 9112 section 6.3)."""
        self.head("200 OK", [("Content-Length", 5), ("Transfer-Encoding", "chunked")])
        self.chunk(body_of(self.size))
        self.sock.sendall(b"0\r\n\r\n")

    def coded(self):
        """/coded/<size>/<coding>: the right bytes, said to be packed once more"""
        self.whole(body_of(self.size), fields=[("Content-Encoding", self.words[2])])

    def stall(self):
        body = body_of(self.size)
        self.head("200 OK", [("Content-Length", len(body)), ("ETag", ETAG)], body[: len(body) // 2])
        self.sock.settimeout(20)
        try:
            while self.sock.recv(4096):
                pass
        except OSError:
            pass
        raise Gone

    def slow(self):
        """Whole, within about half a second; honest and quick when asked again."""
        body = body_of(self.size)
        if self.times > 1:
            return self.ok()
        self.head("200 OK", [("Content-Length", len(body)), ("ETag", ETAG)])
        for i in range(10):
            self.sock.sendall(body[len(body) * i // 10 : len(body) * (i + 1) // 10])
            time.sleep(0.05)

    def drip(self, data):
        """One byte every 50 ms, until the other end has had enough."""
        for i in range(len(data)):
            self.sock.sendall(data[i : i + 1])
            time.sleep(0.05)
        raise Gone

    def trickle(self):
        self.head("200 OK", [("Content-Length", self.size), ("ETag", ETAG)])
        self.drip(body_of(self.size))

    def dribble(self):
        """/dribble/<size>/<n>: n bytes every tenth of a second: never silent, never done"""
        self.head("200 OK", [("Content-Length", self.size), ("ETag", ETAG)])
        body, some = body_of(self.size), int(self.words[2])
        for i in range(0, self.size, some):
            self.sock.sendall(body[i : i + some])
            time.sleep(0.1)

    def headers_trickle(self):
        self.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 60000)

    def unended(self):
        """All the bytes, but never the chunk that says so."""
        self.head("200 OK", [("Transfer-Encoding", "chunked")])
        self.chunk(body_of(self.size))
        raise Gone

    def cutchunk(self):
        """Half of them, in the middle of a chunk; whole when asked again."""
        if self.times > 1:
            return self.ok()
        self.head("200 OK", [("Transfer-Encoding", "chunked"), ("ETag", ETAG)])
        self.sock.sendall(b"%x\r\n" % self.size + body_of(self.size)[: self.size // 2])
        raise Gone

    def headers_endless(self):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\n")
        for i in range(1 << 20):
            self.sock.sendall(b"X-%d: %s\r\n" % (i, b"a" * 1000))
        raise Gone

    def garbage(self):
        self.sock.sendall(b"\x00\x1b[31mthis is no HTTP\r\n\r\n")
        raise Gone


def read_request(file):
    line = file.readline(65536).decode("latin-1").split()
    if len(line) < 2:
        raise Gone
    headers = {}
    while True:
        text = file.readline(65536).decode("latin-1").strip()
        if not text:
            return line[0], line[1], headers
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()


def serve(sock, number, log):
    try:
        file = sock.makefile("rb")
        while True:
            method, target, headers = read_request(file)
            fields = [headers.get(n, "-").replace(" ", "_") for n in ("range", "if-range", "authorization")]
            with lock:
                log.write(" ".join([str(number), method, target] + fields) + "\n")
                log.flush()
            answer = Answer(sock, target, headers)
            if method == "CONNECT":
                answer.head("403 Forbidden", [("Content-Length", 0)])
                continue
            getattr(answer, answer.words[0])()
    except (Gone, OSError, AttributeError):
        pass
    finally:
        try:
            file.close()
            sock.close()
        except OSError:
            pass


def greet(sock, number, log, context, resets):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if number <= resets:
            sock.recv(1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise OSError
        if context:
            sock = context.wrap_socket(sock, server_side=True)
    except OSError:
        sock.close()
        return
    serve(sock, number, log)


def main():
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    resets = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    log = open(sys.argv[2], "a", encoding="ascii", errors="replace")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as file:
        file.write("%d\n" % listener.getsockname()[1])
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    number = 0
    while True:
        sock, _ = listener.accept()
        number += 1
        threading.Thread(target=greet, args=(sock, number, log, context, resets), daemon=True).start()


main()
