"""What every step starts with. A step is a program run by one client version's own Python: STEM WORKDIR."""

import contextlib
import os
import pathlib
import sys

import huggingface_hub
from huggingface_hub import HfApi

STEM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
ENDPOINT = os.environ["HF_ENDPOINT"]
VERSION = tuple(int(n) for n in huggingface_hub.__version__.split(".")[:2])
ME = "alice"

api = HfApi()


def repo_name(stem):
    return f"{ME}/{STEM}-{stem}"


def new_repo(stem, **how):
    api.create_repo(repo_name(stem), **how)
    return repo_name(stem)


@contextlib.contextmanager
def raises(kind, status=None, text=""):
    try:
        yield
    except kind as error:
        got = getattr(getattr(error, "response", None), "status_code", None)
        assert status is None or got == status, f"status {got}, expected {status}: {error}"
        assert text in str(error), f"{text!r} is not in {error}"
        return
    raise AssertionError(f"nothing was raised; expected {kind.__name__}")
