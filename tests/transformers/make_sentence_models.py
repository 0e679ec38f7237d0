#!/usr/bin/env python3
"""Makes src/transformers/testdata/models/sentences.json: small sentence models, and what the official package makes of texts.

Needs sentence-transformers (PyPI). Weights follow from their names, as in make_models.py.

    python3 tests/transformers/make_sentence_models.py
"""
import json
import pathlib
import shutil
import sys
import tempfile

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from make_models import FOLDER, fill, flat

TOKENIZER = FOLDER.parent / "bert.json"
TEXTS = ["A quick brown fox.", "  Straße und  Größe \n", "one", "The model reads texts; it gives vectors, one for each of them, " * 3, "日本語 \u3000",
         "ÄÖÜ and ÇA"]


def build(folder, pooling, after):
    config = BertConfig(vocab_size=800, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
                        max_position_embeddings=40)
    network = BertModel(config, add_pooling_layer=False)
    tensors = {"": fill(network)}
    network.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER), pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
                            mask_token="[MASK]", model_max_length=512).save_pretrained(folder)
    transformer = modules.Transformer(str(folder), max_seq_length=32)
    all_modules = [transformer, modules.Pooling(16, **pooling), *after]
    for i, module in enumerate(after, 2):
        if module.state_dict():
            tensors[f"{i}_{type(module).__name__}"] = fill(module)
    return SentenceTransformer(modules=all_modules, device="cpu", prompts={"query": "query: ", "passage": "Passage "}), tensors


def case(pooling, after=(), default_prompt=None):
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        model, tensors = build(folder / "bert", pooling, after)
        model.default_prompt_name = default_prompt
        saved = folder / "saved"
        model.save(str(saved))
        files = {path.relative_to(saved).as_posix(): path.read_text() for path in sorted(saved.rglob("*.json")) if path.name != "tokenizer.json"}
        made = {"plain": model.encode(TEXTS), "query": model.encode(TEXTS, prompt_name="query"), "words": model.encode(TEXTS, prompt="It was the ")}
        return {"files": files, "tensors": tensors, **{name: flat(torch.from_numpy(rows)) for name, rows in made.items()}}
    finally:
        shutil.rmtree(folder)


def main():
    torch.manual_seed(0)
    dense = [modules.Dense(16, 8), modules.Dense(8, 12, bias=False, activation_function=torch.nn.Identity()), modules.LayerNorm(12), modules.Normalize()]
    cases = {
        "mean": case({"pooling_mode": "mean"}),
        "cls normalized": case({"pooling_mode": "cls"}, [modules.Normalize()]),
        "everything at once": case({"pooling_mode": ["lasttoken", "cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean"]}),
        "without the prompt": case({"pooling_mode": ["mean", "weightedmean", "cls", "max", "lasttoken"], "include_prompt": False}, default_prompt="passage"),
        "dense": case({"pooling_mode": "mean"}, dense),
    }
    text = json.dumps({"texts": TEXTS, "cases": cases}, separators=(",", ":"), ensure_ascii=False)
    (FOLDER / "sentences.json").write_text(text + "\n")
    print(f"{len(text) / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
