"""A network of one's own: a file that the manifest does not know, or a module that somebody made.

What the tensors show (architecture, width, stacks, stem, unit, number of joints) is read from them. What they cannot
show (FIELDS) is told by who knows, or by what lies with the weights: `train`'s best.pt, a card NAME.toml beside the
file. The rest is taken for granted as the layout's published weights have it, and the card says so (`assumed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import weights
from ..download import sha256_of
from ..joints import JOINT_SETS, JointSet, channels
from . import checkpoints, layouts, reference
from .base import PoseNetwork
from .card import Card, CardError
from .files import Contents, contents
from .silence import Silence
from .trace import TapFunction, ignore
from .upsampling import Request

#: What nobody can read from tensors: the keyword arguments of zoo.open.
FIELDS = ("joints", "input", "normalisation", "cells", "flip_shift", "upsampling")
_USUAL = {"normalisation": "imagenet", "cells": "centre", "upsampling": "nearest", "flip_shift": None}
_FILE, _MODULE, _RUN = "your own file", "your own module", "a training run"


class Stranger(PoseNetwork):
    """A module that is no network of ours, with the call of one: nothing in it can be enlarged otherwise or traced.

    module -- (N, 3, H, W) -> heatmaps (N, J, h, w), or a list of them of which the last is the answer
    """

    # Nobody says where else than at its end an answer can be read.
    levels = ()  # pyright: ignore[reportAssignmentType, reportIncompatibleVariableOverride]

    def __init__(self, module: nn.Module, joints: int, stop: str):
        super().__init__()
        self.module, self.joints = module, joints
        self.multiple, self.places, self.trained_upsampling = 1, {}, stop

    def forward(
        self, x: Tensor, upsampling: Request = None, tap: TapFunction = ignore, silence: Silence | None = None
    ) -> list[Tensor]:
        """The stop of the slider reaches nothing in here. Raises SilenceError where something is to be cut."""
        return super().forward(x, None, tap, silence)

    def trace(self, x: Tensor, upsampling: Request = None, *_: Any, **__: Any) -> Any:
        """Raises ValueError: there is none."""
        raise ValueError(f"a {type(self.module).__name__} leaves no trace; only networks of this project do")

    def _run(self, x: Tensor, *_: Any) -> list[Tensor]:
        found = self.module(x)
        return [found] if isinstance(found, Tensor) else list(found)


def from_module(module: nn.Module, told: dict[str, Any]) -> PoseNetwork:
    """The module with a card, in eval mode, on the device where it is. Raises CardError where it gives no heatmaps."""
    module.eval()
    if isinstance(module, PoseNetwork):
        net = module
        known = net.card or _card(_name(module), channels(net.joints), {"upsampling": net.trained_upsampling}, _MODULE)
    else:
        known = _card(_name(module), channels(1), {}, _MODULE)
        size = _input(told.get("input") or known.input)
        net = Stranger(module, _count(module, size), (told.get("upsampling") or "nearest"))
        known = replace(known, joints=channels(net.joints))
    net.card = tell(known, told)
    return net


def _name(module: nn.Module) -> str:
    return type(module).__name__


def _count(module: nn.Module, size: tuple[int, int]) -> int:
    """How many heatmaps a module gives, by trying."""
    where = next(module.parameters(), torch.zeros(1))
    with torch.inference_mode():
        found = module(torch.zeros(1, 3, *size, device=where.device, dtype=where.dtype))
    last = found if isinstance(found, Tensor) else list(found)[-1]
    if not isinstance(last, Tensor) or last.ndim != 4:
        raise CardError("card.no_heatmaps", name=_name(module))
    return last.shape[1]


def from_file(file: Path, bodies: dict[str, Any], told: dict[str, Any]) -> PoseNetwork:
    """The network that a file's tensors show, with its weights in place and its card.

    bodies -- zoo.ARCHITECTURES, for its name

    Raises CheckpointError for what is no checkpoint or fits no network of ours, CardError, FileNotFoundError.
    """
    content = contents(file)
    found = layouts.recognise(content)
    if found.layout.family is None:
        body, options = "mmpose-hourglass52", {}
        heads = [t for name, t in found.tensors.items() if "final_layer" in name and name.endswith("weight")]
        net = reference.build(body, heads[-1].shape[0] if heads else 17, content)
    else:
        options = layouts.options(found)
        net = found.layout.family(**options, trained_upsampling=(told.get("upsampling") or "nearest"))
        checkpoints.load(net, content)
        body = _body(found.layout.family, options, bodies)
    known = _file_card(file, content, body, net.joints, found.layout)
    net.card = replace(tell(known, told), architecture=body, sha256=sha256_of(file))
    if any(side % net.multiple for side in net.card.input):
        size = "x".join(map(str, net.card.input))
        raise CardError("card.multiple", name=file.name, given=size, multiple=net.multiple)
    if net.places:
        net.trained_upsampling = net.card.upsampling
    return net.requires_grad_(False).eval()


def _body(family: type, options: dict[str, Any], bodies: dict[str, Any]) -> str:
    """The zoo's name for a body of these options, or one in its manner: "hrnet-w40", "hourglass-3"."""
    import inspect

    usual = {name: p.default for name, p in inspect.signature(family).parameters.items()}
    wanted = {**usual, **options, "joints": None}
    for name, make in bodies.items():
        if make.func is family and {**usual, **make.keywords, "joints": None} == wanted:
            return name
    short = f"hrnet-w{options['width']}" if "width" in options else f"hourglass-{options['stacks']}"
    return f"{short}-bottleneck" if options.get("unit") == "bottleneck" else short


