"""The networks under study, and the one batched forward pass that all studies share."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..decode import decode, flip_merge, to_input
from ..joints import JointSet, joint_set
from ..networks import upsampling as up
from ..networks import zoo
from ..networks.hourglass import StackedHourglass
from ..networks.hrnet import HRNet

LAST = "last"

#: Pixels in one forward pass on a CPU: more than sixteen photos of 128x128 leave its caches, and were slower.
_CPU_PIXELS = 16 * 128 * 128


@dataclass(frozen=True)
class Subject:
    """A network and all that shapes what it makes of a photo.

    name    -- of the zoo, or the path of a best.pt that `train` wrote
    sha256  -- of its weights, None for an untrained network
    """

    name: str
    title: str
    architecture: str
    net: nn.Module = field(repr=False)
    joints: JointSet
    input: tuple[int, int]
    normalisation: str
    cells: str
    upsampling: str
    status: str
    sha256: str | None

    @property
    def stops(self) -> tuple[str, ...]:
        """The stops of the slider that it can take."""
        return up.STOPS if self.net.places else (self.upsampling,)

    def stop(self, asked: str | None) -> str:
        """The stop that was asked for, or the one it was trained with. Raises ValueError for one it cannot take."""
        if asked is not None and up.check(asked) not in self.stops:
            raise ValueError(f"{self.title} enlarges maps with {self.upsampling} only, not with {asked}")
        return asked or self.upsampling

    def facts(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "name": self.name, "title": self.title, "architecture": self.architecture, "joints": self.joints.name,
            "status": self.status, "trained_upsampling": self.upsampling, "input": list(self.input),
            "weights_sha256": self.sha256,
        }  # fmt: skip


@dataclass(frozen=True)
class Look:
    """One way to look at each photo.

    network -- a subject's name; size -- (height, width) of the input; upsampling -- a stop of the slider
    level   -- where the answer is taken: "last"; "stack1", ... of a Hourglass; "stage2.module1", ... of an HRNet,
               where the final layer is applied to branch 0 after that fusion (HRNet.lens: a probe, no output)
    """

    network: str
    size: tuple[int, int]
    upsampling: str
    level: str = LAST

    @property
    def key(self) -> str:
        return f"{self.network}|{self.size[0]}x{self.size[1]}|{self.upsampling}|{self.level}"


def subject(name: str, device: torch.device | str | None = None) -> Subject:
    """A network by its name in the zoo or by the path of a best.pt, on `device` (default: the GPU if there is one).

    Raises ValueError, WeightsMissing or RuntimeError as zoo.load does.
    """
    where = torch.device(device or zoo.device())
    if name.endswith(".pt"):
        return _of_run(Path(name), where)
    card = zoo.card(name)
    # Channels last: a third faster on a CPU, not slower on a GPU. The network is ours alone, so it may be rearranged.
    net = zoo.load(name, where).to(memory_format=torch.channels_last)
    return Subject(
        name, card.title, card.architecture, net, card.joints, tuple(card.input), card.normalisation, card.cells,
        card.upsampling, card.status, card.entry.sha256 if card.entry else None,
    )  # fmt: skip


def _of_run(file: Path, device: torch.device) -> Subject:
    from ..download import sha256_of

    saved = torch.load(file, map_location="cpu", weights_only=True)
    network, recipe = saved["network"], saved["record"]["recipe"]
    joints, stop = joint_set(network["joints"]), recipe["upsampling"]
    net = zoo.build(network["name"], len(joints), trained_upsampling=stop)
    net.load_state_dict(saved["weights"])
    net = net.requires_grad_(False).to(device, memory_format=torch.channels_last).eval()
    title = f"{network['name']} ({file.parent.name or file.name}, trained with {stop})"
    return Subject(
        str(file), title, network["name"], net, joints, (recipe["size"],) * 2, "imagenet", "centre", stop,
        "a training run", sha256_of(file),
    )  # fmt: skip


def levels(net: nn.Module) -> list[str]:
    """Where an answer can be read on the way, in order: every stack of a Hourglass, every fusion of an HRNet."""
    if isinstance(net, StackedHourglass):
        return [f"stack{k}" for k in range(1, len(net.heads) + 1)]
    if isinstance(net, HRNet):
        return [f"stage{s}.module{m}" for s, stage in enumerate(net.stages, 2) for m in range(1, len(stage) + 1)]
    return [LAST]


@torch.inference_mode()
def heatmaps(net: nn.Module, x: Tensor, upsampling: str, wanted: Iterable[str]) -> dict[str, Tensor]:
    """One forward pass (N, 3, H, W) -> {level: (N, J, H/4, W/4)} for the wanted levels."""
    wanted = list(wanted)
    probes = {f"{level}.branch0.fused": level for level in wanted if level.startswith("stage")}
    kept: dict[str, Tensor] = {}
    if probes:

        def keep(name: str, tensor: Tensor, role: str, stride: int, **place: int) -> None:
            if name in probes:
                kept[probes[name]] = tensor

        # Of all that a trace would hold, only these maps are kept: a batch of traces is gigabytes.
        maps = net._run(x, up.plan(upsampling, net.places, net.trained_upsampling), keep)
    else:
        maps = net(x, upsampling)
    stacks = {f"stack{k}": m for k, m in enumerate(maps, 1)} if len(maps) > 1 else {"stack1": maps[0]}
    found = {LAST: maps[-1], **stacks, **{level: net.lens(fused) for level, fused in kept.items()}}
    return {level: found[level] for level in wanted}


class Eyes:
    """Subjects and looks, ready for batches; `seconds` is what the forward passes alone took so far."""

    def __init__(self, subjects: Iterable[Subject], looks: Iterable[Look], decoder: str = "argmax", flip: bool = False):
        self.subjects = {subject.name: subject for subject in subjects}
        self.looks, self.decoder, self.flip, self.seconds = list(looks), decoder, flip, 0.0
        self.passes: dict[tuple[str, tuple[int, int], str], list[Look]] = {}
        for look in self.looks:
            self.passes.setdefault((look.network, look.size, look.upsampling), []).append(look)

    @property
    def device(self) -> torch.device:
        """Where the networks are; the CPU where there is none (predictions from elsewhere alone)."""
        return next((next(of.net.parameters()).device for of in self.subjects.values()), torch.device("cpu"))

    @property
    def sizes(self) -> list[tuple[int, int]]:
        return sorted({look.size for look in self.looks})

    @torch.inference_mode()
    def see(self, images: dict[tuple[int, int], np.ndarray]) -> dict[str, np.ndarray]:
        """{size: (N, h, w, 3) uint8} -> {look's key: (N, J, 3) float32 x, y in pixels of that input, score}."""
        found: dict[str, Tensor] = {}
        for (name, size, stop), looks in self.passes.items():
            of = self.subjects[name]
            x = torch.from_numpy(images[size]).to(self.device, non_blocking=True).permute(0, 3, 1, 2)
            x = zoo.normalise(x.float() / 255, of.normalisation).contiguous(memory_format=torch.channels_last)
            wanted = {look.level: look for look in looks}
            maps = self._timed(of, x, stop, wanted)
            for level, look in wanted.items():
                at, scores = decode(maps[level], self.decoder)
                points = to_input(at, size[0] // maps[level].shape[2], of.cells)
                found[look.key] = torch.cat([points, scores[..., None]], dim=-1)
        return {key: points.float().cpu().numpy() for key, points in found.items()}

    def _timed(self, of: Subject, x: Tensor, stop: str, wanted: Iterable[str]) -> dict[str, Tensor]:
        zoo.wait(x.device)
        start = time.perf_counter()
        maps = _in_pieces(of.net, x, stop, wanted)
        if self.flip:
            mirrored = _in_pieces(of.net, x.flip(-1), stop, wanted)
            shift = of.cells == "corner"
            maps = {level: flip_merge(m, mirrored[level], of.joints.flip, shift) for level, m in maps.items()}
        zoo.wait(x.device)
        self.seconds += time.perf_counter() - start
        return maps


def _in_pieces(net: nn.Module, x: Tensor, stop: str, wanted: Iterable[str]) -> dict[str, Tensor]:
    """`heatmaps` of a batch, on a CPU a few photos at a time."""
    count = len(x) if x.device.type != "cpu" else max(1, _CPU_PIXELS // (x.shape[2] * x.shape[3]))
    parts = [heatmaps(net, part, stop, wanted) for part in x.split(count)]
    return {level: torch.cat([part[level] for part in parts]) for level in wanted}
