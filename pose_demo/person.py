"""Who is in the photo, and where? Asked of a finder of people (networks/finder.py), which is an HRNet itself.

Where it is not here, or unsure, the pose networks are asked alone: the whole photo is looked at through square windows
of several sizes; where most joints answer, a second and a third look go closer. That finds one person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .crop import Box, Crop, whole
from .joints import shared
from .networks import detector
from .networks.base import PoseNetwork
from .networks.finder import people as found
from .networks.model import card_of, look, looks

#: Below this confidence probably nobody is there. Of 50 photos with people of the last 300 of a person finder's
#: training set it misses 1 and of 50 where a detector sees nobody it knows 18; of its test set 3 of 50 and 17 of 50.
#: Networks that were only ever shown people see them in much: what it knows best is an empty wall.
NOBODY = 0.14
#: As surely as the first somebody is there at all: of the finder's 300 validation photos one in twenty has something
#: that is nobody and reaches it. Who is there beside them must reach the second: the best F1 of boxes (IoU 0.5) on
#: these photos, 0.770 (by the finder's scores alone: 0.723).
SURE, ALSO = 0.22, 0.18
#: Between these two the windows are asked too, and believed from here: that finds the largest person of 239 instead of
#: 227 of the 294 validation photos with people (F1 0.763 instead of 0.750), and is somebody in no more of the 6 without
#: people, and of 66 such photos of the training set.
UNSURE = 0.3
#: Of the finder's answers those that are at least so sure are worth another look.
LEAST = 0.15
#: A detector's box counts from this score; what it would be best at, was not measured.
DETECTED, _LARGE = 0.5, 1280
#: Joints this far apart, as a share of the box's longer side, count for 1/e of what those at one place do.
_APART = 0.1

#: Windows' sides as shares of `longest`; each size covers the photo with half a window's overlap.
SIDES = (1.0, 0.7, 0.45, 0.28)
_LOOKS, _KEPT, _GOOD = 2, 2, 0.8


@dataclass(frozen=True)
class Found:
    """box -- x0, y0, x1, y1 in pixels of the photo; confidence -- 0 to 1, see `whom` and `agreement`."""

    box: Box
    confidence: float


def people(
    photo: np.ndarray, finder: PoseNetwork | None, net: PoseNetwork, second: PoseNetwork
) -> tuple[list[Found], float]:
    """Everybody who is found in a photo (H, W, 3), who fills most of it first; and how sure it is, 0 to 1, that
    somebody is there at all. [] where probably nobody is.

    finder -- None where it is not here: then the windows find one person, as they do where it is unsure
    """
    seen = whom(photo, finder, net, second) if finder is not None else None
    best = max((one.confidence for one in seen or ()), default=0.0)
    if seen is None or ALSO <= best < SURE:
        one = find(photo, net, second)
        if one.confidence >= (NOBODY if seen is None else UNSURE):
            return [one], one.confidence
        return [], best if seen is not None else one.confidence
    return _in_order(one for one in seen if one.confidence >= ALSO and best >= SURE), best


def detected(photo: np.ndarray, net: Any) -> tuple[list[Found], float]:
    """As `people`, by torchvision's detector (networks/detector.py) alone."""
    height, width = photo.shape[:2]
    share = min(1.0, _LARGE / max(height, width))  # it sees 320 pixels of a side: a large photo only costs memory
    view = Crop(whole(photo.shape), (max(1, round(height * share)), max(1, round(width * share))))
    boxes, scores = detector.people(net, photo if share == 1 else view.warp(photo), DETECTED)
    corners = view.to_photo(boxes.reshape(-1, 2)).reshape(-1, 4)
    seen = [Found(_clip(tuple(box), photo.shape), float(v)) for box, v in zip(corners, scores, strict=True)]
    return _in_order(seen), max((one.confidence for one in seen), default=0.0)


def _in_order(there: Iterable[Found]) -> list[Found]:
    return sorted(there, key=lambda one: -one.confidence * _area(one.box) ** 0.5)


def whom(photo: np.ndarray, finder: PoseNetwork, net: PoseNetwork, second: PoseNetwork) -> list[Found] | None:
    """Whom the finder sees, as surely as it and the pose networks are: its score, and their agreement to the half.
    None where its map holds what is no number: that is no answer, and not nobody."""
    seen = look(finder, photo, [whole(photo.shape)], padding=1.0)
    answer = seen.answer.heatmaps[-1][:1].cpu()
    if not answer.isfinite().all():
        return None
    ((boxes, scores),) = found(answer, at_least=LEAST)
    if not len(boxes):
        return []
    corners = seen.crops[0].to_photo(boxes.numpy().reshape(-1, 2)).reshape(-1, 4)
    inside = [_clip(tuple(box), photo.shape) for box in corners]
    sure = scores.numpy() * np.sqrt(agreement(photo, inside, net, second))
    return [Found(box, float(value)) for box, value in zip(inside, sure, strict=True)]


def find(photo: np.ndarray, net: PoseNetwork, second: PoseNetwork) -> Found:
    """The person that answers best in a photo (H, W, 3), by `net`; the whole photo where probably nobody is."""
    box = _best(photo, net)
    confidence = float(agreement(photo, [box], net, second)[0])
    return Found(box if confidence >= NOBODY else whole(photo.shape), confidence)


