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
from ..joints import LSP, JointSet, channels, joint_set
from ..locales import UserError
from . import checkpoints, foreign, fresh, memory, reference
from .base import PoseNetwork
from .card import MMPOSE, UNTRAINED, Card, titled
from .files import Contents, contents
from .finder import PeopleFinder
from .hourglass import StackedHourglass
from .hrnet import HRNet
from .model import card_of, device, tensor, wait

__all__ = [
    "ARCHITECTURES", "UnknownNetwork", "add", "build", "card", "checkpoints", "device", "finders", "is_file", "load",
    "names", "open", "posing", "shared", "wait",
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


#: The weights by which people are found where no box is given.
FINDER = "finder"


class UnknownNetwork(UserError):
    """The zoo has no network, or no architecture, of that name; the message lists what there is."""


def names() -> list[str]:
    """Every network: the embedded pair, published weights, the same through MMPose, untrained controls."""
    entries = weights.manifest()
    shipped = sorted((n for n in entries if card(n).poses), key=lambda name: not entries[name].embedded)
    through = [MMPOSE + n for n, e in entries.items() if e.network.startswith("hrnet-w") and e.url]
    return shipped + list(_own) + through + [a + UNTRAINED for a in ARCHITECTURES if _untrained(a).poses]


def finders() -> list[str]:
    """Everything by which people can be found, the network that ships first (networks/finder.py, detector.py)."""
    return sorted((n for n in weights.manifest() if not card(n).poses), key=lambda name: name != FINDER)


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
    if name.endswith(UNTRAINED) and body in ARCHITECTURES and (known := _untrained(body)).poses:
        return known
    raise UnknownNetwork("zoo.unknown", name=repr(name), known=", ".join(names()))


def _untrained(body: str, joints: JointSet = LSP, upsampling: str = "nearest") -> Card:
    made = ARCHITECTURES[body]
    joints = joint_set(own) if (own := getattr(made, "func", made).answers) else joints
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
    net.card = _untrained(architecture, channels(joints), net.trained_upsampling)
    return net


def load(name: str, device: torch.device | str | None = None) -> PoseNetwork:
    """A network in eval mode with its weights in place, on `device` (default: the CPU). An untrained one has batch
    norm's statistics from a few photos (fresh.py): as in training, and not as `build` leaves them.

    Raises UnknownNetwork, WeightsMissing (FileNotFoundError) with the remedy where its weights are not here, and
    MMPoseMissing where it runs through MMPose and MMPose is not installed.
    """
    known = card(name)
    if not known.poses and known.architecture not in ARCHITECTURES:  # a detector: detector.py has it
        raise UserError("zoo.no_pose", name=known.title)
    if known.entry is None and name not in _own:
        net = foreign.ready(build(known.architecture, len(known.joints)), known)
        fresh.settle(net, tensor(fresh.photos(known.input), net))
    else:
        content = _weights(known)
        if known.name.startswith(MMPOSE):
            net = reference.build(known.architecture, len(known.joints), content)
        elif known.entry and known.architecture in ARCHITECTURES:
            net = checkpoints.load(build(known.architecture, len(known.joints)), content)
        else:
            net = foreign.body(content)
    return foreign.ready(net, known).to(device or "cpu")


def _weights(known: Card) -> Contents:
    """What the file of a network holds. Raises WeightsCorrupt for one that is not what its card means."""
    if known.entry:
        file = weights.locate(known.entry.name)
        content = contents(file)
        weights.check(file, known.entry, content.sha256)
        return content
    content = contents(_own[known.name][0])
    if content.sha256 != known.sha256:
        raise weights.WeightsCorrupt("weights.replaced", file=known.title, wanted=known.sha256, found=content.sha256)
    return content


_own: dict[str, tuple[Path, Card]] = {}


def add(file: str | Path, name: str | None = None, **fields: Any) -> Card:
    """Puts a file of one's own into the zoo of this process: its card's name means it from then on, at every door.

    name -- what people call the file, where that is another name than the file has; fields -- as in `open`, and
            part of the name: with another field it is another network
    """
    file = Path(file)
    found, called = card_of(posing(foreign.from_file(file, ARCHITECTURES, fields))), name or file.name
    known = "-".join([called, (found.sha256 or "")[:8], *(str(value)[:20] for value in fields.values())])
    title = called if found.title == str(file) else found.title
    _own[known] = file, replace(found, name=known, title=title)
    return _own[known][1]


def is_file(what: str | Path) -> bool:
    """Whether a name means a file: one that lies there, or one that looks like weights and is no name of the zoo."""
    if isinstance(what, str) and (what in _own or weights.canonical(what) in names()):
        return False
    return Path(what).is_file() or Path(what).suffix in (".pth", ".pt", ".tar", ".safetensors", ".ckpt", ".bin")


def open(what: str | Path | nn.Module, device: torch.device | str | None = None, **fields: Any) -> PoseNetwork:
    """A network with its card, in eval mode: of the zoo by its name, of one's own by its file, or a module.

    device -- default: the CPU, and for a module where it is
    fields -- of the card, which tensors cannot tell and you know better: joints (a set's name, or names in order),
              input (height, width), normalisation, cells, flip_shift, upsampling (that it was trained with), title.
              What nobody tells is taken for granted, and stands in net.card.assumed.

    Raises UnknownNetwork, CheckpointError, CardError, FileNotFoundError (WeightsMissing names the remedy).
    """
    if isinstance(what, nn.Module):
        net = foreign.from_module(what, fields)
        return net if device is None else net.to(device)
    if is_file(what):
        return foreign.from_file(Path(what).expanduser(), ARCHITECTURES, fields).to(device or "cpu")
    net = load(str(what), device)
    return foreign.ready(net, foreign.tell(card_of(net), fields))


def posing(net: PoseNetwork) -> PoseNetwork:
    """The same network. Raises UserError for one that says where people are and knows no joints."""
    if not (known := card_of(net)).poses:
        raise UserError("zoo.no_pose", name=known.title)
    return net


_loading = threading.Lock()


def shared(what: str | Path | nn.Module, device: torch.device | str = "cpu") -> PoseNetwork:
    """As `open`, but loaded once for all who ask: a call never changes a network, so that sharing is safe.

    A module comes back with its card, where it is. Where the device has no room for the weights the network lies on the
    CPU, and its answers say so.
    """
    if isinstance(what, nn.Module):
        return open(what)
    with _loading:  # a file of that name may be another now, and one of one's own have another card
        version = _stamp(Path(what)) if Path(what).is_file() else _own.get(str(what))
        return _loaded(str(what), str(device), version)


def _stamp(file: Path) -> tuple[int, ...]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=6)
def _loaded(what: str, device: str, version: Any) -> PoseNetwork:
    return memory.placed(partial(open, what), device)
