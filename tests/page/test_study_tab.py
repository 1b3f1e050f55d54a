"""The Study tab: what it shows is what ships in assets/study, and nothing else."""

import gradio as gr
import pytest

from pose_demo.page import study_tab
from pose_demo.study import report
from pose_demo.training.experiments import EXPERIMENTS


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
    assert [result["stale"] for result in report.shipped().values()] == [[]] * 5


def test_what_does_not_ship_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(report, "shipped", dict)
    text, *slots = study_tab.show("accuracy")
    assert "Not yet measured" in text and "study accuracy" in text
    assert not any(slot["visible"] for slot in slots[1::2])


def test_every_experiment_has_a_row_and_none_has_a_figure_without_weights():
    text = study_tab.show("experiments")[0]
    assert text.count("<tr>") == 1 + len(EXPERIMENTS)
    assert text.count("not yet measured") == len(EXPERIMENTS)


def test_a_trained_experiment_shows_its_figure(monkeypatch):
    entry = study_tab.weights.manifest()["hrnet-slim-lsp"]
    monkeypatch.setattr(study_tab.weights, "manifest", lambda: {"hrnet-w18-lsp": entry})
    text = study_tab.experiments()
    assert f"{entry.measured['metric']} {entry.measured['value']}" in text
    assert text.count("not yet measured") == len(EXPERIMENTS) - 1


def test_its_outputs_are_what_it_fills():
    with gr.Blocks():
        at = study_tab.build()
    assert len(study_tab.outputs(at)) == len(study_tab.show("experiments"))
