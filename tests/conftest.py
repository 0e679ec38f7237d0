"""Fixtures of every test here: one server for the session, fresh ones for those that break things."""

import itertools
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "clients"))

from commit_calls import Repo
from hub_process import HubProcess
from people import Person, populate, token_of
from private_postgres import PrivatePostgres
from private_s3 import PrivateS3

_names = itertools.count(1)
_hubs = []  # every server of the session, for the logs of failing tests


def pytest_configure(config):
    config.addinivalue_line("markers", "full: long or large; runs with ./dev test --full")


def pytest_collection_modifyitems(config, items):
    if os.environ.get("EMBRACE_FULL"):
        return
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="large: ./dev test --full"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for hub in _hubs:
            report.sections.append((f"server log ({hub.folder.name})", hub.log_since_mark(60)))


@pytest.fixture(autouse=True)
def _mark_logs():
    for hub in _hubs:
        hub.mark_log()


def _open_hub(folder, **how):
    hub = HubProcess(folder, **how)
    _hubs.append(hub)
    hub.start()
    populate(hub)
    return hub


def _close_hub(hub):
    wrong = hub.stop()
    _hubs.remove(hub)
    assert not wrong, wrong


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    hub = _open_hub(tmp_path_factory.mktemp("hub"))
    yield hub
    _close_hub(hub)


@pytest.fixture
def own_hub(tmp_path):
    """A server that this test alone uses, and may kill."""
    hub = _open_hub(tmp_path / "hub")
    yield hub
    _close_hub(hub)


@pytest.fixture
def open_hub(tmp_path):
    """open_hub(name, settings={...}, database=...): servers of the test's own making."""
    opened = []

    def open_one(name="hub", **how):
        opened.append(_open_hub(tmp_path / name, **how))
        return opened[-1]

    yield open_one
    for hub in opened:
        _close_hub(hub)


@pytest.fixture(scope="session")
def postgres_hub(tmp_path_factory):
    """The same server on a PostgreSQL that is ours alone."""
    with PrivatePostgres(tmp_path_factory.mktemp("postgres")) as postgres:
        hub = _open_hub(tmp_path_factory.mktemp("hub-on-postgres"), database=postgres.url)
        yield hub
        _close_hub(hub)


# Strangers may sign up, and browsers send larger files in parts of 4 MiB, so that uploads of tests are made of many.
_SITE = {"allow_sign_up": "true", "lfs_small_part_bytes": "4MiB"}


@pytest.fixture(scope="session")
def site_hub(tmp_path_factory):
    """The server whose pages are looked at."""
    hub = _open_hub(tmp_path_factory.mktemp("site"), settings=_SITE)
    yield hub
    _close_hub(hub)


@pytest.fixture(scope="session")
def site_hub_on_postgres(tmp_path_factory):
    with PrivatePostgres(tmp_path_factory.mktemp("site-postgres")) as postgres:
        hub = _open_hub(tmp_path_factory.mktemp("site-on-postgres"), settings=_SITE, database=postgres.url)
        yield hub
        _close_hub(hub)


@pytest.fixture(scope="session")
def private_s3(tmp_path_factory):
    with PrivateS3(tmp_path_factory.mktemp("s3") / "store") as s3:
        yield s3


@pytest.fixture(scope="session")
def s3_hub(tmp_path_factory, private_s3):
    """The same server with its large files in S3."""
    hub = _open_hub(tmp_path_factory.mktemp("hub-on-s3"), blobs=private_s3.blobs("one/hub"), env=private_s3.KEYS)
    yield hub
    _close_hub(hub)


@pytest.fixture
def alice(hub):
    return Person(hub, "alice", token_of("alice"))


@pytest.fixture
def alice_reading(hub):
    return Person(hub, "alice", token_of("alice", "read"))


@pytest.fixture
def bob(hub):
    return Person(hub, "bob", token_of("bob"))


@pytest.fixture
def carol(hub):
    return Person(hub, "carol", token_of("carol"))


@pytest.fixture
def anyone(hub):
    return Person(hub, "anyone", "")


@pytest.fixture
def fresh_name():
    return lambda stem="repo": f"{stem}-{next(_names)}"


@pytest.fixture
def new_repo(alice, fresh_name):
    """new_repo(owner=, type=, private=, files={path: bytes}): a repository that nobody else uses."""

    def make(owner=None, namespace=None, type="model", private=False, files=None, stem="repo"):
        repo = Repo.create(owner or alice, fresh_name(stem), namespace=namespace, type=type, private=private)
        if files:
            repo.commit_files(files)
        return repo

    return make


@pytest.fixture
def home(tmp_path) -> pathlib.Path:
    path = tmp_path / "home"
    path.mkdir()
    return path
