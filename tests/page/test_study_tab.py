"""The Study tab: what it shows is what ships in assets/study, and nothing else."""

import importlib
import json
import shutil

import gradio as gr
import pytest
from plotly.graph_objects import Figure

from pose_demo import weights
from pose_demo.draw.study_words import of_experiments
from pose_demo.page import study_tab
from pose_demo.study import report


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
    for name, result in report.shipped().items():
        assert of_experiments(result) == (name not in study_tab.QUESTIONS)
        assert of_experiments(result) or all(n["name"] in weights.manifest() for n in result["networks"])
        assert not result["stale"]


def test_what_does_not_ship_is_said_to_be_missing(monkeypatch):
    monkeypatch.setattr(report, "shipped", dict)
    text, *slots = study_tab.show("accuracy")
    assert "Not yet measured" in text and "study accuracy" in text
    assert not any(slot["visible"] for slot in slots[1::2])


def test_trained_experiments_say_what_may_be_claimed_and_on_how_little():
    """Three seeds of each, every seed's difference, the verdict, and size, photos and device beside it."""
    every = [result for result in report.shipped().values() if of_experiments(result)]
    results = [result for result in every if result["study"] == "seeds"]
    text, *slots = study_tab.show("experiments")
    shown = sum(slot["visible"] for slot in slots[1::2])
    assert len(results) > 2 and shown == 2 * len(results) + 4 * (len(every) - len(results))
    for result in every:
        for row in result["rows"]:
            assert all(str(run["photos"]) in text and run["device"] in text for run in row["trained"].values())
    for result in results:
        assert all(len(row["seeds"]) == 3 for row in result["rows"])
        for test in result["tests"]:
            words = {"better": "is better than", "worse": "is worse than"}.get(test["verdict"], "No difference found")
            assert words in text and ", ".join(f"{100 * d['value']:+.1f}" for d in test["seeds"].values()) in text


def test_no_figure_is_left_out(monkeypatch, tmp_path):
    """Results of seeds come one by one: the tab has room for each that ships, and drops none without a word."""
    for k in range(4):
        shutil.copytree(report.SHIPPED / "seeds-bottom", tmp_path / f"seeds-{k}")
    with monkeypatch.context() as patch:
        patch.setattr(report, "SHIPPED", tmp_path)
        assert importlib.reload(study_tab).SLOTS == 8
    slots = importlib.reload(study_tab).SLOTS
    assert len(study_tab._filled("", [("h", Figure())] * (slots + 1))) == 2 * slots + 3


def test_its_outputs_are_what_it_fills():
    with gr.Blocks():
        at = study_tab.build()
    assert len(study_tab.outputs(at)) == len(study_tab.show("experiments"))


def test_cuts_and_plotlys_own_buttons_are_told_in_chinese():
    text, _, figure, *_ = study_tab.show("silence", "zh")
    assert "切断 stage" in text and "without" not in text
    told = json.loads(figure["value"].plot)["config"]
    assert told["locales"][told["locale"]]["dictionary"]["Zoom in"] == "放大"