def agreement(photo: np.ndarray, boxes: list[Box], first: PoseNetwork, second: PoseNetwork) -> np.ndarray:
    """(K,) how surely two networks see the same person in each box: the mean over joints of their peaks' geometric
    mean, less where the two are apart. 0 to 1. An answer to nothing is high as often as not, but seldom twice the same.
    """
    (a, of_a), (b, of_b) = (_seen(net, photo, boxes, 1.25) for net in (first, second))
    pairs = np.array([(i, j) for _, i, j in shared(card_of(first).joints, card_of(second).joints)]).T
    side = np.array([max(box[2] - box[0], box[3] - box[1]) for box in boxes])[:, None]
    apart = np.linalg.norm(a[:, pairs[0]] - b[:, pairs[1]], axis=2) / side
    return (np.sqrt(of_a[:, pairs[0]] * of_b[:, pairs[1]]) * np.exp(-((apart / _APART) ** 2))).mean(axis=1)


def _best(photo: np.ndarray, net: PoseNetwork) -> Box:
    # The smallest window needs no more pixels than the network's input has: a large photo is scaled down just once.
    height, width = photo.shape[:2]
    share = min(1.0, max(card_of(net).input) / (min(SIDES) * longest(height, width)))
    overview = Crop(whole(photo.shape), (max(1, round(height * share)), max(1, round(width * share))))
    small = photo if share == 1 else overview.warp(photo)
    boxes = windows(*small.shape[:2])
    joints, scores = _seen(net, small, boxes, 1.0)
    joints = overview.to_photo(joints)
    boxes = [tuple(overview.to_photo(np.reshape(box, (2, 2))).reshape(4)) for box in boxes]
    kept = _best_of_each_size(_answers(joints, scores, boxes), boxes)
    seen = [(whole(photo.shape), 0.0)]
    for _ in range(_LOOKS):
        boxes = [around(joints[k], scores[k], boxes[k], photo.shape) for k in kept]
        joints, scores = _seen(net, photo, boxes, 1.25)
        kept = range(len(boxes))
        seen += [
            (around(points, score, box, photo.shape), float(score.mean()))
            for box, points, score in zip(boxes, joints, scores, strict=True)
        ]
    # Half a person, seen larger, often answers a little better than the whole: the largest of the good ones wins.
    good = max(peaks for _, peaks in seen) * _GOOD
    return max((box for box, peaks in seen if peaks >= good), key=_area)


def _best_of_each_size(answers: np.ndarray, boxes: list[Box]) -> list[int]:
    sides = np.array([box[2] - box[0] for box in boxes])
    return [
        int(k)
        for side in np.unique(sides)
        for k in sorted(np.flatnonzero(np.isclose(sides, side)), key=lambda k: -answers[k])[:_KEPT]
    ]


def _area(box: Box) -> float:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)


def longest(height: int, width: int) -> float:
    """The largest window's side: the photo's long side; in a panorama less, whose people are as tall as it at most."""
    return max(min(max(height, width), 3 * min(height, width)), max(height, width) / 6)


def windows(height: int, width: int) -> list[Box]:
    """Squares of several sizes that cover the photo, the largest first; they may reach beyond its border."""
    result: list[Box] = []
    for share in SIDES:
        side = share * longest(height, width)
        for cy in _centres(height, side):
            for cx in _centres(width, side):
                result.append((cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2))
    return result


def _centres(length: int, side: float) -> np.ndarray:
    if side >= length:
        return np.array([(length - 1) / 2])
    return np.linspace(side / 2, length - side / 2, int(np.ceil((length - side) / (side / 2))) + 1) - 0.5


def _seen(net: PoseNetwork, photo: np.ndarray, boxes: list[Box], padding: float) -> tuple[np.ndarray, np.ndarray]:
    """Joints (K, J, 2) in pixels of the photo and scores (K, J) from 0 to 1, one row a box."""
    seen = looks(net, photo, boxes, padding=padding)
    return np.concatenate([one.joints for one in seen]), np.concatenate([one.scores for one in seen]).clip(0, 1)


def _answers(joints: np.ndarray, scores: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """(K,) how well each window shows one person: the peaks, less those that press against the window's border."""
    b = np.asarray(boxes)[:, None]
    share = (joints - b[..., :2]) / (b[..., 2:] - b[..., :2])
    free = ((share > 0.05) & (share < 0.95)).all(axis=2)
    return (scores * free).mean(axis=1)


def around(joints: np.ndarray, scores: np.ndarray, box: Box, shape: tuple[int, ...]) -> Box:
    """The box of the joints that answered, a tenth wider on each side, as a detector would give it."""
    sure = scores >= max(0.1, 0.25 * scores.max())
    if sure.sum() < 3:
        return _clip(box, shape)
    low, high = joints[sure].min(axis=0), joints[sure].max(axis=0)
    edge = 0.1 * (high - low).max()
    return _clip((low[0] - edge, low[1] - edge, high[0] + edge, high[1] + edge), shape)


def _clip(box: Box, shape: tuple[int, ...]) -> Box:
    """What of the box lies in the photo; the whole photo where nothing does: joints may be beside a narrow one."""
    x0, y0 = float(max(box[0], -0.5)), float(max(box[1], -0.5))
    x1, y1 = float(min(box[2], shape[1] - 0.5)), float(min(box[3], shape[0] - 0.5))
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else whole(shape)
