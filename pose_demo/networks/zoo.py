"""The zoo: name -> network, joints, input size, weights, published figures.

An architecture ("hrnet-w32") is a body without weights: `build`. A network ("hrnet-w32-mpii") is an architecture
with weights of weights/manifest.toml: `load`. Any architecture with "-untrained" behind it is the control that
shows what training does. Names that begin with "mmpose-" run through MMPose's own code (reference.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from .. import weights
from ..joints import JointSet, joint_set
from . import checkpoints
from .base import PoseNetwork
from .hourglass import StackedHourglass
from .hrnet import HRNet

UNTRAINED = "-untrained"
MMPOSE = "mmpose-"

#: Bodies by name; each takes joints=J.
ARCHITECTURES: dict[str, Callable[..., PoseNetwork]] = {
    "hrnet-w18": partial(HRNet, width=18),
    "hrnet-w32": partial(HRNet, width=32),
    "hrnet-w48": partial(HRNet, width=48),
    "hourglass-1": partial(StackedHourglass, stacks=1),
    "hourglass-2": partial(StackedHourglass, stacks=2),
    "hourglass-4": partial(StackedHourglass, stacks=4),
    "hourglass-8": partial(StackedHourglass, stacks=8),
    # A bottom of 8x8 at 256x256 instead of the paper's 4x4, which the study note blames for lost precision.
    "hourglass-2-bottom8": partial(StackedHourglass, stacks=2, depth=3),
    # The same two papers made small enough to be trained on a CPU, at about equal cost.
    "hrnet-slim": partial(HRNet, width=24, units=2, modules=(1, 1, 1), stem=32),
    "hourglass-slim": partial(StackedHourglass, stacks=2, features=96),
    # Smaller still: three seeds of each of seven experiments take a CPU hours, not weeks. Input 96x96.
    "hrnet-tiny": partial(HRNet, width=16, units=2, modules=(1, 1, 1), stem=32),
    "hrnet-tiny-bottleneck": partial(HRNet, width=36, units=2, modules=(1, 1, 1), stem=32, unit="bottleneck"),
    "hourglass-tiny-1": partial(StackedHourglass, stacks=1, features=64, depth=3),
    "hourglass-tiny-2": partial(StackedHourglass, stacks=2, features=64, depth=3),
    "hourglass-tiny-4": partial(StackedHourglass, stacks=4, features=64, depth=3),
    # The study note's proposal: Bottleneck units in stages 2 to 4, 4.30 GMAC at 256x256 where hrnet-w18 has 4.25.
    "hrnet-w18-bottleneck": partial(HRNet, width=48, unit="bottleneck"),
}

#: Mean and standard deviation of RGB in 0..1 by which a photo is normalised, by the manifest's word for it.
NORMALISATION: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "mpii": ((0.4404, 0.4440, 0.4327), (1.0, 1.0, 1.0)),  # bearpaw's and anibali's trainers only subtract
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


@dataclass(frozen=True)
class Card:
    """What is known of a network of the zoo without loading it.

    input         -- (height, width) in pixels
    normalisation -- a key of NORMALISATION
    cells         -- "centre" or "corner", see decode.py
    upsampling    -- the slider's stop that the weights were trained with
    status        -- "published", "trained briefly on a CPU", "untrained", ... as it must be said beside its results
    entry         -- the weights' manifest entry, None for an untrained network
    """

    name: str
    architecture: str
    joints: JointSet
    input: tuple[int, int]
    normalisation: str
    cells: str
    upsampling: str
    status: str
    entry: weights.Entry | None

    @property
    def title(self) -> str:
        """For people: "HRNet-W32 (MPII)"."""
        family, _, rest = self.architecture.removeprefix(MMPOSE).partition("-")
        body = {"hrnet": "HRNet", "hourglass": "Hourglass", "hourglass52": "Hourglass-52"}[family]
        body += f"-{rest.capitalize()}" if rest else ""
        through = "MMPose " if self.name.startswith(MMPOSE) else ""
        where = "untrained" if self.entry is None else self.joints.name.upper()
        return f"{through}{body} ({where} {self.input[0]}x{self.input[1]})"

    @property
    def trained(self) -> bool:
        return self.entry is not None

    @property
    def available(self) -> bool:
        """Its weights are here (or it needs none) and what runs it is installed."""
        if self.name.startswith(MMPOSE):
            from . import reference

            if not reference.available():
                return False
        return self.entry is None or weights.find(self.entry.name) is not None


def names() -> list[str]:
    """Every network: the embedded pair, published weights, the same through MMPose, untrained controls."""
    entries = weights.manifest()
    own = sorted(entries, key=lambda name: not entries[name].embedded)
    through = [MMPOSE + n for n, e in entries.items() if e.network.startswith("hrnet-w") and e.url]
    return own + through + [a + UNTRAINED for a in ARCHITECTURES]


def card(name: str) -> Card:
    """What is known of a network. Raises ValueError that lists near names for one that the zoo has not."""
    entries, name = weights.manifest(), weights.canonical(name)
    entry = entries.get(name)
    if entry is None and name.startswith(MMPOSE):
        entry = entries.get(name.removeprefix(MMPOSE))
        entry = entry if entry and entry.network.startswith("hrnet-w") else None
    if entry is not None:
        architecture = entry.network if name == entry.name else MMPOSE + entry.network
        return Card(
            name, architecture, joint_set(entry.joints), tuple(entry.input), entry.normalisation, entry.cells,
            entry.upsampling, entry.trained, entry,
        )  # fmt: skip
    body = name.removesuffix(UNTRAINED)
    if name.endswith(UNTRAINED) and body in ARCHITECTURES:
        side = 128 if "slim" in body else 256
        return Card(
            name, body, joint_set("lsp"), (side, side), "imagenet", "centre", "nearest", "untrained", None
        )  # fmt: skip
    raise ValueError(f"the zoo has no network {name!r}; it has {', '.join(names())}")


def build(architecture: str, joints: int = 17, seed: int = 0, **options: Any) -> PoseNetwork:
    """An untrained body, the same for the same seed: hrnet-w18, w32, w48, hourglass-1, 2, 4, 8 and the slim pair.

    options go to the class: `upsampling`'s trained stop, a stem, a depth.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"no architecture {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ARCHITECTURES[architecture](joints=joints, **options)


