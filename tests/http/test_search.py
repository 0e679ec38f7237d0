"""Searching, counting, tags: what is found, by whom, and how it is told."""

import struct

import pytest
from commit_calls import file_line
from test_errors import expect
from test_reading import DATE


@pytest.fixture(scope="module")
def words():
    """A word that no other test's repository has."""
    import secrets

    return "gargoyle" + secrets.token_hex(4)


def test_full_text(new_repo, alice, bob, anyone, words):
    card = f"---\nlicense: mit\n---\n# About\n\nA <b>{words}</b>   with & more\n".encode()
    repo = new_repo(files={"README.md": card})
    hidden = new_repo(private=True, files={"README.md": card})
    data = new_repo(type="dataset", files={"README.md": f"{words} {words}".encode()})

    def ask(person, query):
        answer = person.http().get(f"/api/search/full-text?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    found = ask(anyone, f"q={words}")
    assert {h["id"] for h in found["hits"]} == {repo.id, data.id} and found["total"] == 2 and "next" not in found
    assert {h["id"] for h in ask(bob, f"q={words}")["hits"]} == {repo.id, data.id}
    assert {h["id"] for h in ask(alice, f"q={words}")["hits"]} == {repo.id, data.id, hidden.id}
    [hit] = ask(anyone, f"q={words[:10].upper()}+about&type=model")["hits"]
    assert hit["type"] == "model" and hit["path"] == "README.md" and hit["private"] is False and DATE.match(hit["lastModified"])
    assert [p["text"] for p in hit["excerpt"] if p["mark"]] == ["About", words[:10]]
    assert "".join(p["text"] for p in hit["excerpt"]).startswith(f"# About A <b>{words}</b> with & more")
    [hit] = ask(anyone, f"q={words}&type=dataset")["hits"]
    assert hit["id"] == data.id

    first = ask(anyone, f"q={words}&limit=1")
    second = ask(anyone, f"q={words}&limit=1&cursor={first['next']}")
    assert {first["hits"][0]["id"], second["hits"][0]["id"]} == {repo.id, data.id} and "next" not in second
    assert ask(anyone, "q=")["hits"] == [] and ask(anyone, "q=%22%27%28")["hits"] == []
    expect(anyone.http().get("/api/search/full-text?q=x&cursor=rubbish"), 400)
    expect(anyone.http().get("/api/search/full-text?q=x&type=paper"), 400)
    expect(anyone.http().get("/api/search/full-text?q=%ff%fe"), 400)
    expect(anyone.http().get("/api/search/full-text?q=" + "x" * 1000), 400)

    repo.commit(file_line("README.md", b"nothing of it"))
    assert {h["id"] for h in ask(anyone, f"q={words}")["hits"]} == {data.id}


def test_quicksearch(new_repo, alice, bob, anyone):
    repo = new_repo()
    hidden = new_repo(private=True)
    name = repo.id.split("/")[1]
    body = anyone.http().get("/api/quicksearch", params={"q": name.upper(), "limit": 20}).json()
    assert repo.id in [m["id"] for m in body["models"]] and body["modelsCount"] >= 1 and body["datasets"] == []
    assert body["collections"] == [] and body["buckets"] == []
    secret = {"q": hidden.id, "type": ["model"]}
    for person, seen in ((anyone, 0), (bob, 0), (alice, 1)):
        assert person.http().get("/api/quicksearch", params=secret).json()["modelsCount"] == seen
    people = anyone.http().post("/api/quicksearch", json={"q": "ali", "type": "user"}).json()
    assert people["users"][0]["user"] == "alice" and people["users"][0]["avatarUrl"] and people["models"] == []
    assert "email" not in people["users"][0]
    assert anyone.http().get("/api/quicksearch?q=acme").json()["orgs"][0]["name"] == "acme"
    expect(anyone.http().get("/api/quicksearch?q=x&type=nonsense"), 400)
    expect(anyone.http().get("/api/quicksearch?q=x&limit=nonsense"), 400)


def test_counts(new_repo, alice, anyone, words):
    tag = f"tag-{words}"
    card = f"---\ntags: [{tag}]\nlanguage: [en]\nlicense: mit\nlibrary_name: transformers\n---\n".encode()
    for _ in range(3):
        new_repo(files={"README.md": card})
    new_repo(private=True, files={"README.md": card})
    for person, count in ((anyone, "3"), (alice, "4")):
        answer = person.http().get(f"/api/models?filter={tag}&limit=2&withCount=true")
        assert answer.headers["X-Total-Count"] == count and "X-Total-Count-Capped" not in answer.headers
        assert len(answer.json()) == 2
    assert "X-Total-Count" not in anyone.http().get(f"/api/models?filter={tag}").headers
    for more in ("language:en", "en", "license:mit", "library:transformers", "transformers"):
        answer = anyone.http().get(f"/api/models?filter={tag}&filter={more}&withCount=true")
        assert answer.headers["X-Total-Count"] == "3", more
    assert anyone.http().get(f"/api/models?filter={tag}&filter=language:fr&withCount=1").headers["X-Total-Count"] == "0"

    groups = anyone.http().get("/api/models-tags-by-type").json()
    assert next(t for t in groups["other"] if t["id"] == tag)["count"] == 3
    assert next(t for t in groups["language"] if t["id"] == "en")["type"] == "language"
    assert next(t for t in groups["library"] if t["id"] == "transformers")["count"] >= 3
    assert next(t for t in groups["license"] if t["id"] == "license:mit")["label"] == "mit"
    assert "gradio" not in anyone.http().get("/api/models-tags-by-type").text
    assert anyone.http().get("/api/spaces-tags-by-type").status_code == 200


def test_gguf(new_repo):
    def text(words):
        return struct.pack("<Q", len(words)) + words

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 3)
    head += text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    head += text(b"llama.context_length") + struct.pack("<II", 4, 4096)
    head += text(b"tokenizer.chat_template") + struct.pack("<I", 8) + text(b"{{ messages }}")
    head += text(b"w") + struct.pack("<IQQIQ", 2, 8, 16, 0, 0)
    repo = new_repo()
    repo.commit_lfs({"model.gguf": head + b"\0" * 600})
    info = repo.http.get(repo.api).json()
    assert info["gguf"] == {"total": 128, "architecture": "llama", "context_length": 4096, "chat_template": "{{ messages }}"}
    assert repo.http.get(f"{repo.api}?expand=gguf").json()["gguf"]["total"] == 128
    repo.commit_lfs({"model.gguf": b"GGUF" + b"\xff" * 100})
    assert "gguf" not in repo.http.get(repo.api).json()
