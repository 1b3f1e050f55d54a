"""A network of one's own: a file that the manifest does not know, or a module that somebody made.

What the tensors show (architecture, width, stacks, stem, unit, number of joints) is read from them. What they cannot
show (FIELDS) is told by who knows, or by what lies with the weights: `train`'s best.pt, a card NAME.toml beside the
file. The rest is taken for granted as the layout's published weights have it, and the card says so (`assumed`).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import weights
from ..joints import JOINT_SETS, JointSet, channels, joint_set
from ..locales import UserError
from . import checkpoints, layouts, reference
from .base import PoseNetwork
from .card import Card, CardError, titled
from .files import CheckpointError, Contents, contents
from .upsampling import Request

#: What nobody can read from tensors: the keyword arguments of zoo.open.
FIELDS = ("joints", "input", "normalisation", "cells", "flip_shift", "upsampling")
_USUAL = {"normalisation": "imagenet", "cells": "centre", "upsampling": "nearest", "flip_shift": None}
_FILE, _MODULE, _RUN = "your own file", "your own module", "a training run"


class Stranger(PoseNetwork):
    """A module that is no network of ours, with the call of one: nothing in it can be enlarged otherwise or traced.

    module -- (N, 3, H, W) -> heatmaps (N, J, h, w), or a list of them of which the last is the answer
    """

    taps = False
    # Nobody says where else than at its end an answer can be read.
    levels = ()  # pyright: ignore[reportAssignmentType, reportIncompatibleVariableOverride]

    def __init__(self, module: nn.Module, joints: int, stop: str):
        super().__init__()
        self.module, self.joints = module, joints
        self.multiple, self.places, self.trained_upsampling = 1, {}, stop

    def trace(self, x: Tensor, upsampling: Request = None, *_: Any, **__: Any) -> Any:
        """Raises UserError: there is none."""
        raise UserError("network.no_trace", network=_name(self.module))

    def _run(self, x: Tensor, *_: Any) -> list[Tensor]:
        found = self.module(x)
        return [found] if isinstance(found, Tensor) else list(found)


def from_module(module: nn.Module, fields: dict[str, Any]) -> PoseNetwork:
    """The module with a card, in eval mode, on the device where it is. Raises CardError where it gives no heatmaps."""
    module.eval()
    if isinstance(module, PoseNetwork):
        net = module
        known = net.card or _card(_name(module), channels(net.joints), {"upsampling": net.trained_upsampling}, _MODULE)
    else:
        known = _card(_name(module), channels(1), {}, _MODULE)
        net = Stranger(module, _count(module, _input(fields.get("input") or known.input)), known.upsampling)
        known = replace(known, joints=channels(net.joints))
    return _carded(net, tell(known, fields))


def _name(module: nn.Module) -> str:
    return type(module).__name__


def _carded(net: PoseNetwork, card: Card) -> PoseNetwork:
    """The network with this card: it says the stop of the training too; what is answered, where a family does not."""
    if net.answers:
        card = replace(card, joints=joint_set(net.answers), assumed=tuple(f for f in card.assumed if f != "joints"))
    net.card, net.trained_upsampling = card, card.upsampling
    return net.eval()


def ready(net: PoseNetwork, card: Card) -> PoseNetwork:
    """A network that was loaded, with its card: only to be asked. Raises CardError where the input does not fit it."""
    if any(side % net.multiple for side in card.input):
        size = "x".join(map(str, card.input))
        raise CardError("card.multiple", name=card.title, given=size, multiple=net.multiple)
    return _carded(net, card).requires_grad_(False)


def _count(module: nn.Module, size: tuple[int, int]) -> int:
    """How many heatmaps a module gives, by trying."""
    where = next(module.parameters(), torch.zeros(1))
    with torch.inference_mode():
        found = module(torch.zeros(1, 3, *size, device=where.device, dtype=where.dtype))
    last = found if isinstance(found, Tensor) else list(found)[-1]
    if not isinstance(last, Tensor) or last.ndim != 4:
        raise CardError("card.no_heatmaps", name=_name(module))
    return last.shape[1]


def body(content: Contents) -> PoseNetwork:
    """The network that the tensors show, with these weights, and no card. Raises CheckpointError where they fit none
    of ours, MMPoseMissing.
    """
    found = layouts.recognise(content)
    if found.layout.family is None:
        heads = [t for name, t in found.tensors.items() if "final_layer" in name and name.endswith("weight")]
        return reference.build("mmpose-hourglass52", heads[-1].shape[0] if heads else 17, content)
    options = layouts.options(found)
    try:
        with torch.device("meta"):  # no memory is taken for a network that the file does not fill
            checkpoints.fit(found.layout.family(**options), found, content.name)
    except (RuntimeError, ZeroDivisionError):
        raise CheckpointError("checkpoint.no_body", file=content.name, layout=found.layout.name) from None
    return checkpoints.load(found.layout.family(**options), content)


def from_file(file: Path, bodies: dict[str, Any], fields: dict[str, Any]) -> PoseNetwork:
    """The network that a file's tensors show, with its weights in place and its card.

    bodies -- zoo.ARCHITECTURES, for its name

    Raises as `body`, and CardError, WeightsMissing.
    """
    content = contents(file)
    net, layout = body(content), layouts.recognise(content)
    name = "mmpose-hourglass52" if layout.layout.family is None else _called(net, layouts.options(layout), bodies)
    known = _file_card(file, content, name, net.joints, layout.layout)
    return ready(net, replace(tell(known, fields), architecture=name, sha256=content.sha256))


def _called(net: PoseNetwork, options: dict[str, Any], bodies: dict[str, Any]) -> str:
    """The zoo's name for a body of these options, or one in its manner: "hrnet-w40", "hourglass-3"."""
    usual = {name: p.default for name, p in inspect.signature(type(net)).parameters.items()}
    wanted = {**usual, **options, "joints": None}
    for name, make in bodies.items():
        make = make if isinstance(make, partial) else partial(make)  # it may be the class alone
        if make.func is type(net) and {**usual, **make.keywords, "joints": None} == wanted:
            return name
    short = f"hrnet-w{options['width']}" if "width" in options else f"hourglass-{options['stacks']}"
    short += "-bottleneck" if options.get("unit") == "bottleneck" else ""
    return f"{short}-own" if short in bodies else short


