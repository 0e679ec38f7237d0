"""A family of checkpoints and a table that grows, uploaded one after the other. Prints a JSON line for each
upload: its bytes, and how many of them the client says that it sent (null without Xet)."""

import json
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub.utils import _xet as xet
from safetensors.numpy import save_file
from session import WORK, api, new_repo

TENSORS, ROWS, COLUMNS = 40, 800, 512  # 32 MiB of bf16
random = np.random.default_rng(20)


def weights():
    return random.normal(0, 0.02, (ROWS, COLUMNS)).astype(np.float32)


def as_bf16(tensor):
    return (tensor.view(np.uint32) >> 16).astype(np.uint16)


def save(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def table(path, groups):
    """Row groups of 20,000 rows; a longer table begins as the shorter one does."""
    numbers = np.random.default_rng(7)
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("id", pa.int64()), ("score", pa.float64()), ("words", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for group in range(groups):
            ids = np.arange(group * 20_000, (group + 1) * 20_000)
            words = [f"row {n} says {n * 2654435761 % 1000003}" for n in ids]
            writer.write_table(pa.table([ids, numbers.random(20_000), words], schema=schema))


def make(folder):
    base = {f"layer.{i}": weights() for i in range(TENSORS)}
    save(folder / "base/model.safetensors", {name: as_bf16(t) for name, t in base.items()})
    for variant, changed in (("tuned", [3, 17]), ("tuned-more", [3, 29])):  # 5 % of the tensors
        tuned = base | {f"layer.{i}": weights() for i in changed}
        save(folder / variant / "model.safetensors", {name: as_bf16(t) for name, t in tuned.items()})
    int8 = {name: np.clip(t / 0.0006, -127, 127).astype(np.int8) for name, t in base.items()}
    save(folder / "int8/model.safetensors", int8)
    save(folder / "int4/model.safetensors", {name: (t[:, ::2] & 15 | (t[:, 1::2] & 15) << 4).view(np.uint8) for name, t in int8.items()})
    table(folder / "table/train.parquet", 15)
    table(folder / "longer-table/train.parquet", 18)
    return ["base", "tuned", "tuned-more", "int8", "int4", "table", "longer-table"]


class Watched:
    """Stands before a client's session or upload, and keeps what an upload reports at its end."""

    def __init__(self, inner, reports):
        self._inner, self._reports = inner, reports

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def new_upload_commit(self, **how):
        return Watched(self._inner.new_upload_commit(**how), self._reports)

    def wait_to_finish(self):
        self._reports.append(self._inner.wait_to_finish())
        return self._reports[-1]


def watch():
    reports, session = [], xet.get_xet_session
    xet.get_xet_session = lambda: Watched(session(), reports)
    return reports


def sent_bytes(reports):
    return sum(report.dedup_metrics.xorb_bytes_uploaded for report in reports) if reports else None


reports = watch()
repo = new_repo("family")
for member in make(WORK):
    reports.clear()
    size = sum(f.stat().st_size for f in (WORK / member).iterdir())
    api.upload_folder(repo_id=repo, folder_path=WORK / member, path_in_repo=member)
    print(json.dumps({"member": member, "bytes": size, "sent": sent_bytes(reports)}), flush=True)
    for file in (WORK / member).iterdir():
        got = pathlib.Path(api.hf_hub_download(repo, f"{member}/{file.name}", local_dir=WORK / "back"))
        assert got.read_bytes() == file.read_bytes(), file
