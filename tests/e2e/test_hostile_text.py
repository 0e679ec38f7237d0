"""Texts of strangers that would like to be scripts: in cards, metadata, file names and commit messages. Nothing runs."""

import json
import pathlib
from urllib.parse import quote

import pytest
import yaml

from commit_calls import Repo, file_line
from people import Person, token_of

CORPUS = json.loads((pathlib.Path(__file__).parent / "xss_corpus.json").read_text())
CARDS = list(CORPUS["card"].items())
CARDS_TOGETHER = 9


@pytest.fixture
def bob(site_hub):
    return Person(site_hub, "bob", token_of("bob"))


def provoke(visitor):
    """Does what handlers wait for: moves over everything, focuses it, clicks what leads nowhere else."""
    page = visitor.page
    page.evaluate(
        """async () => {
          const events = ['mouseover', 'mouseenter', 'pointerover', 'focus', 'focusin', 'toggle', 'animationstart', 'wheel'];
          for (const element of document.querySelectorAll('main *')) {
            for (const name of events) element.dispatchEvent(new Event(name, { bubbles: true }));
            if (element instanceof HTMLDetailsElement) element.open = true;
          }
          const links = [...document.querySelectorAll('a[href]')].filter((a) => !/^(https?|mailto):$/.test(new URL(a.href, location.href).protocol));
          for (const link of links) window.told('a link with ' + link.href);
          const outside = [...document.querySelectorAll('main a[href]')].filter((a) => a.protocol !== 'mailto:' && a.origin !== location.origin);
          for (const link of outside) if (!/\\bnoopener\\b/.test(link.rel)) window.told('a link without noopener: ' + link.outerHTML);
          const actives = document.querySelectorAll('main :is(script, iframe, object, embed, base, meta, form[action], link, style)');
          for (const element of actives) window.told('an element ' + element.outerHTML.slice(0, 200));
          for (const element of document.querySelectorAll('main *'))
            for (const { name } of element.attributes) if (name.startsWith('on')) window.told('a handler ' + element.outerHTML.slice(0, 200));
          await new Promise((done) => setTimeout(done, 50));
        }"""
    )


def visit(visitor, *paths):
    for path in paths:
        answer = visitor.go(path)
        assert answer.status == 200, path
        assert visitor.page.locator("h1").count() >= 1, path
        provoke(visitor)


def shown_as_card(repo, *cards):
    text = "".join(f"\n\n## {n}\n\n{card}\n" for n, card in enumerate(cards))
    repo.commit_files({"README.md": f"# A card{text}".encode()})
    return repo.web


@pytest.mark.parametrize("first", range(0, len(CARDS), 4 * CARDS_TOGETHER))
def test_cards(first, bob, open_visitor, fresh_name):
    """Sanitized, and nothing else to stop them."""
    repo = Repo.create(bob, fresh_name("cards"))
    visitor = open_visitor("bob", has_policy=False)
    for few in range(first, min(first + 4 * CARDS_TOGETHER, len(CARDS)), CARDS_TOGETHER):
        cards = dict(CARDS[few : few + CARDS_TOGETHER])
        visit(visitor, shown_as_card(repo, *cards.values()))
        assert visitor.wrong == [], list(cards)


@pytest.mark.full
@pytest.mark.parametrize("name, text", CARDS, ids=range(len(CARDS)))
def test_card_alone(name, text, bob, open_visitor, fresh_name):
    """One that leaves its element open could hide the next."""
    visit(open_visitor("bob", has_policy=False), shown_as_card(Repo.create(bob, fresh_name("card")), text))


def notebook(texts):
    cells = [{"cell_type": "markdown", "metadata": {}, "source": [text]} for text in texts]
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": [text], "image/svg+xml": [text], "text/plain": [text]}} for text in texts]
    cells.append({"cell_type": "code", "metadata": {}, "source": ["show()"], "execution_count": 1, "outputs": outputs})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def test_cards_under_the_policy(bob, open_visitor, fresh_name):
    """Nothing is left for the policy to stop, so that a report of it means something."""
    repo = Repo.create(bob, fresh_name("cards"))
    everything = "\n\n".join(text for _, text in CARDS)
    repo.commit_files({"README.md": everything.encode(), "docs/README.md": everything.encode(), "some.ipynb": notebook([text for _, text in CARDS[::3]])})
    visitor = open_visitor("bob")
    for page in ("", "/tree/main/docs", "/blob/main/README.md", "/blame/main/README.md", "/edit/main/README.md", "/blob/main/some.ipynb"):
        visit(visitor, repo.web + page)


def cards_of_metadata():
    """As few cards as hold every entry: in one card each field stands once."""
    cards = []
    for each in CORPUS["metadata"]:
        card = next((card for card in cards if each["field"] not in card), None)
        if card is None:
            cards.append(card := {})
        card[each["field"]] = each["value"]
    return cards


