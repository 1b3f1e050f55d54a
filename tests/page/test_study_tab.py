"""The Study tab: what it shows is what ships in assets/study, and nothing else."""

import gradio as gr
import pytest

from pose_demo import weights
from pose_demo.page import study_tab
from pose_demo.study import report
from pose_demo.training.experiments import QUEUE


@pytest.mark.parametrize("question", study_tab.QUESTIONS[:-1])
def test_a_study_that_ships_is_shown_with_its_origin(question):
    result = report.shipped()[question]
    text, *slots = study_tab.show(question)
    assert str(result["data"]["evaluated"]) in text and result["made"]["device"] in text
    assert result["made"]["command"] in text
    assert all(f"{n['title']}: <b>{n['status']}</b>" in text for n in result["networks"])
    shown = [slot for slot in slots[1::2] if slot["visible"]]
    assert shown and all(heading.startswith("<h3>") for heading in slots[0::2][: len(shown)])
    assert len(slots) == 2 * study_tab.SLOTS


def test_the_results_are_of_the_weights_that_ship():
    assert set(report.shipped()) == set(study_tab.QUESTIONS[:-1])
    assert all(n["name"] in weights.manifest() for result in report.shipped().values() for n in result["networks"])
    assert [result["stale"] for result in report.shipped().values()] == [[]] * 5


def test_what_does_not_ship_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(report, "shipped", dict)
    text, *slots = study_tab.show("accuracy")
    assert "Not yet measured" in text and "study accuracy" in text
    assert not any(slot["visible"] for slot in slots[1::2])


def test_experiments_without_weights_have_no_row():
    text = study_tab.show("experiments")[0]
    assert "<tr>" not in text and "not yet measured" in text and "train --queue" in text


def test_a_trained_experiment_shows_its_figure(monkeypatch):
    entry = next(e for e in study_tab.weights.manifest().values() if e.measured)
    monkeypatch.setattr(study_tab.weights, "manifest", lambda: {QUEUE["small"][0].name: entry})
    text = study_tab.experiments()
    assert text.count("<tr>") == 1 + len(entry.measured)
    assert all(f"{m['metric']} {m['value']} ({m['set']})" in text for m in entry.measured)


def test_its_outputs_are_what_it_fills():
    with gr.Blocks():
        at = study_tab.build()
    assert len(study_tab.outputs(at)) == len(study_tab.show("experiments"))
