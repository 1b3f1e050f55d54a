"""A heatmap as a Plotly surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def figure(heatmap: np.ndarray, title: str, top: float) -> Figure:
    """(h, w) -> a surface over the map's cells; top -- the highest value of the axis, shared by what is compared."""
    from plotly.graph_objects import Figure, Surface

    high = max(top, float(heatmap.max()), 1e-9)
    surface = Surface(
        z=heatmap, colorscale="Viridis", cmin=0, cmax=high,
        hovertemplate="x %{x}, y %{y}: %{z:.3f}<extra></extra>",
    )  # fmt: skip
    result = Figure(surface)
    axis = {"backgroundcolor": "rgba(0,0,0,0)", "gridcolor": "#808080", "color": "#808080"}
    result.update_layout(
        title=title, height=420, margin={"l": 8, "r": 8, "t": 48, "b": 8}, paper_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
        scene={
            "xaxis": {**axis, "title": "x"}, "yaxis": {**axis, "title": "y", "autorange": "reversed"},
            "zaxis": {**axis, "title": "", "range": [min(0.0, float(heatmap.min())), high]},
            "aspectratio": {"x": 1, "y": 1, "z": 0.55},
        },
    )  # fmt: skip
    return result
