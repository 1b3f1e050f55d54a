"""What may be claimed of a trained difference: experiments of several seeds, held against each other seed by seed.

Runs of one seed saw the same photos in the same order with the same augmentation, so that two experiments differ, seed
by seed, in the one thing that is asked about.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from . import statistics as st
from .people import StudyError
from .questions import Question
from .shares import MAIN, Shares, counted, measures
from .study import Study

_SEEDED = re.compile(r"(?:.*[/\\])?([^/\\]+)-seed(\d+)(?:[/\\]best\.pt)?")
#: Seeds that must agree before a difference is called one.
ENOUGH = 3


class Seeds(Question):
    """Experiments (networks named NAME-seed0, NAME-seed1, ..., or their best.pt files): each against the first."""

    name = "seeds"

    def answer(self, study: Study) -> dict[str, Any]:
        people, joints = study.people, study.labels.joints
        shares = measures(study.points, people, joints, study.weights)[MAIN.name]
        experiments = _experiments(study)
        base, *others = experiments
        study.note("note.seeds", seeds=ENOUGH)
        return {
            "rows": [_row(study, shares, name, seeds) for name, seeds in experiments.items()],
            "tests": [_test(shares, (base, experiments[base]), (name, experiments[name])) for name in others],
            "counted": counted(people, joints),
        }


def _experiments(study: Study) -> dict[str, dict[int, str]]:
    """{experiment: {seed: column}} in the order in which they were named."""
    found: dict[str, dict[int, str]] = {}
    for variant in study.variants:
        if not (named := _SEEDED.fullmatch(variant.network)):
            raise StudyError("study.no_seed", network=variant.network)
        found.setdefault(named[1], {})[int(named[2])] = variant.key
    return found


def _row(study: Study, shares: Shares, name: str, seeds: dict[int, str]) -> dict[str, Any]:
    """The mean over the seeds, and what each of them reached."""
    samples = np.mean([shares.samples(column) for column in seeds.values()], axis=0)
    joints = int(shares.counted[next(iter(seeds.values()))][0].sum())
    return {
        **study.describe(next(iter(seeds.values()))), "column": name, "label": name, "network": name,
        "measures": {MAIN.name: {**st.estimate(samples), "joints": joints}},
        "seeds": {seed: st.number(shares.samples(column)[0]) for seed, column in seeds.items()},
    }  # fmt: skip


def _test(shares: Shares, a: tuple[str, dict[int, str]], b: tuple[str, dict[int, str]]) -> dict[str, Any]:
    """b less a: one paired difference a seed that both have, their mean, and what may be said of it."""
    both = sorted(a[1].keys() & b[1].keys())
    each = np.array([shares.samples(b[1][seed]) - shares.samples(a[1][seed]) for seed in both])
    mean = st.difference(each.mean(axis=0)) if both else {"difference": st.estimate(np.array([np.nan]))}
    return {
        "a": a[0], "b": b[0], "measure": MAIN.name, **mean,
        "seeds": {seed: st.number(d[0]) for seed, d in zip(both, each, strict=True)},
        "verdict": verdict([d[0] for d in each], mean["difference"]),
    }  # fmt: skip


def verdict(each: list[float], mean: dict[str, Any]) -> str:
    """ "better", "worse" or "no difference found": the first two only if all of enough seeds have one sign and the
    interval of their mean excludes 0."""
    if len(each) < ENOUGH or mean["low"] is None:
        return "no difference found"
    if min(each) > 0 and mean["low"] > 0:
        return "better"
    return "worse" if max(each) < 0 and mean["high"] < 0 else "no difference found"
