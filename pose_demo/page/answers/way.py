"""The pass, told step by step; and any unit of it, opened to its layers."""

# ruff: noqa: UP013
from __future__ import annotations

from torch import Tensor
from typing_extensions import TypedDict

from ...networks.trace import Node
from ...networks.wiring import wiring
from ...xray import channels, layers
from .. import work
from ..cached import Cached
from ..schema import NumberMap, Question, Said, said
from .parts import number_map, side_of, step

# fmt: off
#: A map that comes to be: from which others, by what; role -- its word in the group "why"
Came = TypedDict("Came", {"cell": str, "sources": list[str], "how": list[Said], "shape": list[int], "role": str})
Way = TypedDict("Way", {"steps": list[Came]})
#: A layer, or a tap between layers: what it does, the sign before it, and its energy
Opened = TypedDict("Opened", {"sign": str, "what": Said, "shape": list[int], "map": NumberMap})
Layers = TypedDict("Layers", {"cell": str, "layers": list[Opened]})
# fmt: on


def way(cached: Cached, asked: Question) -> Way:
    """Every map of one drawing, in the order of the forward pass."""
    side = side_of(cached, asked)
    wired, steps = wiring(cached.net(side)), []
    for name, ways in wired.picture.items():
        how = [step(each) for one in ways.values() for each in one.steps] or [said("xray.way_same")]
        steps.append({
            "cell": name, "sources": list(ways), "shape": list(cached.trace(side)[name].tensor.shape[1:]),
            "how": how if len(ways) == 1 else [said("xray.way_added")], "role": wired.nodes[name].role,
        })  # fmt: skip
    return {"steps": steps}


def opened(cached: Cached, asked: Question) -> Layers:
    """What a map is made by, layer by layer: one more pass. Raises KeyError for a map that is in no picture."""
    side, name = side_of(cached, asked), asked["cell"]
    nodes = layers.owned(cached.net(side), name)
    inside = cached.inside(side, [node.name for node in nodes])
    how = (cached.request(side), cached.pose(side).silence)
    found = work.in_turn(lambda: layers.layers(cached.net(side), cached.input(side), name, *how))
    result: list[Opened] = []
    for node in sorted(nodes, key=lambda node: _place(node, nodes)):
        if node.role != "shortcut":
            result += [_opened("→", step(each.step), each.tensor) for each in found if each.tap == node.name]
        if (label := _label(node)) is not None:
            result.append(_opened(*label, inside[node.name].tensor[0].float()))
    return {"cell": name, "layers": result}


def _place(node: Node, nodes: list[Node]) -> float:
    """In the order of the pass, but what is added to f(x) behind it."""
    return nodes.index(node) + (1.5 if node.role == "shortcut" else 0)


def _label(node: Node) -> tuple[str, Said] | None:
    """What a tap between layers is, and the sign before it; None for one that only repeats the layer before it."""
    if node.role in ("residual", "shortcut"):
        key = "f" if node.role == "residual" else "x" if node.join == "same" else "projected"
        return ("→" if key == "f" else "+", said(f"xray.unit_{key}"))
    if node.join == "relu":
        return "→", said("xray.relu_follows")
    signs = {"sum": "=", "pool": "→"}
    return (signs[node.join], said(f"xray.layer_{node.join}")) if node.join in signs else None


def _opened(sign: str, what: Said, tensor: Tensor) -> Opened:
    return {"sign": sign, "what": what, "shape": list(tensor.shape), "map": number_map(channels.energy(tensor))}
