"""A real server in a folder of its own: started on a free port, stopped or killed at will."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import httpx

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 60
STOP_SECONDS = 60


def binary_path():
    path = pathlib.Path(os.environ.get("EMBRACE_BINARY") or ROOT / "build/dev/embrace")
    if not path.exists():
        raise FileNotFoundError(f"{path} is not built: run ./dev build dev, or set EMBRACE_BINARY")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def without_proxies(env):
    return {k: v for k, v in env.items() if k.lower() not in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")}


class HubProcess:
    """`embrace serve` and, on the same folder, `embrace admin` and `embrace doctor`."""

    def __init__(self, folder, *, data=None, database=None, blobs=None, settings=None, env=None):
        self.folder = pathlib.Path(folder)
        self.data = pathlib.Path(data or self.folder / "data")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = self.folder / "server.log"
        self._database = database
        self._blobs = blobs
        self._more_env = env or {}
        self._process = None
        self._log_mark = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        self._options = []
        if settings:
            config = self.folder / "embrace.conf"
            config.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
            self._options = ["--config", str(config)]

    # -- the server

    def start(self):
        command = [binary_path(), "serve", *self._where(), "--listen", f"127.0.0.1:{self.port}", *self._options]
        with open(self.log_path, "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._env())
        give_up = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode} at its start:\n{self.log_tail()}")
            if time.monotonic() > give_up:
                self.kill()
                raise RuntimeError(f"no answer from /healthz in {START_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.02)
        return self

    def stop(self):
        """Asks politely, and says what was wrong with the way the server lived or ended ('' = nothing)."""
        if self._process is None:
            return ""
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"the server did not stop within {STOP_SECONDS} s of SIGTERM"
        reports = self.sanitizer_reports()
        if reports:
            return reports
        return "" if code == 0 else f"the server ended with {code}:\n{self.log_tail()}"

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def is_alive(self):
        return self._process is not None and self._process.poll() is None and self._answers()

    @property
    def pid(self):
        return self._process.pid

    def log_tail(self, lines=80):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def mark_log(self):
        self._log_mark = self.log_path.stat().st_size if self.log_path.exists() else 0

    def log_since_mark(self, lines):
        """What was said since the mark, the last lines of it."""
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(self._log_mark)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def sanitizer_reports(self):
        reports = [p.read_text(errors="replace") for p in sorted(self.folder.glob("sanitizer.*"))]
        log = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        if "runtime error:" in log or "Sanitizer" in log:
            reports.append(log)
        return "\n".join(reports)[:20000]

    # -- the operator's commands

    def admin(self, *arguments):
        return self._run("admin", *self._where(), *arguments)

    def start_admin(self, *arguments):
        """The running command, for tests that wait for it, or do not."""
        command = [binary_path(), "admin", *self._where(), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._env())

    def doctor(self):
        """The doctor's words and whether it found everything whole."""
        done = subprocess.run([binary_path(), "doctor", *self._where()], capture_output=True, text=True, env=self._env(), timeout=300)
        return done.returncode == 0, done.stdout + done.stderr

    def _run(self, *arguments):
        done = subprocess.run([binary_path(), *arguments], capture_output=True, text=True, env=self._env(), timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"embrace {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def _where(self):
        database = ["--database", self._database] if self._database else []
        return ["--data", str(self.data), *database, *(["--blobs", self._blobs] if self._blobs else [])]

    def _env(self):
        env = without_proxies(os.environ) | self._more_env
        reports = self.folder / "sanitizer"
        env["ASAN_OPTIONS"] = f"log_path={reports}:detect_leaks=1:abort_on_error=0"
        env["UBSAN_OPTIONS"] = f"log_path={reports}:print_stacktrace=1"
        env["LSAN_OPTIONS"] = f"suppressions={ROOT / 'tests/leaks.supp'}:print_suppressions=0" if (ROOT / "tests/leaks.supp").exists() else ""
        return env

    def _answers(self):
        try:
            return httpx.get(self.url + "/healthz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
