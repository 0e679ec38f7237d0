"""Where the real clients are, and how a test runs one of them."""

import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
VENVS = {"newest": ROOT / ".venv", "1.0": ROOT / ".venv/hub-1.0", "0.26": ROOT / ".venv/hub-0.26"}


def run(command, env, cwd=None, check=True, timeout=900, stdin=None):
    """The finished process; with check, a failure shows everything that the program said."""
    done = subprocess.run(
        [str(c) for c in command], env=env, cwd=cwd, timeout=timeout, input=stdin, capture_output=True, text=True, errors="replace"
    )
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def run_step(version, step, person, home, stem, work, **more_env):
    """One program of steps/, by that version's Python."""
    env = person.env(home) | {k: str(v) for k, v in more_env.items()}
    work.mkdir(parents=True, exist_ok=True)
    return run([VENVS[version] / "bin/python", HERE / "steps" / f"{step}.py", stem, work], env, cwd=work)


def hf(version):
    """The command-line program of a version, with the words that differ."""
    program = VENVS[version] / "bin/hf"
    return program if program.exists() else VENVS[version] / "bin/huggingface-cli"


def node():
    return VENVS["newest"] / "bin/node"


def large_bytes():
    return int(os.environ.get("EMBRACE_LARGE_BYTES") or ((1 << 30) if os.environ.get("EMBRACE_FULL") else (64 << 20)))