def _file_card(file: Path, content: Contents, name: str, joints: int, layout: layouts.Layout) -> Card:
    """What lies with the weights: a training run's record, a card beside them; else what their layout usually has."""
    beside = file.with_suffix(".toml")
    if recipe := content.record.get("recipe"):
        size, which = int(recipe["size"]), content.network.get("joints", "")
        known = {
            "input": (size, size),
            "upsampling": recipe["upsampling"],
            "title": titled(name, file.parent.name or file.name, (size, size)),
        }
        return Card(
            str(file), architecture=name, status=_RUN, training=content.record, **known,
            joints=joint_set(which) if which in JOINT_SETS else channels(joints),
        )  # fmt: skip
    if beside.is_file():
        return Card.of(weights.beside(beside), str(file), name)
    small = "-slim" in name or "-tiny" in name
    size = (256, 192) if joints == 17 and name.startswith("hrnet") else (128, 128) if small else (256, 256)
    card = _card(file.name, channels(joints), {}, _FILE)
    return replace(card, name=str(file), input=size, flip_shift=None, **layout.usual)


def _card(name: str, joints: JointSet, known: dict[str, Any], status: str) -> Card:
    """A card of usual values; `assumed` are all that nobody has told yet."""
    given = {**_USUAL, "input": (256, 256), **known, "joints": joints}
    return Card(name, name, name, status=status, assumed=tuple(f for f in FIELDS if f not in known), **given)


def tell(card: Card, fields: dict[str, Any]) -> Card:
    """The card with what somebody knows better. Raises CardError for a field that there is not, or a value."""
    fields = {field: value for field, value in fields.items() if value is not None}
    title = fields.pop("title", None)
    if strange := fields.keys() - set(FIELDS):
        raise CardError("card.field", given=", ".join(sorted(strange)), known=", ".join((*FIELDS, "title")))
    assumed = tuple(field for field in card.assumed if field not in fields)
    if "input" in fields:
        fields["input"] = _input(fields["input"])
    if "joints" in fields:
        fields["joints"] = _joints(card, fields["joints"])
    if "flip_shift" in fields:
        fields["flip_shift"] = {"on": True, "off": False}.get(fields["flip_shift"], fields["flip_shift"])
    if "cells" in fields:
        fields.setdefault("flip_shift", None)  # the new cells ask for
    card = replace(card, assumed=assumed, **fields)
    return replace(card, title=title or card.title)


def _input(size: Any) -> tuple[int, int]:
    """256, (256, 192) or "256x192" -> height, width."""
    if isinstance(size, str):
        parts = size.lower().split("x")
        size = [int(part) if part.strip().isdigit() else part for part in parts]
        size = size * 2 if len(size) == 1 else size
    return (size, size) if isinstance(size, int) else tuple(size)


def _joints(card: Card, which: str | Sequence[str] | JointSet) -> JointSet:
    found = which if isinstance(which, JointSet) else joint_set(which)
    if len(found) != len(card.joints) or len(set(found.joints)) != len(found):
        raise CardError(
            "card.joints", name=card.name, given=len(set(found.joints)), count=len(card.joints),
            known=", ".join(JOINT_SETS),
        )  # fmt: skip
    return found
