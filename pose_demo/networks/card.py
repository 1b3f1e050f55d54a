"""The card: what must be known of a network beside its weights, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import weights
from ..decode import CELLS
from ..joints import PEOPLE, JointSet, joint_set
from ..locales import Said, UserError, said
from . import mmpose_compat
from .upsampling import check

UNTRAINED = "-untrained"
MMPOSE = "mmpose-"

#: Mean and standard deviation of RGB in 0..1 by which a photo is normalised, by the card's word for it.
NORMALISATION: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "mpii": ((0.4404, 0.4440, 0.4327), (1.0, 1.0, 1.0)),  # bearpaw's and anibali's trainers only subtract
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


def titled(architecture: str, which: str, size: tuple[int, int]) -> str:
    """For people: "HRNet-W32 (MPII 256x256)"."""
    family, _, rest = architecture.removeprefix(MMPOSE).partition("-")
    body = {"hrnet": "HRNet", "hourglass52": "Hourglass-52", "ssdlite320": "SSDLite320"}.get(
        family, family.capitalize()
    )
    body += f"-{rest.capitalize()}" if rest else ""
    through = "MMPose " if architecture.startswith(MMPOSE) else ""
    return f"{through}{body} ({which} {size[0]}x{size[1]})"


def short(title: str) -> str:
    """A title without data set and size: "HRNet-W32"."""
    return title.partition(" (")[0]


class CardError(UserError):
    """A card says what nobody here understands; the message lists what there is."""


@dataclass(frozen=True)
class Card:
    """Every network has one, as `net.card`.

    name          -- as the zoo knows it, or the file's name; title -- for people: "HRNet-W32 (MPII 256x256)"
    architecture  -- as zoo.build knows it, or in the same manner: "hrnet-w40"
    joints        -- what its heatmaps' channels are, in their order
    input         -- (height, width) in pixels
    normalisation -- a key of NORMALISATION
    cells         -- "centre" or "corner", see decode.py
    flip_shift    -- in a flip test the mirrored maps move one cell to the right; None: as its cells ask for
    upsampling    -- the slider's stop that the weights were trained with
    status        -- "published", "trained briefly on a GPU", "untrained", ... as it must be said beside its results
    licence, source, sha256 -- of the weights; None if there are none
    entry         -- the weights' manifest entry, None for an untrained network and one of your own
    assumed       -- which of these nobody told and no tensor shows: taken for granted, and to be said so
    training      -- how `train` made the weights, as it wrote that down; empty where it did not make them
    """

    name: str
    title: str
    architecture: str
    joints: JointSet
    input: tuple[int, int]
    normalisation: str = "imagenet"
    cells: str = "centre"
    flip_shift: bool | None = None
    upsampling: str = "nearest"
    status: str = "untrained"
    licence: str | None = None
    source: str | None = None
    sha256: str | None = None
    entry: weights.Entry | None = None
    assumed: tuple[str, ...] = ()
    training: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def short(self) -> str:
        return short(self.title)

    def __post_init__(self) -> None:
        for name, known in (("normalisation", tuple(NORMALISATION)), ("cells", CELLS)):
            if (given := getattr(self, name)) not in known:
                raise CardError("card.unknown", name=self.name, field=name, given=repr(given), known=", ".join(known))
        check(self.upsampling)
        if self.flip_shift not in (None, True, False):
            given = repr(self.flip_shift)
            raise CardError("card.unknown", name=self.name, field="flip_shift", given=given, known="on, off")
        size = self.input
        if len(size) != 2 or not all(isinstance(side, int) and 0 < side <= 4096 for side in size):
            raise CardError("card.input", name=self.name, given=repr(size))
        if self.flip_shift is None:
            object.__setattr__(self, "flip_shift", self.cells == "corner")

    @classmethod
    def of(cls, entry: weights.Entry, name: str, architecture: str) -> Card:
        """The card that an entry of the manifest is, for weights of that name in a body of that architecture."""
        joints = joint_set(entry.joints)
        own = entry.embedded and name.startswith(architecture)  # one of several of a body: "hourglass-tiny-2-last"
        return cls(
            name, titled(name if own else architecture, joints.title, entry.input), architecture, joints,
            entry.input, entry.normalisation, entry.cells, entry.flip_shift, entry.upsampling, entry.trained,
            entry.licence, entry.source, entry.sha256, None, entry.assumed, entry.training or {},
        )  # fmt: skip

    @property
    def surroundings(self) -> dict[str, str]:
        """What no tensor shows, as people write it and zoo.open takes it: {"input": "256x192", "cells": "centre"}."""
        return {
            "joints": self.joints.text, "input": "x".join(map(str, self.input)), "normalisation": self.normalisation,
            "cells": self.cells, "flip_shift": "on" if self.flip_shift else "off", "upsampling": self.upsampling,
        }  # fmt: skip

    @property
    def granted(self) -> list[Said]:
        """What is taken for granted, for people: "input 256x192", "normalisation imagenet"; [] if nothing is."""
        values = {**self.surroundings, "joints": self.joints.name}
        return [said(f"granted.{field}", value=values[field]) for field in self.assumed]

    @property
    def poses(self) -> bool:
        """Whether it answers with joints: a finder of people is nobody's pose network."""
        return self.joints != PEOPLE

    @property
    def last_alone(self) -> bool:
        """Whether it was trained without intermediate supervision: no heatmaps but the last ones had a loss."""
        recipe = self.training.get("recipe")
        return isinstance(recipe, Mapping) and recipe.get("supervise") == "last"

    @property
    def trained(self) -> bool:
        return self.status != "untrained"

    @property
    def available(self) -> bool:
        """Its weights are here (or it needs none) and what runs it is installed."""
        if self.architecture.startswith(MMPOSE) and not mmpose_compat.available():
            return False
        return self.entry is None or weights.find(self.entry.name) is not None
