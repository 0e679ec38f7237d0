"""list_models and its kin: filters, sorting, pages."""

import os

from huggingface_hub.errors import HfHubHTTPError
from session import ME, STEM, api, new_repo, raises, repo_name

MANY = int(os.environ.get("MANY_REPOS", 30))


def card(repo, text, **how):
    api.upload_file(path_or_fileobj=f"---\n{text}---\n# Card\n".encode(), path_in_repo="README.md", repo_id=repo, **how)


for n in range(MANY):
    api.create_repo(repo_name(f"many-{n:03}"))
named = sorted(repo_name(f"many-{n:03}") for n in range(MANY))
found = [m.id for m in api.list_models(author=ME, search=f"{STEM}-many", limit=1000)]
assert sorted(found) == named, (len(found), len(named))

a = new_repo("list-a")
b = new_repo("list-b")
hidden = new_repo("list-hidden", private=True)
card(a, f"license: mit\nlibrary_name: transformers\npipeline_tag: text-generation\nlanguage: [en, de]\ntags: [{STEM}]\n")
card(b, f"license: apache-2.0\npipeline_tag: fill-mask\nbase_model: {a}\ntags: [{STEM}]\n")
card(hidden, f"tags: [{STEM}]\n")


def ids(**how):
    return sorted(m.id for m in api.list_models(**how))


assert ids(filter=STEM) == [a, b, hidden]
assert ids(filter=STEM, token=False) == [a, b]
assert ids(filter=[STEM, "license:mit"]) == [a]
assert ids(filter=[STEM, "de"]) == [a]
assert ids(filter=[STEM, f"base_model:{a}"]) == [b]
assert ids(search="list-a", filter=STEM) == [a]
assert ids(author="bob", filter=STEM) == []
assert ids(filter=STEM, pipeline_tag="fill-mask") == [b]
[full] = list(api.list_models(filter=[STEM, "transformers"], full=True, cardData=True))
assert full.id == a and full.author == ME and full.sha and full.last_modified and full.created_at
assert full.library_name == "transformers" and full.pipeline_tag == "text-generation"
assert {s.rfilename for s in full.siblings} == {".gitattributes", "README.md"}
assert full.card_data.license == "mit" and full.private is False
[plain] = list(api.list_models(filter=[STEM, "transformers"]))
assert plain.siblings is None and plain.card_data is None
[some] = list(api.list_models(filter=[STEM, "transformers"], expand=["sha", "downloads"]))
assert some.sha == full.sha and some.downloads == 0 and some.author is None

newest = [m.id for m in api.list_models(filter=STEM, sort="lastModified")]
assert newest == [hidden, b, a], newest
assert [m.id for m in api.list_models(filter=STEM, sort="createdAt", limit=2)] == [hidden, b]
with raises(HfHubHTTPError, 400):
    list(api.list_models(sort="shoe_size", filter=STEM))

d = new_repo("list-d", repo_type="dataset")
card(d, f"license: mit\ntask_categories: [text-classification]\nlanguage: [en]\ntags: [{STEM}]\n", repo_type="dataset")
assert [x.id for x in api.list_datasets(filter=[STEM, "task_categories:text-classification"])] == [d]
assert [x.id for x in api.list_datasets(filter=[STEM, "language:en"])] == [d]
s = new_repo("list-s", repo_type="space", space_sdk="static")
assert s in [x.id for x in api.list_spaces(search=f"{STEM}-list-s")]
