"""huggingface_hub, newest and old, with nothing changed but HF_ENDPOINT. The programs are in steps/."""

import os

import pytest
from client_programs import VENVS, large_bytes, run_step
from people import Person, token_of

STEPS = ["identity", "repos", "transfer", "commits", "refs", "filesystem", "listing", "info", "errors"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("version", VENVS)
def test_step(version, step, alice, home, tmp_path, fresh_name):
    large = large_bytes() if version == "newest" else 12 << 20
    many = 150 if version == "newest" else 5
    run_step(version, step, alice, home, fresh_name(step), tmp_path / "work", LARGE_BYTES=large, MANY_REPOS=many)


@pytest.mark.parametrize("step", ["transfer", "commits", "filesystem"])
@pytest.mark.parametrize("version", [v for v in VENVS if v != "0.26"])  # which knows no Xet
def test_step_without_xet(version, step, alice, home, tmp_path, fresh_name):
    """Large files by LFS, as clients without hf_xet send them."""
    run_step(version, step, alice, home, fresh_name(step), tmp_path / "work", LARGE_BYTES=12 << 20, HF_HUB_DISABLE_XET=1)


@pytest.mark.parametrize("version", [v for v in VENVS if v != "0.26"])  # a call that 0.26 does not have
def test_lfs_files(version, alice, home, tmp_path, fresh_name):
    run_step(version, "lfs_files", alice, home, fresh_name("lfs"), tmp_path / "work")


def test_transformers(alice, home, tmp_path, fresh_name):
    run_step("newest", "transformers_push", alice, home, fresh_name("tf"), tmp_path / "work")


def test_parts(open_hub, home, tmp_path):
    """Large files travel in parts when the hub says so."""
    hub = open_hub("parts", settings={"lfs_multipart_above_bytes": "5MiB", "lfs_part_bytes": "5MiB"})
    alice = Person(hub, "alice", token_of("alice"))
    for version in VENVS:
        run_step(
            version, "transfer", alice, home / version, f"parts-{version}", tmp_path / version, LARGE_BYTES=(12 << 20) + 7, HF_HUB_DISABLE_XET=1
        )


@pytest.mark.parametrize("version", VENVS)
def test_small_pages(version, open_hub, home, tmp_path):
    """Every list comes in many pages, and clients put it together again."""
    hub = open_hub("pages", settings={"list_page_max": 4, "tree_page_max": 3, "log_page_max": 2})
    alice = Person(hub, "alice", token_of("alice"))
    for step in ("listing", "info", "transfer", "refs"):
        run_step(version, step, alice, home, f"pages-{step}", tmp_path / step, LARGE_BYTES=1 << 20, MANY_REPOS=25)


@pytest.mark.skipif(os.environ.get("EMB_TEST_POSTGRES") == "off", reason="EMB_TEST_POSTGRES=off")
@pytest.mark.parametrize("step", ["repos", "commits", "refs", "listing", "errors", "lfs_files"])
def test_on_postgresql(step, postgres_hub, home, tmp_path, fresh_name):
    alice = Person(postgres_hub, "alice", token_of("alice"))
    run_step("newest", step, alice, home, fresh_name(step), tmp_path / "work")
