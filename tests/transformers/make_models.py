#!/usr/bin/env python3
"""Makes src/transformers/testdata/models: small models of every architecture, and what the official package computes.

Weights are not stored: they follow from the tensors' names by the formula of src/transformers/models/model_fixture.h.
Needs torch and transformers 5 (Debian testing: python3-torch, python3-transformers).

    python3 tests/transformers/make_models.py [NAME...]
"""
import json
import pathlib
import sys

import torch

from fixture_weights import fixture_values

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/transformers/testdata/models"
MODELS = {}  # name -> function that returns a Fixture's parts


def model(function):
    """Registers a maker: a function without arguments that returns (model, cases)."""
    MODELS[function.__name__] = function
    return function


def fill(network):
    """Gives the model its weights. Returns {name: shape} of what a safetensors file of it would hold."""
    shapes = {}
    owners = {}  # tied tensors are one: the first name wins, as save_pretrained has it
    with torch.no_grad():
        for name, tensor in network.state_dict(keep_vars=True).items():
            if not tensor.is_floating_point() or tensor.data_ptr() in owners:
                continue
            owners[tensor.data_ptr()] = name
            shapes[name] = list(tensor.shape)
            tensor.copy_(torch.from_numpy(fixture_values(name, list(tensor.shape))))
    return shapes


def flat(tensor):
    """Rounded to what a float holds, so that files stay small."""
    return [float(f"{value:.7g}") for value in tensor.detach().float().flatten().tolist()]


def tokens(count, vocabulary, seed=1):
    return torch.randint(3, vocabulary, (1, count), generator=torch.Generator().manual_seed(seed))


def write(name, network, make_cases):
    network = network.eval().float()
    shapes = fill(network)
    with torch.no_grad():
        cases = make_cases(network)
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"config": json.loads(network.config.to_json_string(use_diff=False)), "tensors": shapes, "cases": cases},
                      separators=(",", ":"))
    (FOLDER / f"{name}.json").write_text(text + "\n")
    print(f"{name}: {len(text) / 1000:.0f} kB")


def main():
    for name in sys.argv[1:] or MODELS:
        write(name, *MODELS[name]())


# Imported for their makers; each holds the architectures of one family.
if __name__ == "__main__":
    sys.modules["make_models"] = sys.modules["__main__"]
    import adapter_models  # noqa: F401
    import audio_models  # noqa: F401
    import decoder_models  # noqa: F401
    import encoder_models  # noqa: F401
    import pipeline_models  # noqa: F401
    import seq2seq_models  # noqa: F401
    import vision_models  # noqa: F401

    main()
