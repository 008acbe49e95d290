#!/usr/bin/env python3
"""network.py FOLDER: a company's network on 127.0.0.1: an HTTP proxy with a login that looks into TLS, and what is behind it.

The proxy takes CONNECT from user:pa55 alone and answers each TLS connection itself, with a certificate that the company's own
authority signed (FOLDER/site.pem). Behind it are a site, https://site.corp.test/, and a registry, registry.corp.test, that has
the image `tiny`: one layer, FOLDER/layer.tar. Says its port, then a line for each request.
"""
import base64
import gzip
import hashlib
import json
import os
import socket
import ssl
import sys
import threading

FOLDER = sys.argv[1]
LOGIN = "Basic " + base64.b64encode(b"user:pa55").decode()
CONTEXT = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
CONTEXT.load_cert_chain(os.path.join(FOLDER, "site.pem"), os.path.join(FOLDER, "site.key"))
PREFIX = "/v2/tiny/"


def read_head(stream):
    lines = []
    while (line := stream.readline().rstrip(b"\r\n")) != b"":
        lines.append(line.decode())
    first, *rest = lines or [""]
    return first.split(" "), {k.lower(): v.strip() for k, _, v in (x.partition(":") for x in rest)}


def answer(stream, status, body=b"", kind="text/plain", head=False, extra=""):
    stream.write(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}"
                 "Connection: close\r\n\r\n".encode())
    if not head:
        stream.write(body)
    stream.flush()


def image():
    """All that a registry has of the image: path below PREFIX -> (type, bytes)."""
    with open(os.path.join(FOLDER, "layer.tar"), "rb") as f:
        layer = f.read()
    packed = gzip.compress(layer, mtime=0)
    config = json.dumps({"architecture": os.environ["ARCH"], "os": "linux", "config": {"Cmd": ["/env"]},
                         "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": len(config), "digest": digest(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": len(packed),
                    "digest": digest(packed)}]}).encode()
    kind = "application/vnd.oci.image.manifest.v1+json"
    return {"manifests/latest": (kind, manifest), "manifests/" + digest(manifest): (kind, manifest),
            "blobs/" + digest(config): ("application/octet-stream", config),
            "blobs/" + digest(packed): ("application/octet-stream", packed)}


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def serve(stream, host, files):
    (method, path, *_), _ = read_head(stream)
    print(host, method, path, flush=True)
    head = method == "HEAD"
    if host.startswith("site."):
        answer(stream, "200 OK", b"hello from the site\n", head=head)
    elif path == "/v2/":
        answer(stream, "200 OK", b"{}", "application/json", head)
    elif path.startswith(PREFIX) and path[len(PREFIX):] in files:
        kind, data = files[path[len(PREFIX):]]
        name = digest(data)
        answer(stream, "200 OK", data, kind, head, f"Docker-Content-Digest: {name}\r\n")
    else:
        answer(stream, "404 Not Found", head=head)


def handle(connection, files):
    with connection:
        stream = connection.makefile("rwb")
        request, headers = read_head(stream)
        if headers.get("proxy-authorization") != LOGIN:
            answer(stream, "407 Proxy Authentication Required", extra='Proxy-Authenticate: Basic realm="corp"\r\n')
            print("407", flush=True)
            return
        if request[0] != "CONNECT":
            answer(stream, "405 Method Not Allowed")
            return
        stream.write(b"HTTP/1.1 200 OK\r\n\r\n")
        stream.flush()
        try:
            with CONTEXT.wrap_socket(connection, server_side=True) as inner:
                serve(inner.makefile("rwb"), request[1].partition(":")[0], files)
        except (ssl.SSLError, OSError, ValueError) as e:
            print("refused:", e, flush=True)


def main():
    files = image()
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        connection, _ = server.accept()
        threading.Thread(target=handle, args=(connection, files), daemon=True).start()


main()
