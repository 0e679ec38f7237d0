"""Quotas as huggingface_hub meets them, by both doors, and as the operator sets them."""

import re

import pytest
from client_programs import VENVS, run_step
from people import Person, token_of


@pytest.mark.parametrize("without_xet", [0, 1])
def test_an_upload_over_the_quota(without_xet, open_hub, home, tmp_path):
    hub = open_hub("quota", settings={"namespace_quota_bytes": "5MB"})
    alice = Person(hub, "alice", token_of("alice"))
    hub.admin("quota", "set", "alice", "1MB")
    run_step("newest", "quota", alice, home, "quota", tmp_path / "work", HF_HUB_DISABLE_XET=without_xet)
    said = hub.admin("storage")
    used = re.search(r"^alice\t(\d+)\t1000000$", said, re.M)
    assert used and 200_000 <= int(used[1]) < 1_000_000, said
    if without_xet:  # a client with Xet has sent the other one, too: the collection takes it away
        assert re.search(r"^large files: 1 of 200000 bytes$", said, re.M), said
    hub.admin("quota", "set", "alice", "default")
    # The default is a setting of the server; the command was not given it.
    assert re.search(r"^alice\t\d+\tnone$", hub.admin("storage"), re.M)
    assert not hub.stop()
    assert "saved:" in hub.admin("storage"), "without a server, too"
    hub.start()
