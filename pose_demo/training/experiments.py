"""What is to be trained, in order: the queue. One recipe a list, one data set, one thing changed at a time.

`python -m pose_demo train --queue pair people small --data DIR DIR --out DIR` works through what is not finished, each
in a folder of its name, with those folders of the data that are of its task; any number of such calls share the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..locales import UserError
from .recipe import PeopleRecipe, Recipe

SEEDS = 3


@dataclass(frozen=True)
class Experiment:
    """One training run.

    asks -- the question that it helps to answer; network, options -- the body
    task -- "pose", or "people": the finder, which learns from whole photos (people.py)
    begun -- what it goes on from: the name of an earlier run of the queue, or of weights that ship; None: anew
    """

    name: str
    asks: str
    network: str
    recipe: Recipe
    options: dict[str, Any] = field(default_factory=dict)
    begun: str | None = None
    task: str = "pose"

    def start(self, out: Path, shipped: Path) -> Path | None:
        """The file that this run begins from: of a run in `out`, or of the folder of shipped weights."""
        if self.begun is None:
            return None
        run = out / self.begun / "best.pt"
        return run if run.exists() else shipped / f"{self.begun}.safetensors"


def _seeded(experiments: Sequence[Experiment]) -> tuple[Experiment, ...]:
    """Each with three seeds, so that a difference can be told from chance; all of them once before any again."""
    return tuple(
        replace(one, name=f"{one.name}-seed{seed}", recipe=replace(one.recipe, seed=seed))
        for seed in range(SEEDS)
        for one in experiments
    )


_PAIR = Recipe(1_100_000, size=128, batch=64, rate=1.5e-3, sigma=1.5)
_SMALL = Recipe(200_000, size=96, batch=32, sigma=1.5)
_BOTTOM = Recipe(200_000, size=128, batch=32, sigma=1.5)
_FULL = Recipe(1_700_000)  # about 80 epochs of both data sets
_SUPERVISED, _LAST = "what is intermediate supervision worth?", {"supervise": "last"}
_BILINEAR = {"upsampling": "bilinear"}

_SMALL_ONES = (
    Experiment("hourglass-tiny-2", "two stacks: what all others are compared with", "hourglass-tiny-2", _SMALL),
    Experiment("hourglass-tiny-2-last", _SUPERVISED, "hourglass-tiny-2", replace(_SMALL, **_LAST)),
    Experiment("hourglass-tiny-1", "what do more stacks add?", "hourglass-tiny-1", _SMALL),
    Experiment("hourglass-tiny-4", "what do more stacks add?", "hourglass-tiny-4", _SMALL),
    Experiment("hrnet-tiny", "nearest, basic units: what all others are compared with", "hrnet-tiny", _SMALL),
    Experiment("hrnet-tiny-bilinear", "does bilinear fusion help?", "hrnet-tiny", replace(_SMALL, **_BILINEAR)),
    Experiment("hrnet-tiny-bottleneck", "do Bottleneck units help at equal cost?", "hrnet-tiny-bottleneck", _SMALL),
)
_BOTTOM_ONES = tuple(
    Experiment(
        f"hourglass-slim-depth{depth}", "is the 4x4 bottom too small?", "hourglass-slim", _BOTTOM, {"depth": depth}
    )
    for depth in (3, 2)
)
#: Of cells twice as large half as many keep the Gaussian as wide in the photo, as in the configurations of HRNet's
#: authors: 2 cells where a map has 64x48, 3 where it has 96x72.
_HALF_AS_FINE = replace(_SMALL, sigma=_SMALL.sigma / 2)
_BRANCH_ONES = (
    Experiment("hrnet-tiny-branch1", "heatmaps from which branch?", "hrnet-tiny", _HALF_AS_FINE, {"head_branch": 1}),
    *(Experiment(f"hrnet-tiny-fusions{n}", "what do more fusions add?", "hrnet-tiny", _SMALL, {"fusions": n})
      for n in (1, 2)),
)  # fmt: skip
_FULL_ONES = (
    Experiment("hrnet-w18", "nearest, basic units: what all others are compared with", "hrnet-w18", _FULL),
    Experiment("hourglass-2", "two stacks: what all others are compared with", "hourglass-2", _FULL),
    Experiment("hrnet-w18-bilinear", "does bilinear fusion help?", "hrnet-w18", replace(_FULL, **_BILINEAR)),
    Experiment("hrnet-w18-bottleneck", "do Bottleneck units help at equal cost?", "hrnet-w18-bottleneck", _FULL),
    Experiment("hourglass-1", "what do more stacks add?", "hourglass-1", _FULL),
    Experiment("hourglass-4", "what do more stacks add?", "hourglass-4", _FULL),
    Experiment("hourglass-2-last", _SUPERVISED, "hourglass-2", replace(_FULL, **_LAST)),
    Experiment("hourglass-2-bottom8", "is the 4x4 bottom too small?", "hourglass-2-bottom8", _FULL),
)

#: The lists of the queue, in the order in which they are due; "full" wants a GPU.
QUEUE: dict[str, tuple[Experiment, ...]] = {
    "pair": tuple(
        Experiment(f"{network}-b64", "the embedded pair", network, replace(_PAIR, photos=photos), begun=network)
        for network, photos in (("hrnet-slim", 1_100_000), ("hourglass-slim", 750_000))
    ),
    "people": tuple(
        Experiment(name, asks, "finder", PeopleRecipe(60_000), options, begun, "people")
        for name, asks, options, begun in (
            ("finder", "the finder of people", {}, "hrnet-slim"),
            ("finder-16", "is a narrower finder enough?", {"width": 16}, "hrnet-tiny"),
        )
    ),
    "small": _seeded(_SMALL_ONES),
    "bottom": _seeded(_BOTTOM_ONES),
    "branches": _seeded(_BRANCH_ONES),
    "full": _seeded(_FULL_ONES),
}


def chosen(names: list[str]) -> list[Experiment]:
    """The experiments of lists, or single ones, by name. Raises UserError that lists what there is."""
    single = {one.name: one for listed in QUEUE.values() for one in listed}
    if unknown := [name for name in names if name not in QUEUE and name not in single]:
        near = ", ".join(get_close_matches(unknown[0], single, 5, 0.3))
        raise UserError("train.no_experiment", name=repr(unknown[0]), lists=", ".join(QUEUE), near=near)
    return [one for name in names for one in (QUEUE[name] if name in QUEUE else (single[name],))]
