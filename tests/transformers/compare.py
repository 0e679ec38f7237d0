"""One description of an encoding for both sides, and the C++ side as a child process."""
import json
import os
import pathlib
import subprocess

from texts import as_python

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find_program():
    """Beside the server that is tested, or the newest there is."""
    beside = pathlib.Path(os.environ.get("EMBRACE_BINARY", "none")).resolve().with_name("tokenize")
    if beside.is_file():
        return beside
    found = [path for path in (ROOT / "build").glob("*/tokenize") if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def encoding_of(encoding, windows=True):
    """Windows that overflow have, with a second text, windows of their own in the official package; they repeat the others."""
    return {
        "ids": encoding.ids,
        "type_ids": encoding.type_ids,
        "offsets": [list(pair) for pair in encoding.offsets],
        "words": encoding.word_ids,
        "sequences": encoding.sequence_ids,
        "special": encoding.special_tokens_mask,
        "attention": encoding.attention_mask,
        "overflowing": [encoding_of(window, False) for window in encoding.overflowing] if windows else [],
    }


def describe(tokenizer, first, second, special, short=False):
    """What the official package makes of it; `short` is what the C++ tests compare: ids and offsets of the first window."""
    try:
        encoding = tokenizer.encode(as_python(first), None if second is None else as_python(second), add_special_tokens=special)
    except Exception as error:  # it raises plain Exceptions
        return {"error": str(error)}
    if short:
        flat = [number for pair in encoding.offsets for number in pair]
        return {"ids": encoding.ids, "offsets": flat, "decoded": tokenizer.decode(encoding.ids)}
    return {
        "encoding": encoding_of(encoding),
        "decoded_all": tokenizer.decode(encoding.ids, skip_special_tokens=False),
        "decoded": tokenizer.decode(encoding.ids),
    }


class OurTokenizer:
    def __init__(self, path, program=None):
        self.process = subprocess.Popen([program or find_program(), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")

    def describe(self, first, second=None, special=True):
        self.process.stdin.write(json.dumps([first.hex(), None if second is None else second.hex(), special]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("tokenize ended: " + self.process.stderr.read()[-2000:])
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process.stderr.close()
