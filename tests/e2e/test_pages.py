"""Every page, looked at: nothing fails, axe finds nothing, a phone shows it whole, and no other site is asked."""

import json
import os

import pytest

from browser import PHONE, WIDE, Visitor
from people import PASSWORD
from showroom import MAIN_PAGES, OTHER_PAGES

PAGES = MAIN_PAGES | OTHER_PAGES
EXPECTED = {"missing": 404, "not-for-you": 200}


def look(visitor, showroom, name):
    path = showroom.path(name)
    answer = visitor.go(path)
    assert answer.status == EXPECTED.get(name, 200), path
    assert visitor.page.locator("h1").first.inner_text().strip(), f"{path} has no heading"
    failed = visitor.page.locator("[role=alert] h1")
    assert (failed.count() == 1) == (name in EXPECTED), f"{path}: {failed.all_inner_texts()}"
    assert visitor.page.title().strip(), path


@pytest.fixture(scope="module")
def regulars(chromium, site_hub):
    """regulars(name): one browser a person, kept from page to page, with the theme of the page before."""
    visitors = {}

    def of(name):
        if name not in visitors:
            visitors[name] = Visitor(chromium, site_hub)
            if name:
                visitors[name].log_in(name, PASSWORD)
        return visitors[name]

    yield of
    for visitor in visitors.values():
        visitor.close()


@pytest.mark.parametrize("name", PAGES)
def test_page(name, showroom, regulars):
    visitor = regulars(PAGES[name][1])
    visitor.wrong.clear()
    visitor.resize(WIDE)
    look(visitor, showroom, name)
    wrong = {"as it came": visitor.check_axe()}
    wrong[visitor.switch_theme()] = visitor.check_axe()
    visitor.resize(PHONE)
    if visitor.overflow() > 0:
        wrong["width"] = [f"{visitor.overflow()} pixels wider than a phone's screen"]
    wrong["complaints"] = visitor.wrong
    assert not any(wrong.values()), json.dumps(wrong, indent=1)


@pytest.mark.skipif(os.environ.get("EMB_TEST_POSTGRES") == "off", reason="EMB_TEST_POSTGRES=off")
def test_postgres(postgres_showroom, open_visitor):
    visitors = {}
    for name, (_, who) in PAGES.items():
        if who not in visitors:
            visitors[who] = open_visitor(who, hub=postgres_showroom.hub)
        look(visitors[who], postgres_showroom, name)


def test_private_is_absent(showroom, open_visitor):
    """Who may not see a repository cannot tell it from one that is not there."""
    stranger = open_visitor("bob")
    seen = []
    for name in ("secret-plans", "no-such-plans"):
        answer = stranger.go(f"/alice/{name}")
        seen.append((answer.status, answer.text().replace(name, "NAME"), stranger.page.locator("main").inner_text().replace(name, "NAME")))
    assert seen[0] == seen[1] and seen[0][0] == 404
    assert open_visitor("alice").go("/alice/secret-plans").status == 200


def test_keyboard(showroom, open_visitor):
    visitor = open_visitor()
    visitor.go("/models")
    page = visitor.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("tiny-b")
    page.get_by_role("option", name="acme/tiny-bert").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/acme/tiny-bert")
    # Every stop shows where it is.
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(
            """() => { const on = document.activeElement;
                       return on === document.body || on.matches(':focus-visible') && getComputedStyle(on).outlineStyle !== 'none'
                           || getComputedStyle(on).boxShadow !== 'none' || on.closest('.cm-editor') !== null; }"""
        ), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
