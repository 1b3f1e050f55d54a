"""The networks under study, the ways in which each is asked, and the one forward pass that serves several of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..joints import JointSet, joint_set
from ..networks import upsampling as up
from ..networks import zoo
from ..networks.hourglass import StackedHourglass
from ..networks.hrnet import HRNet
from .people import StudyError

LAST = "last"


@dataclass(frozen=True)
class Network:
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
            raise StudyError("study.stop", network=self.title, own=self.upsampling, asked=asked)
        return asked or self.upsampling

    def facts(self) -> dict[str, Any]:
        """What a result says of it."""
        return {
            "name": self.name, "title": self.title, "architecture": self.architecture, "joints": self.joints.name,
            "status": self.status, "trained_upsampling": self.upsampling, "input": list(self.input),
            "weights_sha256": self.sha256,
        }  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One way to ask a network.

    network -- its name; size -- (height, width) of the input; upsampling -- a stop of the slider
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


def network(name: str, device: torch.device | str | None = None) -> Network:
    """A network by its name in the zoo or by the path of a best.pt, on `device` (default: the GPU if there is one).

    Raises ValueError, WeightsMissing or RuntimeError as zoo.load does.
    """
    where = torch.device(device or zoo.device())
    if name.endswith(".pt"):
        return _of_run(Path(name), where)
    card = zoo.card(name)
    # Channels last: a third faster on a CPU, not slower on a GPU. The network is ours alone, so it may be rearranged.
    net = zoo.load(name, where).to(memory_format=torch.channels_last)
    return Network(
        name, card.title, card.architecture, net, card.joints, tuple(card.input), card.normalisation, card.cells,
        card.upsampling, card.status, card.entry.sha256 if card.entry else None,
    )  # fmt: skip


def _of_run(file: Path, device: torch.device) -> Network:
    from ..download import sha256_of

    saved = torch.load(file, map_location="cpu", weights_only=True)
    network, recipe = saved["network"], saved["record"]["recipe"]
    joints, stop = joint_set(network["joints"]), recipe["upsampling"]
    net = zoo.build(network["name"], len(joints), trained_upsampling=stop)
    net.load_state_dict(saved["weights"])
    net = net.requires_grad_(False).to(device, memory_format=torch.channels_last).eval()
    title = f"{network['name']} ({file.parent.name or file.name}, trained with {stop})"
    return Network(
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

        def keep(name: str, tensor: Tensor, **told: Any) -> Tensor:
            if name in probes:
                kept[probes[name]] = tensor
            return tensor

        # Of all that a trace would hold, only these maps are kept: a batch of traces is gigabytes.
        maps = net(x, upsampling, keep)
    else:
        maps = net(x, upsampling)
    stacks = {f"stack{k}": m for k, m in enumerate(maps, 1)} if len(maps) > 1 else {"stack1": maps[0]}
    found = {LAST: maps[-1], **stacks, **{level: net.lens(fused) for level, fused in kept.items()}}
    return {level: found[level] for level in wanted}
