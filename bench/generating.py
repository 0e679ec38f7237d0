#!/usr/bin/env python3
"""Whole decoders beside the machine's limits and llama.cpp: the same files, turn by turn in the same minutes.

Shapes: SmolLM2-135M, Qwen2.5-0.5B and TinyLlama (1.1B), with weights by chance, in BF16, Q8_0 and Q4_0, as GGUF. A prompt has
512 tokens; single tokens follow it. A token reads all weights and all that is kept of the tokens before it, so decoding is told as a
ratio to a plain read of as many bytes in the same seconds; prompts as a ratio to the peak of the processor's dot products
(vdpbf16ps, vpdpbusd), which tiles may exceed. Attention is not counted among a prompt's operations. By the clock on the wall: the
threads of llama.cpp wait busily. Where llama.cpp dies of its tiles (version 0.3.36 of the package does, loading their configuration for
Q8_0 and Q4_0), it is asked again without the layouts of its own, and the row says so.

    bench/generating.py FOLDER [--quick] [--only=135M-bf16]      makes the models in FOLDER (8 GB); needs gguf and, for the peer,
                                                                 llama-cpp-python; a part may be done alone
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROMPT, TOKENS = 512, 16
# name: architecture, width, layers, heads, heads of keys and values, inner width, words, whether the words' weights are used twice
SHAPES = {
    "135M": ("llama", 576, 30, 9, 3, 1536, 49152, True),
    "0.5B": ("qwen2", 896, 24, 14, 2, 4864, 151936, True),
    "1.1B": ("llama", 2048, 22, 32, 4, 5632, 32000, False),
}
PRECISIONS = ["bf16", "q8_0", "q4_0"]
SPEEDS = ["prompt", "decode"]
GOALS = {"bf16": ">= 0.88", "q8_0": ">= 0.7", "q4_0": ""}  # of prompts


def random_weight(rng, precision, outputs, inputs):
    """Stored bytes, a row for each output; values of about 0.02."""
    import numpy

    if precision == "bf16":
        values = rng.integers(0, 16, (outputs, inputs), dtype=numpy.uint16) + 0x3C90
        return (values | rng.integers(0, 2, (outputs, inputs), dtype=numpy.uint16) << 15).view(numpy.uint8)
    quants = 32 if precision == "q8_0" else 16
    scale = 0.0003 if precision == "q8_0" else 0.004
    blocks = rng.integers(0, 256, (outputs, inputs // 32, 2 + quants), dtype=numpy.uint8)
    blocks[:, :, :2] = numpy.array([scale], dtype=numpy.float16).view(numpy.uint8)
    return blocks.reshape(outputs, -1)


def make_model(path, shape, precision):
    import gguf
    import numpy

    architecture, width, layers, heads, kept_heads, inner, words, tied = SHAPES[shape]
    kept = width // heads * kept_heads
    rng = numpy.random.default_rng(1)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(2048)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kept_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(words)
    writer.add_tokenizer_model("no_vocab")
    kind = {"bf16": gguf.GGMLQuantizationType.BF16, "q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_0": gguf.GGMLQuantizationType.Q4_0}[precision]

    def weight(name, outputs, inputs):
        writer.add_tensor(name, random_weight(rng, precision, outputs, inputs), raw_dtype=kind)

    def vector(name, count):
        writer.add_tensor(name, numpy.ones(count, dtype=numpy.float32))

    weight("token_embd.weight", words, width)
    vector("output_norm.weight", width)
    if not tied:
        weight("output.weight", words, width)
    for layer in range(layers):
        at = f"blk.{layer}."
        vector(at + "attn_norm.weight", width)
        vector(at + "ffn_norm.weight", width)
        for name, outputs in [("q", width), ("k", kept), ("v", kept)]:
            weight(f"{at}attn_{name}.weight", outputs, width)
            if architecture == "qwen2":
                vector(f"{at}attn_{name}.bias", outputs)
        weight(at + "attn_output.weight", width, width)
        weight(at + "ffn_gate.weight", inner, width)
        weight(at + "ffn_up.weight", inner, width)
        weight(at + "ffn_down.weight", width, inner)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def weights_of(shape):
    """Of all layers, and of the head."""
    _, width, layers, heads, kept_heads, inner, words, _ = SHAPES[shape]
    kept = width // heads * kept_heads
    return layers * (2 * width * width + 2 * kept * width + 3 * inner * width), words * width


def bytes_of_a_token(shape, precision):
    _, width, layers, heads, kept_heads, *_ = SHAPES[shape]
    kept = 2 * 2 * layers * width // heads * kept_heads * (PROMPT + TOKENS // 2)  # keys and values in bfloats
    return sum(weights_of(shape)) * {"bf16": 2, "q8_0": 34 / 32, "q4_0": 18 / 32}[precision] + kept


def operations_of_a_token(shape):
    """Of a prompt, whose last token alone goes through the head."""
    layers, head = weights_of(shape)
    return 2 * (layers + head / PROMPT)


def lines_of(command):
    """What a program says in JSON, line by line; None when a signal ended it."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, errors="replace")
    if done.returncode < 0:
        return None
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def ours(path, threads, rounds):
    return lines_of([ROOT / "build/bench/model_speed", path, threads, rounds])


