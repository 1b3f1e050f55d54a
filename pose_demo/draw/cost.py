"""What the two forward passes cost here, as a Plotly figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..comparison import Comparison
from .study import NETWORKS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def figure(comparison: Comparison) -> Figure:
    """One bar a network: milliseconds of its forward pass on this machine, on one axis."""
    from plotly.graph_objects import Bar, Figure

    names = [pose.card.title for pose in comparison.poses]
    if len(set(names)) < len(names):
        names = [f"{name} ({side})" for name, side in zip(names, ("left", "right"), strict=False)]
    times = [pose.seconds * 1000 for pose in comparison.poses]
    bar = Bar(x=times, y=names, orientation="h", text=[f"{t:.1f} ms" for t in times], marker_color=NETWORKS[0],
              hovertemplate="%{y}: %{x:.2f} ms<extra></extra>")  # fmt: skip
    passes = "two passes each (flip test)" if comparison.flip else "one forward pass each"
    result = Figure(bar)
    result.update_layout(
        height=150, margin={"l": 8, "r": 16, "t": 8, "b": 36}, yaxis={"autorange": "reversed", "automargin": True},
        xaxis={"title": f"milliseconds on {comparison.device}, {passes}", "rangemode": "tozero"},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"color": "#808080"},
    )  # fmt: skip
    return result