def commit_metadata(repo, metadata):
    """Commits what the hub takes of it: it may refuse some fields' values, and says which."""
    refused = {}
    while True:
        answer = repo.commit(file_line("README.md", f"---\n{yaml.safe_dump(metadata)}---\n# Metadata\n".encode()))
        if answer.status_code == 200:
            return refused
        assert answer.status_code == 400, answer.text
        named = [field for field in metadata if f'"{field}"' in answer.json()["error"] or f"{field}:" in answer.json()["error"]]
        assert named, answer.text
        refused |= {field: metadata[field] for field in named}
        metadata = {field: value for field, value in metadata.items() if field not in named}


@pytest.mark.parametrize("type", ["model", "dataset", "space"])
def test_metadata(type, bob, open_visitor, fresh_name):
    visitor = open_visitor("bob", has_policy=False)
    repo = Repo.create(bob, fresh_name("meta"), type=type)
    refused = {}
    for metadata in cards_of_metadata():
        refused |= commit_metadata(repo, metadata)
        visit(visitor, repo.web, f"/{type}s?search={repo.id.split('/')[1]}")
        assert visitor.wrong == [], metadata
        visit(visitor, "/", "/bob", f"/{type}s?author=bob")
    assert len(refused) <= len(CORPUS["metadata"]) // 4, refused


@pytest.mark.full
@pytest.mark.parametrize("type", ["model", "dataset", "space"])
def test_metadata_alone(type, bob, open_visitor, fresh_name):
    """One field could keep the next from being shown."""
    visitor = open_visitor("bob", has_policy=False)
    for each in CORPUS["metadata"]:
        repo = Repo.create(bob, fresh_name("meta"), type=type)
        if not commit_metadata(repo, {each["field"]: each["value"]}):
            visit(visitor, repo.web, f"/{type}s?search={repo.id.split('/')[1]}")
            assert visitor.wrong == [], each


def test_file_names(bob, open_visitor, fresh_name):
    repo = Repo.create(bob, fresh_name("names"))
    taken = []
    for name in CORPUS["file_names"]:
        answer = repo.commit(file_line(name, b"# one\n"), summary=f"Add {name}")
        if answer.status_code == 200:
            taken.append((name, answer.json()["commitOid"]))
    assert len(taken) >= len(CORPUS["file_names"]) // 2
    visitor = open_visitor("bob", has_policy=False)
    visit(visitor, repo.web, f"{repo.web}/tree/main", f"{repo.web}/commits/main", f"{repo.web}/compare/{taken[0][1]}..main", f"{repo.web}/commit/{taken[0][1]}")
    for name, _ in taken:
        path = quote(name, safe="")
        visit(visitor, f"{repo.web}/blob/main/{path}", f"{repo.web}/commits/main/{path}", f"{repo.web}/edit/main/{path}")
        assert visitor.wrong == [], name


def test_commit_messages(bob, open_visitor, fresh_name):
    repo = Repo.create(bob, fresh_name("messages"))
    shas = []
    for n, message in enumerate(CORPUS["commit_messages"]):
        title, _, rest = message.partition("\n\n")
        answer = repo.commit(file_line("a.txt", f"{n}\n".encode()), summary=title, description=rest)
        assert answer.status_code == 200, answer.text
        shas.append(answer.json()["commitOid"])
    visitor = open_visitor("bob", has_policy=False)
    visit(visitor, f"{repo.web}/commits/main", f"{repo.web}/tree/main", f"{repo.web}/blame/main/a.txt", f"{repo.web}/blob/main/a.txt")
    visit(visitor, f"{repo.web}/compare/{shas[0]}..{shas[-1]}")
    for sha in shas:
        visit(visitor, f"{repo.web}/commit/{sha}")


def test_files_from_resolve(bob, open_visitor, fresh_name):
    """Opened by themselves, strangers' pages and pictures run nothing, and cannot ask in the reader's name."""
    page = b"<!doctype html><script>window.__xss=1;fetch('/api/whoami-v2')</script><img src=x onerror=window.__xss=1><p>here</p>"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.__xss=1'><script>window.__xss=1</script></svg>"
    repo = Repo.create(bob, fresh_name("files"))
    repo.commit_files({"page.html": page, "picture.svg": svg, "README.md": b"![a](picture.svg)\n"})
    visitor = open_visitor("bob")
    visitor.allowed = ["policy: script-src", "console: Blocked script execution", "Content Security Policy"]
    for name in ("page.html", "picture.svg"):
        for how in ("resolve", "raw"):
            with_download = visitor.context.new_page()
            try:
                with_download.goto(f"{repo.web}/{how}/main/{name}")
            except Exception as error:  # it came as a download, which runs nothing
                assert "Download is starting" in str(error) or "ERR_ABORTED" in str(error), error
            with_download.wait_for_timeout(100)
            with_download.close()
    visit(visitor, repo.web, f"{repo.web}/blob/main/page.html", f"{repo.web}/blob/main/picture.svg")
