"""What may be claimed of a trained difference: experiments of several seeds, held against each other seed by seed.

Runs of one seed saw the same photos in the same order with the same augmentation, so that two experiments differ, seed
by seed, in the one thing that is asked about; a GPU's random numbers are not a CPU's. A result keeps what each run got
right, so that its weights need not.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import JointSet
from ..networks.model import card_of
from ..training.experiments import QUEUE
from . import statistics as st
from .label_json import load
from .people import People, StudyError
from .questions import Question, scale
from .shares import MAIN, Shares, counted, measures
from .study import Study
from .variants import Variant

_SEEDED = re.compile(r"(?:.*[/\\])?([^/\\]+)-seed(\d+)(?:[/\\]best\.pt)?")
#: Seeds that must agree before a difference is called one.
ENOUGH = 3
FEW = "too few seeds"  # a verdict: report.py shows no such experiment
_MARKS = "01-"  # how a result writes what a joint is: wrong, right, not counted


@dataclass(frozen=True)
class Run:
    """One training: holds -- (N, J) 1, 0 or nan, which joints are right; about -- what its row says of it."""

    holds: np.ndarray
    about: dict[str, Any]

    def written(self) -> dict[str, Any]:
        return {"joints": ["".join(_MARKS[int(np.nan_to_num(x, nan=2))] for x in row) for row in self.holds],
                "about": self.about}  # fmt: skip

    @classmethod
    def read(cls, written: dict[str, Any]) -> Run:
        known = np.array([0, 1, np.nan])
        return cls(np.array([[known[_MARKS.index(x)] for x in row] for row in written["joints"]]), written["about"])


class Seeds(Question):
    """Experiments: each against the one that the queue has first, or that was named first. A network is a run of one by
    its name (NAME-seed0, or such a folder's best.pt), or, if it ships, by the seed that its card names.

    kept -- results of this question: their runs of what is asked count, too, and of what they held all against. A run
            that is asked again counts as asked
    """

    name = "seeds"

    def __init__(self, kept: tuple[Path, ...] = ()):
        self.kept = kept

    def answer(self, study: Study) -> dict[str, Any]:
        people, joints = study.people, study.labels.joints
        found, asked = measures(study.points, people, joints, study.weights)[MAIN.name], {}
        for variant in study.variants:
            asked[_name(study, variant)] = Run(
                found.holds[variant.key], {**study.describe(variant.key), **scale(study, variant)}
            )
        way = {"decoder": study.decoder, "flip": study.flip, "upsampling": study.upsampling}
        kept = [_read(file, people, way) for file in self.kept]
        runs = {name: run for _, known in kept for name, run in known.items()} | asked
        names = in_order([*(base for base, _ in kept), *(name for name, _ in asked)])
        study.note("note.seeds", seeds=ENOUGH)
        return {
            **told({name: {seed: runs[name, seed] for of, seed in sorted(runs) if of == name} for name in names},
                   study.weights, joints),
            "counted": counted(people, joints),
            "people": _people(people), "read": way,
        }  # fmt: skip


def in_order(names: list[str]) -> list[str]:
    """Experiments as the queue has them, what the others are compared with first; behind them those that it lacks."""
    known = [one.name for listed in QUEUE.values() for one in listed]
    places = {name: known.index(f"{name}-seed0") for name in names if f"{name}-seed0" in known}
    return sorted(dict.fromkeys(names), key=lambda name: places.get(name, len(known)))


def told(experiments: dict[str, dict[int, Run]], weights: np.ndarray, joints: JointSet) -> dict[str, Any]:
    """What a result says of experiments {name: {seed: run}}, each held against the first; weights: the bootstrap's."""
    runs = {f"{name}-seed{seed}": run for name, seeds in experiments.items() for seed, run in seeds.items()}
    shares = Shares({name: run.holds for name, run in runs.items()}, weights, joints)
    base, *others = experiments
    tests = [_test(shares, (base, experiments[base]), (name, experiments[name])) for name in others]
    return {
        "rows": [_row(shares, name, seeds) for name, seeds in experiments.items()],
        "tests": tests,
        "unfinished": all(test["verdict"] == FEW for test in tests),
        "runs": {name: run.written() for name, run in runs.items()},
    }


def _name(study: Study, variant: Variant) -> tuple[str, int]:
    """The experiment and the seed. Raises StudyError where nobody says which, or name and recipe say two."""
    seed = card_of(study.networks[variant.network]).training.get("recipe", {}).get("seed")
    if named := _SEEDED.fullmatch(variant.network):
        if seed not in (None, int(named[2])):
            raise StudyError("study.other_seed", network=variant.network, named=named[2], seed=seed)
        return named[1], int(named[2])
    if seed is None:
        raise StudyError("study.no_seed", network=variant.network)
    return variant.network, seed


def _people(people: People) -> str:
    """Of whom a result's runs are kept: a hash of their marked joints."""
    return hashlib.sha256(np.ascontiguousarray(people.joints, "<f4").tobytes()).hexdigest()


def _read(file: Path, people: People, way: dict[str, Any]) -> tuple[str, dict[tuple[str, int], Run]]:
    """What a result holds all against, and the runs that it keeps. Raises StudyError if it is none of these people, or
    its joints were read in another way."""
    result = load(file)
    if not isinstance(result, dict) or result.get("people") != _people(people):
        raise StudyError("study.kept", file=file)
    if (its := result.get("read")) != way:
        raise StudyError("study.kept_otherwise", file=file, its=_plain(its or {}), asked=_plain(way))
    named = {_SEEDED.fullmatch(name): run for name, run in result["runs"].items()}
    return result["rows"][0]["network"], {(of[1], int(of[2])): Run.read(run) for of, run in named.items() if of}


def _plain(way: dict[str, Any]) -> str:
    return ", ".join(f"{what} {value}" for what, value in way.items())


def _row(shares: Shares, name: str, seeds: dict[int, Run]) -> dict[str, Any]:
    """The mean over the seeds, and what each of them reached."""
    samples = {seed: shares.samples(f"{name}-seed{seed}") for seed in seeds}
    first = next(iter(seeds))
    joints = int(shares.counted[f"{name}-seed{first}"][0].sum())
    return {
        **seeds[first].about, "column": name, "label": name, "network": name, "status": _status([*seeds.values()]),
        "measures": {MAIN.name: {**st.estimate(np.mean(list(samples.values()), axis=0)), "joints": joints}},
        "seeds": {seed: st.estimate(each) for seed, each in samples.items()},
        "trained": {seed: run.about["trained"] for seed, run in seeds.items()},
    }  # fmt: skip


def _status(runs: list[Run]) -> str:
    """Of all the runs: on what they were trained, or, where that is not known of each, what is said of them."""
    devices = dict.fromkeys(run.about["trained"].get("device") for run in runs)
    if None in devices:
        return ", ".join(dict.fromkeys(run.about["status"] for run in runs))
    return f"trained on {', '.join(devices)}"


def _test(shares: Shares, a: tuple[str, dict[int, Run]], b: tuple[str, dict[int, Run]]) -> dict[str, Any]:
    """b less a: one paired difference a seed that both have, their mean, and what may be said of it."""
    both = sorted(a[1].keys() & b[1].keys())
    for seed in both:
        _alike(f"{a[0]}-seed{seed}", a[1][seed].about["trained"], f"{b[0]}-seed{seed}", b[1][seed].about["trained"])
    each = np.array([shares.samples(f"{b[0]}-seed{seed}") - shares.samples(f"{a[0]}-seed{seed}") for seed in both])
    mean = st.difference(each.mean(axis=0)) if both else st.difference(np.array([np.nan]))
    return {
        "a": a[0], "b": b[0], "measure": MAIN.name, **mean,
        "seeds": {seed: st.estimate(d) for seed, d in zip(both, each, strict=True)},
        "verdict": verdict([d[0] for d in each], mean["difference"]),
    }  # fmt: skip


def _alike(a: str, of_a: dict[str, Any], b: str, of_b: dict[str, Any]) -> None:
    """Raises StudyError where two runs of one seed saw other photos, or random numbers, as far as both are known."""
    for what in ("photos", "device", "precision", "data"):
        one, other = of_a.get(what), of_b.get(what)
        alike = (one == "CPU") == (other == "CPU") if what == "device" else one == other
        if None not in (one, other) and not alike:
            raise StudyError("study.no_pair", a=a, b=b, what=what, one=one, other=other)


def verdict(each: list[float], mean: dict[str, Any]) -> str:
    """ "better", "worse" or "no difference found" of enough seeds: the first two only if all have one sign and the
    interval of their mean excludes 0."""
    if len(each) < ENOUGH:
        return FEW
    if mean["low"] is None:
        return "no difference found"
    if min(each) > 0 and mean["low"] > 0:
        return "better"
    return "worse" if max(each) < 0 and mean["high"] < 0 else "no difference found"
