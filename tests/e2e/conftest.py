"""Fixtures of the browser tests: Chromium, a hub whose pages are looked at, visitors."""

import os

import pytest

from browser import Visitor, open_browser
from people import PASSWORD
from showroom import furnish


@pytest.fixture(scope="package")
def chromium():
    if os.environ.get("EMB_TEST_BROWSER") == "off":
        pytest.skip("EMB_TEST_BROWSER=off")
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def showroom(site_hub):
    """The hub with something on every page."""
    return furnish(site_hub)


@pytest.fixture(scope="session")
def postgres_showroom(site_hub_on_postgres):
    return furnish(site_hub_on_postgres)


@pytest.fixture
def open_visitor(chromium, site_hub):
    """open_visitor("alice", theme=, size=, has_policy=, hub=): without a name nobody is signed in. What went wrong in any of them fails the test."""
    visitors = []

    def open_one(name=None, hub=site_hub, **how):
        visitors.append(Visitor(chromium, hub, **how))
        if name:
            visitors[-1].log_in(name, PASSWORD)
        return visitors[-1]

    yield open_one
    wrong = [text for visitor in visitors for text in visitor.wrong]
    for visitor in visitors:
        visitor.close()
    assert not wrong, "\n".join(wrong)
