"""What models of random weights write under JSON schemas, patterns and grammars, judged by other implementations: the
package jsonschema, Python's re. Random weights are the hardest readers of a grammar: they go wherever they may."""
import json
import os
import random
import re
import struct
import subprocess

import pytest

from compare import ROOT

jsonschema = pytest.importorskip("jsonschema")
TESTDATA = ROOT / "src" / "transformers" / "testdata"


def find_program():
    """Beside the server that is tested, or the newest there is."""
    binary = os.environ.get("EMBRACE_BINARY")
    found = [path for path in (ROOT / "build").glob("*/generate") if path.is_file()]
    if binary and (path := ROOT.joinpath(binary).with_name("generate")).is_file():
        found = [path]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


pytestmark = pytest.mark.skipif(find_program() is None, reason="the program generate is not built")


def write_model(folder, tokenizer):
    """A Llama of one layer that knows the tokenizer's words, and nothing else."""
    words = json.loads((TESTDATA / f"{tokenizer}.json").read_text())
    ids = list(words["model"]["vocab"].values()) + [token["id"] for token in words["added_tokens"]]
    ends = [token["id"] for token in words["added_tokens"] if token["content"] in ("</s>", "<|endoftext|>")]
    size, wide, inner = max(ids) + 1, 32, 48
    shapes = {"model.embed_tokens.weight": [size, wide], "lm_head.weight": [size, wide], "model.norm.weight": [wide]}
    layer = "model.layers.0."
    shapes |= {f"{layer}self_attn.{part}_proj.weight": [wide, wide] for part in "qkvo"}
    shapes |= {f"{layer}mlp.gate_proj.weight": [inner, wide], f"{layer}mlp.up_proj.weight": [inner, wide],
               f"{layer}mlp.down_proj.weight": [wide, inner], f"{layer}input_layernorm.weight": [wide],
               f"{layer}post_attention_layernorm.weight": [wide]}
    chance = random.Random(5)
    head, body = {}, bytearray()
    for name, shape in shapes.items():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        spread = (3 / shape[-1]) ** 0.5
        values = [1.0] * count if len(shape) == 1 else [chance.uniform(-spread, spread) for _ in range(count)]
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(body), len(body) + 4 * count]}
        body += struct.pack(f"<{count}f", *values)
    text = json.dumps(head).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "llama", "vocab_size": size, "hidden_size": wide, "intermediate_size": inner,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-6, "hidden_act": "silu", "tie_word_embeddings": False}))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends}))
    (folder / "tokenizer.json").write_text(json.dumps(words))
    return folder


@pytest.fixture(scope="module", params=["gpt2", "sentencepiece_bpe"])
def folder(request, tmp_path_factory):
    return write_model(tmp_path_factory.mktemp(request.param), request.param)


