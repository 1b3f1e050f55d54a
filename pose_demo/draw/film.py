"""A frame of a video with both skeletons side by side, each under its network's name."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ..networks.card import Card
from . import skeleton

#: Of each side, in pixels: its width, and its height.
LARGEST = 960
_STRIP, _GAP = 36, 4
_INK, _QUIET, _ALARM, _GROUND = (240, 240, 240), (170, 180, 190), (255, 90, 90), (20, 24, 31)


class Board:
    """size -- (height, width) of what is drawn, both even; smooth -- it is said that joints are smoothed"""

    def __init__(self, frame: tuple[int, int], cards: Sequence[Card], threshold: float, smooth: bool):
        height, width = frame
        self._scale = min(1.0, LARGEST / max(width, height))
        self._wide, self._high = (max(2, 2 * round(v * self._scale / 2)) for v in (width, height))
        self._cards, self._threshold = cards, threshold
        self.size = _STRIP + self._high, len(cards) * self._wide + _GAP * (len(cards) - 1)
        self._ground = np.full((*self.size, 3), _GROUND, np.uint8)
        self._stroke = max(1, round(max(self._wide, self._high) * skeleton.STROKE))
        for k, card in enumerate(cards):
            self._title(k, card, smooth)

    def _title(self, k: int, card: Card, smooth: bool) -> None:
        status = card.status.upper() if not card.trained else card.status
        words = [(card.title, _INK), (status, _QUIET if card.trained else _ALARM)]
        words += [("One Euro filter", _QUIET)] * smooth
        widths = [cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)[0][0] + 16 for text, _ in words]
        small, x = min(1.0, (self._wide - 8) / sum(widths)), k * (self._wide + _GAP) + 8
        for (text, colour), width in zip(words, widths, strict=True):
            place = (round(x), 24)
            cv2.putText(self._ground, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6 * small, colour, 1, cv2.LINE_AA)
            x += width * small

    def frame(
        self, pixels: np.ndarray, people: Sequence[int], joints: Sequence[np.ndarray], scores: Sequence[np.ndarray]
    ) -> np.ndarray:
        """(h, w, 3) uint8 RGB, a new array. joints, scores -- of each network (P, J, 2), in pixels, and (P, J)"""
        result = self._ground.copy()
        how = cv2.INTER_AREA if self._scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(pixels, (self._wide, self._high), interpolation=how)
        factor = np.array([self._wide / pixels.shape[1], self._high / pixels.shape[0]])
        for k, card in enumerate(self._cards):
            left = k * (self._wide + _GAP)
            side = result[_STRIP:, left : left + self._wide]
            side[:] = small
            for number, points, score in zip(people, joints[k], scores[k], strict=True):
                at = (points + 0.5) * factor - 0.5
                skeleton.paint(side, at, score, card.joints, self._stroke, self._threshold)
                if len(people) > 1 and np.isfinite(at).any():
                    x, y = np.nanmin(at, axis=0).clip(4, None).round().astype(int)
                    place = (int(x), max(int(y) - 6, 16))
                    cv2.putText(side, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, _INK, 2, cv2.LINE_AA)
        return result
