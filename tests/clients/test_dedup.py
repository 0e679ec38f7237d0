"""A family of checkpoints (base, two fine-tunes of 5 %, int8, int4) and a table that grows, through both doors: what
is stored of it, beside what the official client says that it sent. `-s` shows the table."""

import json

import pytest
from client_programs import run_step
from people import Person, token_of

SAVED_AT_LEAST = 0.45


def stored_bytes(hub):
    return sum(f.stat().st_size for f in (hub.data / "xorbs").rglob("*") if f.is_file())


@pytest.mark.parametrize("door", ["xet", "lfs"])
def test_a_family_of_checkpoints(door, open_hub, home, tmp_path):
    hub = open_hub(f"family-{door}")
    alice = Person(hub, "alice", token_of("alice"))
    env = {"HF_HUB_DISABLE_XET": "0" if door == "xet" else "1"}
    done = run_step("newest", "family", alice, home, f"family-{door}", tmp_path / "work", **env)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"member"')]
    logical, stored = sum(row["bytes"] for row in rows), stored_bytes(hub)
    for row in rows:
        print(f"{door} {row['member']:>14} {row['bytes']:>10} bytes, sent {row['sent']}")
    sent = sum(row["sent"] or 0 for row in rows)
    print(f"{door}: logical {logical}, stored {stored}, saved {1 - stored / logical:.1%}" + (f"; the client sent {sent}" if sent else ""))
    assert len(rows) == 7
    assert 1 - stored / logical >= SAVED_AT_LEAST
    if door == "xet":  # footers and what the client sent as shards aside, the two agree
        assert stored <= sent * 1.05
