"""Cutting: a pass goes on without what stands at some places, or with something else in its stead.

A place is named as the pass names it: a tap (for all that use it), an arrow "source->target" (for that one use), or
a stack ("stack1"). What is lost there depends on the role of what is cut, and on nothing else: `LOSES`, `STACK`,
`KINDS` are all that is known of networks here, so that a family of one's own is cut by the roles that its taps tell.

A cut belongs to the call, as the slider does, and is a tap function around the caller's (trace.py): the network goes
on with what it returns. So a trace records a cut map as the pass goes on with it; of a cut arrow it records the map
itself, which others still use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..locales import UserError
from .trace import Node, TapFunction, Trace
from .wiring import Wiring, wiring

#: What stands where something was cut. "zero": nothing; "flat": each channel its mean over this map, which keeps the
#: photo's overall content (not the mean over many photos that the literature calls mean ablation); and "patch": the
#: same tap of another photo, which is given as that photo's Trace, or as the map itself.
HOWS = ("zero", "flat")
How = str | Trace | Tensor
Silence = Mapping[str, How]

#: Which roles lose less than their whole map: f(x) of the residual unit that made it ("unit"; x goes on), or f(x) of
#: every residual unit of this way ("units").
LOSES = {"unit": "unit", "stem": "unit", "down": "unit", "bottom": "unit", "up": "unit", "branch": "units"}
#: The roles of what a cut stack loses: its heatmaps are blank, it feeds nothing back, its input passes by.
STACK = ("heatmaps", "feedback")
#: Which roles are an arrow of its own, and of which kind: what "what matters here" measures one by one.
KINDS = {"term": "term", "upsampled": "term", "branch": "branch", "skip": "skip", "feedback": "feedback"}


class SilenceError(UserError):
    """A place that there is not, or something that cannot stand there; the message says what can."""


@dataclass(frozen=True)
class Cut:
    """One tap where the pass goes on with something else.

    tap  -- as the pass calls it; map -- the tap whose map goes through there, as another photo's trace has it
    kept -- the tap itself stays as it was, only what goes on from it is cut
    """

    tap: str
    map: str
    kept: bool = False


def places(net: nn.Module) -> dict[str, str]:
    """{place: kind}, every arrow that can be cut alone: terms of sums, branches, skips, feedback, stacks.

    In the order of the pass; a stack comes before what is in it. Raises SilenceError for a network without taps.
    """
    found: dict[str, str] = {}
    for node in _wiring(net).nodes.values():
        if node.stack is not None:
            found.setdefault(node.part, "stack")
        if node.role in KINDS:
            found[node.name] = KINDS[node.role]
    return found


def resolve(net: nn.Module, place: str, whole: bool = False) -> tuple[Cut, ...]:
    """What is cut at a place.

    whole -- the whole map of a tap, whatever its role: what a patch replaces

    Raises SilenceError, which lists near names, for a place that there is not.
    """
    wired = _wiring(net)
    found = tuple(_cuts(wired, place, whole))
    if not found:
        raise SilenceError("silence.unknown", place=repr(place), near=", ".join(_near(wired, place)))
    return found


def silenced(net: nn.Module, silence: Silence, tap: TapFunction) -> TapFunction:
    """The caller's tap, with cuts around it. Raises SilenceError before the pass for what cannot be cut so."""
    before, after = changes(net, silence)

    def cutting(name: str, tensor: Tensor, **facts: Any) -> Tensor:
        if name in before:
            tensor = before[name](tensor)
        tensor = tap(name, tensor, **facts)
        return after[name](tensor) if name in after else tensor

    return cutting


Change = Callable[[Tensor], Tensor]


def changes(net: nn.Module, silence: Silence) -> tuple[dict[str, Change], dict[str, Change]]:
    """What goes on at each tap instead of its map: where the map itself is lost, and where it stays as it was."""
    before: dict[str, Change] = {}
    after: dict[str, Change] = {}
    for place, how in silence.items():
        for cut in check(net, place, how):
            (after if cut.kept else before)[cut.tap] = partial(instead, cut, how)
    return before, after


def check(net: nn.Module, place: str, how: How) -> tuple[Cut, ...]:
    """What is cut at a place in this way. Raises SilenceError for a place or a way that there is not."""
    if isinstance(how, str) and how not in HOWS:
        raise SilenceError("silence.how", how=repr(how), known=", ".join(HOWS))
    found = resolve(net, place, whole=not isinstance(how, str))
    if isinstance(how, Tensor) and len(found) > 1:
        raise SilenceError("silence.several", place=repr(place), maps=", ".join(cut.map for cut in found))
    for cut in found:
        if isinstance(how, Trace) and cut.map not in how:
            raise SilenceError("silence.no_map", place=repr(place), map=repr(cut.map))
    return found


