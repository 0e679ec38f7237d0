"""Trees, paths-info, listings, commits: shapes, encodings, pages."""

import json
import re

import pytest
from people import Person

NEXT = re.compile(r'^<(https?://[^>]+)>;\s+rel="next"$')
DATE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
OID = re.compile(r"^[0-9a-f]{40}$")


def walk(http, url):
    """Every item of every page; each page's link must be one that all clients understand."""
    items, pages = [], 0
    while url:
        answer = http.get(url)
        assert answer.status_code == 200, answer.text
        assert isinstance(answer.json(), list)
        items += answer.json()
        pages += 1
        link = answer.headers.get("Link")
        url = NEXT.match(link)[1] if link else None
    return items, pages


def test_tree_shapes(new_repo):
    repo = new_repo(files={"b.txt": b"b", "a/x/deep.txt": b"d", "a.txt": b"a"})
    repo.commit_lfs({"a/w.bin": b"w" * 500})
    flat = repo.http.get(f"{repo.api}/tree/main?recursive=false&expand=false").json()
    assert {e["path"]: e["type"] for e in flat} == {".gitattributes": "file", "a.txt": "file", "b.txt": "file", "a": "directory"}
    deep = repo.http.get(f"{repo.api}/tree/main?recursive=true").json()
    order = [e["path"] for e in deep]
    assert order.index("a") < order.index("a/x") < order.index("a/x/deep.txt")
    by_path = {e["path"]: e for e in deep}
    assert all(OID.match(e["oid"]) for e in deep) and by_path["a"]["size"] == 0
    weights = by_path["a/w.bin"]
    assert weights["size"] == 500 and set(weights["lfs"]) == {"oid", "size", "pointerSize"} and weights["lfs"]["size"] == 500
    assert "lfs" not in by_path["b.txt"] and "lastCommit" not in by_path["b.txt"]

    for path in ("a/x", "a%2Fx", "a/x/"):
        [only] = repo.http.get(f"{repo.api}/tree/main/{path}?expand=True").json()
        assert only["path"] == "a/x/deep.txt" and DATE.match(only["lastCommit"]["date"]) and only["lastCommit"]["title"]
    assert repo.http.get(f"{repo.api}/treesize/main").json()["size"] >= 503


def test_tree_pages(new_repo):
    repo = new_repo(files={f"f{n:04}.txt": b"%d" % n for n in range(1100)})
    items, pages = walk(repo.http, f"{repo.api}/tree/main?recursive=true&expand=false")
    assert [e["path"] for e in items] == [".gitattributes"] + [f"f{n:04}.txt" for n in range(1100)] and pages == 2
    items, pages = walk(repo.http, f"{repo.api}/tree/main?limit=100")
    assert len(items) == 1101 and pages == 12
    items, pages = walk(repo.http, f"{repo.api}/tree/main?expand=true")
    assert len(items) == 1101 and pages == 12
    assert repo.http.get(f"{repo.api}/tree/main?cursor=rubbish").status_code == 400