def theirs(path, threads, rounds):
    """Its name as a reference, and its rounds; none when it dies in every way."""
    for name, layouts in [("llama.cpp", "own"), ("llama.cpp, plain layouts (dies with its own)", "plain")]:
        lines = lines_of([sys.executable, __file__, "--peer", path, threads, rounds, layouts])
        if lines is not None:
            return name, lines
    return "llama.cpp (dies)", []


def peer(path, threads, rounds, layouts):
    import llama_cpp

    llama_cpp.llama_backend_init()
    parameters = llama_cpp.llama_model_default_params()
    parameters.use_mmap = False
    parameters.use_extra_bufts = layouts == "own"
    model = llama_cpp.llama_model_load_from_file(path.encode(), parameters)
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx, settings.n_batch, settings.n_ubatch = 2 * PROMPT, PROMPT, PROMPT
    settings.n_threads = settings.n_threads_batch = threads
    context = llama_cpp.llama_init_from_model(model, settings)
    tokens = (llama_cpp.llama_token * PROMPT)(*[7] * PROMPT)

    def forward(count):
        if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, count)) != 0:
            raise RuntimeError("llama_decode failed")
        llama_cpp.llama_synchronize(context)

    forward(1)  # warms up
    for _ in range(rounds):
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), True)
        start = time.perf_counter()
        forward(PROMPT)
        prompt = time.perf_counter() - start
        start = time.perf_counter()
        for _ in range(TOKENS):
            forward(1)
        decode = time.perf_counter() - start
        print(json.dumps({"prompt": PROMPT / prompt, "decode": TOKENS / decode}), flush=True)


def peer_is_there():
    return subprocess.run([sys.executable, "-c", "import llama_cpp"], capture_output=True).returncode == 0


def measure(report, folder, options):
    if not (ROOT / "build/bench/model_speed").exists():
        report.skip("whole decoders", "build/bench/model_speed is not built: ./dev build bench model_speed")
        return
    with_peer = peer_is_there()
    if not with_peer:
        report.skip("llama.cpp", "llama-cpp-python is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    rounds = 2 if options.quick else 4  # the first warms up
    for shape in list(SHAPES)[: 1 if options.quick else None]:
        for precision in PRECISIONS:
            if not f"{shape}-{precision}".startswith(getattr(options, "only", "")):
                continue
            path = folder / f"{shape}-{precision}.gguf"
            if not path.exists():
                make_model(path, shape, precision)
            for threads in [1, 2]:
                mine = (ours(path, threads, rounds) or [])[1:]
                if not mine:
                    raise RuntimeError(f"model_speed died of {path}")
                name, peers = theirs(path, threads, 2 if shape == "135M" else 1) if with_peer else ("", [])
                middle = lambda runs, key: statistics.median(run[key] for run in runs)
                what = f"{shape} {precision}, {threads} thread{'s' * (threads > 1)}"
                limit = middle(mine, "read") * 1e9 / bytes_of_a_token(shape, precision)
                report.against(f"{what}: decode", middle(mine, "decode"), "tokens/s", "plain read", limit, ">= 0.95")
                if mine[0]["instruction"]:
                    limit = middle(mine, "peak") * 1e9 / operations_of_a_token(shape)
                    report.against(f"{what}: prompt", middle(mine, "prompt"), "tokens/s", mine[0]["instruction"], limit, GOALS[precision])
                for speed in SPEEDS if name else []:
                    if peers:
                        report.against(f"{what}: {speed}", middle(mine, speed), "tokens/s", name, middle(peers, speed), "")
                    else:
                        report.skip(f"{what}: {speed}", name)


def main():
    if sys.argv[1] == "--peer":
        peer(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
        return
    from report import run_alone

    only = next((argument[7:] for argument in sys.argv if argument.startswith("--only=")), "")

    def part(report, folder, options):
        options.only = only
        measure(report, folder, options)

    run_alone(part, f"generating{only and '-' + only}.csv")


if __name__ == "__main__":
    main()
