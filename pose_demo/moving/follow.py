"""Who is where in the next frame: each person's box is made of the joints that were found in this one.

The joints are the shipped pair's first network's, enlarged as it was trained: neither the slider nor the networks that
are compared move the boxes. Who is lost or walks in is looked for: at once while nobody is there, else every second of
the video, unless one person was given to be followed. Who is found is the nearest of those who were lost within one
box's side, else somebody new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .. import person
from ..crop import Box
from ..networks.finder import overlaps

#: A mean score below this for so many frames in a row: the person is lost.
LOST, PATIENCE = 0.2, 3
#: Seconds of the video between two searches while somebody is there; and while nobody is: twice as many each time, up
#: to the most.
EVERY, WAIT, LONGEST = 1.0, 0.5, 4.0
#: A box that is found is a followed person's own from this overlap (IoU) on; two that are followed are one from this.
OWN, MERGED = 0.3, 0.8

Find = Callable[[np.ndarray], Sequence[Box]]


@dataclass
class Person:
    """number -- from 1, of this video; box -- x0, y0, x1, y1 in its pixels; weak -- frames in a row of low scores"""

    number: int
    box: Box
    weak: int = 0


class Follower:
    """find -- the boxes of the people in a frame; box -- of the one person to begin with, None: they are looked for"""

    def __init__(self, find: Find, box: Box | None = None):
        self._find = find
        self.people = [] if box is None else [Person(1, box)]
        self._given, self._lost = box is not None, list[Person]()
        self._next, self._wait, self._again = 1 + len(self.people), 0.0, 0.0
        self.searches = 0

    def look(self, photo: np.ndarray, time: float) -> list[Person]:
        """Who is in this frame."""
        missed = not self.people and not self._wait  # somebody was there a frame ago
        if (missed or time >= self._again) and not (self._given and self.people):
            self._search(photo)
            self._wait = 0.0 if self.people else min(max(WAIT, 2 * self._wait), LONGEST)
            self._again = time + (self._wait or EVERY)
        return self.people

    def _search(self, photo: np.ndarray) -> None:
        self.searches += 1
        followed = [one.box for one in self.people]
        for box in self._find(photo):
            if (overlaps(box, followed) >= OWN).any():
                continue
            same = min(self._lost, key=lambda known: _apart(known.box, box), default=None)
            if same is None or _apart(same.box, box) > _side(same.box):
                same = Person(self._next, box)
                self._next += 1
            else:
                self._lost.remove(same)
            same.box, same.weak = box, 0
            self.people.append(same)

    def seen(self, joints: np.ndarray, scores: np.ndarray, shape: Sequence[int]) -> None:
        """Joints (P, J, 2) and scores (P, J) of the people of `look`: where they will be looked for next."""
        kept = []
        for one, points, score in zip(self.people, joints, scores.clip(0, 1), strict=True):
            sure = float(score.mean()) >= LOST
            one.weak = 0 if sure else one.weak + 1
            if sure:
                one.box = person.around(points, score, one.box, tuple(shape))
            small = min(one.box[2] - one.box[0], one.box[3] - one.box[1]) < 2
            (self._lost if one.weak >= PATIENCE or small else kept).append(one)
        self.people = self._apart_from_others(kept)

    def _apart_from_others(self, people: list[Person]) -> list[Person]:
        """Two boxes that have slid onto one person are one: who came first stays, and the other is lost. Of two people
        who cross, that one has the number again once they are apart."""
        kept: list[Person] = []
        for one in people:
            apart = (overlaps(one.box, [other.box for other in kept]) < MERGED).all()
            (kept if apart else self._lost).append(one)
        return kept


def _side(box: Box) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _apart(a: Box, b: Box) -> float:
    """Between two boxes' centres."""
    return float(np.hypot(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3])) / 2
