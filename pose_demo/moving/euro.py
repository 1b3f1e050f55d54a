"""The One Euro filter (Casiez, Roussel and Vogel, CHI 2012): the faster a joint moves, the less it is smoothed."""

from __future__ import annotations

import math

import numpy as np

#: Hz at rest, and how many more for each length a second that a joint moves; a length is the side of the person's box.
CUTOFF, BETA = 1.0, 5.0
#: Hz at which the speed itself is smoothed.
_SPEED = 1.0


class OneEuro:
    """Smooths the joints (J, 2) of one person in one network, frame by frame."""

    def __init__(self, cutoff: float = CUTOFF, beta: float = BETA):
        self._cutoff, self._beta = cutoff, beta
        self._time, self._at, self._speed = -math.inf, np.zeros(0), np.zeros(0)

    def __call__(self, joints: np.ndarray, time: float, side: float) -> np.ndarray:
        """Where they are drawn. time -- seconds, growing; side -- the longer one of the person's box, in pixels. A
        joint without an answer (nan) has none here either, and begins anew when it comes back.
        """
        step = time - self._time
        if not np.isfinite(step) or step <= 0:
            self._at, self._speed, self._time = joints.copy(), np.zeros_like(joints), time
            return joints.copy()
        new = ~np.isfinite(self._at)
        before = np.where(new, joints, self._at)
        speed = _smooth((joints - before) / step, np.where(new, 0, self._speed), _share(_SPEED, step))
        cutoff = self._cutoff + self._beta * np.linalg.norm(speed, axis=-1, keepdims=True) / max(side, 1.0)
        self._at = _smooth(joints, before, _share(cutoff, step))
        self._speed, self._time = np.nan_to_num(speed), time
        return self._at.copy()


def _share(cutoff: float | np.ndarray, step: float) -> float | np.ndarray:
    """How much of the new value counts (equation 5)."""
    tau = 1 / (2 * math.pi * cutoff)
    return 1 / (1 + tau / step)


def _smooth(new: np.ndarray, old: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    return share * new + (1 - share) * old
