#!/usr/bin/env python3
"""Keeps the floor plan of src/ true.

Three rules, each printed as a sentence where it is broken:
  * a room includes only from its own folder and from the floors below;
  * testing/ is included by tests alone (by name, or a header that only tests include), and is never part of the product;
  * every outside library has one room; the others reach it through that room's headers.
"""
import pathlib
import re
import sys

# Bottom to top. Rooms of one floor do not see each other.
FLOORS = [
    "base",
    "json crypto rt",
    "http db",
    "blob web transformers",
    "cas",
    "git meta",
    "auth jobs",
    "hub",
    "api",
    "app",
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}
TESTING_SEES = {"base", "rt"}

# Longest prefix first: the first that fits decides.
LIBRARIES = [
    ("boost/asio/ssl", "http"),
    ("boost/asio", "rt http git testing"),  # git talks to its child processes through pipes
    ("boost/beast", "http"),
    ("boost/json", "json"),
    ("boost/url", "http"),
    ("boost/", "rt http git"),
    ("openssl/ssl", "http"),
    ("openssl/", "crypto http"),  # http needs certificates' types beside TLS itself
    ("argon2", "crypto"),
    ("hwy/", "crypto"),
    ("oniguruma", "transformers"),
    ("unicode/", "transformers"),  # ICU
    ("jpeglib.h", "transformers"),
    ("png.h", "transformers"),
    ("webp/", "transformers"),
    ("lz4", "cas"),  # chunks in xorbs
    ("zlib", "http git"),  # gzip of bodies, and deflate of packs
    ("curl/", "http"),
    ("soci/", "db"),
    ("sqlite3", "db"),
    ("libpq", "db"),
    ("git2", "git"),
    ("spdlog/", "base"),
    ("fmt/", "base"),
    ("yaml-cpp/", "hub"),
    ("prometheus/", "api"),
    ("CLI/", "app"),
]
TEST_NAME = re.compile(r"_(test|bench|contract|fixture)\.(cc|h)$")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def read_includes(root):
    """{file: [(line number, '<' or '"', what)]} of every source file."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        found[path.relative_to(root).as_posix()] = [
            (number, match[1], match[2])
            for number, line in enumerate(lines, 1)
            if (match := INCLUDE.match(line))
        ]
    return found


def find_test_files(includes):
    """Files named as tests, and headers that nothing but such files include."""
    users = {}
    for name, lines in includes.items():
        for _, _, what in lines:
            users.setdefault(what, set()).add(name)
    tests = {name for name in includes if TEST_NAME.search(name)}
    while True:
        more = {
            name
            for name in includes
            if name.endswith(".h") and name not in tests and users.get(name) and users[name] <= tests
        }
        if not more:
            return tests
        tests |= more


def judge_room(name, room, what, tests):
    there = what.split("/")[0]
    if there == room:
        return None
    if there == "testing":
        return None if name in tests else "testing/ is for tests; the product may not include it"
    if room == "testing":
        return None if there in TESTING_SEES else f"testing/ may use {' and '.join(sorted(TESTING_SEES))}, not {there}/"
    if there not in FLOOR_OF:
        return f'"{what}" names no room; include it from the root of src/, as "room/file.h"'
    if FLOOR_OF[there] >= FLOOR_OF[room]:
        side = "above" if FLOOR_OF[there] > FLOOR_OF[room] else "on the same floor as"
        return f"{room}/ may not look into {there}/, which is {side} it"
    return None


def judge_library(room, what, is_test):
    owners = next((owners for prefix, owners in LIBRARIES if what.startswith(prefix)), None)
    if owners is None or room in owners.split():
        return None
    if is_test and what.startswith(("boost/asio", "boost/system")):
        return None
    return f"<{what}> lives in {' and '.join(o + '/' for o in owners.split())}; use it through that room's headers"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    includes = read_includes(root)
    tests = find_test_files(includes)
    complaints = []
    for name, lines in includes.items():
        room = name.split("/")[0]
        if room != "testing" and room not in FLOOR_OF:
            complaints.append(f"src/{room}: this room has no floor; give it one in scripts/check_layers.py and CMakeLists.txt")
            continue
        for number, mark, what in lines:
            if mark == '"':
                sentence = judge_room(name, room, what, tests)
            else:
                sentence = judge_library(room, what, name in tests)
            if sentence:
                complaints.append(f"src/{name}:{number}: {sentence}")
    for sentence in dict.fromkeys(complaints):
        print(sentence)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
