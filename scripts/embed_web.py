#!/usr/bin/env python3
"""Writes the website's files into a C++ source file: embed_web.py FOLDER OUTPUT.cc

Text is kept packed only: with gzip, and with brotli where the build left a file with .br beside it. FOLDER/shell.html
is the shell and no asset. Without it the source says that there are no pages. See src/web/README.md.
"""
import base64
import gzip
import hashlib
import pathlib
import re
import sys

TEXT = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".ttf", ".txt", ".wasm", ".webmanifest", ".xml"}
PACKED = {".br", ".gz"}
SCRIPT = re.compile(rb"<script([^>]*)>(.*?)</script>", re.DOTALL)


def find_assets(folder):
    """{"/path": file} of what a browser may ask for."""
    found = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        if not file.is_file() or file.suffix in PACKED or any(part.startswith(".") for part in path.parts):
            continue
        if path.as_posix() != "shell.html":
            found["/" + path.as_posix()] = file
    return found


def script_sources(shell):
    """What the policy must allow: the scripts that stand in the shell itself."""
    hashes = []
    for attributes, text in SCRIPT.findall(shell):
        if b"src=" not in attributes and b"application/json" not in attributes:
            hashes.append(f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'")
    return " ".join(hashes)


class Source:
    """The text of the generated file: blobs first, then the tables that name them."""

    def __init__(self, output):
        self.packed = output.parent / (output.stem + ".packed")
        self.packed.mkdir(exist_ok=True)
        for old in self.packed.iterdir():
            old.unlink()
        self.blobs, self.rows = [], []

    def add_blob(self, file):
        name = f"embrace_web_{len(self.blobs)}"
        size = file.stat().st_size
        # The sum makes this text another one when the bytes are, so that it is compiled anew.
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        self.blobs.append(
            f'// {sha256}\nasm(".globl {name}\\n{name}:\\n.incbin \\"{file.resolve().as_posix()}\\"\\n");\n'
            f'extern "C" const char {name}[];'
        )
        return f"{{{name}, {size}}}"

    def add_asset(self, path, file):
        content = file.read_bytes()
        tag = hashlib.sha256(content).hexdigest()[:32]
        plain, gz, brotli = "{}", "{}", "{}"
        smaller = gzip.compress(content, 9, mtime=0) if file.suffix in TEXT else content
        if len(smaller) < len(content) * 0.95:
            kept = self.packed / (tag + ".gz")
            kept.write_bytes(smaller)
            gz = self.add_blob(kept)
            beside = file.with_name(file.name + ".br")
            if beside.exists() and beside.stat().st_size < len(smaller):
                brotli = self.add_blob(beside)
        else:
            plain = self.add_blob(file)
        self.rows.append((path, f'    {{"{path}", "{tag}", {len(content)}, {plain}, {gz}, {brotli}}},'))

    def render(self, shell, sources):
        # Sorted as C++ sorts, by bytes.
        rows = [row for _, row in sorted(self.rows, key=lambda row: row[0].encode())]
        shell = self.add_blob(shell) if shell else "{}"
        blobs = 'asm(".section .rodata\\n.balign 16\\n");\n' + "\n".join(self.blobs) + '\nasm(".previous\\n");' if self.blobs else ""
        table = "constexpr Asset kAssets[] = {\n" + "\n".join(rows) + "\n};\n" if rows else ""
        return f"""// Written by scripts/embed_web.py.
#include "web/assets.h"

{blobs}

namespace embrace::web {{
namespace {{
{table}}}  // namespace
extern const Site kEmbeddedSite{{{"kAssets" if rows else "{}"}, {shell}, "{sources}"}};
}}  // namespace embrace::web
"""


def main():
    folder, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    source, shell = Source(output), folder / "shell.html"
    if not shell.is_file():
        output.write_text(source.render(None, ""))
        return
    for path, file in find_assets(folder).items():
        if not re.fullmatch(r"[\w./@+~-]+", path):
            sys.exit(f"{file}: such a name can't be an address; letters, digits and . _ - @ + ~ can")
        source.add_asset(path, file)
    output.write_text(source.render(shell, script_sources(shell.read_bytes())))


if __name__ == "__main__":
    main()
