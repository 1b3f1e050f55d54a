"""What the X-ray answers to a browser, and to one that forges its questions."""

import base64
import dataclasses
import io
import json
import re

import numpy as np
import pytest
import torch

from pose_demo import compare
from pose_demo.page import link, schema, xray
from pose_demo.page.answers import export, maps
from pose_demo.page.session import Session
from pose_demo.page.store import STORE, Shot, Store, Unknown, without_traces

NETWORKS = ("hrnet-slim", "hourglass-slim")


@pytest.fixture(scope="module")
def comparison(photo):
    return compare(photo, (60, 20, 180, 160), NETWORKS, "nearest", trace=True)


@pytest.fixture
def key(comparison):
    yield STORE.keep(comparison, "me")
    STORE.forget("me")


def numbers(array) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(array["data"]), np.float32)
    return data.reshape(array["h"], array["w"]).astype(float)


def ask(key, view, **more):
    return xray.ask({"key": key, "view": view, "language": "en", "joint": "right wrist", **more})


def test_a_first_view_of_both_networks_is_far_below_a_megabyte(key):
    with STORE.use(key) as shot:
        sides = maps.maps(shot)
    assert all(side["svg"].count("data:image/webp") == 1 for side in sides), "one sprite a network"
    first = len(json.dumps(sides)) + sum(len(json.dumps(ask(key, view))) for view in ("film", "lab", "story"))
    assert first < 600_000


def test_nobody_reads_a_shot_without_its_key(key, comparison):
    for forged in (None, ["a"], {"a": 1}, 7):
        assert ask(forged, "cell", side=0, cell="stem") == {"error": schema.said("xray.wrong")}
    for forged in ("", "x" * 32, key[:-1], key + "a"):
        assert ask(forged, "cell", side=0, cell="stem") == {"error": schema.said("xray.gone")}
    other = STORE.keep(comparison, "somebody else")
    assert other != key and len(key) >= 32
    STORE.forget("somebody else")
    assert "error" in ask(other, "film")
    assert "error" not in ask(key, "film")


@pytest.mark.parametrize(
    "question",
    [None, 5, [], {}, {"view": []}, {"view": "cell"}, {"view": "cell", "side": 2, "cell": "stem"},
     {"view": "cell", "side": 0, "cell": "stage9"}, {"view": "channel", "side": 0, "cell": "stem", "channel": 10**6},
     {"view": "export", "what": "../../etc/passwd"}, {"view": "sum", "side": 0, "cell": "heatmaps", "channel": "x"},
     {"view": "__class__"}, {"view": "film", "joint": {}}, {"view": "export", "what": "report", "language": "../en"}],
)  # fmt: skip
def test_a_forged_question_ends_in_a_sentence(key, question):
    if isinstance(question, dict):
        question = {"key": key, "language": "en", "joint": "nose", **question}
    answer = xray.ask(question)
    assert answer["error"]["key"].startswith("xray.")
    assert "Traceback" not in str(answer)


def test_every_sum_that_is_shown_adds_up_to_the_map_that_is_shown(key):
    with STORE.use(key) as shot:
        cells = [(side, name) for side in (0, 1) for name in shot.trace(side)]
    checked = 0
    for side, name in cells:
        for channel in (None, 3):
            answer = ask(key, "sum", side=side, cell=name, channel=channel)
            if "error" in answer:
                assert ask(key, "cell", side=side, cell=name)["sum"] is None
                continue
            total = numbers(answer["total"])
            gap = sum(numbers(term["map"]) for term in answer["terms"]) - total
            assert np.abs(gap).max() <= 1e-6 * np.abs(total).max(), (name, channel)
            assert sum(term["share"] for term in answer["terms"]) == pytest.approx(1)
            checked += 1
    units = 2 + 9 + 6 + 3 + 1 + 2 * 13  # stage 1, branches, as terms; stem, as first input, levels
    assert checked == 2 * (2 * 6 + 1 + 8 + 2 + 2 + units)  # fusions twice, head; merges, feedback twice, heads


def test_a_residual_unit_is_x_plus_what_its_layers_add(key):
    answer = ask(key, "sum", side=0, cell="stage1.unit1")
    assert answer["kind"] == "unit" and [t["label"]["key"] for t in answer["terms"]] == [
        "xray.unit_projected", "xray.unit_f"]  # fmt: skip
    assert [step["values"]["kernel"] for step in answer["terms"][1]["steps"]] == [1, 3, 1]
    assert np.allclose(numbers(ask(key, "sum", side=0, cell="stage1.unit1", channel=5)["after"]),
                       numbers(ask(key, "channel", side=0, cell="stage1.unit1", channel=5)))  # fmt: skip
    answer = ask(key, "sum", side=1, cell="stack1.level2.skip")
    assert [t["label"]["key"] for t in answer["terms"]] == ["xray.unit_x", "xray.unit_f"] and answer["after"] is None


