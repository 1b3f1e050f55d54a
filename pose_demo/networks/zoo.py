"""The zoo: name -> network, joints, input size, weights, published figures.

An architecture ("hrnet-w32") is a body without weights: `build`. A network ("hrnet-w32-mpii") is an architecture
with weights of weights/manifest.toml: `load`. Any architecture with "-untrained" behind it is the control that
shows what training does. Names that begin with "mmpose-" run through MMPose's own code (reference.py).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .. import weights
from ..joints import JointSet, channels, joint_set
from ..locales import UserError
from . import checkpoints, foreign, reference
from .base import PoseNetwork
from .card import MMPOSE, UNTRAINED, Card, titled
from .files import contents
from .finder import PeopleFinder
from .hourglass import StackedHourglass
from .hrnet import HRNet
from .model import card_of, device, wait

__all__ = [
    "ARCHITECTURES", "UnknownNetwork", "add", "build", "card", "checkpoints", "device", "is_file", "load", "names",
    "open", "shared", "wait",
]  # fmt: skip

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
    # No pose network: it finds people in whole photos. hrnet-slim's body, so that its weights can be begun from.
    "finder": partial(PeopleFinder, width=24, units=2, modules=(1, 1, 1), stem=32),
    # The study note's proposal: Bottleneck units in stages 2 to 4, 4.30 GMAC at 256x256 where hrnet-w18 has 4.25.
    "hrnet-w18-bottleneck": partial(HRNet, width=48, unit="bottleneck"),
}


#: Bodies whose answer is no pose: nobody is offered them where a pose is asked for.
_NO_POSE = ("finder",)


class UnknownNetwork(UserError):
    """The zoo has no network, or no architecture, of that name; the message lists what there is."""


def names() -> list[str]:
    """Every network: the embedded pair, published weights, the same through MMPose, untrained controls."""
    entries = weights.manifest()
    shipped = sorted(entries, key=lambda name: not entries[name].embedded)
    through = [MMPOSE + n for n, e in entries.items() if e.network.startswith("hrnet-w") and e.url]
    return shipped + list(_own) + through + [a + UNTRAINED for a in ARCHITECTURES if a not in _NO_POSE]


def card(name: str) -> Card:
    """What is known of a network without loading it. Raises UnknownNetwork for one that the zoo has not."""
    if name in _own:
        return _own[name][1]
    entries, name = weights.manifest(), weights.canonical(name)
    entry = entries.get(name)
    if entry is None and name.startswith(MMPOSE):
        entry = entries.get(name.removeprefix(MMPOSE))
        entry = entry if entry and entry.network.startswith("hrnet-w") else None
    if entry is not None:
        architecture = entry.network if name == entry.name else MMPOSE + entry.network
        return replace(Card.of(entry, name, architecture), entry=entry)
    body = name.removesuffix(UNTRAINED)
    if name.endswith(UNTRAINED) and body in ARCHITECTURES and body not in _NO_POSE:
        return _untrained(body, joint_set("lsp"))
    raise UnknownNetwork("zoo.unknown", name=repr(name), known=", ".join(names()))


def _untrained(body: str, joints: JointSet, upsampling: str = "nearest") -> Card:
    side = 96 if "tiny" in body else 128 if "slim" in body else 256
    title = titled(body, "untrained", (side, side))
    return Card(body + UNTRAINED, title, body, joints, (side, side), upsampling=upsampling)


def build(architecture: str, joints: int = 17, seed: int = 0, **options: Any) -> PoseNetwork:
    """An untrained body, the same for the same seed: hrnet-w18, w32, w48, hourglass-1, 2, 4, 8 and the slim pair.

    options go to the class: `trained_upsampling`, a stem, a depth.
    """
    if architecture not in ARCHITECTURES:
        raise UnknownNetwork("zoo.no_body", name=repr(architecture), known=", ".join(ARCHITECTURES))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = ARCHITECTURES[architecture](joints=joints, **options)
    known = joint_set(net.answers) if net.answers else channels(joints)
    net.card = _untrained(architecture, known, net.trained_upsampling)
    return net


def load(name: str, device: torch.device | str | None = None) -> PoseNetwork:
    """A network in eval mode with its weights in place, on `device` (default: the CPU).

    Raises UnknownNetwork, WeightsMissing (FileNotFoundError) with the remedy where its weights are not here, and
    MMPoseMissing where it runs through MMPose and MMPose is not installed.
    """
    known = card(name)
    if known.entry is None:
        net = foreign.body(contents(_own[name][0])) if name in _own else build(known.architecture, len(known.joints))
    elif known.name.startswith(MMPOSE):
        net = reference.build(known.architecture, len(known.joints), weights.locate(known.entry.name))
    elif known.architecture in ARCHITECTURES:
        net = checkpoints.load(build(known.architecture, len(known.joints)), weights.locate(known.entry.name))
    else:
        net = foreign.body(contents(weights.locate(known.entry.name)))
    return foreign.ready(net, known).to(device or "cpu")


_own: dict[str, tuple[Path, Card]] = {}


def add(file: str | Path, name: str | None = None, **told: Any) -> Card:
    """Puts a file of one's own into the zoo of this process: its card's name means it from then on, at every door.

    name -- what people call the file, where that is another name than the file has; told -- as in `open`, and part
            of the name: told something else it is another network
    """
    file = Path(file)
    found, called = card_of(foreign.from_file(file, ARCHITECTURES, told)), name or file.name
    known = "-".join([called, (found.sha256 or "")[:8], *(str(value)[:20] for value in told.values())])
    title = called if found.title == str(file) else found.title
    _own[known] = file, replace(found, name=known, title=title)
    return _own[known][1]


def is_file(what: str | Path) -> bool:
    """Whether a name means a file: one that lies there, or one that looks like weights and is no name of the zoo."""
    if isinstance(what, str) and (what in _own or weights.canonical(what) in names()):
        return False
    return Path(what).is_file() or Path(what).suffix in (".pth", ".pt", ".tar", ".safetensors", ".ckpt", ".bin")


def open(what: str | Path | nn.Module, device: torch.device | str | None = None, **told: Any) -> PoseNetwork:
    """A network with its card, in eval mode: of the zoo by its name, of one's own by its file, or a module.

    device -- default: the CPU, and for a module where it is
    told   -- what tensors cannot tell and you know better: joints (a set's name, or names in order), input (height,
              width), normalisation, cells, flip_shift, upsampling (that it was trained with), title. What nobody
              tells is taken for granted, and stands in net.card.assumed.

    Raises UnknownNetwork, CheckpointError, CardError, FileNotFoundError (WeightsMissing names the remedy).
    """
    if isinstance(what, nn.Module):
        net = foreign.from_module(what, told)
        return net if device is None else net.to(device)
    if is_file(what):
        return foreign.from_file(Path(what).expanduser(), ARCHITECTURES, told).to(device or "cpu")
    net = load(str(what), device)
    return foreign.ready(net, foreign.tell(card_of(net), told))


_loading = threading.Lock()


def shared(what: str | Path | nn.Module, device: torch.device | str = "cpu") -> PoseNetwork:
    """As `open`, but loaded once for all who ask: a call never changes a network, so that sharing is safe.

    A module comes back with its card, where it is.
    """
    if isinstance(what, nn.Module):
        return open(what)
    with _loading:  # a file of that name may be another now, and one of one's own have another card
        version = Path(what).stat().st_mtime_ns if Path(what).is_file() else _own.get(str(what))
        return _loaded(str(what), str(device), version)


@lru_cache(maxsize=6)
def _loaded(what: str, device: str, version: Any) -> PoseNetwork:
    return open(what, device)
