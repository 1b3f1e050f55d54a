"""How sure is a figure? The bootstrap by person, and tests of a difference between two networks on the same people.

Everything works on a stream. The bootstrap is the Poisson bootstrap: in each replicate every person counts 0, 1, 2,
... times, drawn from a Poisson distribution of mean 1, which for more than a few dozen people is drawing as many
people anew with replacement (Hanley and MacGibbon, 2006), and needs no list of them. A person's draws depend on the
seed and on its index only: any order, any number of processes and any two networks see the same replicates, so that
the difference of two networks within a replicate is a paired comparison.
"""

from __future__ import annotations

import math

import numpy as np

LEVEL = 0.95


class Bootstrap:
    """Weights of people in replicates."""

    def __init__(self, seed: int = 0, replicates: int = 1000):
        self.seed, self.replicates = seed, replicates

    def weights(self, indices: np.ndarray) -> np.ndarray:
        """(N,) indices of people -> (N, 1 + replicates) float64 whole numbers; column 0 is 1: the sample itself."""
        rows = np.ones((len(indices), 1 + self.replicates))
        for row, index in zip(rows, indices, strict=True):
            draws = np.random.Generator(np.random.Philox(key=[self.seed, int(index)]))
            row[1:] = draws.poisson(1.0, self.replicates)
        return rows


def interval(replicates: np.ndarray, level: float = LEVEL) -> tuple[float, float] | None:
    """The middle `level` of the replicates (percentile interval); None where fewer than half of them are numbers."""
    numbers = replicates[np.isfinite(replicates)]
    if not len(replicates) or 2 * len(numbers) < len(replicates):
        return None
    low, high = np.quantile(numbers, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


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
    n, smaller = only_a + only_b, min(only_a, only_b)
    if n == 0:
        return 1.0
    k = np.arange(1, smaller + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(n - k + 1) - np.log(k))]) - n * math.log(2)
    return float(min(1.0, 2 * np.exp(logs).sum()))


def mcnemar_by_person(total: float, squares: float) -> float:
    """The same over several joints of each person, who are no independent cases (Obuchowski 1998, as simplified by
    Yang, Sun and Hardin 2010): with d = joints that a alone got right less those that b alone got right, by person,
    (sum of d)^2 / (sum of d^2) has one degree of chi square.

    total, squares -- sum of d and sum of d^2 over people
    """
    return float(math.erfc(math.sqrt(total**2 / squares / 2))) if squares > 0 else 1.0


def holm(ps: list[float]) -> list[float]:
    """Holm's correction for having asked several questions at once; in the order of `ps`."""
    result, highest = [0.0] * len(ps), 0.0
    for rank, k in enumerate(sorted(range(len(ps)), key=lambda k: ps[k])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[k]))
        result[k] = highest
    return result
