"""Who the tests are: users with known tokens, and what a person needs to use a client."""

import dataclasses
import os
import pathlib

import httpx

from hub_process import HubProcess, without_proxies

PASSWORD = "correct horse battery"
ORG = "acme"


def token_of(name, role="write"):
    return "hf_" + f"{name}{role}".replace("-", "").ljust(34, "x")


@dataclasses.dataclass
class Person:
    hub: HubProcess
    name: str
    token: str  # "" = nobody is logged in

    def http(self, **more):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.Client(base_url=self.hub.url, headers=headers, timeout=120, trust_env=False, **more)

    def env(self, home: pathlib.Path, xet=True):
        """For clients in child processes: this hub, this person, caches under `home` only (Xet's, too:
        a client remembers for weeks which chunks a hub has)."""
        home.mkdir(parents=True, exist_ok=True)
        env = without_proxies(os.environ)
        for name in list(env):
            if name.startswith(("HF_", "HUGGING", "GIT_")):
                del env[name]
        env |= {
            "HF_ENDPOINT": self.hub.url,
            "HF_HOME": str(home / "hf"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
            "HOME": str(home),
            "NO_PROXY": "*",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": f"{self.name}@example.org",
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": f"{self.name}@example.org",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        if not xet:
            env["HF_HUB_DISABLE_XET"] = "1"
        if self.token:
            env["HF_TOKEN"] = self.token
        return env

    def git_url(self, repo, prefix=""):
        credentials = f"{self.name}:{self.token}@" if self.token else ""
        return self.hub.url.replace("http://", f"http://{credentials}") + f"/{prefix}{repo}"


def populate(hub):
    """alice and bob write; alice owns acme, where bob may only read; carol has nothing of her own."""
    for name in ("alice", "bob", "carol"):
        hub.admin("user", "create", name, "--password", PASSWORD, "--email", f"{name}@example.org")
        hub.admin("token", "create", name, "--role", "write", "--value", token_of(name))
    hub.admin("token", "create", "alice", "--role", "read", "--value", token_of("alice", "read"))
    hub.admin("org", "create", ORG, "--owner", "alice")
    hub.admin("org", "member", "add", ORG, "bob", "--role", "read")
