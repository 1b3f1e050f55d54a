"""What each stage costs: counted and measured here, and what was published, each with its unit."""

from __future__ import annotations

from typing import Any

from ...draw.stages import Bars, figure
from ...locales import say
from ...networks import costs
from ...networks.trace import Trace
from ..schema import Said, said
from ..store import Shot

#: As published: (millions of parameters, {input: "GFLOPs" as printed}, by whom). None: nobody printed it.
PUBLISHED: dict[str, tuple[float, dict[str, float], str]] = {
    "hrnet-w32": (28.5, {"256x192": 7.1, "384x288": 16.0}, "HRNet, table 1"),
    "hrnet-w48": (63.6, {"256x192": 14.6, "384x288": 32.9}, "HRNet, table 1"),
    "hourglass-8": (25.1, {"256x192": 14.3, "256x256": 19.1}, "HRNet, table 1"),
}
_REPEATS = 3


def measure(shot: Shot, language: str) -> tuple[Any, list[list[Said]]]:
    """A Plotly figure of both networks, and what is to be said of each. Runs each a few times."""
    bars, lines = [], []
    for k, pose in enumerate(shot.comparison.poses):
        height, width = pose.card.input
        found = costs.cost(shot.net(k), height, width, _REPEATS if shot.traceable(k) else 0)
        memory = maps(shot.trace(k)) if shot.traceable(k) else {}
        columns = {
            say(language, "xray.parameters"): tuple(part.parameters / 1e6 for part in found.parts),
            "GMAC": tuple(part.macs / 1e9 for part in found.parts),
            say(language, "xray.milliseconds", device=shot.comparison.device): tuple(
                part.milliseconds for part in found.parts
            ),
            say(language, "xray.memory"): tuple(memory.get(part.name, 0) / 2**20 or None for part in found.parts),
        }
        bars.append(Bars(pose.card.title.partition(" (")[0], tuple(part.name for part in found.parts), columns))
        lines.append(_line(pose.card.title, pose.card.architecture, found))
    return figure(bars), lines


def _line(title: str, architecture: str, found: costs.Cost) -> list[Said]:
    """ "HRNet-W32: here 28.5 M, 7.65 GMAC (7.12 in HRNet's "GFLOPs"); published ..." """
    here = said(
        "xray.cost_here", network=title, parameters=found.parameters / 1e6, gmac=found.gmac, gflops=found.hrnet_gflops,
        input=f"{found.height}x{found.width}",
    )  # fmt: skip
    known = PUBLISHED.get(architecture)
    if known is None:
        return [here, said("xray.not_published")]
    printed = ", ".join(f"{flops} ({size})" for size, flops in known[1].items())
    return [here, said("xray.was_published", parameters=known[0], gflops=printed, source=known[2])]


def maps(trace: Trace) -> dict[str, int]:
    """{part: bytes of its maps}: what a pass has to keep for the X-ray, each tensor once."""
    found: dict[str, int] = {}
    seen: set[int] = set()
    for tap in trace.values():
        if tap.tensor.data_ptr() not in seen:
            seen.add(tap.tensor.data_ptr())
            found[tap.part] = found.get(tap.part, 0) + tap.tensor.numel() * tap.tensor.element_size()
    return found
