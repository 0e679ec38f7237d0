"""A hub whose large files live in an S3 bucket: clients notice nothing."""

import os
import subprocess

import httpx
import pytest
from client_programs import run_step
from hub_process import HubProcess, binary_path
from people import Person, token_of

pytestmark = pytest.mark.skipif(os.environ.get("EMB_TEST_S3") == "off", reason="EMB_TEST_S3=off")


@pytest.mark.parametrize("step", ["transfer", "lfs_files"])
def test_step(step, s3_hub, home, tmp_path, fresh_name):
    alice = Person(s3_hub, "alice", token_of("alice"))
    run_step("newest", step, alice, home, fresh_name(step), tmp_path / "work", LARGE_BYTES=(40 << 20) + 7)


def test_parts(private_s3, open_hub, home, tmp_path):
    settings = {"lfs_multipart_above_bytes": "5MiB", "lfs_part_bytes": "5MiB"}
    hub = open_hub("parts", blobs=private_s3.blobs("parts"), env=private_s3.KEYS, settings=settings)
    alice = Person(hub, "alice", token_of("alice"))
    run_step("newest", "transfer", alice, home, "parts", tmp_path / "work", LARGE_BYTES=(12 << 20) + 7)
    assert not [name for name in private_s3.names("parts/") if name.startswith("parts/parts/")], "parts stay behind"


def test_bytes_are_there_and_whole(private_s3, open_hub, home, tmp_path):
    hub = open_hub("bytes", blobs=private_s3.blobs("bytes"), env=private_s3.KEYS)
    alice = Person(hub, "alice", token_of("alice"))
    size = (24 << 20) + 7
    run_step("newest", "random_file", alice, home, "bytes", tmp_path / "work", LARGE_BYTES=size)
    assert sum(private_s3.names("bytes/").values()) >= size
    local = sum(path.stat().st_size for path in hub.data.rglob("*") if path.is_file())
    assert local < size // 2, "large files are on the local disk as well"
    assert not hub.stop()
    sound, said = hub.doctor()
    assert sound, said
    hub.start()


def test_direct_downloads(private_s3, open_hub, home, tmp_path):
    """Xet's plans lead to the bucket, and open what they name and nothing beside it."""
    hub = open_hub("direct", blobs=private_s3.blobs("direct"), env=private_s3.KEYS, settings={"direct_downloads": "true"})
    alice = Person(hub, "alice", token_of("alice"))
    run_step("newest", "xet", alice, home, "direct", tmp_path / "work")
    with alice.http() as http:
        asked = http.get("/metrics").text
        assert "/reconstructions/" in asked and "/xet/fetch/" not in asked, "chunks came through the hub"
        [repo] = [model["id"] for model in http.get("/api/models").json() if model["id"].endswith("-other")]
        file = http.head(f"/{repo}/resolve/main/w.bin").headers["X-Xet-Hash"]
        token = http.get(f"/api/models/{repo}/xet-read-token/main").json()
        key = {"Authorization": f"Bearer {token['accessToken']}"}
        plans = [http.get(f"{token['casUrl']}/{version}/reconstructions/{file}", headers=key).json() for version in ("v1", "v2")]
    by_url = [(fetch["url"], fetch["url_range"]) for fetches in plans[0]["fetch_info"].values() for fetch in fetches]
    for entry in (entry for entries in plans[1]["xorbs"].values() for entry in entries):
        assert len(entry["ranges"]) == 1, "a bucket answers one range"
        by_url.append((entry["url"], entry["ranges"][0]["bytes"]))
    endpoint = private_s3.blobs().split("endpoint=")[1]
    for url, span in by_url:
        assert url.startswith(endpoint), url
        get = lambda range: httpx.get(url, headers=range, trust_env=False)
        answer = get({"Range": f"bytes={span['start']}-{span['end']}"})
        assert answer.status_code == 206 and len(answer.content) == span["end"] - span["start"] + 1
        for other in ({}, {"Range": f"bytes={span['start']}-{span['end'] + 1}"}):
            assert get(other).status_code == 403, other


def test_a_wrong_key_stops_the_start_and_says_why(private_s3, tmp_path):
    hub = HubProcess(tmp_path / "hub", blobs=private_s3.blobs("x"), env=private_s3.KEYS | {"AWS_SECRET_ACCESS_KEY": "another"})
    with pytest.raises(RuntimeError) as failed:
        hub.start()
    assert "check s3_secret_access_key or AWS_SECRET_ACCESS_KEY" in str(failed.value)
    assert "another" not in str(failed.value)


@pytest.mark.parametrize(
    "blobs, words",
    [
        ("s3://Bucket", "is no bucket's name"),
        ("s3://bucket?endpoint=minio:9000", "an endpoint begins with http:// or https://"),
        ("s3://bucket", "its keys are missing"),
        ("ftp://bucket", "give file (the data folder) or s3://bucket"),
    ],
)
def test_wrong_settings_are_refused(blobs, words, tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [binary_path(), "serve", "--data", str(tmp_path), "--blobs", blobs]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)
    assert done.returncode == 2 and words in done.stderr
    assert not (tmp_path / "embrace.db").exists()


def test_the_secret_is_not_shown(tmp_path):
    command = [binary_path(), "settings", "--data", str(tmp_path), "--blobs", "s3://bucket"]
    command += ["--set", "s3_access_key_id=id", "--set", "s3_secret_access_key=hush"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "s3_secret_access_key = (set)" in done.stdout and "hush" not in done.stdout
