"""Cost by stage of two networks, on shared axes, as a Plotly figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .study import NETWORKS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class Bars:
    """One network: parts -- names from bottom of the photo to the head; columns -- {heading: a value a part}.

    spread -- {heading: the lowest and the highest a part} of what was measured several times
    """

    title: str
    parts: tuple[str, ...]
    columns: dict[str, tuple[float | None, ...]]
    spread: dict[str, tuple[tuple[float, float] | None, ...]] = field(default_factory=dict)


def figure(networks: list[Bars]) -> Figure:
    """Columns side by side, one row a part; both networks on the same axis in each column."""
    from plotly.graph_objects import Bar, Scatter
    from plotly.subplots import make_subplots

    headings = list(networks[0].columns)
    result = make_subplots(1, len(headings), shared_yaxes=True, subplot_titles=headings, horizontal_spacing=0.02)
    for k, network in enumerate(networks):
        side = f"{network.title} ({'left' if k == 0 else 'right'})" if _twice(networks) else network.title
        for column, heading in enumerate(headings, start=1):
            values, rows = network.columns[heading], [[side] * len(network.parts), list(network.parts)]
            said, spread = ["–" if v is None else f"{v:.3g}" for v in values], network.spread.get(heading)
            bars = Bar(
                x=values, y=rows, orientation="h", name=side, marker_color=NETWORKS[k],
                hovertemplate="%{y}: %{x:.4g}<extra></extra>", error_x=_whiskers(network, heading),
                text=None if spread else said, textangle=0,
            )  # fmt: skip
            result.add_trace(bars, 1, column)
            if spread:  # the figure stands beyond the whisker, which would strike it through
                ends = [ends[1] if ends else value for value, ends in zip(values, spread, strict=True)]
                beyond = {"mode": "text", "textposition": "middle right", "hoverinfo": "skip", "cliponaxis": False}
                result.add_trace(Scatter(x=ends, y=rows, text=[f"\u00a0{one}" for one in said], **beyond), 1, column)
    for column, heading in enumerate(headings, start=1):
        ends = [end[1] for network in networks for end in network.spread.get(heading, ()) if end]
        if ends:
            result.update_xaxes(range=[0, 1.2 * max(ends)], col=column)
    lines = sum(len(network.parts) for network in networks)
    result.update_yaxes(autorange="reversed", automargin=True)
    result.update_xaxes(rangemode="tozero", gridcolor="rgba(128,128,128,.3)")
    result.update_layout(
        height=114 + 24 * lines, margin={"l": 8, "r": 8, "t": 56, "b": 24}, showlegend=False, bargap=0.25,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"color": "#808080", "size": 13},
    )  # fmt: skip
    return result


def _whiskers(network: Bars, heading: str) -> dict[str, Any] | None:
    """From the lowest to the highest, around the bar's end."""
    if heading not in network.spread:
        return None
    bars = list(zip(network.columns[heading], network.spread[heading], strict=True))
    up = [ends[1] - value if ends and value is not None else None for value, ends in bars]
    down = [value - ends[0] if ends and value is not None else None for value, ends in bars]
    return {"type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": "#808080", "thickness": 1.5}


def _twice(networks: list[Bars]) -> bool:
    return len({network.title for network in networks}) < len(networks)
