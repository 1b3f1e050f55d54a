"""The Study tab: the figures of the results that ship in assets/study."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from .. import locales
from ..study import report
from . import plot

#: What can be asked, in the order of the buttons.
QUESTIONS = ("accuracy", "upsampling", "depth", "resolution", "faults", "silence", "experiments")
#: The question of all results that are of trained experiments, of which any number may ship, and the study to name.
_TRAINED = ("experiments", "seeds")
_SHIPPED = [file.parent.name for file in report.SHIPPED.glob("*/result.json")]
#: No study has more figures than six, nor has a result of seeds more than two; a grid of trained stops has four.
SLOTS = max(6, sum(2 if name.startswith("seeds") else 4 for name in _SHIPPED if name not in QUESTIONS))


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

    from ..draw.study import figures
    from ..draw.study_words import of_experiments

    trained = question == _TRAINED[0]
    study = _TRAINED[1] if trained else question
    results = [result for result in report.shipped().values()
               if of_experiments(result) == trained and (trained or result["study"] == study)]  # fmt: skip
    if not results:
        command = f"python -m pose_demo study {escape(study)} --data FILE"
        told = f"{locales.say(language, 'study.not_measured')} <code>{command}</code>"
        return _filled(f"<p>{told} {locales.say(language, 'study.measures_it')}</p>", [])
    drawn = [_narrow(*figure) for result in results for figure in figures(result, language)]
    state = partial(locales.word, language, "status")
    return _filled("".join(_told(result, words_of, state) for result in results), drawn, language)


def _told(result: dict[str, Any], words_of: Callable[[locales.Said], str], state: Callable[[str], str]) -> str:
    """What was found, of which networks, on what, by which command."""
    from ..draw.study_words import answers, of_experiments, source

    notes = "".join(f"<li>{words_of(note)}</li>" for note in result["notes"])
    seeded = of_experiments(result)  # its runs are named in the command
    told = [f"{escape(n['title'])}: <b>{escape(state(n['status']))}</b>" for n in result["networks"] if not seeded]
    found = "".join(f"<li>{words_of(answer)}</li>" for answer in answers(result))
    return (
        f"<ul class='study-answers'>{found}</ul><p>{' · '.join(told)}</p>"
        f"<p>{' '.join(map(words_of, source(result)))}</p>"
        f"<p><code>{escape(result['made']['command'])}</code></p><ul>{notes}</ul>"
    )


def _narrow(heading: str, figure: Any) -> tuple[str, Any]:
    """The x axis says what it is in the heading: on a phone a long axis title is cut off."""
    title = figure.layout.xaxis.title.text
    figure.update_xaxes(title_text="")
    return f"{heading}: {title}" if title else heading, figure


def _filled(text: str, drawn: list[tuple[str, Any]], language: str = "en") -> tuple:
    slots: list[Any] = []
    for heading, figure in drawn:
        slots += [f"<h3>{escape(heading)}</h3>", plot.shown(figure, language)]
    return (text, *slots, *["", gr.update(value=None, visible=False)] * (SLOTS - len(drawn)))
