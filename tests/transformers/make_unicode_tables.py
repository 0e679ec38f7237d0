#!/usr/bin/env python3
"""Asks the official package what it takes each code point for, and writes src/transformers/tokenizers/unicode_tables.cc.

Its libraries know several versions of Unicode, from 8 to 17, and none is that of the system's libraries. So the classes
that decide about ids are what the package answers, and the same on every system.

    python3 tests/transformers/make_unicode_tables.py
"""
import pathlib

from tokenizers import Regex, __version__, normalizers, pre_tokenizers

TARGET = pathlib.Path(__file__).resolve().parents[2] / "src/transformers/tokenizers/unicode_tables.cc"
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ranges(test):
    found = []
    for c in POINTS:
        if not test(chr(c)):
            continue
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def removed_by(expression):
    split = pre_tokenizers.Split(Regex(expression), "removed")
    return lambda c: not split.pre_tokenize_str(c)


def main():
    whitespace = pre_tokenizers.Whitespace()
    digits = pre_tokenizers.Digits(individual_digits=True)
    punctuation = pre_tokenizers.Punctuation()
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    accents = normalizers.StripAccents()
    nfd = normalizers.NFD()
    lower = normalizers.Lowercase()
    tables = {
        "kLetters": ("\\p{L} in the splitting expressions", ranges(removed_by(r"\p{L}"))),
        "kNumbers": ("\\p{N} in the splitting expressions", ranges(removed_by(r"\p{N}"))),
        "kSpaces": ("\\s in the splitting expressions", ranges(removed_by(r"\s"))),
        "kWords": ("\\w of the pre-tokenizer Whitespace", ranges(lambda c: len(whitespace.pre_tokenize_str("a" + c)) == 1 and whitespace.pre_tokenize_str("a" + c)[0][0] != "a")),
        "kNumerics": ("what Digits cuts out", ranges(lambda c: len(digits.pre_tokenize_str("a" + c)) == 2)),
        "kPunctuation": ("what Punctuation and BertPreTokenizer cut out", ranges(lambda c: len(punctuation.pre_tokenize_str("a" + c)) == 2)),
        "kOthers": ("what BertNormalizer cleans away", ranges(lambda c: clean.normalize_str(c) == "")),
        "kNonspacingMarks": ("what BertNormalizer strips after NFD", ranges(lambda c: nfd.normalize_str(c) == c and strip.normalize_str("a" + c) == "a")),
        "kMarks": ("what StripAccents strips", ranges(lambda c: accents.normalize_str("a" + c) == "a")),
    }
    # Lower case as runs of code points with the same distance: every one, or every second one.
    runs = []
    for c in POINTS:
        lowered = lower.normalize_str(chr(c))
        if lowered == chr(c):
            continue
        if len(lowered) > 1:
            assert c == 0x130 and lowered == "i\u0307", hex(c)  # unicode.cc knows this one
            continue
        distance = ord(lowered) - c
        if runs and runs[-1][3] == distance and c - runs[-1][1] in (1, 2) and (runs[-1][2] in (0, c - runs[-1][1])):
            runs[-1][1], runs[-1][2] = c, c - runs[-1][1]
        else:
            runs.append([c, c, 0, distance])

    out = [f"// Made by tests/transformers/make_unicode_tables.py from what tokenizers {__version__} does. Do not edit.", "",
           '#include "transformers/tokenizers/unicode_tables.h"', "", "namespace embrace::transformers {", "namespace {", "", "// clang-format off"]
    for name, (about, found) in tables.items():
        out += [f"// {about}", f"constexpr CodePointRange {name}[] = {{"]
        out += ["  " + " ".join(f"{{0x{first:X}, 0x{last:X}}}," for first, last in found[i : i + 6]) for i in range(0, len(found), 6)]
        out += ["};", ""]
    out += ["constexpr LowerRun kLower[] = {"]
    out += ["  " + " ".join(f"{{0x{first:X}, 0x{last:X}, {max(step, 1)}, {distance}}}," for first, last, step, distance in runs[i : i + 4]) for i in range(0, len(runs), 4)]
    out += ["};", "// clang-format on", "", "}  // namespace", "", "const UnicodeTables& unicode_tables() {", "  static constexpr UnicodeTables kTables{"]
    fields = {"kLetters": "letters", "kNumbers": "numbers", "kSpaces": "spaces", "kWords": "words", "kNumerics": "numerics", "kPunctuation": "punctuation",
              "kOthers": "others", "kNonspacingMarks": "nonspacing_marks", "kMarks": "marks", "kLower": "lower"}
    out += [f"      .{field} = {name}," for name, field in fields.items()]
    out += ["  };", "  return kTables;", "}", "", "}  // namespace embrace::transformers", ""]
    TARGET.write_text("\n".join(out))
    print({name: len(found) for name, (_, found) in tables.items()}, len(runs))


if __name__ == "__main__":
    main()
