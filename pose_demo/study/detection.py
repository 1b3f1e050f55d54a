"""How well people are found: average precision as COCO computes it, at one overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..networks.finder import overlaps


def matched(boxes: np.ndarray, people: np.ndarray, unsure: np.ndarray, overlap: float = 0.5) -> np.ndarray:
    """(K,) what each of the boxes found in a photo is, the surest first: 1 a person whom no surer box found, 0 nobody,
    -1 somebody unsure, who counts neither way. Each label is found once, people before unsure ones.
    """
    result, of_people, of_unsure = np.zeros(len(boxes), int), overlaps(boxes, people), overlaps(boxes, unsure)
    for k in range(len(boxes)):
        for found, value in ((of_people, 1), (of_unsure, -1)):
            best = int(found[k].argmax()) if found.shape[1] else -1
            if best >= 0 and found[k, best] >= overlap:
                found[:, best], result[k] = 0, value
                break
    return result


def average_precision(
    found: Sequence[tuple[np.ndarray, np.ndarray]],
    people: Sequence[np.ndarray],
    unsure: Sequence[np.ndarray],
    overlap: float = 0.5,
) -> float:
    """0 to 1, over photos; one entry a photo in each list.

    found  -- boxes (K, 4) and scores (K,), the surest first
    people -- boxes (P, 4) of everybody; unsure -- boxes (U, 4)

    The mean, over the recalls 0, 0.01, ..., 1, of the highest precision at that recall or more.
    """
    total = sum(map(len, people))
    if not total or not found:
        return 0.0
    scores = np.concatenate([scores for _, scores in found])
    kinds = np.concatenate([matched(b, p, u, overlap) for (b, _), p, u in zip(found, people, unsure, strict=True)])
    kinds = kinds[np.argsort(-scores, kind="stable")]
    right = np.cumsum(kinds == 1)
    precision = right / np.maximum(right + np.cumsum(kinds == 0), 1)
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(right, np.arange(101) / 100 * total)].mean())
