"""A hub with something on every page, for tests that look at pages and for the pictures of the guide."""

import dataclasses
import math
import random
import struct
import zlib

import numpy as np
from safetensors.numpy import save as save_tensors

from commit_calls import Repo, file_line
from hub_process import HubProcess
from people import PASSWORD, Person, token_of

ADMIN = "dora"

CARD = """---
license: apache-2.0
language: [en, de]
library_name: transformers
pipeline_tag: fill-mask
datasets: [acme/reviews]
base_model: acme/mini-base
tags: [bert, encoder, tiny]
---
# Tiny BERT

A small encoder for **sentences in English and German**: 4 layers, 128 numbers a token, made to be quick on a laptop.

![Loss while training](images/loss.png)

> [!NOTE]
> It was trained on [reviews](https://example.org/reviews), so it knows more of vacuum cleaners than of poetry.

## How to use it

```python
from transformers import AutoTokenizer, BertModel

tokenizer = AutoTokenizer.from_pretrained("acme/tiny-bert")
model = BertModel.from_pretrained("acme/tiny-bert")
words = tokenizer("It cleans well and hums a little.", return_tensors="pt")
print(model(**words).last_hidden_state.shape)  # (1, 10, 128)
```

## What it was trained for

Words that are hidden are guessed from those around them; the loss over the hidden positions $M$ is

$$
\\mathcal{L} = -\\frac{1}{|M|} \\sum_{i \\in M} \\log p_\\theta(x_i \\mid x_{\\setminus M})
$$

## Results

| Task | Metric | Tiny BERT | Base |
|---|---|---:|---:|
| Sentiment | accuracy | 88.4 | 92.7 |
| Paraphrases | F1 | 84.1 | 88.9 |
| Similarity | Spearman | 81.7 | 85.8 |

- [x] English
- [x] German
- [ ] Everything else

More in [the notes](docs/notes.md).[^1]

[^1]: Figures are means of three runs.
"""

NOTES = "# Notes\n\nTrained for two days on one machine.\n\n1. Sort the reviews\n2. Hide every seventh word\n3. Wait\n"


# By name: the address and who looks at it. COMMIT stands for Showroom.commit.
MAIN_PAGES = {
    "home": ("/", "alice"),
    "models": ("/models", None),
    "model": ("/acme/tiny-bert", None),
    "files": ("/acme/tiny-bert/tree/main", "alice"),
    "file": ("/acme/tiny-bert/blob/main/model.safetensors", None),
    "commit": ("/acme/tiny-bert/commit/COMMIT", None),
    "dataset": ("/datasets/acme/reviews", None),
    "organization": ("/acme", None),
    "tokens": ("/settings/tokens", "alice"),
    "admin": ("/admin/storage", ADMIN),
}
OTHER_PAGES = {
    "home-signed-out": ("/", None),
    "login": ("/login", None),
    "join": ("/join", None),
    "datasets": ("/datasets", None),
    "spaces": ("/spaces", None),
    "models-filtered": ("/models?pipeline_tag=fill-mask&search=tiny", None),
    "models-none": ("/models?search=nothing-is-named-so", None),
    "search": ("/search?q=tiny", None),
    "full-text": ("/search/full-text?q=vacuum", None),
    "space": ("/spaces/acme/demo", None),
    "empty-model": ("/alice/empty", "alice"),
    "folder": ("/acme/tiny-bert/tree/main/docs", None),
    "text": ("/acme/tiny-bert/blob/main/train.py", None),
    "markdown": ("/acme/tiny-bert/blob/main/docs/notes.md", None),
    "image": ("/acme/tiny-bert/blob/main/images/loss.png", None),
    "table": ("/datasets/acme/reviews/blob/main/data/train.csv", None),
    "notebook": ("/datasets/acme/kinds/blob/main/notes.ipynb", None),
    "json": ("/datasets/acme/kinds/blob/main/card.json", None),
    "audio": ("/datasets/acme/kinds/blob/main/tone.wav", None),
    "pdf": ("/datasets/acme/kinds/blob/main/page.pdf", None),
    "gguf": ("/acme/mini-base/blob/main/mini-base-f16.gguf", None),
    "blame": ("/acme/tiny-bert/blame/main/train.py", None),
    "commits": ("/acme/tiny-bert/commits/main", None),
    "compare": ("/acme/tiny-bert/compare/v1.0..main", None),
    "pulls": ("/acme/tiny-bert/discussions", None),
    "pulls-none": ("/alice/empty/discussions", "alice"),
    "pull": ("/acme/tiny-bert/discussions/1", None),
    "edit": ("/acme/tiny-bert/edit/main/README.md", "alice"),
    "delete-file": ("/acme/tiny-bert/delete/main/train.py", "alice"),
    "new-file": ("/acme/tiny-bert/new/main", "alice"),
    "upload": ("/acme/tiny-bert/upload/main", "alice"),
    "model-settings": ("/acme/tiny-bert/settings", "alice"),
    "user": ("/alice", None),
    "new-model": ("/new", "alice"),
    "new-dataset": ("/new-dataset", "alice"),
    "new-space": ("/new-space", "alice"),
    "new-organization": ("/organizations/new", "alice"),
    "profile": ("/settings/profile", "alice"),
    "account": ("/settings/account", "alice"),
    "own-organizations": ("/settings/organizations", "alice"),
    "own-repositories": ("/settings/repositories", "alice"),
    "org-profile": ("/organizations/acme/settings/profile", "alice"),
    "org-members": ("/organizations/acme/settings/members", "alice"),
    "org-repositories": ("/organizations/acme/settings/repositories", "alice"),
    "admin-overview": ("/admin", ADMIN),
    "admin-users": ("/admin/users", ADMIN),
    "admin-organizations": ("/admin/organizations", ADMIN),
    "admin-jobs": ("/admin/jobs", ADMIN),
    "admin-settings": ("/admin/settings", ADMIN),
    "missing": ("/acme/not-there", None),
    "not-for-you": ("/admin", "bob"),
}


