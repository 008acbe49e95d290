#!/usr/bin/env python3
"""git_http.py PORT_FILE ROOT LOG - serve the repositories below ROOT over smart HTTP, through git http-backend.

/silent/... accepts and never answers. /chatter/... is the same as without /chatter, but in place of objects there are
words without end, one a second. /meet/... is the same as without /meet, or a file, but of each repository and
file the first answer waits until three have been asked for; without the others all are errors after 20 s. Each request
is a line of LOG.
"""
import http.server
import os
import subprocess
import sys
import threading
import time

port_file, root, log = sys.argv[1:4]
lock = threading.Lock()
meeting = threading.Barrier(3, timeout=20)
met = set()


def meet(name):
    with lock:
        first = name not in met
        met.add(name)
    if first or meeting.broken:
        meeting.wait()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def serve_file(self, path):
        with open(root + path, "rb") as f:
            data = f.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        meet(path)
        self.wfile.write(data[len(data) // 2 :])

    def chatter(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-result")
        self.end_headers()
        self.wfile.write(b"0008NAK\n")
        while True:
            self.wfile.write(b"0006\x02.")
            time.sleep(1)

    def answer(self):
        path, _, query = self.path.partition("?")
        with lock, open(log, "a") as f:
            f.write(f"{self.command} {self.path}\n")
        if path.startswith("/silent/"):
            time.sleep(60)
            return
        if path.startswith("/meet/"):
            path = path[len("/meet"):]
            if ".git/" not in path:
                self.serve_file(path)
                return
            meet(path.partition(".git/")[0])
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if self.headers.get("Transfer-Encoding") == "chunked":
            while True:
                n = int(self.rfile.readline().strip(), 16)
                body += self.rfile.read(n)
                self.rfile.readline()
                if n == 0:
                    break
        if path.startswith("/chatter/"):
            path = path[len("/chatter"):]
            if self.command == "POST":
                self.chatter()
                return
        env = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                   REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type") or "",
                   CONTENT_LENGTH=str(len(body)), REMOTE_ADDR="127.0.0.1", REMOTE_USER="",
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding") or "",
                   GIT_PROTOCOL=self.headers.get("Git-Protocol") or "")
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        status = 200
        headers = []
        for line in head.decode().splitlines():
            name, _, value = line.partition(": ")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)

    do_GET = answer
    do_POST = answer


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
