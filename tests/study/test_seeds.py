"""What may be claimed of experiments of several seeds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from asked import FEW as QUICK
from asked import english, run, table
from labelled import write_crops

from pose_demo.__main__ import main
from pose_demo.draw import study_words
from pose_demo.joints import LSP
from pose_demo.networks import zoo
from pose_demo.study import report
from pose_demo.study.people import StudyError
from pose_demo.study.questions import trained
from pose_demo.study.seeds import FEW, Run, in_order, told, verdict


@pytest.fixture
def runs(tmp_path):
    """best.pt files of two experiments of three seeds; the second is the first with other weights for each seed."""
    files = []
    for name, first in (("plain", 0), ("other", 10)):
        for seed in range(3):
            file = tmp_path / f"{name}-seed{seed}" / "best.pt"
            file.parent.mkdir()
            network = {"name": "hourglass-tiny-1", "joints": "lsp", "options": {}}
            net = zoo.build("hourglass-tiny-1", 14, first + seed)
            recipe = {"size": 64, "upsampling": "nearest", "seed": seed}
            torch.save({"network": network, "weights": net.state_dict(),
                        "record": {"recipe": recipe, "device": "CPU"}}, file)  # fmt: skip
            files.append(str(file))
    return files


def test_experiments_are_held_against_the_first_seed_by_seed(runs, tmp_path, capsys):
    data = write_crops(tmp_path / "c.npz", 6)
    result = run("seeds", data, tmp_path / "out", "--network", *runs)
    assert [row["network"] for row in result["rows"]] == ["plain", "other"]
    plain, other = ({int(k): v["value"] for k, v in row["seeds"].items()} for row in result["rows"])
    (test,) = result["tests"]
    for seed in range(3):
        assert test["seeds"][str(seed)]["value"] == pytest.approx(other[seed] - plain[seed], abs=2e-5)
        single = run("accuracy", data, tmp_path / f"a{seed}", "--network", runs[seed], page=False)
        assert single["rows"][0]["measures"]["pck@0.2"]["value"] == plain[seed]
    assert result["rows"][0]["measures"]["pck@0.2"]["value"] == pytest.approx(sum(plain.values()) / 3, abs=2e-5)
    each = [seed["value"] for seed in test["seeds"].values()]
    assert test["difference"]["value"] == pytest.approx(sum(each) / 3, abs=2e-5)
    head, _, one, _, less, *_ = (tmp_path / "out" / "table.md").read_text().splitlines()
    assert head == "|  | pck@0.2 | seed 0 | seed 1 | seed 2 |" and one.count(" to ") == 4
    assert less.startswith(f"| other less plain: {test['verdict']} | {test['difference']['value']:+.3f} (")
    lines = {line["measure"]: line for line in table(tmp_path / "out") if line["title"] == "other less plain"}
    assert lines["pck@0.2 difference"]["verdict"] == test["verdict"] and len(lines) == 4

    assert not result["unfinished"]
    kept = ["--kept", str(tmp_path / "out" / "result.json")]  # weights that are gone need not be there once more
    again = run("seeds", data, tmp_path / "again", "--network", runs[3], *kept, page=False)
    assert all(again[part] == result[part] for part in ("rows", "tests", "runs", "people"))
    base = run("seeds", data, tmp_path / "base", "--network", runs[0], *kept, page=False)
    assert [row["network"] for row in base["rows"]] == ["plain"] and len(base["runs"]) == 3, "what was asked, no more"
    others = write_crops(tmp_path / "others.npz", 5)
    call = ["study", "seeds", "--data", str(others), "--out", str(tmp_path / "o"), *kept, *QUICK, "--fresh"]
    call += ["--network", runs[0]]
    assert main(call) == 1 and "keeps no runs on these people" in capsys.readouterr().err
    call[3] = str(data)
    assert main([*call, "--decoder", "dark"]) == 1
    assert "(decoder argmax, flip False, upsampling None) than is asked now (decoder dark" in capsys.readouterr().err
    shutil.copytree(Path(runs[0]).parent, tmp_path / "plain-seed7")
    assert main([*call, "--network", str(tmp_path / "plain-seed7" / "best.pt")]) == 1
    assert "best.pt is named for seed 7, and was trained with seed 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [({"photos": 4}, "photos: 9, 4"), ({"device": "NVIDIA H200"}, "device: CPU, NVIDIA H200"),
     ({"recipe": {"precision": "bf16"}}, "precision: fp32, bf16"), ({"data": [{"name": "x"}]}, "data: y, x"),
     ({"device": None}, None)],
)  # fmt: skip
def test_runs_of_one_seed_that_saw_other_things_are_no_pair(more, said):
    known = {"photos": 9, "device": "CPU", "recipe": {"precision": "fp32"}, "data": [{"name": "y"}]}
    one, other = (Run(np.ones((2, 14)), {"trained": trained(each), "status": "x"}) for each in (known, known | more))
    weights = np.ones((2, 5), np.uint8)
    if said is None:
        assert told({"a": {1: one}, "b": {1: other}}, weights, LSP)["tests"], "what nobody says is not held against it"
        return
    with pytest.raises(StudyError, match=f"a-seed1 and b-seed1 are no pair, they differ in {said}"):
        told({"a": {1: one}, "b": {1: other}}, weights, LSP)


def test_weights_that_ship_are_the_run_of_their_cards_seed(tmp_path):
    result = run("seeds", write_crops(tmp_path / "c.npz", 3), tmp_path / "out", "--network", "hrnet-tiny", page=False)
    assert result["unfinished"] and report.shipped(tmp_path) == {}, "one seed says nothing"
    assert list(result["runs"]) == ["hrnet-tiny-seed0"] and result["rows"][0]["trained"]["0"]["photos"] == 200_000


def test_one_experiment_may_be_finished_before_another(tmp_path):
    """Each is judged by its own seeds; all are held against what the queue says, whatever was named first."""
    assert in_order(["own", "hrnet-tiny-bottleneck", "hrnet-tiny"]) == ["hrnet-tiny", "hrnet-tiny-bottleneck", "own"]
    holds, about = np.ones((2, 14)), {"trained": {"photos": 9, "device": "CPU"}, "status": "a training run"}
    one = Run(holds, about)
    seeds = {"plain": dict.fromkeys(range(3), one), "other": dict.fromkeys(range(3), one), "late": {1: one}}
    result = {"study": "seeds", "networks": [], **told(seeds, np.ones((2, 5), np.uint8), LSP)}
    assert [test["verdict"] for test in result["tests"]] == ["no difference found", FEW] and not result["unfinished"]
    assert english(study_words.answers(result))[1].startswith("late and plain have 1 seeds in common: too few")
    (tmp_path / "seeds-mine").mkdir()
    (tmp_path / "seeds-mine" / "result.json").write_text(json.dumps(result))
    shown = report.shipped(tmp_path)["seeds-mine"]
    assert [row["network"] for row in shown["rows"]] == ["plain", "other"] and len(shown["tests"]) == 1
    assert told({"plain": {0: one}, "late": {1: one}}, np.ones((2, 5), np.uint8), LSP)["unfinished"]


def test_a_row_names_every_device_that_its_runs_were_trained_on():
    about = {"status": "a training run", "trained": {"device": "CPU"}}
    runs = [Run(np.ones((1, 14)), {**about, "trained": {"device": device}}) for device in ("NVIDIA H200", "CPU", "CPU")]
    (row,) = told({"plain": dict(enumerate(runs))}, np.ones((1, 3), np.uint8), LSP)["rows"]
    assert row["status"] == "trained on NVIDIA H200, CPU"
    told_nothing = Run(np.ones((1, 14)), {**about, "trained": {}})
    (row,) = told({"plain": {0: runs[0], 1: told_nothing}}, np.ones((1, 3), np.uint8), LSP)["rows"]
    assert row["status"] == "a training run"


def test_only_seeds_can_be_asked(tmp_path, capsys):
    data = write_crops(tmp_path / "c.npz", 2)
    call = ["study", "seeds", "--data", str(data), "--out", str(tmp_path / "o"), "--network", "hrnet-slim-untrained"]
    assert main([*call, *QUICK]) == 1
    assert "is not named NAME-seed0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("each", "low", "high", "said"),
    [
        ([0.02, 0.01, 0.03], 0.01, 0.03, "better"),
        ([-0.02, -0.01, -0.03], -0.03, -0.01, "worse"),
        ([0.02, -0.01, 0.05], 0.01, 0.03, "no difference found"),
        ([0.02, 0.01, 0.03], -0.01, 0.05, "no difference found"),
        ([0.02, 0.03], 0.01, 0.04, FEW),
    ],
)
def test_a_difference_needs_three_seeds_of_one_sign_and_an_interval_without_zero(each, low, high, said):
    assert verdict(each, {"low": low, "high": high}) == said
