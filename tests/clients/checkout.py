"""A working copy of a hub's repository, and git run in it."""

from client_programs import run


class Checkout:
    def __init__(self, person, home, repo, folder, *clone_options, prefix=""):
        self.env = person.env(home)
        self.path = folder
        run(["git", "config", "--global", "init.defaultBranch", "main"], self.env)
        run(["git", "config", "--global", "protocol.version", "2"], self.env)
        run(["git", "lfs", "install", "--skip-repo"], self.env)
        self.clone = run(["git", "clone", *clone_options, person.git_url(repo, prefix), folder], self.env)

    def git(self, *words, check=True):
        return run(["git", *words], self.env, cwd=self.path, check=check)

    def write(self, path, content):
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def commit(self, message="change"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *words, check=True):
        return self.git("push", *(words or ("origin", "main")), check=check)

    def refused(self, text, *words):
        """A push that must fail, saying so, and leave the hub as it was."""
        done = self.push(*words, check=False)
        assert done.returncode != 0, f"accepted: {done.stderr}"
        assert text.lower() in done.stderr.lower(), f"{text!r} is not in:\n{done.stderr}"
        return done.stderr
