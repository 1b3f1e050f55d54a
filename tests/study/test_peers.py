"""Predictions from elsewhere beside networks of ours."""

from __future__ import annotations

import json

import pytest
from asked import HRNET, noisy, run, table
from labelled import person, write_coco

from pose_demo.__main__ import main
from pose_demo.joints import COCO


def test_a_peer_s_predictions_stand_beside_networks_and_equal_pycocotools(tmp_path, capsys):
    from pycocotools.coco import COCO as Labels
    from pycocotools.cocoeval import COCOeval

    file = write_coco(tmp_path)
    data = json.loads(file.read_text())
    for name, sigma in (("good", 2), ("poor", 9)):
        predicted = noisy(data, sigma)
        if name == "poor":  # a person found who is not there, on the crowd, and one nobody found
            predicted += [{**predicted[0], "score": 0.99, "keypoints": [7.0] * 51}]
            del predicted[3]
        (tmp_path / f"{name}.json").write_text(json.dumps(predicted))
    result = run("accuracy", file, tmp_path / "out", "--network", HRNET,
                 "--peer", f"good={tmp_path / 'good.json'}", f"poor={tmp_path / 'poor.json'}")  # fmt: skip
    assert [row["column"] for row in result["rows"]] == [f"{HRNET}|128x128|nearest|last", "good", "poor"]
    lsp, good, poor = result["rows"]
    assert lsp["oks"] is None and any("on the 12 that COCO has too" in note for note in result["notes"])
    assert lsp["per_joint"]["pck@0.2"]["nose"]["value"] is None
    for row in (good, poor):
        labels = Labels(str(file))
        evaluation = COCOeval(labels, labels.loadRes(str(tmp_path / f"{row['column']}.json")), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert row["oks"]["AP"]["value"] == pytest.approx(evaluation.stats[0], abs=1e-5)
        assert row["oks"]["AR"] == pytest.approx(evaluation.stats[5], abs=1e-5)
    # The person whom the peer has no prediction for counts as missed, joint by joint.
    labels = person(COCO, (104, 20), 80, 21)
    assert poor["measures"]["pck@0.2"]["joints"] == good["measures"]["pck@0.2"]["joints"]
    assert good["measures"]["pck@0.2"]["value"] > 0.95 and labels[:, 2].sum() > 10
    test = next(t for t in result["tests"] if (t["a"], t["b"], t["measure"]) == ("good", "poor", "OKS-AP"))
    assert test["difference"]["value"] == pytest.approx(
        poor["oks"]["AP"]["value"] - good["oks"]["AP"]["value"], abs=1e-4
    )
    assert {"good", "poor"} == {p["name"] for p in result["peers"]} and "OKS-AP" in capsys.readouterr().out
    assert "OKS-AP" in {line["measure"] for line in table(tmp_path / "out")}


def test_bad_predictions_are_named(tmp_path, capsys):
    file = write_coco(tmp_path)
    good = noisy(json.loads(file.read_text()), 0)
    bad = [{"image_id": 1}, 7, {**good[0], "keypoints": [1, 2]}, {**good[0], "keypoints": [float("nan")] * 51}]
    (tmp_path / "p.json").write_text(json.dumps(good + bad))
    result = run("accuracy", file, tmp_path / "out", "--network", "--peer", f"p={tmp_path / 'p.json'}", page=False)
    assert result["peers"] == [{"name": "p", "file": "p.json", "predictions": 8, "bad": 4}]
    said = capsys.readouterr().err
    for line in ("p.json number 8: has no keypoints", "number 10: has 2 keypoint numbers", "11: a joint is not a num"):
        assert line in said
    (tmp_path / "none.json").write_text("[]")
    assert main(["study", "accuracy", "--data", str(file), "--peer", f"n={tmp_path / 'none.json'}"]) == 1
    assert "no keypoint predictions with 17 joints" in capsys.readouterr().err


def test_a_peer_that_says_nothing_of_these_photos_finds_nobody(tmp_path):
    file = write_coco(tmp_path)
    elsewhere = [{**p, "image_id": 77, "bbox": [0, 0, 9, 9]} for p in noisy(json.loads(file.read_text()), 1)]
    (tmp_path / "p.json").write_text(json.dumps(elsewhere))
    result = run("accuracy", file, tmp_path / "out", "--network", "--peer", f"p={tmp_path / 'p.json'}", page=False)
    row = result["rows"][0]
    assert row["oks"]["AP"]["value"] == 0 and row["measures"]["pck@0.2"]["value"] == 0


def test_a_prediction_with_a_box_belongs_to_the_person_it_overlaps_most(tmp_path):
    file = write_coco(tmp_path, 1)
    first, second = noisy(json.loads(file.read_text()), 0)
    swapped = [{**first, "bbox": [104, 20, 80, 80]}, {**second, "bbox": [5, 10, 90, 90]}]
    (tmp_path / "p.json").write_text(json.dumps(swapped))
    result = run("faults", file, tmp_path / "out", "--network", "--peer", f"p={tmp_path / 'p.json'}", page=False)
    kinds = result["rows"][0]["kinds"]
    assert kinds["swap"]["value"] > 0.8 and kinds["good"]["value"] == 0
