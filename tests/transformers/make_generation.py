#!/usr/bin/env python3
"""Makes src/transformers/testdata/generation: what the official package's processors of logits and its beam search give (official.json),
and what it writes under each setting of a generation_config.json (settings.json).

The models are those of make_models.py. Run as make_models.py is.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import torch

import make_models
import decoder_models  # noqa: F401
import seq2seq_models  # noqa: F401
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
    if "top_h" in options:
        steps.append(p.TopHLogitsWarper(options["top_h"]))
    if "top_k" in options:
        steps.append(p.TopKLogitsWarper(options["top_k"]))
    if "top_p" in options:
        steps.append(p.TopPLogitsWarper(options["top_p"]))
    if "min_p" in options:
        steps.append(p.MinPLogitsWarper(options["min_p"]))
    if "typical_p" in options:
        steps.append(p.TypicalLogitsWarper(options["typical_p"]))
    if "epsilon_cutoff" in options:
        steps.append(p.EpsilonLogitsWarper(options["epsilon_cutoff"]))
    if "eta_cutoff" in options:
        steps.append(p.EtaLogitsWarper(options["eta_cutoff"]))
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
                    {"top_h": 0.4}, {"top_h": 1.0}, {"top_h": 0.01}, {"epsilon_cutoff": 0.01}, {"epsilon_cutoff": 0.9},
                    {"eta_cutoff": 0.003}, {"eta_cutoff": 0.3}, {"top_h": 0.9, "top_k": 20, "eta_cutoff": 0.01, "temperature": 0.8},
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


# Every setting of a generation_config.json in turn: behind a decoder's prompt, and what an encoder-decoder writes.
SETTINGS = [{}, {"max_new_tokens": 5}, {"max_length": 17}, {"min_length": 16}, {"min_new_tokens": 9}, {"min_length": 3, "min_new_tokens": 6},
            {"repetition_penalty": 1.4}, {"encoder_repetition_penalty": 1.6}, {"no_repeat_ngram_size": 2},
            {"encoder_no_repeat_ngram_size": 2}, {"encoder_no_repeat_ngram_size": 1}, {"bad_words_ids": [[3], [4], [5, 6]]},
            {"sequence_bias": [[[7], 2.5], [[8, 9], 4.0], [[10], -3.0]]}, {"suppress_tokens": [11, 12, 13, 500]},
            {"begin_suppress_tokens": [14, 15, 16]}, {"forced_bos_token_id": 17}, {"forced_eos_token_id": 18},
            {"forced_eos_token_id": [19, 20]}, {"exponential_decay_length_penalty": [4, 1.5]},
            {"remove_invalid_values": True, "suppress_tokens": [21, 22]}, {"renormalize_logits": True, "repetition_penalty": 1.3},
            {"forced_bos_token_id": 17, "begin_suppress_tokens": [30, 31, 32]}, {"eos_token_id": 23}, {"early_stopping": True},
            {"early_stopping": "never", "length_penalty": 2.0}, {"length_penalty": -1.0},
            {"no_repeat_ngram_size": 3, "length_penalty": 0.6, "min_length": 5}]


def learned(settings, text):
    """What makes a setting bite: words that the plain text has take the places of the numbers above."""
    replaced = {number: text[i % len(text)] for i, number in enumerate(range(3, 33))}

    def replace(value):
        if isinstance(value, list):
            return [replace(item) for item in value]
        return replaced.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value

    by_tokens = ["bad_words_ids", "sequence_bias", "suppress_tokens", "begin_suppress_tokens", "eos_token_id"]
    return {key: replace(value) if key in by_tokens else value for key, value in settings.items()}


def settings_cases():
    from transformers import GenerationConfig

    cases = []
    for name in ("llama", "t5", "bart", "marian"):
        network, _ = MODELS[name]()
        network = network.eval().float()
        fill(network)
        prompt = tokens(9, network.config.vocab_size, seed=5)
        base = {"eos_token_id": list(range(40, 48)), "pad_token_id": 1, "decoder_start_token_id": 2, "max_new_tokens": 24}
        if name == "marian":
            base["bad_words_ids"] = [[1]]

        def run(settings):
            network.generation_config = GenerationConfig(**settings)
            with torch.no_grad():
                out = network.generate(prompt, return_dict_in_generate=True, output_scores=True)
            texts = []
            skip = 1 if network.config.is_encoder_decoder else prompt.shape[1]
            ends = settings["eos_token_id"]
            ends = ends if isinstance(ends, list) else [ends]
            for row in out.sequences[:, skip:].tolist():
                end = next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
                texts.append(row[:end])
            scores = out.sequences_scores.tolist() if "sequences_scores" in out else None
            return texts, scores

        plain = run(base | {"max_new_tokens": 30, "eos_token_id": 1})[0][0]
        for settings in SETTINGS:
            # With beams the official package lets the penalty of the source reach the first of them alone.
            for beams in (1,) if "encoder_repetition_penalty" in settings else (1, 3):
                chosen = base | learned(settings, plain) | ({"num_beams": beams, "num_return_sequences": 2} if beams > 1 else {})
                if "max_length" in settings:
                    del chosen["max_new_tokens"]
                texts, scores = run(chosen)
                cases.append({"model": name, "prompt": prompt[0].tolist(), "generation_config": chosen, "texts": texts, "scores": scores})
    return cases


if __name__ == "__main__":
    folder = make_models.FOLDER.parent / "generation"
    for name, cases in [("official", {"sampling": sampling_cases(), "beams": beam_cases()}), ("settings", {"cases": settings_cases()})]:
        path = folder / f"{name}.json"
        path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
        print(name, path.stat().st_size)
