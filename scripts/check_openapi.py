#!/usr/bin/env python3
"""Holds docs/openapi.yaml and src/api/routes.cc to each other.

Every route that is built is described, and everything described is built. Routes whose endpoint is not_built are
left out. Prints one sentence for each difference; exit status 1 when there is one.
With PyYAML at hand, the document is also parsed whole and its $refs are followed.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUTES = ROOT / "src/api/routes.cc"
DOCUMENT = ROOT / "docs/openapi.yaml"
NOT_BUILT = {"not_built"}
METHODS = {"get", "head", "post", "put", "patch", "delete"}

# How each scope's paths begin in the document. What follows is the route's pattern. The first that fits decides.
BASES = [
    ("/api/{type}/{namespace}/{name}", "RepoApi"),
    ("/{namespace}/{name}.git/", "RepoGit"),
    ("/{namespace}/{name}/", "RepoWeb"),
    ("/", "Site"),
]


def built_routes():
    """(method, scope, pattern) of each line of kRoutes that is built."""
    row = re.compile(r'\{\s*(\w+)\s*,\s*(\w+)\s*,\s*"([^"]*)"\s*,\s*(\w+)\s*(?:,\s*\w+\s*)?\}')
    text = re.sub(r"//[^\n]*", "", ROUTES.read_text())
    table = text[text.index("kRoutes") : text.index("});")]
    rows = row.findall(table)
    if not rows:
        sys.exit(f"{ROUTES.relative_to(ROOT)}: no route was recognized; has the table changed its form?")
    return {(method.lower(), scope, pattern) for method, scope, pattern, endpoint in rows if endpoint not in NOT_BUILT}


def described_operations():
    """(method, path) of each operation. The document keeps to one form: paths indented by 2, methods by 4."""
    operations, path, inside = [], None, False
    for line in DOCUMENT.read_text().splitlines():
        if re.match(r"\S", line):
            inside = line.startswith("paths:")
        elif inside and (found := re.match(r"  (/\S*):$", line)):
            path = found[1]
        elif inside and (found := re.match(r"    (\w+):", line)) and found[1] in METHODS:
            operations.append((found[1], path))
    return operations


def is_answered_by(pattern, scope, words):
    """Does a route answer this path? `words` are the segments after the scope's beginning, {} for parameters."""
    wanted = pattern.strip("/").split("/") if pattern else []
    if scope == "Site":
        return words == wanted or (wanted[-1:] == ["{*}"] and words[: len(wanted) - 1] == wanted[:-1])
    # Repository routes name the verb; revisions, paths and numbers follow it. The bare repository has none.
    return words[: len(wanted)] == wanted and (bool(wanted) or not words)


def route_of(method, path, routes):
    """The route that answers an operation, or None."""
    method = "get" if method == "head" else method
    base, scope = next((b, s) for b, s in BASES if path.startswith(b))
    words = [re.sub(r"\{.*\}", "{}", word) for word in path[len(base) :].strip("/").split("/") if word]
    fits = [r for r in routes if r[0] == method and r[1] == scope and is_answered_by(r[2], scope, words)]
    return max(fits, key=lambda route: len(route[2]), default=None)


def follow_references():
    try:
        import yaml
    except ImportError:
        return []
    document = yaml.safe_load(DOCUMENT.read_text())
    problems = []

    def look(node, where):
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                target = document
                for word in reference.removeprefix("#/").split("/"):
                    target = target.get(word) if isinstance(target, dict) else None
                if target is None:
                    problems.append(f"{where}: {reference} leads nowhere")
            for key, value in node.items():
                if value is None:
                    problems.append(f"{where}/{key}: nothing stands there; does a text with a comma lack its quotes?")
                look(value, f"{where}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                look(value, f"{where}/{index}")

    look(document, "docs/openapi.yaml")
    for path, operations in document["paths"].items():
        promised = set(re.findall(r"\{(\w+)\}", path))
        for method in METHODS & operations.keys():
            parameters = operations.get("parameters", []) + operations[method].get("parameters", [])
            resolved = [document["components"]["parameters"][p["$ref"].split("/")[-1]] if "$ref" in p else p for p in parameters]
            named = {p["name"] for p in resolved if p["in"] == "path"}
            if named != promised:
                problems.append(f"docs/openapi.yaml: {method} {path} declares the path parameters {sorted(named)}")
    return problems


def main():
    routes, problems, described = built_routes(), follow_references(), set()
    for method, path in described_operations():
        route = route_of(method, path, routes)
        if route:
            described.add(route)
        else:
            problems.append(f"docs/openapi.yaml: {method.upper()} {path} is described, and no route answers it")
    for method, scope, pattern in sorted(routes - described):
        problems.append(f'src/api/routes.cc: {method.upper()} {scope} "{pattern}" is built, and docs/openapi.yaml lacks it')
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