def test_a_cell_shows_its_channels_sorted_and_its_own_values(key, comparison):
    name = "stage3.module1.branch1.fused"
    truth = comparison.poses[0].trace[name].tensor[0]
    for by in ("energy", "variance", "joint", "index"):
        answer = ask(key, "cell", side=0, cell=name, by=by)
        order = answer["mosaic"]["order"]
        assert answer["by"] == by and sorted(order) == list(range(len(truth)))
        assert np.allclose(numbers(answer["channel"]), truth[order[0]].numpy())
    energy = truth.square().mean(dim=(1, 2))
    assert ask(key, "cell", side=0, cell=name, by="energy")["mosaic"]["order"][0] == int(energy.argmax())
    assert sum(answer["histogram"]["counts"]) == truth.numel()


def test_the_lab_knows_which_places_differ_and_by_how_much(key):
    sides = ask(key, "lab", against="bilinear")["sides"]
    assert len(sides[0]["places"]) == 7 and len(sides[1]["places"]) == 8
    assert all(0 < p["alone"] <= 1 for side in sides for p in side["places"])
    assert len(sides[0]["joints"]) == 14
    assert all(side["same"] for side in ask(key, "lab", against="nearest")["sides"])
    gap = ask(key, "difference", side=1, cell="stack1.level0.merge", against="bilinear")
    assert np.allclose(numbers(gap["second"]) - numbers(gap["first"]), numbers(gap["gap"]), atol=1e-5)


def test_a_switch_for_one_stack_changes_only_what_comes_after(photo):
    one = compare(photo, (60, 20, 180, 160), NETWORKS, {"stack2": "bicubic"}, trace=True)
    key = STORE.keep(one, "switch")
    hrnet, hourglass = ask(key, "lab")["sides"]
    assert hrnet["same"] and not hourglass["same"]
    changed = {p["place"] for p in hourglass["places"] if p["total"] > 0}
    assert changed == {f"stack2.level{k}" for k in range(4)}
    STORE.forget("switch")


def test_film_and_story_say_what_is_a_probe(key):
    hrnet, hourglass = ask(key, "film")["sides"]
    assert [f["kind"] for f in hrnet["frames"]] == ["probe", "probe", "output"]
    assert all(f["kind"] == "supervised" for f in hourglass["frames"]) and len(hourglass["frames"]) == 2
    assert hrnet["note"] == "xray.lens_note"
    for side in ask(key, "story")["sides"]:
        assert side["moments"][-1]["name"].endswith("heatmaps") and side["answers"]


def test_exports(key, comparison):
    def take(what, **more):
        answer = ask(key, "export", what=what, **more)
        return base64.b64decode(answer["data"])

    coco = json.loads(take("json"))
    assert len(coco["annotations"]) == 2 and len(coco["annotations"][0]["keypoints"]) == 3 * 14
    taps = np.load(io.BytesIO(take("npz")))
    assert np.array_equal(taps["1.stack1.level0.skip"], comparison.poses[1].trace["stack1.level0.skip"].tensor[0])
    assert list(np.load(io.BytesIO(take("npz", side=0, cell="stem")))) == ["0.stem"]
    assert take("svg", side=0).startswith(b"<svg xmlns")
    report = take("report", side=1, cell="stack1.level0.merge").decode()
    assert "HRNet-Slim" in report and "<script" not in report
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", report), "the report reaches outside itself"


def test_too_many_maps_are_refused_in_a_sentence(key, monkeypatch):
    monkeypatch.setattr(export, "LARGEST", 1000)
    assert ask(key, "export", what="npz")["error"]["key"] == "xray.too_large"


def test_memory_is_bounded_and_what_was_let_go_is_computed_again(comparison):
    store = Store(memory=1, shots=3)
    keys = [store.keep(comparison, f"visitor {k}") for k in range(5)]
    with pytest.raises(Unknown), store.use(keys[0]):
        pass
    with store.use(keys[3]) as shot:
        assert shot.traces == {}
        again = shot.trace(0)
    assert torch.equal(again.heatmaps[-1], comparison.poses[0].trace.heatmaps[-1])
    mine = [store.keep(comparison, "me") for _ in range(4)]
    assert [key in store for key in mine] == [False, False, True, True]


def test_mmpose_says_why_there_is_nothing_to_see(comparison):
    pose = comparison.poses[0]
    through = dataclasses.replace(
        pose, card=dataclasses.replace(pose.card, name="mmpose-hrnet-w32", architecture="mmpose-hrnet-w32"), trace=None
    )
    shot = Shot(without_traces(dataclasses.replace(comparison, poses=(through, comparison.poses[1]))), "me")
    first, second = maps.maps(shot)
    assert first["why"] == "xray.no_trace" and second["svg"]


def test_a_link_restores_only_what_exists():
    assert link.pin({"cell": "0:stage2.module1.branch0:7"}) == (
        {"side": 0, "cell": "stage2.module1.branch0"}, 7
    )  # fmt: skip
    assert link.pin({"cell": "9:x"}) == (None, None) == link.pin({})
    assert link.example({"example": "b"}, ["a", "b"]) == "b"
    assert link.example({"example": "/etc/passwd"}, ["a", "b"]) == "a"
    session = Session()
    session.scope = "stage9"
    assert xray.scoped(session, NETWORKS, "bicubic") == "bicubic" and session.scope == ""
    session.scope = "stack1"
    assert xray.scoped(session, NETWORKS, "bicubic") == {"stack1": "bicubic"}
