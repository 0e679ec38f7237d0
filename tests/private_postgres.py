"""A PostgreSQL of our own: its files in a folder, a Unix socket there, no port."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

START_SECONDS = 60


def _programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        raise FileNotFoundError("no PostgreSQL server: install the package postgresql, or set EMB_TEST_POSTGRES=off")
    return found[-1]


class PrivatePostgres:
    def __init__(self, folder):
        # A socket's path is at most 107 bytes long, and test folders are deep.
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="emb-pg-"))
        self._log = folder / "postgres.log"
        self._process = None
        self.url = f"postgresql://postgres@/hub?host={self._folder}"

    def __enter__(self):
        # PostgreSQL refuses to run as root.
        self._user = None
        if os.geteuid() == 0:
            self._user = "postgres" if "postgres" in [u.pw_name for u in pwd.getpwall()] else "nobody"
            shutil.chown(self._folder, self._user)
        programs, data = _programs(), self._folder / "data"
        self._run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
        options = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        command = [programs / "postgres", "-D", data, "-k", self._folder]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(command, user=self._user, stdout=log, stderr=log, cwd="/")
        give_up = time.monotonic() + START_SECONDS
        while "ready" not in self._status(data):
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}")
            time.sleep(0.05)
        self._run([programs / "createdb", "-h", self._folder, "-U", "postgres", "hub"])
        return self

    def __exit__(self, *exc):
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, command):
        subprocess.run(command, user=self._user, check=True, capture_output=True, cwd="/")

    @staticmethod
    def _status(data):
        try:
            return (data / "postmaster.pid").read_text()
        except FileNotFoundError:
            return ""
