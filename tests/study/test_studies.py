"""Every study from the command line, small, from labels to files; and what the files say."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from asked import HOURGLASS, HRNET, noisy, notes, run, table
from labelled import picture, write_coco, write_crops, write_csv, write_mpii
from PIL import Image

from pose_demo.draw import study as drawing
from pose_demo.networks import zoo
from pose_demo.networks.costs import cost
from pose_demo.networks.hrnet import HRNet
from pose_demo.networks.upsampling import STOPS
from pose_demo.study.labels import open_labels
from pose_demo.study.predict import Parts, Place, Predictor
from pose_demo.study.questions import inside, multiply_adds, sizes
from pose_demo.study.variants import LAST, Variant, answers, levels, open_network, stop, stops

# --- accuracy -------------------------------------------------------------------------------------------------------


def test_accuracy_is_pack_and_training_s_own_figure(crops, tmp_path):
    from pose_demo.training.data import load
    from pose_demo.training.validation import validate

    loaded = load(crops, 128)
    known = validate(zoo.load(HRNET), loaded)
    result = run("accuracy", crops, tmp_path / "out", "--network", HRNET, HOURGLASS)
    row = result["rows"][0]
    assert row["measures"]["pck@0.2"]["value"] == pytest.approx(known.mean, abs=1e-5)
    assert row["measures"]["pck@0.2"]["joints"] == known.joints
    assert row["measures"]["pck@0.2 upright"]["value"] == pytest.approx(known.upright, abs=1e-5)
    assert result["counted"] == {"people": 10, "with_torso": 10, "upright": known.people_upright, "with_head": 0}
    assert any("untrained" in note for note in notes(result))
    assert any("No OKS-AP: sigmas are published for COCO's joints only" in note for note in notes(result))
    made = result["made"]
    assert made["seed"] == 0 and made["versions"]["torch"] == torch.__version__ and "CPU" in made["device"]
    assert made["command"].startswith("python -m pose_demo study accuracy --data ") and str(crops) in made["command"]
    lines = table(tmp_path / "out")
    mine = [line for line in lines if line["network"] == HRNET and line["measure"] == "pck@0.2"]
    assert len(mine) == 15 and float(mine[0]["value"]) == pytest.approx(known.mean, abs=1e-5)
    assert mine[0]["joint"] == "all" and mine[0]["size"] == "128x128"


def test_a_limit_asks_nobody_for_those_beyond_it(tmp_path):
    file = write_coco(tmp_path)
    (tmp_path / "p.json").write_text(json.dumps(noisy(json.loads(file.read_text()), 0)))
    mine = f"exact={tmp_path / 'p.json'}"
    result = run("accuracy", file, tmp_path / "out", "--network", "--predictions", mine, "--limit", "3", page=False)
    row = result["rows"][0]
    assert row["oks"]["AP"]["value"] == 1 and row["measures"]["pck@0.1"]["value"] == 1
    assert result["networks"] == [] and not (tmp_path / "out" / "index.html").exists()


def test_mpii_has_pckh_and_pelvis_and_thorax_stay_out_of_its_mean(tmp_path):
    result = run("accuracy", write_mpii(tmp_path), tmp_path / "out", "--network", HRNET, "--flip", "--decoder", "dark",
                 "--upsampling", "bilinear", page=False)  # fmt: skip
    row = result["rows"][0]
    per_joint = row["per_joint"]["pckh@0.5"]
    counted = sum(e["joints"] for joint, e in per_joint.items() if joint not in ("pelvis", "thorax"))
    assert row["measures"]["pckh@0.5"]["joints"] == counted > 0 and result["counted"]["with_head"] == 4
    assert row["upsampling"] == "bilinear" and result["made"]["flip_test"] and result["made"]["decoder"] == "dark"
    assert "--upsampling bilinear --decoder dark --flip" in result["made"]["command"]
    assert drawing.figures(result)[0][1].data


def test_a_run_of_train_is_a_network_too(crops, tmp_path):
    net = zoo.build("hrnet-slim", 14, seed=3, trained_upsampling="bilinear")
    torch.save(
        {"network": {"name": "hrnet-slim", "joints": "lsp"}, "weights": net.state_dict(),
         "record": {"recipe": {"size": 64, "upsampling": "bilinear"}}}, tmp_path / "best.pt",
    )  # fmt: skip
    result = run("upsampling", crops, tmp_path / "out", "--network", HRNET, str(tmp_path / "best.pt"))
    row = result["rows"][4]
    assert row["size"] == [64, 64] and row["trained_with"] == "bilinear" and row["status"] == "a training run"
    (grid,) = result["grids"]
    assert grid["trained_modes"] == ["nearest", "bilinear"]
    for trained in STOPS:
        for tested in STOPS:
            assert len(grid["cells"][trained][tested]) == (1 if trained in ("nearest", "bilinear") else 0)
    drawn = dict(drawing.figures(result))["hrnet-slim: PCK@0.2, trained with (rows), tested with (columns)"].data[0]
    assert len(drawn.y) == 2 and [len(line) for line in drawn.text] == [4, 4], "a row for each that was trained with"


def test_what_nobody_told_of_a_file_is_said_with_its_value(crops, tmp_path, capsys):
    torch.save(zoo.build("hourglass-slim", 14).state_dict(), tmp_path / "mine.pth")
    asked = ["--network", str(tmp_path / "mine.pth"), "--net-input", "64", "--limit", "2"]
    result = run("accuracy", crops, tmp_path / "out", *asked, page=False)
    assert "input" not in result["networks"][0]["assumed"] and result["networks"][0]["input"] == [64, 64]
    said = "taken for granted: joints lsp, normalisation imagenet, cells centre, flip shift off, trained with nearest"
    assert said in capsys.readouterr().out


# --- upsampling, depth, resolution ----------------------------------------------------------------------------------


def test_upsampling_takes_every_stop_and_measures_the_shift_from_the_trained_one(crops, tmp_path):
    result = run("upsampling", crops, tmp_path / "out", "--network", HRNET, HOURGLASS)
    assert [(r["network"], r["upsampling"]) for r in result["rows"]] == [
        (n, s) for n in (HRNET, HOURGLASS) for s in STOPS
    ]
    for row in result["rows"]:
        moved = row["shift"]["torsos"]["value"]
        assert (moved == 0) == (row["upsampling"] == "nearest")
    assert {(t["a"].split("|")[2], t["b"].split("|")[2]) for t in result["tests"]} == {
        ("nearest", s) for s in STOPS[1:]
    }
    assert len([line for line in table(tmp_path / "out") if line["measure"] == "shift in torsos"]) == 8


def test_depth_ends_in_the_output_and_its_cost(crops, tmp_path):
    result = run("depth", crops, tmp_path / "out", "--network", HRNET, HOURGLASS, "hourglass-tiny-2-last")
    flat = run("accuracy", crops, tmp_path / "flat", "--network", HRNET, HOURGLASS, page=False)
    by_level = {(r["network"], r["level"]): r for r in result["rows"]}
    assert [level for n, level in by_level if n == HRNET] == ["stage2.module1", "stage3.module1", "stage4.module1"]
    assert [level for n, level in by_level if n == HOURGLASS] == ["stack1", "stack2"]
    for name, last, row in ((HRNET, "stage4.module1", 0), (HOURGLASS, "stack2", 1)):
        assert by_level[name, last]["measures"] == flat["rows"][row]["measures"]
        assert by_level[name, last]["gmac"] == pytest.approx(cost(zoo.load(name), 128, 128).gmac)
    gmac = [r["gmac"] for r in result["rows"] if r["network"] == HRNET]
    assert gmac == sorted(gmac) and by_level[HRNET, "stage2.module1"]["kind"] == "a probe"
    assert by_level[HOURGLASS, "stack1"]["kind"] == "supervised"
    assert by_level["hourglass-tiny-2-last", "stack1"]["kind"] == "unsupervised"


def test_the_cost_so_far_counts_what_is_needed_and_no_more():
    with torch.device("meta"):
        net = HRNet(17, 16, units=1)
    spent = [multiply_adds(net, level, 256, 192) for level in levels(net)]
    parts = {part.name: part.macs for part in cost(net, 256, 192).parts}
    assert len(spent) == 8 and spent == sorted(spent) and spent[-1] == sum(parts.values())
    first = parts["stem"] + parts["stage1"]
    assert first < spent[0] < first + parts["stage2"] + parts["head"]
    with torch.device("meta"):
        hourglass = zoo.ARCHITECTURES["hourglass-2"](joints=16)
    half = multiply_adds(hourglass, "stack1", 256, 256)
    parts = {part.name: part.macs for part in cost(hourglass, 256, 256).parts}
    back = parts["stem"] + parts["stack1"] - half  # the maps fed back are computed after the answer is there
    assert 0 < back == (256 * 256 + 16 * 256) * 64 * 64


def test_levels_are_what_a_trace_and_the_lens_say(photo):
    x = torch.randn(2, 3, 64, 96)
    net = zoo.load(HRNET)
    wanted = [*levels(net), LAST]
    found = dict(zip(wanted, answers(net, x, "bilinear", wanted), strict=True))
    trace = net.trace(x, "bilinear")
    assert list(levels(net)) == ["stage2.module1", "stage3.module1", "stage4.module1"]
    for level in levels(net):
        torch.testing.assert_close(found[level], net.lens(trace[f"{level}.branch0.fused"].tensor), rtol=0, atol=0)
    torch.testing.assert_close(found["stage4.module1"], trace.heatmaps[-1], rtol=0, atol=0)
    torch.testing.assert_close(found[LAST], trace.heatmaps[-1], rtol=0, atol=0)
    net = zoo.load(HOURGLASS)
    x = torch.randn(1, 3, 64, 64)
    for level, maps in zip(levels(net), net(x), strict=True):
        torch.testing.assert_close(answers(net, x, "nearest", [level])[0], maps, rtol=0, atol=0)


def test_resolution_names_size_cost_and_the_coarsest_map(tmp_path, monkeypatch):
    data = write_crops(tmp_path / "c.npz", 3)
    monkeypatch.setattr("pose_demo.study.questions.HIGHEST", 192)
    result = run("resolution", data, tmp_path / "out", "--network", HRNET, HOURGLASS)
    places = [(r["network"], r["size"], r["coarsest_map"], r["trained_size"]) for r in result["rows"]]
    assert places == [
        (HRNET, [128, 128], [4, 4], True), (HRNET, [160, 160], [5, 5], False), (HRNET, [192, 192], [6, 6], False),
        (HOURGLASS, [128, 128], [2, 2], True), (HOURGLASS, [192, 192], [3, 3], False),
    ]  # fmt: skip
    assert result["rows"][2]["gmac"] == pytest.approx(2.25 * result["rows"][0]["gmac"])


def test_sizes_of_networks_that_are_not_square():
    net = zoo.build("hrnet-slim")
    net.card = dataclasses.replace(net.card, input=(256, 192))
    found = sizes(net)
    assert (256, 192) in found and (384, 288) in found and found[0] == (128, 96)
    assert all(h % 32 == 0 and w % 32 == 0 for h, w in found)
    seen = inside(net, (256, 192))
    assert seen["coarsest_map"] == [8, 6] and seen["full_resolution"] == "kept in parallel from start to end"
    assert inside(zoo.build("hourglass-slim"), (128, 128))["full_resolution"] == "reached again through skips"


# --- faults ---------------------------------------------------------------------------------------------------------


def test_faults_count_every_marked_joint_once_and_show_a_user_s_own_photos(tmp_path):
    file = write_coco(tmp_path)
    data = json.loads(file.read_text())
    (tmp_path / "a.json").write_text(json.dumps(noisy(data, 0)))
    (tmp_path / "b.json").write_text(json.dumps(noisy(data, 14)))
    both = [f"{name}={tmp_path / name}.json" for name in "ab"]
    result = run("faults", file, tmp_path / "out", "--network", "--predictions", *both, "--gallery", "3")
    exact, noised = result["rows"]
    assert exact["kinds"]["good"]["value"] == 1 and noised["kinds"]["good"]["value"] < 0.9
    for row in (exact, noised):
        assert sum(kind["value"] for kind in row["kinds"].values()) == pytest.approx(1, abs=1e-4)
    (pair,) = result["disagreements"]
    assert sum(pair["table"][0]) == sum(map(sum, pair["table"])) == sum(k["joints"] for k in exact["kinds"].values())
    apart = [len(facts["joints"]) for facts in pair["telling"]]
    assert apart == sorted(apart, reverse=True) and apart[0] > 0
    assert all(j["a"] == "good" and j["b"] in ("inversion", "swap", "miss") for j in pair["telling"][0]["joints"])
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3 and pair["telling"][0]["name"] in page


def test_unlabelled_photos_of_a_user_show_where_networks_are_apart(tmp_path):
    for k in range(3):
        Image.fromarray(picture(90, 80, k)).save(tmp_path / f"{k}.png")
    write_csv(tmp_path, [{"image": f"{k}.png"} for k in range(3)])
    result = run("faults", tmp_path, tmp_path / "out", "--network", HRNET, HOURGLASS, "--gallery", "2")
    assert result["rows"][0]["kinds"]["good"]["value"] is None and result["rows"][0]["measures"] == {}
    telling = result["disagreements"][0]["telling"]
    assert len(telling) == 3 and telling[0]["torsos_apart"] >= telling[1]["torsos_apart"] > 0
    assert (tmp_path / "out" / "index.html").read_text().count("data:image/jpeg;base64,") == 2


def test_swaps_are_unknown_where_nobody_stands_beside(crops, tmp_path):
    result = run("faults", crops, tmp_path / "out", "--network", HRNET, HOURGLASS, page=False)
    assert result["rows"][0]["kinds"]["swap"]["value"] is None
    assert any("swaps cannot be seen" in note for note in notes(result))
    assert any("0.097" in note for note in notes(result))


# --- files, pages, calls --------------------------------------------------------------------------------------------


def test_variants_of_one_pass_share_it(crops, tmp_path):
    net = open_network(HOURGLASS, "cpu")
    variants = [Variant(HOURGLASS, net.card.input, "nearest", level) for level in (*levels(net), LAST)]
    fixed = zoo.build("hrnet-slim")
    fixed.places = {}  # as of a network that runs through MMPose
    assert stops(net) == STOPS and stops(fixed) == ("nearest",) and stop(fixed, None) == "nearest"
    with pytest.raises(ValueError, match="enlarges maps with nearest only, not with bilinear"):
        stop(fixed, "bilinear")
    predictor = Predictor(open_labels([crops]), {HOURGLASS: net}, tuple(variants))
    assert len(predictor.passes) == 1 and predictor.cuts == [((128, 128), "centre")]
    found = predictor.run(Parts(tmp_path / "parts", {}, Place()), Place(), 4, limit=3)
    np.testing.assert_array_equal(found.points[-1], found.points[-2])
    assert predictor.seconds > 0 and found.points.shape == (3, 3, 14, 3) and found.rows.tolist() == [0, 1, 2]


def test_without_pycocotools_there_is_no_oks_ap_and_everything_else(tmp_path, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n == "pycocotools" else find(n, *a))
    file = write_coco(tmp_path)
    (tmp_path / "p.json").write_text(json.dumps(noisy(json.loads(file.read_text()), 1)))
    result = run(
        "accuracy", file, tmp_path / "out", "--network", "--predictions", f"p={tmp_path / 'p.json'}", page=False
    )
    assert "No OKS-AP: pycocotools is not installed." in notes(result)
    assert result["rows"][0]["measures"]["pck@0.2"]["value"] > 0.9 and "oks" not in result["rows"][0]
