"""Predictions from elsewhere beside networks of ours."""

from __future__ import annotations

import json

import numpy as np
import pytest
from asked import HRNET, noisy, notes, run, table
from labelled import person, write_coco

from pose_demo.__main__ import main
from pose_demo.joints import COCO


def test_predictions_stand_beside_networks_and_equal_pycocotools(tmp_path, capsys):
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
                 "--predictions", f"good={tmp_path / 'good.json'}", f"poor={tmp_path / 'poor.json'}")  # fmt: skip
    assert [row["column"] for row in result["rows"]] == [f"{HRNET}|128x128|nearest|last", "good", "poor"]
    lsp, good, poor = result["rows"]
    assert lsp["oks"] is None and any("on the 12 that COCO has too" in note for note in notes(result))
    assert lsp["per_joint"]["pck@0.2"]["nose"]["value"] is None
    for row in (good, poor):
        labels = Labels(str(file))
        evaluation = COCOeval(labels, labels.loadRes(str(tmp_path / f"{row['column']}.json")), "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert row["oks"]["AP"]["value"] == pytest.approx(evaluation.stats[0], abs=1e-5)
        assert row["oks"]["AR"] == pytest.approx(evaluation.stats[5], abs=1e-5)
    # A person of whom nothing was predicted counts as missed, joint by joint.
    labels = person(COCO, (104, 20), 80, 21)
    assert poor["measures"]["pck@0.2"]["joints"] == good["measures"]["pck@0.2"]["joints"]
    assert good["measures"]["pck@0.2"]["value"] > 0.95 and labels[:, 2].sum() > 10
    test = next(t for t in result["tests"] if (t["a"], t["b"], t["measure"]) == ("good", "poor", "OKS-AP"))
    assert test["difference"]["value"] == pytest.approx(
        poor["oks"]["AP"]["value"] - good["oks"]["AP"]["value"], abs=1e-4
    )
    assert {"good", "poor"} == {p["name"] for p in result["predictions"]} and "OKS-AP" in capsys.readouterr().out
    assert "OKS-AP" in {line["measure"] for line in table(tmp_path / "out")}


def test_bad_predictions_are_named(tmp_path, capsys):
    file = write_coco(tmp_path)
    good = noisy(json.loads(file.read_text()), 0)
    bad = [{"image_id": 1}, 7, {**good[0], "keypoints": [1, 2]}, {**good[0], "keypoints": [float("nan")] * 51}]
    (tmp_path / "p.json").write_text(json.dumps(good + bad))
    result = run(
        "accuracy", file, tmp_path / "out", "--network", "--predictions", f"p={tmp_path / 'p.json'}", page=False
    )
    assert result["predictions"] == [{"name": "p", "file": "p.json", "predictions": 8, "bad": 4, "without_photo": 0}]
    said = capsys.readouterr().err
    for line in ("p.json number 8 has no keypoints", "number 10 has 2 keypoint numbers", "11 a joint is not a num"):
        assert line in said
    (tmp_path / "none.json").write_text("[]")
    assert main(["study", "accuracy", "--data", str(file), "--predictions", f"n={tmp_path / 'none.json'}"]) == 1
    assert "no keypoint predictions with 17 joints" in capsys.readouterr().err


def asked(folder, data, found, *more) -> dict:
    """The accuracy of predictions for a COCO file of these data."""
    (folder / "people.json").write_text(json.dumps(data))
    (folder / "p.json").write_text(json.dumps(found))
    return run("accuracy", folder / "people.json", folder / "out", "--network", "--predictions",
               f"p={folder / 'p.json'}", *more, page=False)  # fmt: skip


@pytest.fixture
def perfect(tmp_path) -> tuple[dict, list]:
    """COCO labels, and predictions that equal them."""
    data = json.loads(write_coco(tmp_path).read_text())
    return data, noisy(data, 0)


def ids_from_zero(k, item):
    item["id"] = k


def ids_restart(k, item):
    item["id"] = k % 2


def ids_are_text(k, item):
    item["id"] = f"person-{k}"


def ids_missing(k, item):
    del item["id"]


def ids_null(k, item):
    item["id"] = None


@pytest.mark.parametrize("change", [ids_from_zero, ids_restart, ids_are_text, ids_missing, ids_null])
def test_perfect_predictions_have_an_ap_of_one_whatever_the_ids(tmp_path, perfect, change):
    data, found = perfect
    for k, item in enumerate(data["annotations"]):
        change(k, item)
    row = asked(tmp_path, data, found)["rows"][0]
    assert row["oks"]["AP"] == {"value": 1.0, "low": 1.0, "high": 1.0} and row["oks"]["AR"] == 1
    assert row["measures"]["pck@0.1"]["value"] == 1


def test_photos_may_have_any_ids_too(tmp_path, perfect):
    data, found = perfect
    for items, key in ((data["images"], "id"), (data["annotations"], "image_id"), (found, "image_id")):
        for item in items:
            item[key] = item[key] - 1 if item[key] < 3 else f"photo {item[key]}"
    assert asked(tmp_path, data, found)["rows"][0]["oks"]["AP"]["value"] == 1


def test_nothing_to_measure_is_no_figure(tmp_path, perfect):
    data, found = perfect
    oks = asked(tmp_path, data, found)["rows"][0]["oks"]
    assert oks["AP large"] is None and oks["AR large"] is None and oks["AP medium"] == 1, "no one is large here"


def test_one_odd_annotation_does_not_end_a_study(tmp_path, perfect):
    data, found = perfect
    first, second, third = data["annotations"][:3]
    first |= {"id": "seven", "keypoints": [str(v) for v in first["keypoints"]], "bbox": "5, 10, 90, 90"}
    second["keypoints"] = [None if v == 0 and k % 3 < 2 else v for k, v in enumerate(second["keypoints"])]
    third["keypoints"] = ["x"] * 51
    result = asked(tmp_path, data, found)
    assert result["data"]["evaluated"] == 7 and result["data"]["bad"] == 1
    assert result["rows"][0]["oks"]["AP"]["value"] == 1 and result["rows"][0]["measures"]["pck@0.2"]["value"] == 1


def test_a_figure_that_fails_takes_no_other_with_it(tmp_path, perfect, monkeypatch):
    monkeypatch.setattr("pose_demo.study.oks.evaluate", lambda *_: 1 / 0)
    result = asked(tmp_path, *perfect)
    assert result["rows"][0]["oks"] is None and result["rows"][0]["measures"]["pck@0.2"]["value"] == 1
    assert "No OKS-AP: ZeroDivisionError: division by zero." in notes(result)


def test_pck_needs_no_area_and_says_so_of_oks(tmp_path, perfect):
    data, found = perfect
    del data["annotations"][0]["area"]
    result = asked(tmp_path, data, found)
    assert result["rows"][0]["oks"]["AP"]["value"] == 1 and result["rows"][0]["measures"]["pck@0.2"]["value"] == 1
    assert "1 people have no area and are ignored in OKS-AP." in notes(result)
    for item in data["annotations"]:
        item["area"] = 0
    result = asked(tmp_path, data, found)
    assert "No OKS-AP: the labels have no area, by which it measures." in notes(result)
    assert result["rows"][0]["measures"]["pck@0.2"]["value"] == 1


@pytest.mark.parametrize(
    "name", [float, str, lambda k: f"{k}.0", lambda k: f"{k:012d}.jpg", lambda k: f"v\\{k:012d}.jpg"]
)
def test_a_photo_named_otherwise_is_found(tmp_path, perfect, name):
    data, found = perfect
    found = [{**item, "image_id": name(item["image_id"])} for item in found]
    row = asked(tmp_path, data, found)["rows"][0]
    assert row["oks"]["AP"]["value"] == 1 and row["measures"]["pck@0.2"]["value"] == 1


def test_predictions_of_no_photo_are_counted_with_an_example(tmp_path, perfect, capsys):
    data, found = perfect
    result = asked(tmp_path, data, [*found, {**found[0], "image_id": 77}, {**found[0], "image_id": None}])
    assert result["predictions"][0] | {"predictions": 8, "without_photo": 2} == result["predictions"][0]
    said = (
        "2 predictions of p belong to no photo of the set: p.json number 8 names 77, which is no photo of people.json."
    )
    assert said in notes(result) and "p.json number 9 names None, which is no photo" in capsys.readouterr().err
    assert result["rows"][0]["oks"]["AP"]["value"] == 1
    (tmp_path / "p.json").write_text(json.dumps([{**found[0], "image_id": 77}]))
    call = ["study", "accuracy", "--data", str(tmp_path / "people.json"), "--predictions", f"p={tmp_path / 'p.json'}"]
    assert main(call) == 1
    said = capsys.readouterr().err
    assert "17 joints of photos of people.json: p.json number 0 names 77, which is no photo of people.json" in said


@pytest.mark.parametrize("files_order", [True, False])
def test_joints_in_another_order_are_put_in_order_by_name(tmp_path, perfect, files_order):
    data, found = perfect

    def turned(item):
        return {**item, "keypoints": np.reshape(item["keypoints"], (17, 3))[::-1].ravel().tolist()}

    data["annotations"] = [turned(item) for item in data["annotations"]]
    data["categories"] = [{"id": 1, "name": "person", "keypoints": [j.replace(" ", "_") for j in COCO.joints[::-1]]}]
    result = asked(tmp_path, data, [turned(item) for item in found] if files_order else found)
    row = result["rows"][0]
    assert row["measures"]["pck@0.1"]["value"] == 1 and row["oks"]["AP"]["value"] == 1
    assert any(("the order of the label file" if files_order else "COCO's own order") in n for n in notes(result))


def test_photos_without_anybody_count_as_in_cocos_own_evaluation(tmp_path, perfect):
    from pycocotools.coco import COCO as Labels
    from pycocotools.cocoeval import COCOeval

    data, found = perfect
    data["images"].append({"id": 9, "file_name": "9.jpg"})
    found.append({**found[0], "image_id": 9, "score": 2.0})
    row = asked(tmp_path, data, found)["rows"][0]
    labels = Labels(str(tmp_path / "people.json"))
    evaluation = COCOeval(labels, labels.loadRes(str(tmp_path / "p.json")), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert row["oks"]["AP"]["value"] == pytest.approx(evaluation.stats[0], abs=1e-5) and evaluation.stats[0] < 0.9


@pytest.mark.parametrize("form", ["inferencer", "demo"])
def test_mmposes_own_results_are_read(tmp_path, perfect, form):
    data, found = perfect
    (tmp_path / "p").mkdir()
    for image in data["images"]:
        mine = [np.reshape(f["keypoints"], (17, 3)) for f in found if f["image_id"] == image["id"]]
        people = [{"keypoints": p[:, :2].tolist(), "keypoint_scores": p[:, 2].tolist(), "bbox_score": 0.9,
                   "bbox": [[*p[p[:, 0] > 0, :2].min(0), *p[p[:, 0] > 0, :2].max(0)]]} for p in mine]  # fmt: skip
        stem = image["file_name"].removesuffix(".jpg")
        whole = people if form == "inferencer" else {"meta_info": {}, "instance_info": people}
        name = stem if form == "inferencer" else f"results_{stem}"
        (tmp_path / "p" / f"{name}.json").write_text(json.dumps(whole))
    result = run("accuracy", tmp_path / "people.json", tmp_path / "out", "--network", "--predictions",
                 f"p={tmp_path / 'p'}", page=False)  # fmt: skip
    assert result["rows"][0]["oks"]["AP"]["value"] == 1 and result["predictions"][0]["predictions"] == 8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"instance_info": [{"frame_id": 1, "instances": []}]}, "MMPose's result of a video"),
        ({"a": 1}, "no list of pred"),
    ],
)
def test_other_json_is_refused_by_name(tmp_path, perfect, content, said, capsys):
    (tmp_path / "p.json").write_text(json.dumps(content))
    call = ["study", "accuracy", "--data", str(tmp_path / "people.json"), "--predictions", f"p={tmp_path / 'p.json'}"]
    assert main(call) == 1 and said in capsys.readouterr().err


def test_a_prediction_with_a_box_belongs_to_the_person_it_overlaps_most(tmp_path):
    file = write_coco(tmp_path, 1)
    first, second = noisy(json.loads(file.read_text()), 0)
    swapped = [{**first, "bbox": [104, 20, 80, 80]}, {**second, "bbox": [5, 10, 90, 90]}]
    (tmp_path / "p.json").write_text(json.dumps(swapped))
    result = run("faults", file, tmp_path / "out", "--network", "--predictions", f"p={tmp_path / 'p.json'}", page=False)
    kinds = result["rows"][0]["kinds"]
    assert kinds["swap"]["value"] > 0.8 and kinds["good"]["value"] == 0