def _file_card(file: Path, content: Contents, body: str, joints: int, layout: layouts.Layout) -> Card:
    """What lies with the weights: a training run's record, a card beside them; else what their layout usually has."""
    beside = file.with_suffix(".toml")
    if recipe := content.record.get("recipe"):
        size = int(recipe["size"])
        card = _card(file.name, channels(joints), {
            "input": (size, size), "normalisation": "imagenet", "cells": "centre", "upsampling": recipe["upsampling"],
            "joints": None, "flip_shift": None,
        }, _RUN)  # fmt: skip
        name = JOINT_SETS.get(content.network.get("joints", ""))
        title = f"{content.network.get('name', body)} ({file.parent.name or file.name}, {size}x{size})"
        return replace(card, name=str(file), title=title, joints=name if name and len(name) == joints else card.joints)
    if beside.is_file():
        entry = weights.beside(beside)
        title = f"{entry.name} ({entry.joints.upper()} {entry.input[0]}x{entry.input[1]})"
        return Card(
            str(file), title, body, JOINT_SETS[entry.joints], entry.input, entry.normalisation, entry.cells, None,
            entry.upsampling, entry.trained, entry.licence, entry.source,
        )  # fmt: skip
    small = body.endswith(("-slim", "-tiny")) or "-tiny-" in body
    size = (256, 192) if joints == 17 and body.startswith("hrnet") else (128, 128) if small else (256, 256)
    card = _card(file.name, channels(joints), {}, _FILE)
    return replace(card, name=str(file), input=size, flip_shift=None, **layout.usual)


def _card(name: str, joints: JointSet, known: dict[str, Any], status: str) -> Card:
    """A card of usual values; `assumed` are all that nobody has told yet."""
    given = {**_USUAL, "input": (256, 256), **known, "joints": joints}
    return Card(name, name, name, status=status, assumed=tuple(f for f in FIELDS if f not in known), **given)


def tell(card: Card, told: dict[str, Any]) -> Card:
    """The card with what somebody knows better. Raises CardError for a field that there is not, or a value."""
    told = {field: value for field, value in told.items() if value is not None}
    title = told.pop("title", None)
    if strange := told.keys() - set(FIELDS):
        raise CardError("card.field", given=", ".join(sorted(strange)), known=", ".join((*FIELDS, "title")))
    if "input" in told:
        told["input"] = _input(told["input"])
    if "joints" in told:
        told["joints"] = _joints(card, told["joints"])
    if "cells" in told:
        told.setdefault("flip_shift", None)  # the new cells ask for
    assumed = tuple(field for field in card.assumed if field not in told)
    card = replace(card, assumed=assumed, **told)
    return replace(card, title=title or card.title)


def _input(size: Any) -> tuple[int, int]:
    """256, (256, 192) or "256x192" -> height, width."""
    if isinstance(size, str):
        parts = size.lower().split("x")
        size = [int(part) if part.strip().isdigit() else part for part in parts]
        size = size * 2 if len(size) == 1 else size
    return (size, size) if isinstance(size, int) else tuple(size)


def _joints(card: Card, which: str | Sequence[str] | JointSet) -> JointSet:
    if isinstance(which, JointSet):
        found = which
    elif isinstance(which, str):
        found = JOINT_SETS.get(which) or channels([name.strip() for name in which.split(",")])
    else:
        found = channels(which)
    if len(found) != len(card.joints) or len(set(found.joints)) != len(found):
        raise CardError(
            "card.joints", name=card.name, given=len(set(found.joints)), count=len(card.joints),
            known=", ".join(JOINT_SETS),
        )  # fmt: skip
    return found
