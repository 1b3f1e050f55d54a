"""Half an hour of atheris over what strangers' bytes reach first: `python tests/corpus/fuzz.py READER SECONDS OUT`.

READER is photo, checkpoint, labels or link. Needs `pip install atheris` (no requirement: Linux alone has it). Whatever
a reader raises that is no sentence goes to OUT, once for each place; what was found stands in test_found.py.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tempfile
import time
import traceback
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import atheris

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE)]

with atheris.instrument_imports(include=["pose_demo", "PIL"]):
    from pose_demo import photo, weights
    from pose_demo.locales import UserError
    from pose_demo.networks import files
    from pose_demo.page import link, schema
    from pose_demo.page.session import Session
    from pose_demo.study.labels import open_labels


def reads_photo(data: bytes) -> None:
    pixels = photo.read(data, max_pixels=4_000_000)
    assert pixels.ndim == 3 and pixels.dtype == "uint8"


def reads_checkpoint(data: bytes) -> None:
    kinds = (".pth", ".safetensors", ".tar", ".bin")
    _from_file(data[1:], kinds[data[0] % 4] if data else ".pth", files.contents)


def reads_labels(data: bytes) -> None:
    kinds = (".json", ".csv", ".npz", ".json")
    _from_file(data[1:], kinds[data[0] % 4] if data else ".json", lambda file: open_labels([file]))


def reads_link(data: bytes) -> None:
    query = dict(urllib.parse.parse_qsl(data.decode("utf-8", "replace"), max_num_fields=40))
    session = Session(networks=link.networks(query, weights.default_pair()))
    link.restore(session, SimpleNamespace(query_params=query))
    link.example(query, ["one"])
    link.framed(query)
    link.language(query, query.get("accept", ""))
    for kind in (schema.Question, schema.Take, schema.Frame, schema.Pair):
        try:
            schema.read(kind, query)
        except UserError as problem:
            str(problem)


def _from_file(data: bytes, suffix: str, read: Callable) -> None:
    file = FOLDER / f"input{suffix}"
    file.write_bytes(data)
    read(file)


READERS = {"photo": reads_photo, "checkpoint": reads_checkpoint, "labels": reads_labels, "link": reads_link}


def seeds(reader: str) -> list[bytes]:
    if reader == "photo":
        from pictures import CORPUS

        return list(CORPUS.values())
    if reader == "link":
        whole = "left=hrnet-slim-lsp&right=hourglass-slim-lsp&upsampling=bilinear&joint=neck&scope=stage3&example=a"
        return [whole.encode(), b"cell=0%3Astage3.module1.branch1.fused%3A12&key=x&view=cell&side=1"]
    if reader == "labels":
        people = b'[{"image": "a.png", "center": [5, 6], "scale": 0.1, "joints": [[1, 2]], "joints_vis": [1]}]'
        coco = (
            b'{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 1,'
            b' "bbox": [1, 2, 3, 4], "keypoints": [1, 2, 2]}], "categories": [{"id": 1, "name": "person",'
            b' "keypoints": ["nose"]}]}'
        )
        return [
            b"\0" + people,
            b"\0" + coco,
            b"\1image,x0,y0,x1,y1,neck x,neck y\na.png,1,2,3,4,5,6\n",
            b"\2" + _crops(),
        ]
    import torch
    from safetensors.torch import save

    packed, old = io.BytesIO(), io.BytesIO()
    state = {"state_dict": {"module.conv.weight": torch.ones(2, 2)}, "epoch": 3}
    torch.save(state, packed)
    torch.save(state, old, _use_new_zipfile_serialization=False)
    return [b"\0" + packed.getvalue(), b"\0" + old.getvalue(), b"\1" + save({"conv.weight": torch.ones(2, 2)})]


def gets_through(reader: str) -> None:
    """A reader that refuses whatever it is given is not tried out at all: the best seed must be read to its end."""
    refused = []
    for seed in seeds(reader):
        try:
            return READERS[reader](seed)
        except UserError as problem:
            refused.append(problem)
    raise AssertionError(f"{reader} reads none of its seeds: {refused}")


def _crops() -> bytes:
    import numpy as np

    file = io.BytesIO()
    np.savez(
        file, joints=np.zeros((1, 14, 3), np.float32), size=np.array([32]), image_id=np.array([1]),
        offset=np.array([0, 3]), webp=np.zeros(3, np.uint8),
    )  # fmt: skip
    return file.getvalue()


def main(reader: str, seconds: float, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    inputs, known, end, count = FOLDER / "seeds", set(), time.monotonic() + seconds, 0
    inputs.mkdir()
    for k, seed in enumerate(seeds(reader)):
        (inputs / str(k)).write_bytes(seed)
    gets_through(reader)

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        if time.monotonic() > end:
            print(f"{reader}: {count} inputs, {len(known)} places", flush=True)
            os._exit(0)
        begun = time.process_time()
        try:
            READERS[reader](data)
            return
        except UserError as problem:
            if "\n" not in str(problem) and time.process_time() - begun < 2:
                return
            trace = f"took {time.process_time() - begun:.1f} s or more than a line: {problem}"
        except FileNotFoundError:
            return
        except Exception:
            trace = traceback.format_exc()
        place = "".join(line for line in trace.splitlines(True) if line.startswith("  File"))[-600:] or trace[:40]
        if place not in known:
            known.add(place)
            name = hashlib.sha256(data).hexdigest()[:12]
            (out / f"{reader}-{name}").write_bytes(data)
            (out / f"{reader}-{name}.txt").write_text(trace)

    atheris.Setup([sys.argv[0], "-max_len=20000", "-timeout=20", "-rss_limit_mb=3000", str(inputs)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    FOLDER = Path(tempfile.mkdtemp())
    main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
