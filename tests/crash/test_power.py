"""A power failure takes with it what no one had synced: of a small commit that is the files of its pack, but never
the row in SQL. After the restart every acknowledged commit is there, whole."""

import random

from commit_calls import Repo, file_line
from people import Person, token_of
from test_kill import SEED, Ledger, check


def lose(path, rng):
    """What a file system may leave of a file that was written and not synced."""
    size = path.stat().st_size
    how = rng.choice(["gone", "empty", "zeros", "half", "kept"])
    if how == "gone":
        path.unlink()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "zeros":
        path.write_bytes(bytes(size))
    elif how == "half":
        path.write_bytes(path.read_bytes()[: size // 2])


def test_unsynced_files_are_lost(own_hub):
    rng = random.Random(SEED)
    print(f"seed {SEED} (EMBRACE_SEED repeats it)")
    alice = Person(own_hub, "alice", token_of("alice"))
    repos = [Repo.create(alice, f"dark-{i}") for i in range(3)]
    ledger = Ledger()
    for turn in range(3):
        for n in range(20):
            repo, path = rng.choice(repos), f"{turn}/{n}.txt"
            content = rng.randbytes(rng.choice([0, 10, 3000]))
            answer = repo.commit(file_line(path, content), summary=path)
            assert answer.status_code == 200, answer.text
            ledger.promise(repo.id, path, content, answer.json()["commitOid"])
        own_hub.kill()
        young = sorted((own_hub.data / "git").glob("*/*.git/objects/pack/young-*"))
        assert young, "small commits are files that nobody has synced"
        for path in young:
            lose(path, rng)
        if turn == 1:
            own_hub.start()
            check(alice, ledger)
            own_hub.kill()
        clean, said = own_hub.doctor()
        assert clean, f"turn {turn}, seed {SEED}: the doctor found\n{said}"
        own_hub.start()
        check(alice, ledger)
