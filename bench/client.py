"""The hub's write calls over one kept connection: http.client alone, so that little time is ours."""

import base64
import hashlib
import http.client
import json
import os
import random
import socket
import time
import urllib.parse

from processes import TOKEN


class Client:
    def __init__(self, server):
        self.server = server
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method, path, body=None, headers=None):
        headers = {"Authorization": f"Bearer {TOKEN}", **(headers or {})}
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text, self.link = answer.read(), answer.headers.get("Link")
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text

    def pages(self, path):
        """The paths of a listing's pages, the first included."""
        paths = []
        while path:
            paths.append(path)
            self.call("GET", path)
            link = urllib.parse.urlsplit(self.link[1 : self.link.index(">")]) if self.link else None
            path = f"{link.path}?{link.query}" if link else None
        return paths

    def create_repo(self, name, private=False):
        self.call("POST", "/api/repos/create", {"name": name, "type": "model", "private": private})
        return f"bench/{name}"

    def commit(self, repo, lines, summary="change"):
        rows = [{"key": "header", "value": {"summary": summary}}, *lines]
        body = "\n".join(json.dumps(row) for row in rows).encode()
        return self.call("POST", f"/api/models/{repo}/commit/main", body, {"Content-Type": "application/x-ndjson"})

    def upload(self, repo, path, sha256, size):
        """PUTs a file as an LFS object; returns the seconds and the server's CPU seconds for it."""
        batch = {"operation": "upload", "transfers": ["basic"], "objects": [{"oid": sha256, "size": size}]}
        lfs = {"Content-Type": "application/vnd.git-lfs+json", "Accept": "application/vnd.git-lfs+json"}
        answer = json.loads(self.call("POST", f"/{repo}.git/info/lfs/objects/batch", json.dumps(batch).encode(), lfs))
        href = urllib.parse.urlsplit(answer["objects"][0]["actions"]["upload"]["href"])
        cpu, began = self.server.cpu_seconds(), time.monotonic()
        status = send_file(self.server.port, f"{href.path}?{href.query}", path, size)
        if status not in (200, 201):
            raise RuntimeError(f"PUT of {size} bytes: {status}")
        return time.monotonic() - began, self.server.cpu_seconds() - cpu


def send_file(port, target, path, size):
    """PUT with sendfile, which costs this process next to nothing."""
    with socket.create_connection(("127.0.0.1", port)) as s, open(path, "rb") as file:
        s.sendall(f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {size}\r\n\r\n".encode())
        s.settimeout(None)
        done = 0
        while done < size:
            done += os.sendfile(s.fileno(), file.fileno(), done, size - done)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        return answer.status


def file_line(path, content):
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}}


def lfs_line(path, sha256, size):
    return {"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": sha256, "size": size}}


def make_file(path, size, seed):
    """Bytes that don't compress and repeat nowhere; returns their sha256."""
    numbers, digest = random.Random(seed), hashlib.sha256()
    with open(path, "wb") as file:
        for _ in range(size >> 20):
            piece = numbers.randbytes(1 << 20)
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()
