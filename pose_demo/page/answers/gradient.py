"""Follow the gradient: at every map what the nearest loss sends against all later ones, and how much arrives."""

# ruff: noqa: UP013
from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NotRequired

import numpy as np
from typing_extensions import TypedDict

from ...draw.gradient import span, svg
from ...locales import UserError, drawn, say
from ...networks import zoo
from ...networks.card import Card
from ...training.experiments import QUEUE, Experiment
from ...xray.gradient import Gradients
from ..cached import Cached
from ..schema import Question, Said, said
from .parts import why_not

# fmt: off
#: cells -- {map: the nearest loss's part of the gradient, 1 where none is later}; says -- what was found;
#: svg -- the size of what arrives, map after map
GradientSide = TypedDict("GradientSide", {
    "title": str, "why": NotRequired[str], "cells": dict[str, float], "says": list[Said], "svg": str,
})
#: pair -- two networks that differ by nothing but which stacks were supervised, where both ship: one click away
GradientAnswer = TypedDict("GradientAnswer", {"sides": list[GradientSide], "pair": list[str], "stop": str})
# fmt: on

#: From this part on later losses are said to reach a map as strongly as its nearest.
_AS_STRONG = 0.5


def gradient(cached: Cached, asked: Question) -> GradientAnswer:
    sides: list[GradientSide] = []
    lines: dict[int, dict[str, np.ndarray]] = {}
    for k, pose in enumerate(cached.comparison.poses):
        side: GradientSide = {"title": cached.comparison.titles[k], "cells": {}, "says": [], "svg": ""}
        sides.append(side)
        if why := why_not(cached, k):
            side["why"] = why
            continue
        found, wired = cached.gradients(k), cached.graph(k)
        if not (found.total > 0).any():
            side["says"] = [said("xray.gradient_none", tap=found.taps[0])]
            continue
        side["cells"] = {
            name: float(share)
            for name, share in zip(found.taps, found.share, strict=True)
            if np.isfinite(share) and wired.visible(name)
        }
        fresh = _untrained(cached, k)
        side["says"] = [*_trained(pose.card, found), *_says(found, fresh)]
        if note := cached.note("gradients", k):
            side["says"].append(note)
        lines[k] = _lines(found, fresh, asked["language"])
    labels = (say(asked["language"], "xray.gradient_title"), say(asked["language"], "xray.gradient_note"))
    if lines:
        axis = span(line for own in lines.values() for line in own.values())
        for k, own in lines.items():
            sides[k]["svg"] = svg(list(cached.gradients(k).taps), own, labels, axis, partial(drawn, asked["language"]))
    pair = _supervised_twice()
    return {"sides": sides, "pair": pair, "stop": zoo.card(pair[0]).upsampling if pair else ""}


def _recipes() -> dict[str, Experiment]:
    """{network that ships: how it was trained}"""
    known = zoo.names()
    return {name: one for one in QUEUE["small"] if (name := one.name.removesuffix("-seed0")) in known}


def _supervised_twice() -> list[str]:
    """The networks that were trained in one way, but that every stack of the first was supervised, and the last stack
    alone of the second; none where they are not both here.
    """
    known = {name: one for name, one in _recipes().items() if zoo.card(name).available}
    for name, one in known.items():
        for other, last in known.items():
            twin = replace(one.recipe, supervise="last"), one.network, one.options
            if name != other and twin == (last.recipe, last.network, last.options):
                return [name, other]
    return []


def _untrained(cached: Cached, side: int) -> Gradients | None:
    try:
        return cached.gradients(side, untrained=True)
    except UserError:
        return None  # a network of one's own that nobody here can begin anew


def _trained(card: Card, found: Gradients) -> list[Said]:
    """Which losses there were when `train` made a network that has several."""
    if not card.training or len(found.losses) < 2:
        return []
    return [said("xray.gradient_by_last" if card.last_alone else "xray.gradient_by_all")]


def _says(found: Gradients, fresh: Gradients | None) -> list[Said]:
    """Of the first map: what comes from its nearest loss, and whether the later ones reach it."""
    first, rest = found.taps[0], 1 - float(found.share[0])
    told = [said(f"xray.gradient_{found.target}")]
    if not found.total[0] > 0:
        return [*told, said("xray.gradient_none", tap=first)]
    nearest = found.losses[found.nearest[0]]
    if np.count_nonzero(found.sizes[0]) == 1:
        told.append(said("xray.gradient_one", tap=first, loss=nearest))
    else:
        key = "xray.gradient_strong" if rest >= _AS_STRONG else "xray.gradient_part"
        last = float(found.last[0] / found.total[0])
        told.append(said(key, tap=first, loss=nearest, share=1 - rest, last=last))
    if fresh is not None and fresh.total[0] > 0:
        trained, begun = (float(g.total[0] / g.total[g.total > 0][-1]) for g in (found, fresh))
        told.append(said("xray.gradient_fresh", trained=trained, begun=begun))
    return told


def _lines(found: Gradients, fresh: Gradients | None, language: str) -> dict[str, np.ndarray]:
    """What a chart draws: {what it is: its size at each map}."""
    lines = {say(language, "xray.gradient_all"): found.total, say(language, "xray.gradient_last"): found.last}
    if fresh is not None:
        at = {name: k for k, name in enumerate(fresh.taps)}  # behind a cut its weights may still be asked
        known = [at.get(name) for name in found.taps]
        for key, line in (("xray.gradient_all_fresh", fresh.total), ("xray.gradient_last_fresh", fresh.last)):
            lines[say(language, key)] = np.array([0.0 if k is None else line[k] for k in known])
    return lines
