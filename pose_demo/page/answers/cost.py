"""What each stage costs: counted and measured here, and what was published, each with its unit."""

from __future__ import annotations

from typing import Any

from ...draw.stages import Bars, figure
from ...locales import say
from ...networks import costs
from ...networks.card import Card
from ...networks.trace import Trace
from ..cached import Cached
from ..schema import Said, said

#: As published: (millions of parameters, {input: "GFLOPs" as printed}, by whom). None: nobody printed it.
PUBLISHED: dict[str, tuple[float, dict[str, float], str]] = {
    "hrnet-w32": (28.5, {"256x192": 7.1, "384x288": 16.0}, "HRNet, table 1"),
    "hrnet-w48": (63.6, {"256x192": 14.6, "384x288": 32.9}, "HRNet, table 1"),
    "hourglass-8": (25.1, {"256x192": 14.3, "256x256": 19.1}, "HRNet, table 1"),
}
#: Passes that are timed, after one to warm up.
_REPEATS = 5


def measure(cached: Cached, language: str) -> tuple[Any, list[list[Said]]]:
    """A Plotly figure of both networks, and what is to be said of each. Runs each a few times."""
    bars, lines = [], []
    for k, pose in enumerate(cached.comparison.poses):
        height, width = pose.card.input
        found = costs.cost(cached.net(k), height, width, _REPEATS if cached.traceable(k) else 0)
        memory = maps(cached.trace(k)) if cached.traceable(k) else {}
        heading = say(language, "xray.milliseconds", device=cached.comparison.device)
        columns = {
            say(language, "xray.parameters"): tuple(part.parameters / 1e6 for part in found.parts),
            "GMAC": tuple(part.macs / 1e9 for part in found.parts),
            heading: tuple(part.milliseconds for part in found.parts),
            say(language, "xray.memory"): tuple(memory.get(part.name, 0) / 2**20 or None for part in found.parts),
        }
        spread = {heading: tuple(part.spread for part in found.parts)}
        bars.append(Bars(pose.card.short, tuple(part.name for part in found.parts), columns, spread))
        lines.append(line(pose.card, found))
    return figure(bars), lines


def line(card: Card, found: costs.Cost) -> list[Said]:
    """ "HRNet-W32: here 28.5 M, 7.65 GMAC (7.12 in HRNet's "GFLOPs"); 190 ms (180 to 230); published ..." """
    here = said(
        "xray.cost_here", network=card.title, parameters=found.parameters / 1e6, gmac=found.gmac,
        gflops=found.hrnet_gflops, input=f"{found.height}x{found.width}",
    )  # fmt: skip
    lines = [here]
    if found.spread is not None:
        low, high = found.spread
        lines.append(said("xray.cost_time", median=found.milliseconds, repeats=found.repeats, low=low, high=high))
    known = PUBLISHED.get(card.architecture)
    if known is None:
        return [*lines, said("xray.not_published")]
    printed = ", ".join(f"{flops} ({size})" for size, flops in known[1].items())
    return [*lines, said("xray.was_published", parameters=known[0], gflops=printed, source=known[2])]


def maps(trace: Trace) -> dict[str, int]:
    """{part: bytes of its maps}: what a pass has to keep for the X-ray, each tensor once."""
    found: dict[str, int] = {}
    seen: set[int] = set()
    for tap in trace.values():
        if tap.tensor.data_ptr() not in seen:
            seen.add(tap.tensor.data_ptr())
            found[tap.part] = found.get(tap.part, 0) + tap.tensor.numel() * tap.tensor.element_size()
    return found