def test_paths_info_encodings(new_repo, alice):
    repo = new_repo(files={"a.txt": b"a", "dir/b.txt": b"b"})
    url = f"{repo.api}/paths-info/main"
    form = repo.http.post(url, content=b"paths=dir%2Fb.txt&paths=a.txt&paths=missing&expand=false", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert [e["path"] for e in form.json()] == ["dir/b.txt", "a.txt"], form.text
    for body in ({"paths": ["dir/b.txt", "a.txt", "missing"]}, {"paths": ["dir/b.txt", "a.txt"], "expand": True, "more": 1}):
        answer = repo.http.post(url, json=body)
        assert [e["path"] for e in answer.json()] == ["dir/b.txt", "a.txt"]
        assert ("lastCommit" in answer.json()[0]) == ("expand" in body)
    assert repo.http.post(url, json={"paths": "a.txt"}).json()[0]["path"] == "a.txt"
    [folder] = repo.http.post(url, json={"paths": ["dir"]}).json()
    assert folder["type"] == "directory" and OID.match(folder["oid"])
    assert repo.http.post(url, json={"paths": ["missing"]}).json() == []
    assert repo.http.post(url, json={"paths": ["x"] * 2001}).status_code == 413
    assert repo.http.post(url, content=b"{", headers={"Content-Type": "application/json"}).status_code == 400


def test_list_pages(new_repo, alice, fresh_name):
    stem = fresh_name("paged")
    made = [new_repo(stem=stem).id for _ in range(7)]
    items, pages = walk(alice.http(), f"/api/models?search={stem}&author=alice&limit=3&sort=createdAt&full=true")
    assert [m["id"] for m in items] == made[::-1] and pages == 3
    first = items[0]
    assert first["_id"] and first["modelId"] == first["id"] and first["siblings"] and DATE.match(first["lastModified"]) and first["gated"] is False
    [plain] = alice.http().get(f"/api/models?search={made[0].split('/')[1]}").json()
    assert "siblings" not in plain and "cardData" not in plain and DATE.match(plain["createdAt"]) and plain["private"] is False
    for wrong in ("cursor=rubbish", "sort=shoe_size"):
        assert alice.http().get(f"/api/models?{wrong}").status_code == 400
    assert alice.http().get("/api/models?limit=100000").status_code == 200


def weights(parameters):
    """A safetensors file of one tensor of bytes."""
    head = json.dumps({"w": {"dtype": "U8", "shape": [parameters], "data_offsets": [0, parameters]}}).encode()
    return len(head).to_bytes(8, "little") + head + bytes(parameters)


def card(text):
    return f"---\n{text}\n---\n# Card\n".encode()


@pytest.fixture
def listed(new_repo, fresh_name):
    """listed(type, first=files, second=files): two repositories, and which of them a query finds."""

    def make(type, first, second, large=({}, {})):
        stem = fresh_name("listed")
        made = [new_repo(type=type, files=files, stem=stem) for files in (first, second)]
        for repo, files in zip(made, large):
            if files:
                repo.commit_lfs(files)
        names = {repo.id: name for repo, name in zip(made, ("first", "second"))}

        def find(query):
            answer = made[0].http.get(f"/api/{type}s?search={stem}-&{query}")
            assert answer.status_code == 200, answer.text
            return [names[repo["id"]] for repo in answer.json()]

        return made, find

    return make


@pytest.mark.parametrize("type", ["model", "dataset"])
def test_list_of_gated(listed, type):
    (first, _), find = listed(type, {"a": b"a"}, {"a": b"a"})
    assert first.http.put(f"{first.api}/settings", json={"gated": "manual"}).status_code == 200
    assert find("gated=true") == ["first"] and find("gated=false") == ["second"] and len(find("")) == 2


def test_list_of_models_by_what_they_are(listed):
    _, find = listed(
        "model",
        {"README.md": card("library_name: transformers\nlanguage: [en, fr]\ndatasets: [acme/wiki, acme/books]")},
        {"README.md": card("library_name: diffusers\nlanguage: en\ndatasets: acme/wiki")},
        large=({"model.safetensors": weights(3000)}, {"model.safetensors": weights(500)}),
    )
    both = ["second", "first"]  # the newest first
    for query, expected in (
        ("library=transformers", ["first"]),
        ("library=diffusers", ["second"]),
        ("library=peft", []),
        ("language=en", both),
        ("language=fr", ["first"]),
        ("language=en&language=fr", ["first"]),
        ("language=en,fr", ["first"]),
        ("language=de", []),
        ("dataset=acme/wiki", both),
        ("dataset=dataset:acme/books", ["first"]),
        ("dataset=acme/books&library=diffusers", []),
        ("trained_dataset=acme/books", ["first"]),
        ("trained_dataset=acme/none", []),
        ("num_parameters=min:1K", ["first"]),
        ("num_parameters=max:1K", ["second"]),
        ("num_parameters=min:500,max:3K", both),
        ("num_parameters=min:0.003M", ["first"]),
        ("num_parameters=min:1B", []),
        ("direction=-1", both),
        ("direction=1", both[::-1]),
    ):
        assert find(f"{query}&sort=createdAt") == expected, query


def test_list_parameters_that_cannot_be_meant(alice):
    for query in ("num_parameters=few", "num_parameters=about:6B", "num_parameters=min:x"):
        assert alice.http().get(f"/api/models?{query}").status_code == 400, query


def test_list_of_datasets_by_language(listed):
    _, find = listed("dataset", {"README.md": card("language: en")}, {"README.md": card("language: fr")})
    for query, expected in (("language=en", ["first"]), ("language=language:fr", ["second"]), ("language=de", [])):
        assert find(query) == expected, query


def test_list_of_spaces_by_what_they_use(listed):
    (first, second), find = listed(
        "space",
        {"README.md": card("sdk: static\nmodels: [acme/bert, acme/llama]\ndatasets: acme/wiki")},
        {"README.md": card("sdk: static\nmodels: acme/bert")},
    )
    both = ["second", "first"]
    for query, expected in (
        ("models=acme/bert", both),
        ("models=acme/llama", ["first"]),
        ("models=acme/bert&models=acme/llama", ["first"]),
        ("models=acme/be", []),
        ("datasets=acme/wiki", ["first"]),
        ("datasets=acme/none", []),
        ("linked=true", both),
    ):
        assert find(f"{query}&sort=createdAt") == expected, query
    info = first.http.get(first.api).json()
    assert info["models"] == ["acme/bert", "acme/llama"] and info["datasets"] == ["acme/wiki"]
    second.commit_files({"README.md": card("sdk: static")})
    assert find("linked=true") == ["first"] and second.http.get(second.api).json()["models"] == []


def test_commits_pages(new_repo):
    repo = new_repo()
    for n in range(6):
        repo.commit_files({"n.txt": b"%d" % n})
    answer = repo.http.get(f"{repo.api}/commits/main?limit=3")
    assert answer.headers["X-Total-Count"] == "7" and len(answer.json()) == 3
    items, pages = walk(repo.http, f"{repo.api}/commits/main?limit=3")
    assert len(items) == 7 and pages == 3 and items[-1]["title"] == "initial commit"
    assert OID.match(items[0]["id"]) and DATE.match(items[0]["date"]) and items[0]["authors"][0]["user"] == "alice"
    formatted = repo.http.get(f"{repo.api}/commits/main?expand%5B%5D=formatted").json()
    assert formatted[0]["formatted"]["title"]
    assert len(repo.http.get(f"{repo.api}/commits/main?p=1&limit=4").json()) == 3


def test_refs_always_have_three_lists(new_repo):
    repo = new_repo()
    refs = repo.http.get(f"{repo.api}/refs").json()
    assert refs["converts"] == [] and refs["tags"] == [] and "pullRequests" not in refs
    assert refs["branches"] == [{"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head_sha()}]
    assert repo.http.get(f"{repo.api}/refs?include_prs=1").json()["pullRequests"] == []


def test_info_shapes(new_repo):
    repo = new_repo(files={"README.md": b"---\nlicense: mit\n---\n"})
    info = repo.http.get(repo.api).json()
    assert info["gated"] is False and info["private"] is False and info["sha"] == repo.head_sha()
    assert DATE.match(info["createdAt"]) and DATE.match(info["lastModified"])
    assert None not in (info.get("author", 0), info.get("siblings", 0), info.get("tags", 0))
    some = repo.http.get(f"{repo.api}/revision/HEAD?expand[]=sha&expand[]=tags").json()
    assert set(some) == {"_id", "id", "modelId", "sha", "tags"}
    assert set(repo.http.get(f"{repo.api}?expand=likes&expand=private").json()) == {"_id", "id", "modelId", "likes", "private"}
    assert repo.http.get(f"{repo.api}?expand=xetEnabled").status_code == 200


MODEL_INDEX = [{"name": "bert", "results": [{"task": {"type": "fill-mask"}, "dataset": {"type": "wiki", "name": "Wiki"}, "metrics": [{"type": "accuracy", "value": 0.9}]}]}]


def test_what_is_told_of_a_model(new_repo, fresh_name):
    base = new_repo(files={"README.md": card("license: mit")})
    config = {"architectures": ["BertForMaskedLM"], "model_type": "bert", "auto_map": {"AutoModelForMaskedLM": "modeling.Own"}}
    repo = new_repo(
        files={
            "README.md": card(f"base_model: {base.id}\nwidget: [{{text: 'Paris is [MASK]'}}]\nmodel-index: {json.dumps(MODEL_INDEX)}"),
            "config.json": json.dumps(config).encode(),
            "tokenizer_config.json": json.dumps({"mask_token": {"content": "[MASK]", "lstrip": True}}).encode(),
        }
    )
    told = {
        "mask_token": "[MASK]",
        "model-index": MODEL_INDEX,
        "transformersInfo": {"auto_model": "AutoModelForMaskedLM", "custom_class": "modeling.Own", "pipeline_tag": "fill-mask", "processor": "AutoTokenizer"},
        "widgetData": [{"text": "Paris is [MASK]"}],
        "baseModels": [base.id],
        "childrenModelCount": 0,
    }
    query = "&".join(f"expand={name}" for name in told)
    names = {"_id": repo.http.get(repo.api).json()["_id"], "id": repo.id, "modelId": repo.id}
    assert repo.http.get(f"{repo.api}?{query}").json() == names | told
    assert repo.http.get("/api/models", params=f"search={repo.id}&{query}").json() == [names | told]
    info = repo.http.get(repo.api).json()
    assert {name: info[name] for name in ("mask_token", "model-index", "transformersInfo")} == {name: told[name] for name in ("mask_token", "model-index", "transformersInfo")}

    # Only those that the asking person may see are counted.
    new_repo(private=True, files={"README.md": card(f"base_model: {base.id}")})
    count = "?expand=childrenModelCount"
    assert base.http.get(base.api + count).json()["childrenModelCount"] == 2
    assert Person(base.person.hub, "anyone", "").http().get(base.api + count).json()["childrenModelCount"] == 1
    [listed] = base.http.get("/api/models", params=f"search={base.id}&expand=childrenModelCount&expand=baseModels").json()
    assert listed["childrenModelCount"] == 2 and listed["baseModels"] == []

    nothing = base.http.get(f"{base.api}?{query}").json()
    assert set(nothing) == {"_id", "id", "modelId", "baseModels", "childrenModelCount"}


def test_what_is_told_of_a_dataset(new_repo):
    repo = new_repo(type="dataset", files={"README.md": card('paperswithcode_id: wiki\ncitation: "@misc{wiki}"')})
    told = repo.http.get(f"{repo.api}?expand=paperswithcode_id&expand=citation").json()
    assert told["paperswithcode_id"] == "wiki" and told["citation"] == "@misc{wiki}"
    [listed] = repo.http.get("/api/datasets", params=f"search={repo.id}&expand=citation").json()
    assert listed["citation"] == "@misc{wiki}"


def test_security_status_says_that_nothing_was_looked_at(new_repo):
    repo = new_repo()
    for url in (f"{repo.api}?securityStatus=true", f"{repo.api}/revision/main?securityStatus=1&expand=sha"):
        assert repo.http.get(url).json()["securityRepoStatus"] == {"scansDone": False, "filesWithIssues": []}
    assert "securityRepoStatus" not in repo.http.get(repo.api).json()


@pytest.mark.parametrize("path", ["/api/agent-harnesses", "/healthz", "/metrics", "/api/models-tags-by-type", "/api/datasets-tags-by-type"])
def test_open_to_everyone(anyone, path):
    assert anyone.http().get(path).status_code == 200


def test_telemetry_is_quiet(anyone):
    assert anyone.http().head("/api/telemetry/topic/sub").status_code in (200, 404)


def test_cors(anyone, new_repo):
    repo = new_repo(files={"a.txt": b"a"})
    answer = anyone.http().options(
        f"{repo.web}/resolve/main/a.txt",
        headers={"Origin": "https://app.example.org", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"},
    )
    assert answer.status_code in (200, 204) and answer.headers["Access-Control-Allow-Origin"] in ("*", "https://app.example.org")
    answer = anyone.http().get(f"{repo.web}/resolve/main/a.txt", headers={"Origin": "https://app.example.org"})
    exposed = {w.strip().lower() for w in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"x-repo-commit", "x-error-code", "etag", "link", "content-range", "x-linked-size"} <= exposed


def test_signed_in_by_password_of_basic(new_repo, alice):
    import httpx

    repo = new_repo(private=True, files={"a.txt": b"a"})
    for user, password in (("alice", alice.token), ("whatever", alice.token), (alice.token, "")):
        answer = httpx.get(f"{alice.hub.url}{repo.web}.git/info/refs?service=git-upload-pack", auth=(user, password), trust_env=False)
        assert answer.status_code == 200, (user, answer.text)