def ask(folder, questions):
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run([find_program(), folder], input=lines, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr[-3000:]
    return [json.loads(line) for line in run.stdout.split("\n") if line]


TEXT = {"type": "string", "maxLength": 12}
SCHEMAS = [
    True,
    {},
    {"type": "null"},
    {"type": "boolean"},
    {"type": "integer"},
    {"type": "number"},
    {"type": "string"},
    {"type": ["integer", "null", "boolean"]},
    {"const": {"a": [1, 2.5, None, "x\"y\n"]}},
    {"enum": ["red", "green", "greenish", 5, -1.5e3, None, [True], {"k": {}}]},
    {"enum": ["a", 1, 2.5, None], "type": ["integer", "string"]},
    {"enum": [1, 5, 10, 50], "minimum": 5, "exclusiveMaximum": 50},
    {"enum": ["ab", "abc", "xbc"], "pattern": "^a", "minLength": 3},
    {"type": "integer", "minimum": 17, "maximum": 1234},
    {"type": "integer", "exclusiveMinimum": -12, "exclusiveMaximum": 3},
    {"type": "integer", "minimum": 3, "exclusiveMinimum": 7},
    {"type": "integer", "maximum": -5},
    {"type": "integer", "minimum": -0.5, "maximum": 9.5},
    {"type": "string", "minLength": 3, "maxLength": 5},
    {"type": "string", "maxLength": 0},
    {"type": "string", "pattern": "^[a-f]{2}-[0-9]+$"},
    {"type": "string", "pattern": "^(\\+|-)?\\d{1,3}(\\.\\d\\d)? (EUR|USD)$"},
    {"type": "string", "pattern": "^[\"\\\\\n\t]{2,4}$"},
    {"type": "string", "format": "date"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "time"},
    {"type": "string", "format": "uuid"},
    {"type": "string", "format": "ipv4"},
    {"type": "string", "format": "email"},
    {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4},
    {"type": "array", "maxItems": 0},
    {"type": "array", "prefixItems": [{"type": "null"}, TEXT], "items": {"type": "boolean"}, "maxItems": 4},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}], "items": False, "minItems": 1},
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": TEXT}, "required": ["b"]},
    {"type": "object", "properties": {"a\"\\\n": {"type": "null"}, "日本": {"type": "null"}}, "required": ["日本"]},
    {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"], "additionalProperties": False},
    {"type": "object", "properties": {"ab": {"type": "null"}, "ac": {"type": "boolean"}},
     "additionalProperties": {"type": "integer", "minimum": 3}},
    {"type": "object", "required": ["x", "y"], "additionalProperties": {"enum": [1, 2]}},
    {"type": "object", "properties": {"never": False, "a": {"type": "null"}}},
    {"anyOf": [{"type": "integer"}, TEXT, {"type": "array", "items": {"type": "null"}, "maxItems": 3}]},
    {"anyOf": [{"minimum": 500}, {"maximum": -500}], "type": "integer", "minimum": -700, "maximum": 700},
    {"oneOf": [{"type": "integer"}, {"type": "null"}, {"enum": ["a", "b"]}]},
    {"oneOf": [
        {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"]},
        {"type": "object", "properties": {"kind": {"enum": ["dog", "fox"]}, "tail": {"type": "boolean"}},
         "required": ["kind", "tail"]}]},
    {"oneOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"], "type": "object"},
               {"properties": {"b": {"type": "null"}}, "required": ["b"], "type": "object"}]},
    {"allOf": [{"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}, "required": ["a"]},
               {"properties": {"a": {"maximum": 40}, "b": {"type": "null"}}, "required": ["b"]}]},
    {"allOf": [{"type": "array", "items": {"type": "integer", "minimum": 4}}, {"items": {"maximum": 6}, "minItems": 2}]},
    {"allOf": [{"type": "string", "minLength": 2}, {"maxLength": 4}, {"title": "short"}]},
    {"allOf": [{"anyOf": [{"type": "null"}, {"type": "integer", "maximum": 9}]},
               {"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 2}]}]},
    {"$defs": {"tree": {"type": "object", "properties": {
        "v": {"type": "integer", "minimum": 0, "maximum": 99},
        "left": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]}}, "required": ["v"]}}, "$ref": "#/$defs/tree"},
    {"definitions": {"s": TEXT}, "type": "array", "items": {"$ref": "#/definitions/s"}, "minItems": 1, "maxItems": 3},
    {"$defs": {"n": {"type": "integer", "minimum": 5}}, "$ref": "#/$defs/n", "maximum": 20},
    {"type": "object", "properties": {"person": {"type": "object", "properties": {
        "name": TEXT, "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "mails": {"type": "array", "items": {"type": "string", "format": "email"}, "maxItems": 2}},
        "required": ["name", "age"]}, "ok": {"type": "boolean", "default": True, "description": "a note"}},
     "required": ["person", "ok"], "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A record"},
]

REFUSED = [
    ({"type": "object", "patternProperties": {"^a": {}}}, "'patternProperties'"),
    ({"not": {"type": "null"}}, "'not'"),
    ({"if": {}, "then": {}}, "'if'"),
    ({"type": "array", "uniqueItems": True}, "'uniqueItems'"),
    ({"type": "array", "contains": {"type": "null"}}, "'contains'"),
    ({"type": "integer", "multipleOf": 3}, "'multipleOf'"),
    ({"type": "object", "minProperties": 2}, "'minProperties'"),
    ({"type": "object", "propertyNames": {"maxLength": 3}}, "'propertyNames'"),
    ({"type": "object", "dependentRequired": {"a": ["b"]}}, "'dependentRequired'"),
    ({"type": "object", "unevaluatedProperties": False}, "'unevaluatedProperties'"),
    ({"type": "number", "minimum": 0.5}, "ranges of numbers"),
    ({"type": "string", "pattern": "^a", "maxLength": 3}, "can't be combined"),
    ({"type": "string", "format": "iri"}, "'iri'"),
    ({"type": "string", "pattern": "(?=a)b"}, "groups"),
    ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "oneOf"),
    ({"$ref": "https://example.com/schema"}, "https://example.com/schema"),
    ({"enum": [{"a": 1}], "required": ["a"]}, "'required'"),
]
SEEDS = range(6)


@pytest.mark.timeout(900)
def test_what_is_written_satisfies_its_schema(folder):
    questions = [{"schema": schema, "seed": seed, "temperature": 1.0 if seed else 0, "tokens_max": 700}
                 for schema in SCHEMAS for seed in SEEDS]
    finished = {}
    for question, answer in zip(questions, ask(folder, questions), strict=True):
        schema = question["schema"]
        assert "error" not in answer, (schema, answer)
        key = json.dumps(schema)
        finished.setdefault(key, 0)
        if not answer["complete"]:
            continue
        finished[key] += 1
        value = json.loads(answer["text"])
        validator = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        errors = [error.message for error in validator.iter_errors(value)]
        assert not errors, (schema, answer["text"], errors)
    assert len(finished) >= 50
    assert [key for key, count in finished.items() if count == 0] == []


def test_what_is_refused_says_why(folder):
    for (schema, words), answer in zip(REFUSED, ask(folder, [{"schema": schema} for schema, _ in REFUSED]), strict=True):
        assert answer.get("not_built") is True, (schema, answer)
        assert words in answer["error"], (schema, answer)


PATTERNS = [r"\d{4}-\d\d", r"(yes|no|maybe)( sir)?", r"[^a-z\s]{3,8}", r"a*b+c?", r"(\w+ ){2}[+-\d]", r"x{0,3}|y{2}", r"é[à-ü日本]{2}",
            r"\"[^\"\\]{0,9}\"", r"(a|ab)(c|bcd)(d*)"]


def test_patterns_are_those_of_python(folder):
    questions = [{"regex": pattern, "seed": seed, "temperature": 1.0, "tokens_max": 300} for pattern in PATTERNS for seed in SEEDS]
    finished = dict.fromkeys(PATTERNS, 0)
    for question, answer in zip(questions, ask(folder, questions), strict=True):
        assert "error" not in answer, (question, answer)
        if answer["complete"]:
            finished[question["regex"]] += 1
            # Python calls a range what begins with a class; elsewhere the hyphen is a letter.
            pattern = question["regex"].replace(r"[+-\d]", r"[+\-\d]")
            assert re.fullmatch(pattern, answer["text"]), (question, answer)
    assert all(finished.values()), finished


def test_grammars_are_kept(folder):
    grammar = """
root ::= sum   # what Python can compute
sum ::= product (" + " product){0,3}
product ::= number ("*" number)? | "(" number " - " number ")"
number ::= [1-9] [0-9]{0,4}
"""
    questions = [{"grammar": grammar, "seed": seed, "temperature": 1.0, "tokens_max": 300} for seed in range(20)]
    for answer in ask(folder, questions):
        assert answer["complete"], answer
        assert re.fullmatch(r"[0-9+*() -]+", answer["text"])
        assert isinstance(eval(answer["text"]), int)
    refused = ask(folder, [{"grammar": "root ::= root \"x\" | \"x\""}, {"grammar": "root ::= \"x\" root"}])
    assert "left recursion" in refused[0]["error"]
    assert "no text at all" in refused[1]["error"]