@dataclasses.dataclass
class Showroom:
    hub: HubProcess
    model: Repo
    commit: str  # one whose page shows a change worth a look

    def path(self, name):
        return (MAIN_PAGES | OTHER_PAGES)[name][0].replace("COMMIT", self.commit)


def furnish(hub) -> Showroom:
    hub.admin("user", "create", ADMIN, "--password", PASSWORD, "--email", f"{ADMIN}@example.org", "--admin")
    alice = Person(hub, "alice", token_of("alice"))
    bob = Person(hub, "bob", token_of("bob"))

    base = _fill(alice, "mini-base", "acme", {"README.md": "---\nlicense: mit\npipeline_tag: text-generation\nlibrary_name: llama.cpp\n---\n# Mini base\n"})
    base.commit_lfs({"mini-base-f16.gguf": gguf()}, summary="Add the weights, in half precision")
    model = Repo.create(alice, "tiny-bert", namespace="acme")
    model.commit_files({"README.md": CARD.encode(), "config.json": _CONFIG, "train.py": _TRAIN, "docs/notes.md": NOTES.encode()}, summary="Write the card, and how it was trained")
    model.commit_lfs({"model.safetensors": weights(), "images/loss.png": picture()}, summary="Add the weights, and a picture of the loss")
    answer = model.http.post(f"{model.api}/tag/main", json={"tag": "v1.0"})
    assert answer.status_code == 200, answer.text
    answer = model.commit(
        file_line("train.py", _TRAIN.replace(b"rate = 1e-3", b"rate = 5e-4").replace(b"    print(step, loss)\n", b"    if step % 100 == 0:\n        print(step, loss)\n")),
        summary="Halve the rate, and say less",
        description="The loss jumped about near the end.",
    )
    assert answer.status_code == 200, answer.text
    proposal = model.seen_by(bob).commit(
        file_line("docs/notes.md", NOTES.encode() + b"\nMore of them.\n"), summary="Add a note", description="It was **missing**.", query="?create_pr=1"
    )
    assert proposal.status_code == 200, proposal.text
    answer_branch = model.http.post(f"{model.api}/branch/experiment", json={})
    assert answer_branch.status_code == 200, answer_branch.text

    _fill(
        alice,
        "reviews",
        "acme",
        {
            "README.md": "---\nlicense: cc-by-4.0\nlanguage: [en, de]\ntask_categories: [text-classification]\nsize_categories: ['1K<n<10K']\npretty_name: Reviews\n---\n# Reviews\n\nWhat people said about **household things**, and how many stars they gave.\n\n| field | what |\n|---|---|\n| `text` | the words |\n| `stars` | 1 to 5 |\n",
            "data/train.csv": "text,stars\n" + "".join(f'"It works, {w} and all",{1 + n % 5}\n' for n, w in enumerate(_WORDS * 40)),
        },
        type="dataset",
    )
    _fill(alice, "demo", "acme", {"README.md": "---\ntitle: Try Tiny BERT\nemoji: 🧹\ncolorFrom: green\ncolorTo: blue\nsdk: static\nmodels: [acme/tiny-bert]\n---\n# Try it\n", "index.html": "<p>Hello</p>\n"}, type="space")

    for name, task, library, license in _OTHERS:
        _fill(alice if len(name) % 2 else bob, name, None, {"README.md": f"---\npipeline_tag: {task}\nlibrary_name: {library}\nlicense: {license}\nlanguage: [en]\n---\n# {name}\n\nOne of several.\n"})
    kinds = _fill(alice, "kinds", "acme", {"notes.ipynb": _NOTEBOOK, "card.json": '{"a": [1, {"b": null}]}\n'}, type="dataset")
    kinds.commit_lfs({"tone.wav": tone(), "page.pdf": _PDF})
    _fill(alice, "secret-plans", None, {"README.md": "---\nlicense: other\n---\n# Not yet\n"}, private=True)
    Repo.create(alice, "empty")
    with alice.http() as http:
        for _ in range(3):
            http.get(f"{model.web}/resolve/main/config.json")
    return Showroom(hub, model, answer.json()["commitOid"])


