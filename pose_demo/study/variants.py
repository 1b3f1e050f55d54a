"""The ways in which a network is asked, and the one forward pass that serves several of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..networks import upsampling as up
from ..networks import zoo
from ..networks.base import Level, PoseNetwork
from ..networks.costs import cost
from ..networks.model import card_of
from .people import StudyError

LAST = "last"
Size = tuple[int, int]


@dataclass(frozen=True)
class Variant:
    """One way to ask a network.

    network -- the name it was given for the study; size -- (height, width) of the input; upsampling -- a stop
    level   -- where the answer is taken: "last", or the name of one of the network's levels
    cut     -- the place of networks/silence.py that is cut, "" for none
    """

    network: str
    size: Size
    upsampling: str
    level: str = LAST
    cut: str = ""

    @property
    def key(self) -> str:
        key = f"{self.network}|{self.size[0]}x{self.size[1]}|{self.upsampling}|{self.level}"
        return f"{key}|{self.cut}" if self.cut else key


def open_network(name: str, device: torch.device | str, fields: Mapping[str, Any] | None = None) -> PoseNetwork:
    """A network by its name in the zoo or by its file, in eval mode, with its card. Raises as zoo.open does.

    fields -- what tensors cannot tell of files, see zoo.open; of the zoo's networks all is known
    """
    known = fields if fields and zoo.is_file(name) else {}
    # Channels last: a third faster on a CPU, not slower on a GPU. The network is ours alone, so it may be rearranged.
    net = zoo.posing(zoo.open(name, device, **known))
    return net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def stops(net: PoseNetwork) -> tuple[str, ...]:
    """The stops of the slider that a network can take: its own alone where it marks no place."""
    return up.STOPS if net.places else (card_of(net).upsampling,)


def stop(net: PoseNetwork, asked: str | None) -> str:
    """The stop that was asked for, or the one it was trained with. Raises StudyError for one it cannot take."""
    if asked is not None and up.check(asked) not in stops(net):
        raise StudyError("study.stop", network=card_of(net).title, own=card_of(net).upsampling, asked=asked)
    return asked or card_of(net).upsampling


def levels(net: PoseNetwork) -> dict[str, Level | None]:
    """Where an answer can be read on the way, in order, by name; the output alone where a network does not say."""
    return {level.name: level for level in getattr(net, "levels", ())} or {LAST: None}


def answers(net: PoseNetwork, x: Tensor, upsampling: str, wanted: Sequence[str], cut: str = "") -> list[Tensor]:
    """One forward pass (N, 3, H, W) -> (N, J, H/4, W/4) for each of the wanted levels; cut -- a place.

    Of all that a trace would hold, only these maps are kept: a batch of traces is gigabytes.
    """
    at, found = {}, {}
    if set(wanted) != {LAST}:
        at = {level.tap: level for name, level in levels(net).items() if level and name in wanted}

    def keep(name: str, tensor: Tensor, **_: object) -> Tensor:
        if name in at:
            found[at[name].name] = net.answer(at[name], tensor)
        return tensor

    more = {"silence": {cut: "zero"}} if cut else {}  # a stranger takes none
    maps = net(x, upsampling, keep, **more) if at else net(x, upsampling, **more)
    found[LAST] = maps[-1]
    return [found[name] for name in wanted]


def multiply_adds(net: PoseNetwork, level: str, height: int, width: int) -> int:
    """Multiply-adds of the convolutions until a level's answer can be read; see networks/costs.py for the unit."""
    return cost(net, height, width, until=levels(net).get(level)).macs