def instead(cut: Cut, how: How, tensor: Tensor) -> Tensor:
    """What the pass goes on with in the place of (N, C, H, W). Raises SilenceError for a patch of another shape."""
    if isinstance(how, str):
        if how == "zero":
            return tensor.new_zeros(()).expand_as(tensor)
        assert how == "flat", how
        return tensor.mean((2, 3), keepdim=True).expand_as(tensor)
    other = how[cut.map].tensor if isinstance(how, Trace) else how
    if other.ndim != 4 or other.shape[1:] != tensor.shape[1:] or other.shape[0] not in (1, tensor.shape[0]):
        raise SilenceError("silence.shape", map=repr(cut.map), given=_shape(other), wanted=_shape(tensor))
    if other.is_inference() and not torch.is_inference_mode_enabled():
        other = other.clone()  # of a pass that kept nothing for a gradient, in one that wants one
    return other.to(tensor).expand_as(tensor)


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))


def _wiring(net: nn.Module) -> Wiring:
    if not getattr(net, "taps", False):  # a stranger, or one that runs through MMPose
        raise SilenceError("silence.no_taps", network=type(net).__name__)
    return wiring(net)


def _cuts(wired: Wiring, place: str, whole: bool) -> Iterator[Cut]:
    nodes = wired.nodes
    if "->" in place:
        source, _, target = place.partition("->")
        yield from _arrow(wired, source.strip(), target.strip())
    elif place not in nodes:
        inside = [n for n in nodes.values() if n.stack is not None and n.part == place and n.role in STACK]
        yield from (Cut(node.name, node.name) for node in inside)
    elif whole or not (residuals := _residuals(wired, place)):
        yield Cut(place, place)
    else:
        yield from (Cut(name, name) for name in residuals)


def _residuals(wired: Wiring, place: str) -> list[str]:
    """The f(x) that a unit, or a branch of units, loses: none where the whole map is lost."""
    loses = LOSES.get(wired.nodes[place].role)
    if loses is None:
        return []
    return [
        node.name
        for node in wired.nodes.values()
        if node.role == "residual"
        and (node.name == f"{place}.residual" or (loses == "units" and node.name.startswith(f"{place}.unit")))
    ]


def _arrow(wired: Wiring, source: str, target: str) -> Iterator[Cut]:
    """One use of a map: the way that has a name, else the term of a sum that is made of it, and where it is no term
    the map itself, if nobody else uses it."""
    nodes = wired.nodes
    if f"{source}->{target}" in wired.arrows:
        yield Cut(f"{source}->{target}", source)
    if source not in nodes or target not in nodes or f"{source}->{target}" in wired.arrows:
        return
    users: dict[str, list[str]] = {name: [] for name in nodes}
    for node in nodes.values():
        for each in set(node.sources) & nodes.keys():
            users[each].append(node.name)
    between = {target}  # and all that leads to it alone, up to the next maps that are drawn
    for node in reversed(nodes.values()):
        if not node.visible and users[node.name] and between.issuperset(users[node.name]):
            between.add(node.name)
    entries = [_term(nodes, users, name, target) for name in between if source in nodes[name].sources]
    alone = users[source] and between.issuperset(users[source]) and nodes[source].role != "heatmaps"
    if alone and not (len(entries) == 1 and _is_term(nodes, users, entries[0], target)):
        yield Cut(source, source, kept=True)
        return
    yield from (Cut(name, name) for name in entries if name != target or len(nodes[target].sources) == 1)


def _term(nodes: Mapping[str, Node], users: Mapping[str, list[str]], name: str, target: str) -> str:
    """From a reduced map on to the term that it becomes."""
    while name != target and len(users[name]) == 1 and users[name][0] != target:
        (user,) = users[name]
        if len(nodes[user].sources) > 1:
            break
        name = user
    return name


def _is_term(nodes: Mapping[str, Node], users: Mapping[str, list[str]], name: str, target: str) -> bool:
    """Whether a tap on the way to the target is one summand, made of one map."""
    return name != target and len(nodes[name].sources) == 1 and nodes[users[name][0]].join == "sum"


def _near(wired: Wiring, place: str) -> list[str]:
    stacks = {node.part for node in wired.nodes.values() if node.stack is not None}
    known = [*wired.nodes, *sorted(stacks)]
    source, way, _ = place.partition("->")
    near = get_close_matches(source.strip(), known, n=3 if way else 8, cutoff=0.5) or known[:8]
    if not way:
        return near
    named = [arrow for arrow in wired.arrows if arrow.partition("->")[0] in near]
    uses = [f"{name}->{user.name}" for name in near for user in wired.nodes.values() if name in user.sources]
    return (named or uses)[:8]
