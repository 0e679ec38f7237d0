"""Everything about one repository: info with and without expand, files, paths."""

from huggingface_hub.errors import HfHubHTTPError
from session import ME, api, new_repo, raises

repo = new_repo("info")
api.upload_file(
    path_or_fileobj=b"---\nlicense: mit\npipeline_tag: fill-mask\nlibrary_name: transformers\ndatasets: [acme/words]\n---\n# Card\n",
    path_in_repo="README.md",
    repo_id=repo,
)
api.upload_file(path_or_fileobj=b'{"model_type": "bert", "architectures": ["BertForMaskedLM"]}', path_in_repo="config.json", repo_id=repo)
api.upload_file(path_or_fileobj=b"w" * 5000, path_in_repo="sub/w.safetensors.bin", repo_id=repo)

info = api.model_info(repo)
assert info.id == repo and info.author == ME and len(info.sha) == 40 and info.private is False
assert info.gated is False and info.disabled in (False, None)
assert info.created_at.tzinfo and info.last_modified >= info.created_at
assert info.card_data.license == "mit" and info.pipeline_tag == "fill-mask" and info.library_name == "transformers"
assert {"license:mit", "dataset:acme/words", "transformers", "fill-mask"} <= set(info.tags), info.tags
assert info.config["model_type"] == "bert", info.config
assert [s.rfilename for s in info.siblings] == [".gitattributes", "README.md", "config.json", "sub/w.safetensors.bin"]
assert info.siblings[0].size is None

blobs = {s.rfilename: s for s in api.model_info(repo, files_metadata=True).siblings}
assert blobs["config.json"].size == 60 and len(blobs["config.json"].blob_id) == 40 and blobs["config.json"].lfs is None
large = blobs["sub/w.safetensors.bin"]
assert large.size == 5000 and large.lfs["size"] == 5000 and len(large.lfs["sha256"]) == 64 and large.lfs["pointer_size"] > 100

few = api.model_info(repo, expand=["downloads", "tags", "usedStorage"])
assert few.downloads == 0 and few.tags and few.author is None and few.siblings is None
with raises(HfHubHTTPError, 400, '"expand" must be one of ['):
    api.model_info(repo, expand=["shoe_size"])

tree = list(api.list_repo_tree(repo))
assert [(type(e).__name__, e.path) for e in tree] == [
    ("RepoFile", ".gitattributes"),
    ("RepoFile", "README.md"),
    ("RepoFile", "config.json"),
    ("RepoFolder", "sub"),
] or sorted(e.path for e in tree) == [".gitattributes", "README.md", "config.json", "sub"], tree
deep = [e.path for e in api.list_repo_tree(repo, recursive=True, expand=True)]
assert "sub" in deep and "sub/w.safetensors.bin" in deep
[only] = list(api.list_repo_tree(repo, "sub", expand=True))
assert only.last_commit.oid == info.sha and only.lfs.size == 5000

infos = api.get_paths_info(repo, ["config.json", "sub", "missing.txt"], expand=True)
assert [e.path for e in infos] == ["config.json", "sub"], infos
assert infos[0].last_commit.title and infos[1].tree_id
assert api.get_paths_info(repo, "missing.txt") == []
assert api.file_exists(repo, "config.json") and not api.file_exists(repo, "missing.txt")
