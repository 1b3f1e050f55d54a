"""The figures against MMPose, pycocotools, and counting by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from labelled import person

from pose_demo.joints import COCO, LSP, MPII
from pose_demo.study import oks
from pose_demo.study import statistics as st
from pose_demo.study.datasets import Person
from pose_demo.study.faults import GOOD, INVERSION, JITTER, MISS, SWAP, disagreement, kinds_of
from pose_demo.study.rows import Row
from pose_demo.study.tally import Tally


def rows_of(joints, count=60, noise=(4, 9), head=None, seed=0) -> list[Row]:
    """People and what two networks, "a" and "b", make of them."""
    rng, rows = np.random.default_rng(seed), []
    for k in range(count):
        labels = person(joints, (0, 0), 100, k, marked=0.8)
        found = {
            name: np.column_stack([labels[:, :2] + rng.normal(0, sigma, (len(joints), 2)), rng.random(len(joints))])
            for name, sigma in zip("ab", noise, strict=True)
        }
        known = Person(labels, None, head(k) if head else None, 6000.0)
        rows.append(Row(k, f"p{k}", k // 2, k, known, {n: f.astype(np.float32) for n, f in found.items()}))
    return rows


def tally_of(rows, joints, replicates=200, **more) -> Tally:
    tally = Tally(["a", "b"], joints, st.Bootstrap(0, replicates), [("a", "b")], **more)
    for part in itertools.batched(rows, 7) if hasattr(itertools, "batched") else [rows[:7], rows[7:]]:
        tally.add(list(part))
    return tally


def stacked(rows, name):
    return np.stack([r.person.joints for r in rows]), np.stack([r.found[name][:, :2] for r in rows])


@pytest.mark.parametrize("threshold", [0.2, 0.1])
@pytest.mark.parametrize("joints", [LSP, COCO])
def test_pck_by_joint_equals_mmposes(joints, threshold, mmpose):
    from mmpose.evaluation.functional import keypoint_pck_accuracy

    rows = rows_of(joints)
    truth, found = stacked(rows, "b")
    left, right = joints.torso
    torso = np.linalg.norm(truth[:, left, :2] - truth[:, right, :2], axis=1)
    mask = truth[..., 2] > 0
    theirs, _, _ = keypoint_pck_accuracy(found, truth[..., :2], mask, threshold, np.repeat(torso[:, None], 2, 1))
    tally, measure = tally_of(rows, joints), f"pck@{threshold}"
    ours = [e["value"] for e in tally.per_joint("b")[measure].values()]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    pooled = (theirs * mask.sum(0)).sum() / mask.sum()
    assert tally.shares("b")[measure]["value"] == pytest.approx(pooled, abs=1e-5)
    assert tally.shares("b")[measure]["joints"] == mask.sum()


def test_pckh_equals_mmposes_metric_of_mpii(mmpose):
    from mmpose.evaluation.metrics import MpiiPCKAccuracy

    rows = rows_of(MPII, head=lambda k: 10.0 + k % 7)
    metric = MpiiPCKAccuracy(thr=0.5)
    for row in rows:
        points = row.person.joints
        metric.process([{}], [{
            "gt_instances": {"keypoints": points[None, :, :2] + 1, "keypoints_visible": points[None, :, 2:] > 0,
                             "head_size": np.full((1, 1), row.person.head)},
            "pred_instances": {"keypoints": row.found["b"][None, :, :2]},
        }])  # fmt: skip
    theirs = metric.evaluate(len(rows))
    tally = tally_of(rows, MPII)
    assert 100 * tally.shares("b")["pckh@0.5"]["value"] == pytest.approx(theirs["PCK"], abs=1e-3)
    elbows = [tally.per_joint("b")["pckh@0.5"][f"{side} elbow"]["value"] for side in ("left", "right")]
    assert 100 * np.mean(elbows) == pytest.approx(theirs["Elbow PCK"], abs=1e-3)


def test_a_joint_that_a_network_does_not_know_counts_for_neither():
    rows = rows_of(LSP)
    for row in rows:
        row.found["b"][12:] = np.nan
    tally = tally_of(rows, LSP)
    assert tally.per_joint("b")["pck@0.2"]["neck"] == {"value": None, "low": None, "high": None, "joints": 0}
    marked = sum(int((r.person.joints[:12, 2] > 0).sum()) for r in rows)
    assert tally.shares("b")["pck@0.2"]["joints"] == marked < tally.shares("a")["pck@0.2"]["joints"]
    difference = next(t for t in tally.differences() if t["measure"] == "pck@0.2")
    assert "neck" not in difference["mcnemar_per_joint"] and len(difference["mcnemar_per_joint"]) == 12


def test_the_interval_is_about_as_wide_as_theory_has_it():
    rng = np.random.default_rng(1)
    right = rng.random(400) < 0.3
    weights = st.Bootstrap(3, 2000).weights(np.arange(400))
    assert weights.shape == (400, 2001) and (weights[:, 0] == 1).all()
    assert weights[:, 1:].mean() == pytest.approx(1, abs=0.01) and weights[:, 1:].var() == pytest.approx(1, abs=0.02)
    shares = weights.T @ right / weights.sum(axis=0)
    low, high = st.interval(shares[1:])
    wide = 2 * 1.96 * math.sqrt(right.mean() * (1 - right.mean()) / 400)
    assert high - low == pytest.approx(wide, rel=0.1) and low < right.mean() < high


def test_draws_depend_on_the_person_and_the_seed_alone():
    one = st.Bootstrap(0, 50)
    np.testing.assert_array_equal(one.weights(np.array([5, 2]))[0], one.weights(np.array([5]))[0])
    assert (one.weights(np.array([5])) != st.Bootstrap(1, 50).weights(np.array([5]))).any()
    assert st.interval(np.array([np.nan, np.nan, 1.0])) is None and st.interval(np.zeros(0)) is None


def test_the_paired_test_sees_what_is_there_and_not_what_is_not():
    strong = next(t for t in tally_of(rows_of(LSP), LSP).differences() if t["measure"] == "pck@0.1")
    assert strong["difference"]["high"] < 0 and strong["p_bootstrap"] < 0.02 and strong["p_mcnemar"] < 1e-3
    same = [t for t in tally_of(rows_of(LSP, noise=(8, 8)), LSP).differences() if t["measure"] == "pck@0.1"]
    assert same[0]["difference"]["low"] < 0 < same[0]["difference"]["high"] and same[0]["p_bootstrap"] > 0.05
    twins = rows_of(LSP)
    for row in twins:
        row.found["b"][:] = row.found["a"]
    none = tally_of(twins, LSP).differences()[0]
    assert none["difference"]["value"] == 0 and none["p_bootstrap"] == 1 and none["p_mcnemar"] == 1


def test_mcnemar_by_hand_and_by_definition():
    assert st.mcnemar(0, 0) == 1 and st.mcnemar(3, 3) == 1
    assert st.mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    exact = 2 * sum(math.comb(300, k) for k in range(121)) / 2**300
    assert st.mcnemar(120, 180) == pytest.approx(exact, rel=1e-9)
    # One joint a person: the clustered statistic is McNemar's own (b - c)^2 / (b + c), p of chi square with 1 degree.
    assert st.mcnemar_by_person(180 - 120, 300) == pytest.approx(math.erfc(math.sqrt(12 / 2)), rel=1e-9)
    assert st.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    rows = rows_of(LSP)
    test = tally_of(rows, LSP).differences()[0]
    truth, a = stacked(rows, "a")
    _, b = stacked(rows, "b")
    radius = 0.2 * np.linalg.norm(truth[:, 9, :2] - truth[:, 2, :2], axis=1)[:, None]
    ra, rb = (np.linalg.norm(f - truth[..., :2], axis=-1) <= radius for f in (a, b))
    seen = truth[..., 2] > 0
    only = (ra & ~rb & seen).sum(0), (~ra & rb & seen).sum(0)
    assert (test["only_a"], test["only_b"]) == (only[0].sum(), only[1].sum())
    assert test["mcnemar_per_joint"]["left wrist"]["p"] == pytest.approx(st.mcnemar(int(only[0][11]), int(only[1][11])))


def test_the_shift_is_a_distance_in_torsos():
    rows = rows_of(LSP, 20)
    for row in rows:
        row.found["b"][:, :2] = row.found["a"][:, :2] + np.float32([3, 4])
    tally = tally_of(rows, LSP, shifts=[("b", "a")])
    torsos = [np.linalg.norm(r.person.joints[9, :2] - r.person.joints[2, :2]) for r in rows]
    shift = tally.shift("b", "a")
    assert shift["pixels"] == pytest.approx(5)
    assert shift["torsos"]["value"] == pytest.approx(np.mean(5 / np.array(torsos)), abs=1e-5)
    assert shift["torsos"]["low"] < shift["torsos"]["value"] < shift["torsos"]["high"]


def test_a_row_survives_its_journey():
    row = rows_of(LSP, 3)[2]
    row.found["b"][3] = np.inf, np.inf, 0
    row = Row(row.index, row.name, "x/y.jpg", None, row.person, row.found, (row.person,))
    back = Row.unpack(row.pack())
    np.testing.assert_array_equal(back.found["b"], row.found["b"])
    np.testing.assert_array_equal(back.others[0].joints, row.person.joints)
    assert (back.index, back.name, back.image_id, back.person.area) == (2, "p2", "x/y.jpg", 6000.0)


# --- OKS -------------------------------------------------------------------------------------------------------------


def coco_labels(rows) -> dict:
    people = [
        {"id": r.id + 1, "image_id": r.image_id, "category_id": 1, "iscrowd": 0, "area": r.person.area + 500 * r.index,
         "bbox": [0, 0, 100, 100], "keypoints": (r.person.joints * [1, 1, 2]).reshape(-1).tolist(),
         "num_keypoints": int(r.person.joints[:, 2].sum())} for r in rows
    ]  # fmt: skip
    return {"info": {}, "images": [{"id": i} for i in {r.image_id for r in rows}], "annotations": people,
            "categories": [{"id": 1, "name": "person"}]}  # fmt: skip


def test_similarity_equals_pycocotools_and_the_sigmas_are_cocos():
    rows = rows_of(COCO, 10)
    labels = coco_labels(rows)
    evaluation = oks.evaluate(labels, [oks.prediction(r, "b") for r in rows], [r.image_id for r in rows])
    np.testing.assert_allclose(oks.COCO_SIGMAS, evaluation.params.kpt_oks_sigmas)
    for image in {r.image_id for r in rows}:
        theirs = np.sort(evaluation.ious[image, 1].ravel())
        here = [r for r in rows if r.image_id == image]
        ours = [
            oks.similarity(
                np.linalg.norm(d.found["b"][:, :2] - g.person.joints[:, :2], axis=1),
                oks.widths_by_area(labels["annotations"][g.index]["area"]),
            )[g.person.joints[:, 2] > 0].mean()
            for d in here for g in here
        ]  # fmt: skip
        np.testing.assert_allclose(np.sort(ours), theirs, atol=1e-6)


def test_resampled_ap_begins_with_pycocotools_own_and_counts_photos_as_often_as_drawn():
    rows = rows_of(COCO, 24, noise=(3, 6))
    labels, found = coco_labels(rows), [oks.prediction(r, "b") for r in rows]
    images = sorted({r.image_id for r in rows})
    evaluation = oks.evaluate(labels, found, images)
    bootstrap = st.Bootstrap(0, 3)
    samples = oks.resampled(evaluation, bootstrap)
    assert 0.2 < samples[0] < 0.99 and samples[0] == pytest.approx(evaluation.stats[0], abs=1e-12)
    times = bootstrap.weights(np.arange(len(images))).astype(int)
    for k in (1, 2, 3):
        people, drawn, new = [], [], 0
        for image, count in zip(images, times[:, k], strict=True):
            for _ in range(count):
                new += 1
                people += [{**p, "image_id": new, "id": 100 * new + p["id"]}
                           for p in labels["annotations"] if p["image_id"] == image]  # fmt: skip
                drawn += [{**p, "image_id": new} for p in found if p["image_id"] == image]
        again = {**labels, "images": [{"id": i} for i in range(1, new + 1)], "annotations": people}
        theirs = oks.evaluate(again, drawn, list(range(1, new + 1))).stats[0]
        assert samples[k] == pytest.approx(theirs, abs=1e-9)


# --- kinds of error ---------------------------------------------------------------------------------------------------


def row_with(labels, found, others=(), area=None) -> Row:
    scored = np.column_stack([found, np.ones(len(found))]).astype(np.float32)
    return Row(0, "x", 0, 0, Person(labels, None, None, area), {"a": scored}, tuple(others))


@pytest.mark.parametrize("joints", [COCO, LSP])
def test_each_kind_of_error_is_what_its_definition_says(joints):
    labels = person(joints, (0, 0), 200, 1, marked=1)
    other = Person(person(joints, (400, 0), 200, 2, marked=1), None, None, 9000.0)
    area = 9000.0 if joints is COCO else None
    left, right = joints.index("left knee"), joints.index("right knee")
    if joints is COCO:
        width = oks.widths_by_area(9000.0)[left]
    else:
        a, b = joints.torso
        width = 0.2 * np.linalg.norm(labels[a, :2] - labels[b, :2]) / math.sqrt(2 * math.log(2))

    def kind(at, others=()):
        found = labels[:, :2].copy()
        found[left] = at
        row = row_with(labels, found, others, area)
        return kinds_of(row, row.found["a"], joints)[left]

    own, far = labels[left, :2], np.float32([600, 600])
    d85, d50 = (width * math.sqrt(-2 * math.log(ks)) for ks in (0.85, 0.5))
    away = np.float32([0, 1])  # down the leg, away from everything else
    assert kind(own) == GOOD and kind(own + 0.99 * d85 * away) == GOOD
    assert kind(own + 1.01 * d85 * away) == JITTER and kind(own + 0.99 * d50 * away) == JITTER
    assert kind(own + 1.01 * d50 * away) == MISS and kind(far) == MISS
    assert kind(labels[right, :2]) == INVERSION
    assert kind(other.joints[left, :2]) == MISS and kind(other.joints[left, :2], [other]) == SWAP
    assert kind(other.joints[right, :2], [other]) == SWAP
    assert kind(np.float32([np.nan, np.nan])) == -1 and kind(np.float32([np.inf, np.inf])) == MISS


def test_unmarked_joints_and_people_without_a_yardstick_have_no_kind():
    labels = person(LSP, (0, 0), 100, 1, marked=1)
    labels[4] = 0
    row = row_with(labels, labels[:, :2])
    assert kinds_of(row, row.found["a"], LSP)[4] == -1
    labels[9] = 0  # no left shoulder, no torso
    assert (kinds_of(row_with(labels, labels[:, :2]), row.found["a"], LSP) == -1).all()
    assert d85_of_radius() == pytest.approx(0.097, abs=0.0005)


def d85_of_radius() -> float:
    return 0.2 * math.sqrt(math.log(0.85) / math.log(0.5))


def test_disagreement_counts_joints_with_labels_and_distance_without():
    labels = person(LSP, (0, 0), 100, 1, marked=1)
    found = {n: np.column_stack([labels[:, :2], np.ones(14)]).astype(np.float32) for n in "ab"}
    found["b"][[0, 5], :2] += 90
    row = Row(7, "x", 0, None, Person(labels), found)
    kinds = [kinds_of(row, found[n], LSP) for n in "ab"]
    score, facts = disagreement(row, "a", "b", *kinds, LSP)
    assert score == 2 and [j["joint"] for j in facts["joints"]] == ["right ankle", "left ankle"]
    assert facts["joints"][0] == {"joint": "right ankle", "a": "good", "b": "miss"}
    blank = Row(7, "x", 0, None, Person(np.zeros((14, 3), np.float32)), found)
    score, facts = disagreement(blank, "a", "b", *kinds, LSP)
    torso = np.linalg.norm(labels[9, :2] - labels[2, :2])
    assert score == pytest.approx(2 * 90 * math.sqrt(2) / 14 / torso, rel=1e-5) and facts["torsos_apart"] > 0
