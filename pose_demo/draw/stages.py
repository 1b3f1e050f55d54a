"""Cost by stage of two networks, on shared axes, as a Plotly figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .study import NETWORKS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class Bars:
    """One network: parts -- names from bottom of the photo to the head; columns -- {heading: a value a part}."""

    title: str
    parts: tuple[str, ...]
    columns: dict[str, tuple[float | None, ...]]


def figure(networks: list[Bars]) -> Figure:
    """Columns side by side, one row a part; both networks on the same axis in each column."""
    from plotly.graph_objects import Bar
    from plotly.subplots import make_subplots

    headings = list(networks[0].columns)
    result = make_subplots(1, len(headings), shared_yaxes=True, subplot_titles=headings, horizontal_spacing=0.02)
    for k, network in enumerate(networks):
        side = f"{network.title} ({'left' if k == 0 else 'right'})" if _twice(networks) else network.title
        for column, heading in enumerate(headings, start=1):
            values = network.columns[heading]
            result.add_trace(
                Bar(
                    x=values, y=[[side] * len(values), list(network.parts)], orientation="h", name=side,
                    marker_color=NETWORKS[k], text=["–" if v is None else f"{v:.3g}" for v in values],
                    hovertemplate="%{y}: %{x:.4g}<extra></extra>",
                ),
                1, column,
            )  # fmt: skip
    rows = sum(len(network.parts) for network in networks)
    result.update_yaxes(autorange="reversed", automargin=True)
    result.update_xaxes(rangemode="tozero", gridcolor="rgba(128,128,128,.3)")
    result.update_layout(
        height=90 + 24 * rows, margin={"l": 8, "r": 8, "t": 32, "b": 24}, showlegend=False, bargap=0.25,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"color": "#808080", "size": 13},
    )  # fmt: skip
    return result


def _twice(networks: list[Bars]) -> bool:
    return len({network.title for network in networks}) < len(networks)
