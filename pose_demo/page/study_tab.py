"""The Study tab: the figures of the results that ship in assets/study, and what has not been measured yet."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr

from .. import locales, weights

#: What can be asked, in the order of the buttons; the last is the list of networks still to be trained.
QUESTIONS = ("accuracy", "upsampling", "depth", "resolution", "faults", "experiments")
#: No study has more figures.
SLOTS = 5


def build(language: str = "en") -> dict[str, Any]:
    """The tab's components. Call inside a gr.Tab."""
    at: dict[str, Any] = {}
    with gr.Column(elem_id="study-box"):
        at["study_question"] = gr.Radio(
            choices(language),
            value=QUESTIONS[0],
            label=locales.say(language, "page.study_ask"),
            elem_id="study-question",
        )
        at["study_text"] = gr.HTML("", apply_default_css=False, elem_id="study-text")
        for k in range(SLOTS):
            at[f"study_heading{k}"] = gr.HTML("", apply_default_css=False, elem_classes="study-heading")
            at[f"study_plot{k}"] = gr.Plot(show_label=False, container=False, visible=False)
    return at


def outputs(at: dict[str, Any]) -> list[Any]:
    """What `show` fills, in its order."""
    slots = [at[f"study_{part}{k}"] for k in range(SLOTS) for part in ("heading", "plot")]
    return [at["study_text"], *slots]


def choices(language: str) -> list[tuple[str, str]]:
    return [(locales.say(language, f"page.study_{name}"), name) for name in QUESTIONS]


def show(question: str, language: str = "en") -> tuple:
    """A sentence on where the figures come from, and the figures."""

    def words_of(said: locales.Said) -> str:
        return escape(locales.tell(language, said))

    if question == "experiments":
        return _filled(experiments(), [])
    from ..draw.study import figures
    from ..draw.study_words import answers, source
    from ..study.report import shipped

    result = shipped().get(question)
    if result is None:
        command = f"python -m pose_demo study {escape(question)} --data FILE"
        return _filled(f"<p>Not yet measured here. <code>{command}</code> measures it.</p>", [])
    notes = "".join(f"<li>{words_of(note)}</li>" for note in result["notes"])
    networks = " · ".join(f"{escape(n['title'])}: <b>{escape(n['status'])}</b>" for n in result["networks"])
    found = "".join(f"<li>{words_of(answer)}</li>" for answer in answers(result))
    text = (
        f"<ul class='study-answers'>{found}</ul><p>{networks}</p><p>{' '.join(map(words_of, source(result)))}</p>"
        f"<p><code>{escape(result['made']['command'])}</code></p><ul>{notes}</ul>"
    )
    return _filled(text, [_narrow(*drawn) for drawn in figures(result)[:SLOTS]])


def _narrow(heading: str, figure: Any) -> tuple[str, Any]:
    """The x axis says what it is in the heading: on a phone a long axis title is cut off."""
    title = figure.layout.xaxis.title.text
    figure.update_xaxes(title_text="")
    return f"{heading}: {title}" if title else heading, figure


def _filled(text: str, drawn: list[tuple[str, Any]]) -> tuple:
    slots: list[Any] = []
    for k in range(SLOTS):
        if k < len(drawn):
            slots += [f"<h3>{escape(drawn[k][0])}</h3>", gr.update(value=drawn[k][1], visible=True)]
        else:
            slots += ["", gr.update(value=None, visible=False)]
    return (text, *slots)


def experiments() -> str:
    """The trained experiments as a table: what was not trained has no row, weights/README.md lists it."""
    from ..training.experiments import QUEUE

    known, rows = weights.manifest(), []
    for experiment in (one for listed in QUEUE.values() for one in listed):
        for measured in known[experiment.name].measured if experiment.name in known else ():
            cells = (experiment.name, experiment.asks, f"{measured['metric']} {measured['value']} ({measured['set']})")
            rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    how = "<code>python -m pose_demo train --queue small --data DIR DIR --out DIR</code>"
    if not rows:
        return f"<p>What only training can answer is not yet measured here. {how} goes to work on it.</p>"
    return (
        f"<p>One recipe, the same photos in the same order, one thing changed at a time: {how}</p>"
        "<table><thead><tr><th>network</th><th>question</th><th>result</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
