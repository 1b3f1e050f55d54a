"""How sure is a figure? The bootstrap by person, and tests of a difference between two networks on the same people.

The bootstrap is the Poisson bootstrap: in each replicate every person counts 0, 1, 2, ... times, drawn from a Poisson
distribution of mean 1, which for more than a few dozen people is drawing as many people anew with replacement (Hanley
and MacGibbon, 2006). A person's draws depend on the seed and on its place in the set only: any order, any number of
processes and any two networks see the same replicates, so that the difference of two networks within a replicate is a
paired comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LEVEL = 0.95


class Bootstrap:
    """Weights of people in replicates."""

    def __init__(self, seed: int = 0, replicates: int = 1000):
        self.seed, self.replicates = seed, replicates

    def weights(self, indices: np.ndarray) -> np.ndarray:
        """(N,) indices of people -> (N, 1 + replicates) uint8; column 0 is 1: the sample itself."""
        rows = np.ones((len(indices), 1 + self.replicates), np.uint8)
        for row, index in zip(rows, indices, strict=True):
            row[1:] = np.random.Generator(np.random.Philox(key=[self.seed, int(index)])).poisson(1.0, self.replicates)
        return rows


def resampled(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(N, 1 + B) weights, (N, ...) values -> (1 + B, ...) float64 weighted sums, the sample's own first."""
    flat = values.reshape(len(values), -1)
    total = np.zeros((weights.shape[1], flat.shape[1]))
    for k in range(0, len(flat), 1024):  # as float64, all weights of a large set would be gigabytes
        total += weights[k : k + 1024].T.astype(float) @ flat[k : k + 1024]
    return total.reshape(-1, *values.shape[1:])


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, nan where there is nothing below."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float] | None:
    """The middle `level` of the replicates (percentile interval); None where fewer than half of them are numbers."""
    numbers = replicates[np.isfinite(replicates)]
    if not len(replicates) or 2 * len(numbers) < len(replicates):
        return None
    low, high = np.quantile(numbers, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def estimate(samples: np.ndarray) -> dict[str, float | None]:
    """{value, low, high}: the sample's own figure (first) with the interval of its replicates."""
    low, high = interval(samples[1:]) or (None, None)
    return {"value": number(samples[0]), "low": number(low), "high": number(high)}


def difference(samples: np.ndarray) -> dict[str, Any]:
    """The same of a difference, with its test."""
    return {"difference": estimate(samples), "p_bootstrap": p_of_bootstrap(samples[1:])}


def number(value: Any, digits: int = 5) -> float | None:
    """A figure as it is written down: None for what is no number."""
    return round(float(value), digits) if value is not None and np.isfinite(value) else None


def p_of_bootstrap(differences: np.ndarray) -> float | None:
    """Two-sided: twice the smaller share of replicates on one side of no difference; never below 2 / (B + 1)."""
    numbers = differences[np.isfinite(differences)]
    if not len(numbers):
        return None
    side = min((numbers <= 0).sum(), (numbers >= 0).sum())
    return float(min(1.0, 2 * (side + 1) / (len(numbers) + 1)))


def mcnemar(only_a: int, only_b: int) -> float:
    """McNemar's exact test: p of `only_a` cases that a alone got right against `only_b` that b alone got right.

    Assumes independent cases: one joint of different people, not different joints of one person.
    """
    from scipy.stats import binomtest

    return float(binomtest(int(only_a), int(only_a + only_b)).pvalue) if only_a + only_b else 1.0


def mcnemar_by_person(differences: np.ndarray) -> float:
    """The same over several joints of each person, who are no independent cases (Obuchowski 1998, as simplified by
    Yang, Sun and Hardin 2010): (sum of d)^2 / (sum of d^2) has one degree of chi square.

    differences -- (N,) by person: joints that a alone got right less those that b alone got right
    """
    from scipy.stats import chi2

    squares = float((differences**2).sum())
    return float(chi2.sf(differences.sum() ** 2 / squares, 1)) if squares else 1.0


def holm(ps: list[float]) -> list[float]:
    """Holm's correction for having asked several questions at once; in the order of `ps`."""
    order = np.argsort(ps, kind="stable")
    steps = np.maximum.accumulate((len(ps) - np.arange(len(ps))) * np.array(ps, float)[order])
    result = np.empty(len(ps))
    result[order] = np.minimum(steps, 1)
    return result.tolist()
