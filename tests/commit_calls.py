"""The hub's write calls as plain HTTP, for tests that are about the wire and not about a client."""

import base64
import hashlib
import json

import httpx

PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}


def ndjson(header, *lines):
    """A commit body: ndjson({"summary": ...}, ("file", {...}), ("deletedFile", {...}))."""
    rows = [{"key": "header", "value": header}] + [{"key": key, "value": value} for key, value in lines]
    return "\n".join(json.dumps(row) for row in rows).encode()


def file_line(path, content):
    return "file", {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}


def lfs_line(path, content):
    return "lfsFile", {"path": path, "algo": "sha256", "oid": hashlib.sha256(content).hexdigest(), "size": len(content)}


class Repo:
    """A repository as one person sees it."""

    def __init__(self, person, id, type="model"):
        self.person = person
        self.id = id
        self.type = type
        self.api = f"/api/{type}s/{id}"
        self.web = f"/{PREFIX[type]}{id}"
        self.http: httpx.Client = person.http()

    @classmethod
    def create(cls, person, name, namespace=None, type="model", private=False):
        repo = cls(person, f"{namespace or person.name}/{name}", type)
        body = {"name": name, "type": type, "private": private, "organization": namespace}
        if type == "space":
            body["sdk"] = "static"
        answer = repo.http.post("/api/repos/create", json=body)
        assert answer.status_code == 200, answer.text
        return repo

    def seen_by(self, person):
        return Repo(person, self.id, self.type)

    def commit(self, *lines, summary="change", rev="main", query="", **header):
        body = ndjson({"summary": summary, **header}, *lines)
        return self.http.post(f"{self.api}/commit/{rev}{query}", content=body, headers={"Content-Type": "application/x-ndjson"})

    def commit_files(self, files, rev="main", summary="change"):
        answer = self.commit(*[file_line(p, c) for p, c in files.items()], rev=rev, summary=summary)
        assert answer.status_code == 200, answer.text
        return answer.json()["commitOid"]

    def lfs_batch(self, objects, operation="upload", transfers=("basic",), **more):
        body = {"operation": operation, "transfers": list(transfers), "objects": objects, **more}
        return self.http.post(
            f"{self.web}.git/info/lfs/objects/batch",
            content=json.dumps(body),
            headers={"Content-Type": "application/vnd.git-lfs+json", "Accept": "application/vnd.git-lfs+json"},
        )

    def offer_lfs(self, content):
        """The upload URL for these bytes, or None when the hub has them."""
        answer = self.lfs_batch([{"oid": hashlib.sha256(content).hexdigest(), "size": len(content)}])
        assert answer.status_code == 200, answer.text
        actions = answer.json()["objects"][0].get("actions")
        return actions["upload"]["href"] if actions else None

    def upload_lfs(self, content):
        href = self.offer_lfs(content)
        if href:
            answer = httpx.put(href, content=content, timeout=120, trust_env=False)
            assert answer.status_code in (200, 201), answer.text

    def commit_lfs(self, files, rev="main", summary="change"):
        for content in files.values():
            self.upload_lfs(content)
        answer = self.commit(*[lfs_line(p, c) for p, c in files.items()], rev=rev, summary=summary)
        assert answer.status_code == 200, answer.text
        return answer.json()["commitOid"]

    def read(self, path, rev="main", **more):
        return self.http.get(f"{self.web}/resolve/{rev}/{path}", **more)

    def head_sha(self, rev="main"):
        return self.http.get(f"{self.api}/revision/{rev}").json()["sha"]

    def log(self, rev="main", limit=1000):
        return self.http.get(f"{self.api}/commits/{rev}", params={"limit": limit}).json()

    def paths(self, rev="main"):
        """Every file of a revision."""
        found, url = [], f"{self.api}/tree/{rev}?recursive=true"
        while url:
            answer = self.http.get(url)
            assert answer.status_code == 200, answer.text
            found += [e["path"] for e in answer.json() if e["type"] == "file"]
            url = answer.links.get("next", {}).get("url")
        return found
