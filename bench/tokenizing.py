"""The C++ tokenizers beside the official package: the same files, the same texts, turn by turn in the same minutes.

Tokenizers of every kind are trained here, with vocabularies of some thousand tokens, on the texts that are then
encoded: Python's own library (code and English), and words of 40 scripts. Rates are megabytes of text a second; "CPU" counts the
processor time of all threads, which a busy machine disturbs little. The first round of each process, with empty caches, is not counted.

    bench/tokenizing.py FOLDER [--quick] [KIND...]      measures alone
"""

import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import sysconfig
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Every family that tests have: byte-level BPE, WordPiece, Unigram, SentencePiece's BPE, and the rest.
KINDS = ["gpt2", "llama3", "qwen2", "roberta", "clip", "bert", "bert_cased", "t5", "xlm_roberta", "unigram_bytes",
         "sentencepiece_bpe", "gemma", "crossing", "openai_gpt", "prefixed_bpe", "word_level", "ctc"]

UNIGRAMS = ["t5", "xlm_roberta", "unigram_bytes"]  # whose training takes longest


def make_texts(megabytes):
    sys.path.insert(0, str(ROOT / "tests/transformers"))
    from texts import PROSE

    rng = random.Random(3)
    lines, size = [], 0
    for path in sorted(pathlib.Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        paragraphs = [paragraph.replace("\n", " ") for paragraph in text.split("\n\n") if paragraph.strip()]
        lines += paragraphs
        size += sum(map(len, paragraphs))
        if size > megabytes * 700_000:
            break
    words = " ".join(PROSE).split(" ")
    while size < megabytes * 1_000_000:
        line = " ".join(rng.choices(words, k=60))
        lines.append(line)
        size += len(line.encode())
    rng.shuffle(lines)
    return lines


def make_tokenizer(kind, lines, path):
    import make_tokenizers

    make_tokenizers.train = lambda tokenizer, trainer: (tokenizer.train_from_iterator(lines, grown(trainer)), tokenizer)[1]
    tokenizer = getattr(make_tokenizers, kind)()
    tokenizer.no_truncation()  # of every text all tokens, and no others
    tokenizer.no_padding()
    tokenizer.save(str(path))


def grown(trainer):
    trainer.vocab_size = 8000
    return trainer


def ours(file, texts, threads, rounds, offsets):
    command = [ROOT / "build/bench/tokenize", file, "bench", texts, str(threads), str(rounds), str(int(offsets))]
    return [json.loads(line) for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()]


def theirs(file, texts, threads, rounds, offsets):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")
    command = [sys.executable, __file__, "--peer", file, texts, str(rounds), str(int(offsets))]
    return [json.loads(line) for line in subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.splitlines()]


def peer(file, texts, rounds, offsets):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(file)
    lines = pathlib.Path(texts).read_text().split("\n")
    encode = tokenizer.encode_batch if offsets else tokenizer.encode_batch_fast
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        encodings = encode(lines)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(json.dumps({"seconds": wall, "cpu": cpu, "tokens": sum(map(len, encodings))}))


def measure(report, folder, options):
    if not (ROOT / "build/bench/tokenize").exists():
        report.skip("tokenizers", "build/bench/tokenize is not built: ./dev build bench tokenize")
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines = make_texts(1 if options.quick else 3)
    texts = folder / "texts"
    texts.write_text("\n".join(lines))
    megabytes = texts.stat().st_size / 1e6
    for kind in KINDS:
        file = folder / f"{kind}.json"
        make_tokenizer(kind, lines[:: 4 if kind in UNIGRAMS else 2], file)
        for threads, offsets in [(1, True), (2, True), (1, False)]:
            runs = {ours: [], theirs: []}
            for _ in range(1 if options.quick else 2):
                for side, found in runs.items():
                    found += side(file, texts, threads, 3, offsets)[1:]
            if len({run["tokens"] for found in runs.values() for run in found}) != 1:
                raise RuntimeError(f"{kind}: the two sides do not agree")
            rate = lambda side, clock: megabytes / statistics.median(run[clock] for run in runs[side])
            what = f"{kind}, {threads} thread{'s' * (threads > 1)}{'' if offsets else ', ids alone'}"
            report.against(f"{what}, CPU", rate(ours, "cpu"), "MB/CPU-s", "tokenizers (PyPI)", rate(theirs, "cpu"), ">= 2")
            report.against(what, rate(ours, "seconds"), "MB/s", "tokenizers (PyPI)", rate(theirs, "seconds"), ">= 2")


def main():
    if sys.argv[1] == "--peer":
        peer(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5] == "1")
        return
    from report import run_alone

    KINDS[:] = [kind for kind in KINDS if kind in sys.argv[2:]] or KINDS
    run_alone(measure, "tokenizers.csv")


if __name__ == "__main__":
    main()
