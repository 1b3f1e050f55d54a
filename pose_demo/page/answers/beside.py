"""A beside B: what lies between the two sides, where they are one network that was asked in two ways."""

# ruff: noqa: UP013
from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from ...comparison import silenced
from ...draw import ghost
from ...networks.card import Card
from ...networks.silence import KINDS
from ...networks.upsampling import STOPS, check
from ...networks.wiring import wiring
from ...xray import places
from ..cached import Cached
from ..schema import NumberMap, Question, Said, said
from .matters import arrows
from .parts import known, number_map, one, side_of

# fmt: off
#: A place that enlarges; alone, total -- how much its map differs, of the map, None: of a map that is zero; cell -- the
#: map behind it
Place = TypedDict("Place", {"place": str, "factor": int, "alone": float, "total": float | None, "cell": str})
#: By how much a joint moves from left to right, pixels of the photo, both read by DARK; None: no answer
Moved = TypedDict("Moved", {"joint": str, "pixels": float | None, "torsos": float | None})
#: A network that can be put beside itself, the stop it was trained with and the one that is chosen, or the next
Offer = TypedDict("Offer", {"network": str, "title": str, "stop": str, "own": str})
#: names -- what each side is; same -- one network on both; differ -- asked in two ways
Beside = TypedDict("Beside", {
    "names": list[Said], "same": bool, "differ": bool, "moved": list[Moved], "places": list[Place],
    "offers": list[Offer],
})
#: A cell in two ways and the signed difference: one channel, or the mean over all; unasked -- the word for what it is
#: compared with where no stop is asked for
Difference = TypedDict("Difference", {
    "first": NumberMap, "second": NumberMap, "gap": NumberMap, "names": list[Said], "same": bool, "unasked": str,
})
#: A term of a sum, which is no cell but an arrow [from, to] of the drawing, and how much it differs
ApartWay = TypedDict("ApartWay", {"place": str, "ends": tuple[str, str], "share": float | None})
#: cells -- {tap: RMS(left - right) / RMS(left)}, None: left is zero, right is not; empty for two different networks;
#: ways -- those of terms, on their arrows; top -- the largest that is a number; first -- the tap where the difference
#: enters, and cell -- the cell that shows it
Apart = TypedDict("Apart", {
    "cells": dict[str, float | None], "ways": list[ApartWay], "top": float, "first": str | None, "cell": str | None,
})
# fmt: on


def beside(cached: Cached, asked: Question) -> Beside:
    left, right = cached.comparison.poses[0], cached.comparison.poses[-1]
    same = one_network(cached)
    differ = same and (now(cached, 0) != now(cached, 1) or silenced(left.silence) != silenced(right.silence))
    result: Any = {"names": [named(cached, k) for k in (0, -1)], "same": same, "differ": differ}
    result |= {"moved": [], "places": []}
    if differ:
        moved, torso = ghost.moves(left, right), left.torso if left.torso > 0 else float("nan")
        rows = zip(left.card.joints.joints, moved.tolist(), (moved / torso).tolist(), strict=True)
        result["moved"] = [{"joint": j, "pixels": known(p), "torsos": known(t)} for j, p, t in rows]
        shown, all_places = (
            wiring(cached.net(0)).shown,
            places.differences(cached.net(0), cached.trace(0), cached.trace(1)),
        )
        result["places"] = [
            {"place": p.place, "factor": p.factor, "alone": p.alone, "total": known(p.total), "cell": shown(p.tap)}
            for p in sorted(all_places, key=lambda p: -p.total)
        ]
    sides = [k for k in range(len(cached.comparison.poses)) if cached.traceable(k)]
    offers = {cached.pose(k).network: _offer(cached, k) for k in reversed(sides)}
    result["offers"] = [*reversed(offers.values())]
    return result


def one_network(cached: Cached) -> bool:
    """The same network stands on both sides, and leaves traces."""
    poses = cached.comparison.poses
    return len(poses) > 1 and poses[0].network == poses[-1].network and cached.traceable(0)


def now(cached: Cached, side: int) -> list[str]:
    """The stops that a side is shown with: two where a switch changed some places only."""
    if not cached.traceable(side):
        return [cached.pose(side).card.upsampling]
    return [stop for stop in STOPS if stop in cached.trace(side).stops.values()]


def chosen(card: Card, stops: list[str]) -> str:
    """What a network is compared with: the stop that was chosen, and where that is the trained one, the next."""
    others = [stop for stop in stops if stop != card.upsampling]
    return others[0] if others else STOPS[(STOPS.index(card.upsampling) + 1) % len(STOPS)]


def _offer(cached: Cached, side: int) -> Offer:
    card = cached.pose(side).card
    return {
        "network": card.name,
        "title": card.short,
        "stop": card.upsampling,
        "own": chosen(card, now(cached, side)),
    }


def named(cached: Cached, side: int, stops: list[str] | None = None) -> Said:
    """What a side is, in words: its network, its stops, and how much is cut in it."""
    side %= len(cached.comparison.poses)
    pose = cached.pose(side)
    values = {"network": pose.card.short, "stops": stops or now(cached, side), "cuts": len(pose.silence)}
    return said("xray.side_cut" if pose.silence else "xray.side", **values)


def difference(cached: Cached, asked: Question) -> Difference:
    """A cell on both sides where one network stands on both; else as it was trained and as it is shown, or as shown
    and with the stop `against`; where all that is one, with the next stop."""
    side, name, number = side_of(cached, asked), asked["cell"], asked.get("channel")
    first, second = _both(cached, side, asked.get("against"))
    maps = [one(cached.tensor(k, name, stop), number).float() for k, stop, _ in (first, second)]
    low, high = min(float(m.min()) for m in maps), max(float(m.max()) for m in maps)
    gap = maps[1] - maps[0]
    top = float(gap.abs().max())
    return {
        "first": number_map(maps[0], low, high),
        "second": number_map(maps[1], low, high),
        "gap": number_map(gap, -(top or 1.0), top or 1.0),
        "names": [first[2], second[2]],
        "same": top == 0,
        "unasked": "xray.other_side" if one_network(cached) else "xray.as_trained",
    }


def _both(cached: Cached, side: int, against: str | None) -> list[tuple[int, str, Said]]:
    """(side, stop, what it is) of what stands left and right."""
    shown = (side, "shown", named(cached, side))
    if against is not None:
        return [shown, (side, check(against), named(cached, side, [against]))]
    if one_network(cached):
        return [(k, "shown", named(cached, k)) for k in (0, 1)]
    card = cached.pose(side).card
    other = card.upsampling if now(cached, side) != [card.upsampling] else chosen(card, [])
    beside = (side, other, named(cached, side, [other]))
    return [beside, shown] if other == card.upsampling else [shown, beside]


def apart(cached: Cached, asked: Question) -> Apart:
    """How much every map differs between the sides of one network."""
    if not one_network(cached):
        return {"cells": {}, "ways": [], "top": 0.0, "first": None, "cell": None}
    cells: dict[str, float | None] = {}
    wired, ways = cached.graph(0), []
    for name, tap in cached.trace(0).items():
        left = cached.tensor(0, name)
        cells[name] = known(places.relative(cached.tensor(1, name) - left, left))
        if KINDS.get(tap.role) == "term":
            ways += [{"place": name, "ends": ends, "share": cells[name]} for ends in arrows(cached.net(0), name)]
    first = next((name for name, share in cells.items() if share != 0), None)
    shown = first and wired.shown(first)
    top = max(filter(None, cells.values()), default=0.0)
    return {"cells": cells, "ways": ways, "top": top, "first": first, "cell": shown}