def device() -> torch.device:
    """The GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait(device: torch.device) -> None:
    """Until the device has finished: a GPU answers before it has computed."""
    if device.type not in ("cpu", "meta"):
        torch.accelerator.synchronize(device)


def load(name: str, device: torch.device | str | None = None) -> nn.Module:
    """A network in eval mode with its weights in place, on `device` (default: the CPU).

    Raises ValueError for an unknown name, WeightsMissing (FileNotFoundError) with the remedy where its weights are
    not here, and RuntimeError where it runs through MMPose and MMPose is not installed.
    """
    known = card(name)
    if known.name.startswith(MMPOSE):
        from . import reference

        file = weights.locate(known.entry.name)
        net = reference.build(known.architecture, len(known.joints), file)
    else:
        net = build(known.architecture, len(known.joints), trained_upsampling=known.upsampling)
        if known.entry is not None:
            checkpoints.load(net, weights.locate(known.entry.name))
    return net.requires_grad_(False).to(device or "cpu").train(False)


def normalise(images: Tensor, how: str) -> Tensor:
    """(N, 3, H, W) RGB in 0..1 -> what a network trained with `how` expects."""
    mean, std = (constant(v, images.device)[None, :, None, None] for v in NORMALISATION[how])
    return (images - mean) / std


@cache
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """(len(values),) float32, made once a device: making a tensor on a GPU waits for all that it still has to do."""
    return torch.tensor(values, device=device)
