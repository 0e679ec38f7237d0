"""`embrace pipeline` on small models: the answers of testdata/pipelines, in shapes that huggingface_hub parses."""
import base64
import json
import os
import re
import subprocess

import pytest

from compare import ROOT

weights = pytest.importorskip("fixture_weights", reason="numpy is not here")
CASES = sorted((ROOT / "src/transformers/testdata/pipelines").glob("*.json"))


def find_program():
    """The server that is tested, or the newest there is."""
    if binary := os.environ.get("EMBRACE_BINARY"):
        return ROOT / binary
    found = [path for path in (ROOT / "build").glob("*/embrace") if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


pytestmark = pytest.mark.skipif(find_program() is None, reason="the program embrace is not built")


def run(*words, stdin=b"", **more):
    return subprocess.run([find_program(), "pipeline", *words], input=stdin, capture_output=True, timeout=120, **more)


def answer(*words, **more):
    done = run(*words, **more)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""  # no progress where there is no terminal
    return json.loads(done.stdout)


def refusal(*words, **more):
    done = run(*words, **more)
    assert done.returncode == 2 and done.stdout == b"", done
    return done.stderr.decode()


def same(got, wanted):
    if isinstance(wanted, dict):
        return got.keys() == wanted.keys() and all(same(got[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    return got == pytest.approx(wanted, abs=1e-4) if isinstance(wanted, float) else got == wanted


def unpack(path, folder):
    """A case of testdata with its model in the folder."""
    case = json.loads(path.read_text())
    for name, content in case["files"].items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    if case.get("tokenizer"):
        (folder / "tokenizer.json").write_bytes((ROOT / "src/transformers/testdata" / case["tokenizer"]).read_bytes())
    (folder / "model.safetensors").write_bytes(weights.safetensors_of(case["tensors"]))
    return case | {"folder": folder}


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.stem)
def case(request, tmp_path_factory):
    return unpack(request.param, tmp_path_factory.mktemp(request.param.stem))


def ask(case, call, tmp_path):
    """A sound or an image is a file, a text a word, all else JSON."""
    inputs = call["inputs"]
    if case["task"].startswith(("audio", "automatic", "image", "object", "zero-shot-image")):
        file = tmp_path / "input"
        file.write_bytes(base64.b64decode(inputs))
        inputs = f"@{file}"
    elif not isinstance(inputs, str):
        inputs = json.dumps(inputs)
    return answer(case["task"], case["folder"], inputs, "--precision", "f32", "--parameters", json.dumps(call["parameters"]))


def test_answers_are_those_of_the_official_package(case, tmp_path):
    for call in case["calls"]:
        got = ask(case, call, tmp_path)
        assert same(got, call["answer"]), (call["parameters"], got, call["answer"])


def parse(task, got):
    """As huggingface_hub's InferenceClient does: every answer becomes dataclasses whose fields are of their types."""
    types = pytest.importorskip("huggingface_hub.inference._generated.types")
    if task in {"feature-extraction", "image-feature-extraction", "sentence-similarity"}:  # numbers, as they are
        return None
    if task == "text-ranking":  # no type of the Hub's
        return None
    if task == "question-answering":
        return types.QuestionAnsweringOutputElement.parse_obj(got)
    if task == "automatic-speech-recognition":
        return types.AutomaticSpeechRecognitionOutput.parse_obj_as_instance(got)
    name = "".join(word.title() for word in task.split("-"))
    kind = getattr(types, f"{name}OutputElement", None) or getattr(types, f"{name}Output")
    parsed = kind.parse_obj_as_list(got)
    return parsed[0] if task == "text-classification" else parsed


def leaves(parsed):
    return [leaf for one in parsed for leaf in leaves(one)] if isinstance(parsed, list) else [parsed]


def test_answers_are_of_the_hubs_types(case, tmp_path):
    for call in case["calls"]:
        parsed = parse(case["task"], ask(case, call, tmp_path))
        for leaf in leaves(parsed) if parsed is not None else []:
            required = [name for name, field in leaf.__dataclass_fields__.items() if "None" not in str(field.type)]
            assert required and all(leaf[name] is not None for name in required), leaf


def folder_of(name, tmp_path_factory):
    return unpack(ROOT / f"src/transformers/testdata/pipelines/{name}.json", tmp_path_factory.mktemp(name))["folder"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that classifies texts."""
    return folder_of("text_classification", tmp_path_factory)


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A model that writes texts."""
    return folder_of("text_generation", tmp_path_factory)


def write(writer, text, **parameters):
    return answer("auto", writer, text, "--precision", "f32", "--parameters", json.dumps({"return_full_text": False, "max_new_tokens": 40, **parameters}))


def test_texts_are_held_to_grammars(writer):
    def held(kind, value):
        return write(writer, "one", grammar={"type": kind, "value": value})[0]["generated_text"]

    assert re.fullmatch("[ab]{3} x+", held("regex", "[ab]{3} x{1,4}"))
    schema = {"enum": ["left", 12]}
    for kind, value in [("json", schema), ("json", json.dumps(schema)), ("json_schema", {"name": "side", "schema": schema})]:
        assert json.loads(held(kind, value)) in schema["enum"]

    def refused(grammar):
        return refusal("auto", writer, "one", "--parameters", json.dumps({"grammar": grammar}))

    assert "json, json_schema, regex" in refused({"type": "xml", "value": ""})
    assert "grammar" in refused({"type": "regex", "value": "("})
    assert "lacks its schema" in refused({"type": "json_schema", "value": {}})
    assert "grammar" in refused("[ab]")


def test_details_tell_of_every_token(writer):
    types = pytest.importorskip("huggingface_hub.inference._generated.types")
    got = types.TextGenerationOutput.parse_obj_as_list(json.dumps(write(writer, "A tokenizer", details=True, top_n_tokens=3, max_new_tokens=6)))[0]
    assert got.details.finish_reason == "length" and got.details.generated_tokens == len(got.details.tokens) == len(got.details.top_tokens) == 6
    for token, top in zip(got.details.tokens, got.details.top_tokens):
        assert token.logprob < 0 and len(top) == 3
        assert token.id == top[0]["id"]  # the likeliest is chosen
        assert [one["logprob"] for one in top] == sorted((one["logprob"] for one in top), reverse=True)
    again = write(writer, "A tokenizer", seed=5, temperature=3.0, max_new_tokens=6, details=True)
    assert again == write(writer, "A tokenizer", seed=5, temperature=3.0, max_new_tokens=6, details=True)
    assert again[0]["details"]["seed"] == 5


def test_inputs_come_from_everywhere(model, tmp_path):
    wanted = answer("text-classification", model, "one text")
    (tmp_path / "text").write_text("one text\n")
    assert answer("auto", model, "one text") == wanted
    assert answer("auto", model, f"@{tmp_path / 'text'}") == wanted
    assert answer("auto", model, "-", stdin=b"one text\n") == wanted
    assert answer("auto", model, '["one text"]') == wanted
    assert answer("auto", model, "-", stdin=b' {"text": "one text"}') == wanted
    assert len(answer("auto", model, "[MASK] is no JSON")[0]) == 3
    assert answer("auto", model, '"one text"') == wanted
    assert answer("auto", model, '"@' + str(tmp_path / "text") + '"') != wanted  # the text, not the file
    assert len(answer("auto", model, '"{text}"')[0]) == 3
    assert len(answer("auto", model, '"Quoted" at first')[0]) == 3


def test_models_of_a_hub_are_fetched(alice, new_repo, model, tmp_path):
    repo = new_repo(files={path.name: path.read_bytes() for path in model.iterdir()})
    commit = repo.commit_files({"README.md": b"# moods"})
    env = alice.env(tmp_path, xet=False)
    wanted = answer("auto", model, "one text")
    assert "no branch, tag or commit nowhere" in run("auto", repo.id, "one text", "--revision", "nowhere", env=env).stderr.decode()
    assert answer("auto", repo.id, "one text", env=env) == wanted
    for words in (["--offline"], ["--revision", commit], ["--revision", "main", "--offline"]):
        assert answer("auto", repo.id, "one text", *words, env=env) == wanted
    assert "--revision" in refusal("auto", f"{repo.id}@main", "one text", "--revision", "main", env=env)


def test_progress_is_shown_on_a_terminal(alice, new_repo, model, tmp_path):
    """What is fetched and loaded is one line that is gone at the end."""
    repo = new_repo(files={path.name: path.read_bytes() for path in model.iterdir()})

    def shown(*words):
        terminal, end = os.openpty()
        done = subprocess.run([find_program(), "pipeline", "auto", repo.id, "one text", *words], stdout=subprocess.PIPE, stderr=end,
                              env=alice.env(tmp_path, xet=False), timeout=120)
        os.close(end)
        assert done.returncode == 0 and json.loads(done.stdout)
        os.set_blocking(terminal, False)
        try:
            return os.read(terminal, 1 << 16).decode()
        except (BlockingIOError, OSError):
            return ""
        finally:
            os.close(terminal)

    first = shown()
    assert re.search(r"fetching \[#*-*\] \d+%", first) and re.search(r"loading \[#*-*\] \d+%", first)
    assert first.endswith("\r\x1b[K") and "\n" not in first
    assert "fetching" not in shown()  # it is there
    assert shown("--quiet") == ""


def test_what_is_wrong_is_said(model, tmp_path):
    assert "there are audio-classification" in refusal("no-such-task", "ns/none", "a")
    assert "not UTF-8" in refusal("auto", model, "-", stdin=b"\xff\xfe")
    assert "not UTF-8" in refusal("auto", model, b"caf\xe9")
    assert "the input" in refusal("auto", model, '{"text": ')
    assert "--parameters" in refusal("auto", model, "a", "--parameters", "{")
    assert "parameters are a JSON object" in refusal("auto", model, "a", "--parameters", "[1]")
    assert "there is no parameter topk; there are top_k, function_to_apply" in refusal("auto", model, "a", "--parameters", '{"topk": 1}')
    assert "fill-mask needs a model of a class that ends in ForMaskedLM" in refusal("fill-mask", model, "a [MASK]")
    assert "given as a JSON string" in refusal("auto", model, "{text}")
    assert b"given as a JSON string" in run("auto", model, "@someone says").stderr
    # What a named task is given is looked at before its model is fetched.
    assert "the input" in refusal("fill-mask", "ns/none", '{"text": ')
    assert "has no revisions" in refusal("auto", model, "a", "--revision", "main")
    assert "neither a folder nor a file" in refusal("auto", tmp_path / "none", "a")
    assert run("text-generation", "ns/none", "a", "--offline", env={"HF_HOME": str(tmp_path)}).returncode == 1