def tone():
    """A second of A, quietly."""
    samples = b"".join(struct.pack("<h", int(3000 * math.sin(n * 440 * math.tau / 8000))) for n in range(8000))
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _fill(person, name, namespace, files, **how):
    repo = Repo.create(person, name, namespace=namespace, **how)
    repo.commit_files({path: text.encode() if isinstance(text, str) else text for path, text in files.items()}, summary="Begin")
    return repo


_NOTEBOOK = """{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# Notes"]},
 {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["print(6 * 7)"],
  "outputs": [{"name": "stdout", "output_type": "stream", "text": ["42"]}]}],
 "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
"""
_PDF = b"""%PDF-1.4
1 0 obj <</Type /Catalog /Pages 2 0 R>> endobj
2 0 obj <</Type /Pages /Kids [3 0 R] /Count 1>> endobj
3 0 obj <</Type /Page /Parent 2 0 R /MediaBox [0 0 200 100]>> endobj
trailer <</Root 1 0 R>>
%%EOF
"""
_WORDS = ["noise", "dust", "cable", "corners", "stairs", "lamp", "kettle", "drawer"]
_OTHERS = [
    ("speech-to-notes", "automatic-speech-recognition", "transformers", "mit"),
    ("sentiment-de", "text-classification", "transformers", "apache-2.0"),
    ("sparrow-7b", "text-generation", "transformers", "apache-2.0"),
    ("sparrow-7b-instruct", "text-generation", "transformers", "apache-2.0"),
    ("kitchen-objects", "object-detection", "timm", "mit"),
    ("sketch-to-image", "text-to-image", "diffusers", "openrail"),
    ("sentence-twins", "sentence-similarity", "sentence-transformers", "apache-2.0"),
    ("translate-en-de", "translation", "transformers", "cc-by-4.0"),
]
_CONFIG = b'{\n  "architectures": ["BertModel"],\n  "hidden_size": 128,\n  "model_type": "bert",\n  "num_attention_heads": 2,\n  "num_hidden_layers": 4,\n  "vocab_size": 4096\n}\n'
_TRAIN = b'''"""Trains the model."""

import torch

from data import read_reviews

rate = 1e-3


def main():
    model = build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    for step, batch in enumerate(read_reviews("data/train.csv")):
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    print(step, loss)


if __name__ == "__main__":
    main()
'''


def weights():
    """A safetensors file as a small encoder has it."""
    tensors = {"embeddings.word_embeddings.weight": np.zeros((4096, 128), np.float16)}
    for layer in range(4):
        for part in ("query", "key", "value"):
            tensors[f"encoder.layer.{layer}.attention.self.{part}.weight"] = np.zeros((128, 128), np.float16)
            tensors[f"encoder.layer.{layer}.attention.self.{part}.bias"] = np.zeros(128, np.float32)
        tensors[f"encoder.layer.{layer}.intermediate.dense.weight"] = np.zeros((512, 128), np.float16)
        tensors[f"encoder.layer.{layer}.output.dense.weight"] = np.zeros((128, 512), np.float16)
    return save_tensors(tensors, metadata={"format": "pt"})


def gguf():
    """A GGUF file: version 3, some keys, two tensors."""
    text = lambda word: struct.pack("<Q", len(word)) + word.encode()
    keys = [
        text("general.architecture") + struct.pack("<I", 8) + text("llama"),
        text("general.name") + struct.pack("<I", 8) + text("Mini base"),
        text("general.file_type") + struct.pack("<II", 4, 1),
        text("llama.context_length") + struct.pack("<II", 4, 2048),
        text("llama.embedding_length") + struct.pack("<II", 4, 64),
        text("llama.block_count") + struct.pack("<II", 4, 1),
        text("tokenizer.chat_template") + struct.pack("<I", 8) + text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"),
    ]
    tensors = [("token_embd.weight", (64, 256), 0), ("output.weight", (64, 256), 64 * 256 * 2)]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys)
    for name, shape, offset in tensors:
        head += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape) + struct.pack("<IQ", 1, offset)
    return head + bytes(-len(head) % 32) + bytes(2 * 64 * 256 * 2)


def picture(width=560, height=180):
    """A PNG: a loss that falls, with some noise."""
    noise = random.Random(7)
    rows = [bytearray(b"\xff\xff\xff" * width) for _ in range(height)]
    for x in range(24, width - 12):
        y = int(height - 24 - 120 * math.exp(-x / 130) - noise.random() * 8)
        for dy in range(-1, 2):
            rows[y + dy][3 * x : 3 * x + 3] = b"\x0f\x76\x6e"
    for x in range(20, width - 8):
        rows[height - 16][3 * x : 3 * x + 3] = b"\xb9\xc4\xcc"
    for y in range(8, height - 16):
        rows[y][60:63] = b"\xb9\xc4\xcc"

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    raw = b"".join(b"\0" + bytes(row) for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
