"""What a study costs beyond its forward passes: 500 crops, both networks of the embedded pair, from file to figures."""

from __future__ import annotations

import io
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image

from ..networks import zoo
from .accuracy import Accuracy
from .conduct import Settings, conduct
from .subjects import LAST, Subject, heatmaps, subject

_BATCHES = {"cpu": (8, 16, 32), "cuda": (64, 128, 250)}


def bench_study(runs: int, people: int = 500) -> dict[str, Any]:
    """`study accuracy` (pictures read, forward passes, decoding, figures with intervals and tests) against the bare
    forward passes of the same two networks on as many photos, in the best of a few batch sizes.

    {"ratio", "bar", "seconds"}; seconds has the study's own profile too: how much of its time are forward passes.
    """
    from .. import weights

    names = weights.default_pair()
    nets = [subject(name) for name in names]
    device = next(nets[0].net.parameters()).device
    rates = {b: sum(_seconds_a_photo(of, b, device) for of in nets) for b in _BATCHES[device.type]}
    best = min(rates, key=rates.get)
    with tempfile.TemporaryDirectory() as folder:
        file, out = _crops(Path(folder) / "crops.npz", people), Path(folder) / "out"
        results, walls, bare = [], [], []
        for _ in range(max(1, runs)):
            start = time.perf_counter()
            results.append(conduct(Accuracy(), Settings((file,), out, names, batch=best)))
            walls.append(time.perf_counter() - start)
            bare.append(people * sum(_seconds_a_photo(of, best, device) for of in nets))
    own = [result["made"]["seconds"]["forward"] for result in results]
    seconds = {
        f"bare forward passes, {people} photos in batches of {best}": median(bare), "the study": median(walls),
        "of these forward passes": median(own),
    }  # fmt: skip
    return {"ratio": median(walls) / median(bare), "bar": 1.2, "seconds": seconds}


@torch.inference_mode()
def _seconds_a_photo(of: Subject, batch: int, device: torch.device, passes: int = 3) -> float:
    """Of a bare forward pass over a batch that lies on the device already; the median after one to warm up."""
    x = torch.rand(batch, 3, *of.input, device=device).contiguous(memory_format=torch.channels_last)
    times = []
    for _ in range(passes + 1):
        start = time.perf_counter()
        heatmaps(of.net, x, of.upsampling, [LAST])
        zoo.wait(device)
        times.append(time.perf_counter() - start)
    return median(times[1:]) / batch


def _crops(file: Path, people: int) -> Path:
    """Pictures as large as the crops that the networks were trained on (178 pixels in the median), and labels."""
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(people):
        coarse = Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8))
        packed = io.BytesIO()
        coarse.resize((178, 178), Image.Resampling.BICUBIC).save(packed, "WEBP", quality=80)
        pictures.append(packed.getvalue())
    labels = np.concatenate([rng.uniform(1, 176, (people, 14, 2)), np.ones((people, 14, 1))], axis=2)
    np.savez(
        file, webp=np.frombuffer(b"".join(pictures), np.uint8), joints=labels.astype(np.float32),
        offset=np.cumsum([0, *map(len, pictures)]), size=np.full(people, 178), image_id=np.arange(people),
    )  # fmt: skip
    return file
