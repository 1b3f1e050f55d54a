"""How right is a network? One file of labelled crops, one PCK."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ..joints import joint_set
from ..networks import zoo
from ..networks.upsampling import check
from ..training.data import load
from ..training.loop import predict, truth_in_file
from .metrics import PCK, pck


@dataclass(frozen=True)
class Accuracy:
    """PCK of one network on one file, and all that shaped it."""

    network: str
    status: str
    data: str
    photos: int
    pck: PCK
    upsampling: str
    decoder: str
    device: str
    torch: str


def measure(
    network: str,
    file: Path,
    threshold: float = 0.2,
    upsampling: str | None = None,
    decoder: str = "argmax",
    limit: int | None = None,
) -> Accuracy:
    """Each crop, whole, through the network.

    network -- a name of the zoo, or the path of a best.pt that `train` wrote
    Raises ValueError where the file's joints are not the network's.
    """
    device = zoo.device()
    if network.endswith(".pt"):
        net, size, joints, trained, status = _from_run(Path(network))
        normalisation, cells = "imagenet", "centre"
    else:
        card = zoo.card(network)
        net, size, joints, trained, status = zoo.load(network), card.input, card.joints, card.upsampling, card.status
        normalisation, cells = card.normalisation, card.cells
    stop = check(upsampling or trained)
    crops = load(file, size, limit)
    if crops.joints.shape[1] != len(joints):
        raise ValueError(f"{network} finds {len(joints)} joints, {file} has labels for {crops.joints.shape[1]}")
    found, _ = predict(net.to(device), crops, 32, decoder, stop, normalisation, cells)
    result = pck(found.numpy(), truth_in_file(crops).numpy(), joints, threshold)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return Accuracy(
        network, status, Path(file).name, len(crops), result, stop, decoder, name, torch.__version__
    )  # fmt: skip


def _from_run(file: Path) -> tuple:
    saved = torch.load(file, map_location="cpu", weights_only=True)
    joints, recipe = joint_set(saved["network"]["joints"]), saved["record"]["recipe"]
    net = zoo.build(saved["network"]["name"], len(joints))
    net.load_state_dict(saved["weights"])
    return net.eval(), recipe["size"], joints, recipe["upsampling"], "a training run"
