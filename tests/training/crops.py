"""People of a few coloured dots that a small network can learn, and a small run."""

import io

import numpy as np
import torch
from PIL import Image

from pose_demo.joints import LSP
from pose_demo.networks.hrnet import HRNet
from pose_demo.training.data import split
from pose_demo.training.loop import Trainer
from pose_demo.training.recipe import Recipe


def write_crops(file, count, seed=0, side=96):
    """A file in the format of the labelled crops; each joint is a bright square of its own colour."""
    rng = np.random.default_rng(seed)
    blobs, offset, joints = [], [0], np.zeros((count, 14, 3), np.float32)
    for n in range(count):
        picture = np.full((side, side, 3), 90, np.uint8)
        for j in range(14):
            x, y = rng.integers(12, side - 12, 2)
            picture[y - 3 : y + 4, x - 3 : x + 4] = (255 * (j % 3 == 0), 40 + 15 * j, 255 - 18 * j)
            joints[n, j] = (x, y, 1)
        data = io.BytesIO()
        Image.fromarray(picture).save(data, "WEBP", quality=95)
        blobs.append(np.frombuffer(data.getvalue(), np.uint8))
        offset.append(offset[-1] + len(blobs[-1]))
    np.savez(
        file, webp=np.concatenate(blobs), offset=np.array(offset), size=np.full(count, side), joints=joints,
        image_id=np.arange(count),
    )  # fmt: skip
    return joints


def tiny():
    return HRNet(14, 8, units=1, modules=(1, 1, 1), stem=8)


def trainer(folder, out, **recipe):
    settings = {"size": 64, "batch": 10, "sigma": 1.5, "photos": 120, **recipe}
    network = {"name": "tiny", "joints": "lsp", "options": {}}
    torch.manual_seed(0)
    source = split(folder, 64)
    return Trainer(tiny(), network, LSP, [source], Recipe(**settings), out, torch.device("cpu"))
