"""The two servers that are compared, each in a folder of its own, and what their processes cost."""

import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
TOKEN = "hf_" + "bench".ljust(34, "x")

NGINX_CONF = """
{user}
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def plain_env():
    """Our environment without proxies and without settings of the Hub's clients."""
    return {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and not k.startswith(("HF_", "HUGGING"))}


def family(pid):
    """A process and its children."""
    pids = [pid]
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pids += family(int(child))
    return pids


class Server:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._process = None

    def _spawn(self, command):
        with open(self.folder / "output.log", "ab") as log:
            self._process = subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=plain_env())

    def _wait_until_ready(self, path):
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            if self._process.poll() is not None:
                break
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.001)
        raise RuntimeError(f"{type(self).__name__} does not answer:\n{(self.folder / 'output.log').read_text()[-2000:]}")

    def cpu_seconds(self):
        """What its processes have used so far, in user and in kernel."""
        ticks = 0
        for pid in family(self._process.pid):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def resident_mib(self):
        pages = int(pathlib.Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None


class Embrace(Server):
    def __init__(self, binary, folder):
        super().__init__(folder)
        self.binary = pathlib.Path(binary)

    def start(self):
        """Returns the seconds until /healthz answered."""
        began = time.monotonic()
        self._spawn([self.binary, "serve", "--data", self.folder / "data", "--listen", f"127.0.0.1:{self.port}"])
        self._wait_until_ready("/healthz")
        return time.monotonic() - began

    def create_user(self):
        self._admin("user", "create", "bench", "--password", "a long password", "--email", "bench@example.org")
        self._admin("token", "create", "bench", "--role", "write", "--value", TOKEN)

    def _admin(self, *arguments):
        command = [self.binary, "admin", "--data", self.folder / "data", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=plain_env(), timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"embrace admin {' '.join(arguments)}: {done.stdout}{done.stderr}")


class Nginx(Server):
    def __init__(self, folder):
        super().__init__(folder)
        self.root = self.folder / "root"
        self.root.mkdir(exist_ok=True)

    def start(self):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(program):
            raise RuntimeError("nginx is missing: apt-get install nginx-light, or run ./dev bench")
        config = self.folder / "nginx.conf"
        user = "user root;" if os.getuid() == 0 else ""  # the temporary folder is ours alone
        config.write_text(NGINX_CONF.format(folder=self.folder, port=self.port, root=self.root, user=user))
        (self.root / "ready").write_text("yes")
        self._spawn([program, "-c", config, "-p", self.folder])
        self._wait_until_ready("/ready")
