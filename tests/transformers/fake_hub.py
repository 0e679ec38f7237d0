"""A Hub that misbehaves on purpose: cuts bodies off, sends other bytes, names files as no Hub does, and sends clients elsewhere."""
import hashlib
import http.server
import json
import threading

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    def __init__(self, files):
        self.files = dict(files)  # path -> bytes; all are large files, named by SHA-256
        self.listed = None  # what the tree says instead
        self.cut_after = []  # for each GET to come: bytes to send before the connection goes
        self.spoil = False  # the first byte of all contents is another
        self.etag = None  # what files are called instead
        self.elsewhere = None  # another FakeHub that has the contents
        self.ranges = True
        self.refuses = None  # (status, headers) instead of any answer
        self.next_page = None  # from a page's number to the query of the next one
        self.requests = []  # (method, path, headers)
        hub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                hub.answer(self)

            def do_GET(self):
                hub.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def gets(self):
        return [headers for method, path, headers in self.requests if method == "GET" and "/resolve/" in path]

    def answer(self, client):
        self.requests.append((client.command, client.path, dict(client.headers)))
        path, _, query = client.path.partition("?")
        if self.refuses:
            return self.reply(client, self.refuses[0], b"", self.refuses[1])
        if "/revision/" in path:
            return self.reply(client, 200, json.dumps({"sha": COMMIT}).encode())
        if "/tree/" in path and self.next_page:
            link = f'<{self.url}{path}?{self.next_page(query)}>; rel="next"'
            return self.reply(client, 200, json.dumps(self.listed or []).encode(), {"Link": link})
        if "/tree/" in path:
            return self.reply(client, 200, json.dumps(self.listed if self.listed is not None else self.tree()).encode())
        content = self.files.get(path.split("/resolve/", 1)[-1].split("/", 1)[-1])
        if content is None:
            return self.reply(client, 404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        name = self.etag or hashlib.sha256(content).hexdigest()
        headers = {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if self.elsewhere:
            headers |= {"Location": self.elsewhere.url + path, "X-Linked-Etag": f'"{name}"', "X-Linked-Size": str(len(content))}
            return self.reply(client, 302, b"", headers)
        if self.spoil:
            content = bytes([content[0] ^ 1]) + content[1:]
        asked = client.headers.get("Range")
        if asked and self.ranges and client.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
            return self.reply(client, 206, content[first:], headers)
        return self.reply(client, 200, content, headers)

    def tree(self):
        return [{"type": "file", "path": path, "oid": "0" * 40, "size": len(content), "lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}}
                for path, content in self.files.items()]

    def reply(self, client, status, body, headers=None):
        client.send_response(status)
        for name, value in (headers or {}).items():
            client.send_header(name, value)
        client.send_header("Content-Length", str(len(body)))
        client.end_headers()
        if client.command == "HEAD":
            return
        if self.cut_after and status in (200, 206):
            client.wfile.write(body[: self.cut_after.pop(0)])
            client.wfile.flush()
            client.connection.shutdown(2)
            client.close_connection = True
            return
        client.wfile.write(body)
