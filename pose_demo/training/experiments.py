"""The controlled experiments: one recipe, one data set, one thing changed at a time.

`python -m pose_demo train --recipe all --data DIR --out DIR --minutes M --resume` works through what is not finished,
each in a folder of its name. The first two are the pair that ships.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .loop import Recipe

EPOCHS = 80.0


@dataclass(frozen=True)
class Plan:
    """One training run: what, how, and into which folder."""

    name: str
    network: str
    options: dict[str, Any]
    recipe: Recipe
    out: Path


@dataclass(frozen=True)
class Experiment:
    """asks -- the question; network, options -- the body; recipe -- what differs from the shared recipe."""

    asks: str
    network: str
    options: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)

    def plan(self, name: str, out: Path, given: dict[str, Any]) -> Plan:
        """The run in out/name; `given` changes the shared recipe for all alike, the experiment's own part wins."""
        recipe = Recipe(**{"epochs": None if "minutes" in given else EPOCHS, **given, **self.recipe})
        return Plan(name, self.network, self.options, recipe, out / name)


def _twice(name: str, experiment: Experiment) -> dict[str, Experiment]:
    """With a second seed, so that a ranking can be told from chance."""
    again = Experiment(experiment.asks, experiment.network, experiment.options, {**experiment.recipe, "seed": 1})
    return {name: experiment, f"{name}-seed1": again}


_PAIR = {
    "hrnet-w18": Experiment("the baseline: nearest, basic units", "hrnet-w18"),
    "hourglass-2": Experiment("two stacks: the pair to hrnet-w18", "hourglass-2"),
}
_BILINEAR = Experiment("does bilinear fusion help?", "hrnet-w18", {}, {"upsampling": "bilinear"})
_LAST = Experiment("what is intermediate supervision worth?", "hourglass-2", {}, {"supervise": "last"})
EXPERIMENTS: dict[str, Experiment] = {
    **_PAIR,
    **_twice("hrnet-w18", _PAIR["hrnet-w18"]),
    **_twice("hrnet-w18-bilinear", _BILINEAR),
    **_twice("hrnet-w18-bottleneck", Experiment("do Bottleneck units help at equal cost?", "hrnet-w18-bottleneck")),
    **_twice("hourglass-1", Experiment("what does one stack reach?", "hourglass-1")),
    **_twice("hourglass-2", _PAIR["hourglass-2"]),
    **_twice("hourglass-4", Experiment("what do four stacks add?", "hourglass-4")),
    "hourglass-2-last": _LAST,
    "hourglass-2-bottom8": Experiment("is the 4x4 bottom too small?", "hourglass-2-bottom8"),
}
