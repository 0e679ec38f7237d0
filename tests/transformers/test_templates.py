"""The C++ chat templates against Jinja itself, set up as transformers does it: the same text, or an error on both sides."""
import json
import os
import pathlib
import random
import subprocess

import pytest

pytest.importorskip("jinja2")

from chat_environment import UNOPTIMIZED, render  # noqa: E402
from template_cases import CHATS, EXPRESSIONS, STATEMENTS, STYLES, TOOLS, VARIABLES, all_cases  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "src/transformers/testdata/templates"


def find_program():
    beside = pathlib.Path(os.environ.get("EMBRACE_BINARY", "none")).resolve().with_name("render_template")
    if beside.is_file():
        return beside
    found = [path for path in (ROOT / "build").glob("*/render_template") if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


pytestmark = pytest.mark.skipif(find_program() is None, reason="the program render_template is not built")


@pytest.fixture(scope="module")
def ours():
    process = subprocess.Popen([find_program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(template, variables):
        process.stdin.write(json.dumps({"template": template, "variables": variables}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


def compare(ours, template, variables):
    expected = render(template, variables)
    got = ours(template, variables)
    # The words of our own errors are our own, but what a template says itself stays as it is.
    if "error" in expected:
        assert "error" in got, (template, expected, got)
        if expected["kind"] in ("TemplateError", "UndefinedError"):
            assert expected["error"] in got["error"], template
        return
    assert got == expected, template


def test_cases(ours):
    for template, variables in all_cases():
        compare(ours, template, variables)


def parts_of(line):
    """The parts of a line of EXPRESSIONS, cut at commas outside of brackets and strings."""
    parts, depth, quote, begin, i = [], 0, "", 0, 0
    while i < len(line):
        c = line[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = ""
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(line[begin:i].strip())
            begin = i + 1
        i += 1
    return parts + [line[begin:].strip()]


PARTS = [part for line in EXPRESSIONS for part in parts_of(line) if part]


FILTERS = """upper length list first last string tojson sort unique|list reverse|list int float abs title trim sum max min items|list dictsort capitalize
    wordcount e indent default(1) join(0) round batch(2)|list map('string')|list select|list count urlencode""".split()


def random_expression(rng, depth):
    """A small tree of what templates do; it may well be wrong, and then both sides must say so."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(PARTS + ["a", "b", "f", "s", "xs", "ys", "d", "people", "missing", "n", "t", "1", "'x'", "0"])
    inner = lambda: random_expression(rng, depth - 1)  # noqa: E731
    kind = rng.randrange(12)
    if kind == 0:
        return f"({inner()}) {rng.choice(['+', '-', '*', '/', '//', '%', '~', '==', '!=', '<', '>=', 'in', 'not in', 'and', 'or'])} ({inner()})"
    if kind == 1:
        return f"({inner()})|{rng.choice(FILTERS)}"
    if kind == 2:
        return f"({inner()}) is {rng.choice(['', 'not '])}{rng.choice(['defined', 'none', 'string', 'number', 'mapping', 'sequence', 'iterable', 'odd', 'true', 'boolean', 'integer', 'callable', 'lower', 'undefined'])}"
    if kind == 3:
        return f"({inner()})[{rng.choice(['0', '-1', '1:', ':-1', '::-1', '1', chr(39) + 'k' + chr(39), '::2', '5:'])}]"
    if kind == 4:
        return f"({inner()}).{rng.choice(['upper()', 'strip()', 'split()', 'items()', 'get(1)', 'k', 'keys()|list', 'title()', 'startswith(' + chr(39) + 'H' + chr(39) + ')', 'name', 'count(1)', 'x', 'lower()', 'isdigit()', 'splitlines()'])}"
    if kind == 5:
        return f"({inner()} if {inner()} else {inner()})"
    if kind == 6:
        return f"[{inner()}, {inner()}]"
    if kind == 7:
        return f"{{{rng.choice(['1', chr(39) + 'k' + chr(39), 'a', 'true'])}: {inner()}, 'z': {inner()}}}"
    if kind == 8:
        return f"not ({inner()})"
    if kind == 9:
        return f"({inner()}, {inner()})"
    if kind == 10:
        return f"-({inner()})"
    return f"'%s|%r' % ({inner()}, {inner()})"


# Python shows where these lie in memory.
ADDRESS = ("0x", "<generator", "<bound", "<built-in", "<function", "<class", "<list_reverse", "<Macro", "<jinja2", "<map", "functools")


@pytest.mark.parametrize("seed", range(2))
def test_random_expressions(ours, seed):
    rng = random.Random(seed)
    compared = 0
    for _ in range(250):
        template = "{{ %s }}" % random_expression(rng, rng.randrange(1, 4))
        expected = render(template, VARIABLES, UNOPTIMIZED)
        if any(mark in expected.get("text", "") for mark in ADDRESS):
            continue
        got = ours(template, VARIABLES)
        assert ("error" in got) == ("error" in expected), (template, expected, got)
        if "text" in expected:
            compared += 1
            assert got == expected, template
    assert compared > 70


@pytest.mark.parametrize("seed", range(2))
def test_random_white_space(ours, seed):
    """Tags of every kind with every sign among white space of every kind."""
    rng = random.Random(seed)
    for _ in range(200):
        text = ""
        opened = []
        for _ in range(rng.randrange(1, 12)):
            text += rng.choice(["", " ", "\n", "  \n", "\n  ", "x", " x ", "\t", "x\n", "\r\n", "\u00a0\n", "{", "}", "%"])
            a, b = rng.choice(["", "-", "+"]), rng.choice(["", "-", "+"])
            v = "" if b == "+" else b
            kind = rng.randrange(6)
            if kind == 0:
                text += f"{{{{{a} s {v}}}}}"
            elif kind == 1:
                text += f"{{#{a} c {b}#}}"
            elif kind == 2:
                text += f"{{%{a} set q = 1 {b}%}}"
            elif kind == 3:
                text += f"{{%{a} raw {v}%}} {{{{ x }}}}\n {{%{b} endraw {a}%}}"
            elif kind == 4:
                text += f"{{%{a} if t {b}%}}"
                opened.append("endif")
            elif opened:
                text += f"{{%{a} {opened.pop()} {b}%}}"
        text += "".join(f"\n  {{% {word} %}}\n" for word in reversed(opened))
        compare(ours, text, VARIABLES)


@pytest.mark.parametrize("seed", range(2))
def test_random_chats(ours, seed):
    rng = random.Random(seed)
    words = ["", "hi", " two words ", "<think>\nx</think>\ny", "line\nline", "\"q\" 'q'", "é😀", "{{ a }}", "</s>"]
    for _ in range(15):
        messages = []
        for _ in range(rng.randrange(1, 6)):
            messages.append(dict(rng.choice(rng.choice(CHATS))))
            if isinstance(messages[-1].get("content"), str):
                messages[-1]["content"] = rng.choice(words)
        variables = {"messages": messages, "tools": rng.choice([None, TOOLS, TOOLS[:1], []]), "documents": rng.choice([None, [{"text": "t"}]]), "add_generation_prompt": rng.random() < 0.5, "bos_token": "<s>", "eos_token": "</s>"}
        for template in STYLES.values():
            compare(ours, template, variables)


def test_cases_are_current():
    """The committed results are those of a Jinja of the version in use, or of one that does the same."""
    lines = (FOLDER / "cases.jsonl").read_text().splitlines()
    assert len(lines) > 300
    template = None
    for line in lines:
        case = json.loads(line)
        template = case.get("template", template)
        expected = render(template, case["variables"])
        assert case.get("text") == expected.get("text"), template


def test_statements_are_many():
    assert len(STATEMENTS) > 100 and len(PARTS) > 300
