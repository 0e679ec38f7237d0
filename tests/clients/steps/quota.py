"""An upload over the quota: the client hears why, and what fits still goes."""

import random

from huggingface_hub.errors import HfHubHTTPError
from session import api, new_repo

repo = new_repo("full")
fits, large = random.Random(1).randbytes(200_000), random.Random(2).randbytes(2_000_000)
api.upload_file(path_or_fileobj=fits, path_in_repo="fits.bin", repo_id=repo)
try:
    api.upload_file(path_or_fileobj=large, path_in_repo="large.bin", repo_id=repo)
except ConnectionError as error:  # hf_xet, whose xorb was refused: it keeps the status, not the words
    assert "403" in str(error), error
except (HfHubHTTPError, RuntimeError) as error:
    assert getattr(error, "response", None) is None or error.response.status_code == 403, error
    assert "quota" in str(error) and " of 1000000 bytes are used" in str(error), error
else:
    raise AssertionError("the quota was not kept")
assert not api.file_exists(repo, "large.bin")
# What is there may be committed again, and text is not refused.
api.upload_file(path_or_fileobj=fits, path_in_repo="again.bin", repo_id=repo)
api.upload_file(path_or_fileobj=b"text", path_in_repo="notes.txt", repo_id=repo)
