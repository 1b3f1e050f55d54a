"""A Plotly figure on the page, whose buttons speak the visitor's language: gr.Plot takes no configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.components.plot import PlotData

from ..draw.plot_words import config

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def shown(figure: Figure, language: str) -> Any:
    """A change of a gr.Plot: it shows this figure."""
    told = {**json.loads(figure.to_json() or "{}"), "config": config(language)}
    return gr.update(value=PlotData(type="plotly", plot=json.dumps(told)), visible=True)


def gone() -> tuple:
    """Changes of two gr.Plots, the surface and the bars: what they show is of what is no longer seen."""
    return (gr.update(visible=False),) * 2
