"""An S3 store of our own: SeaweedFS on free ports of the loopback interface, its files in a folder."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

import httpx

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 90
PORTS = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"]


def _program():
    path = pathlib.Path(os.environ.get("EMB_TEST_S3") or ROOT / ".venv/s3/bin/weed")
    if not path.exists():
        raise FileNotFoundError(f"no S3 server at {path}: run ./dev test once, or set EMB_TEST_S3=off")
    return path


def _free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class PrivateS3:
    BUCKET = "hub-bucket"
    KEYS = {"AWS_ACCESS_KEY_ID": "test-key", "AWS_SECRET_ACCESS_KEY": "test-secret"}

    def __init__(self, folder):
        self._folder = folder
        self._ports = dict(zip(PORTS, _free_ports(len(PORTS))))
        self._process = None

    def __enter__(self):
        (self._folder / "data").mkdir(parents=True)
        credentials = {"accessKey": self.KEYS["AWS_ACCESS_KEY_ID"], "secretKey": self.KEYS["AWS_SECRET_ACCESS_KEY"]}
        identity = {"name": "test", "credentials": [credentials], "actions": ["Admin", "Read", "Write", "List"]}
        (self._folder / "keys.json").write_text(json.dumps({"identities": [identity]}))
        # One master elects itself at once.
        options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-master.resumeState=false"]
        options += ["-master.electionTimeout=1s", "-master.volumeSizeLimitMB=64", "-volume.max=100", "-filer", "-s3"]
        options += [f"-s3.config={self._folder / 'keys.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        options += [f"-{name}={port}" for name, port in self._ports.items()]
        command = [_program(), "-logtostderr=true", "server", f"-dir={self._folder / 'data'}", *options]
        with open(self._folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        give_up = time.monotonic() + START_SECONDS
        while not (self._answers("s3.port", "/status") and self._answers("master.port", "/dir/assign")):
            if self._process.poll() is not None or time.monotonic() > give_up:
                self.__exit__()
                raise RuntimeError(f"the S3 server did not start:\n{(self._folder / 'server.log').read_text()[-4000:]}")
            time.sleep(0.05)
        httpx.post(f"{self._url('filer.port')}/buckets/{self.BUCKET}/", trust_env=False).raise_for_status()
        return self

    def __exit__(self, *exc):
        self._process.kill()  # asked politely, it takes many seconds
        self._process.wait()
        for path in pathlib.Path("/tmp").glob("seaweedfs-*.sock"):  # the one thing outside its folder
            if path.stem.rsplit("-", 1)[1] in map(str, self._ports.values()):
                path.unlink(missing_ok=True)

    def blobs(self, prefix=""):
        """For the hub's setting of that name."""
        return f"s3://{self.BUCKET}/{prefix}?endpoint={self._url('s3.port')}"

    def names(self, prefix=""):
        """Of all objects below, each with its size."""
        found, folders = {}, [prefix]
        while folders:
            folder = folders.pop()
            url = f"{self._url('filer.port')}/buckets/{self.BUCKET}/{folder}"
            answer = httpx.get(url, params={"limit": 100_000}, headers={"Accept": "application/json"}, trust_env=False)
            for entry in answer.json().get("Entries") or []:
                name = entry["FullPath"].removeprefix(f"/buckets/{self.BUCKET}/")
                if entry["Mode"] & (1 << 31):  # a folder, as Go says it
                    folders.append(name + "/")
                else:
                    found[name] = entry["FileSize"]
        return found

    def _url(self, port):
        return f"http://127.0.0.1:{self._ports[port]}"

    def _answers(self, port, path):
        try:
            return httpx.get(self._url(port) + path, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
