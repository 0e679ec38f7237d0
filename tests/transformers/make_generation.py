#!/usr/bin/env python3
"""Makes src/transformers/testdata/generation/official.json: what the official package's processors of logits and its beam search give.

The models are those of make_models.py. Run as make_models.py is.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import torch

import make_models
import decoder_models  # noqa: F401
from make_models import MODELS, fill, flat, tokens


def processed(logits, text, options):
    """As generate() puts them in order; {token: probability} of those that are left."""
    from transformers.generation import logits_process as p

    steps = []
    if "repetition_penalty" in options:
        steps.append(p.RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
    if "no_repeat_ngram" in options:
        steps.append(p.NoRepeatNGramLogitsProcessor(options["no_repeat_ngram"]))
    steps.append(p.TemperatureLogitsWarper(options.get("temperature", 1.0)))
    if "top_k" in options:
        steps.append(p.TopKLogitsWarper(options["top_k"]))
    if "top_p" in options:
        steps.append(p.TopPLogitsWarper(options["top_p"]))
    if "min_p" in options:
        steps.append(p.MinPLogitsWarper(options["min_p"]))
    if "typical_p" in options:
        steps.append(p.TypicalLogitsWarper(options["typical_p"]))
    scores = torch.tensor([logits])
    for step in steps:
        scores = step(torch.tensor([text]), scores)
    probabilities = torch.softmax(scores[0], -1)
    return [[i, float(f"{x:.7g}")] for i, x in enumerate(probabilities.tolist()) if x > 0]


def sampling_cases():
    generator = torch.Generator().manual_seed(3)
    logits = flat(torch.randn(400, generator=generator) * 3)
    logits[17] = logits[40] = logits[41] = 6.5  # equals
    text = torch.randint(0, 400, (60,), generator=generator).tolist() + [5, 6, 7, 5, 6, 9, 5, 6]
    cases = []
    for options in [{}, {"temperature": 0.5}, {"temperature": 2.5}, {"top_k": 1}, {"top_k": 3}, {"top_k": 40}, {"top_k": 1000},
                    {"top_p": 0.9}, {"top_p": 0.1}, {"top_p": 0.99}, {"top_p": 0.999, "temperature": 3.0}, {"min_p": 0.05},
                    {"min_p": 0.9}, {"typical_p": 0.9}, {"typical_p": 0.2}, {"repetition_penalty": 1.3},
                    {"repetition_penalty": 0.8}, {"no_repeat_ngram": 1}, {"no_repeat_ngram": 2}, {"no_repeat_ngram": 3},
                    {"no_repeat_ngram": 90}, {"temperature": 0.7, "top_k": 50, "top_p": 0.8, "min_p": 0.02},
                    {"temperature": 1.4, "top_k": 30, "typical_p": 0.7, "repetition_penalty": 1.1, "no_repeat_ngram": 2}]:
        cases.append({"options": options, "left": processed(logits, text, options)})
    return {"logits": logits, "text": text, "cases": cases}


def beam_cases():
    cases = []
    for name in ("llama", "gpt2", "mistral"):
        network, _ = MODELS[name]()
        network = network.eval().float()
        fill(network)
        prompt = tokens(9, network.config.vocab_size, seed=5)
        for options in [{"beams": 2, "tokens_max": 12}, {"beams": 4, "tokens_max": 40, "returned": 3},
                        {"beams": 3, "tokens_max": 30, "end_tokens": list(range(3, 40)), "returned": 3},
                        {"beams": 3, "tokens_max": 30, "end_tokens": list(range(3, 40)), "early_stopping": True, "returned": 2},
                        {"beams": 5, "tokens_max": 30, "end_tokens": list(range(3, 20)), "early_stopping": "never",
                         "length_penalty": 2.0, "returned": 5},
                        {"beams": 3, "tokens_max": 30, "end_tokens": list(range(3, 20)), "length_penalty": -1.0, "returned": 3},
                        {"beams": 4, "tokens_max": 25, "end_tokens": [7], "length_penalty": 0.0, "early_stopping": "never",
                         "repetition_penalty": 1.2, "returned": 4},
                        {"beams": 4, "tokens_max": 40, "no_repeat_ngram": 2, "returned": 2}]:
            ends = options.get("end_tokens")
            network.generation_config.eos_token_id = None
            with torch.no_grad():
                out = network.generate(prompt, num_beams=options["beams"], num_return_sequences=options.get("returned", 1),
                                       max_new_tokens=options["tokens_max"], do_sample=False, eos_token_id=ends,
                                       early_stopping=options.get("early_stopping", False),
                                       length_penalty=options.get("length_penalty", 1.0),
                                       repetition_penalty=options.get("repetition_penalty", 1.0),
                                       no_repeat_ngram_size=options.get("no_repeat_ngram", 0), pad_token_id=0,
                                       return_dict_in_generate=True, output_scores=True)
            beams = []
            for row, score in zip(out.sequences[:, prompt.shape[1]:].tolist(), out.sequences_scores.tolist()):
                end = next((i + 1 for i, token in enumerate(row) if ends and token in ends), len(row))
                beams.append({"tokens": row[:end], "score": score})
            cases.append({"model": name, "prompt": prompt[0].tolist(), "options": options, "beams": beams})
    return cases


if __name__ == "__main__":
    path = make_models.FOLDER.parent / "generation/official.json"
    path.write_text(json.dumps({"sampling": sampling_cases(), "beams": beam_cases()}, separators=(",", ":")) + "\n")
    print(path.stat().st_size)
