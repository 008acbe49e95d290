#!/usr/bin/env python3
"""As much of podman's API as tells of ports: podman_api.py SOCKET FOLDER

GET .../containers/json answers what is in FOLDER/list, byte for byte. FOLDER/log gets a line for each request.
FOLDER/mode, when it is there, has one of these words:
  stall      the list is never answered                  endless    the list has no end
  break      the connection ends in the middle of it     no-http    it is answered with something else
"""
import os
import socket
import sys
import threading
import time

path, folder = sys.argv[1:3]


def read(name):
    try:
        with open(os.path.join(folder, name), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def mode():
    return read("mode").decode().strip()


def log(text):
    with open(os.path.join(folder, "log"), "a", encoding="utf-8") as f:
        f.write(text + "\n")


def chunk(c, data):
    c.sendall(b"%x\r\n%s\r\n" % (len(data), data))


def head(c, status, more):
    c.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%s\r\n\r\n" % (status, more))


def containers(c):
    if mode() == "stall":
        time.sleep(3600)
    if mode() == "endless":
        head(c, b"200 OK", b"Transfer-Encoding: chunked")
        while True:
            chunk(c, b"[" * 65536)
    body = read("list")
    if mode() == "break":
        head(c, b"200 OK", b"Content-Length: %d" % (len(body) + 1))
        c.sendall(body)
        return False
    head(c, b"200 OK", b"Content-Length: %d" % len(body))
    c.sendall(body)
    return True


def serve(c):
    buffer = b""
    try:
        while True:
            while b"\r\n\r\n" not in buffer:
                data = c.recv(65536)
                if not data:
                    return
                buffer += data
            request, buffer = buffer.split(b"\r\n\r\n", 1)
            target = request.split(b" ")[1].decode()
            log(target)
            if mode() == "no-http":
                c.sendall(b"\0\1\2 what?\n" * 100)
                return
            if not containers(c):
                return
    except OSError:
        pass
    finally:
        c.close()


listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(16)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
