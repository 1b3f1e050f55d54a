"""The figures against MMPose, pycocotools, and counting by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelled import person

from pose_demo.joints import COCO, LSP, MPII
from pose_demo.study import oks
from pose_demo.study import statistics as st
from pose_demo.study.faults import GOOD, INVERSION, JITTER, MISS, SWAP, kinds_of, telling
from pose_demo.study.labels import Labels
from pose_demo.study.metrics import torso_lengths
from pose_demo.study.people import People, Person, Photo
from pose_demo.study.shares import Shares, measures, shift
from pose_demo.study.study import Study


def made(joints, count=60, noise=(4, 9), head=None, seed=0) -> tuple[People, dict[str, np.ndarray]]:
    """People, two a photo, and what two networks, "a" and "b", make of them."""
    rng, people, found = np.random.default_rng(seed), [], {"a": [], "b": []}
    for k in range(count):
        labels = person(joints, (0, 0), 100, k, marked=0.8)
        for name, sigma in zip("ab", noise, strict=True):
            xy = labels[:, :2] + rng.normal(0, sigma, (len(joints), 2))
            found[name].append(np.column_stack([xy, rng.random(len(joints))]))
        people.append(Person(f"p{k}", k // 2, labels, None, head(k) if head else None, 6000.0))
    return People.of(people, len(joints)), {name: np.float32(points) for name, points in found.items()}


def shares_of(people, found, joints, measure="pck@0.2") -> Shares:
    return measures(found, people, joints, st.Bootstrap(0, 200).weights(np.arange(len(people))))[measure]


def compared(shares) -> dict:
    """Of b against a."""
    return {**shares.difference("a", "b"), **shares.mcnemar("a", "b")}


def set_of(people: People, joints, ids=None) -> Labels:
    """Labels as a file with these people gives them."""
    photos = [Photo(k if ids is None else ids[k], f"{k}.jpg", lambda: None) for k in range(people.photo.max() + 1)]
    return Labels((Path("x.json"),), "coco", joints, people, People.of([], len(joints)), photos)


@pytest.mark.parametrize("threshold", [0.2, 0.1])
@pytest.mark.parametrize("joints", [LSP, COCO])
def test_pck_by_joint_equals_mmposes(joints, threshold, mmpose):
    from mmpose.evaluation.functional import keypoint_pck_accuracy

    people, points = made(joints)
    truth, found = people.joints, points["b"][..., :2]
    left, right = joints.torso
    torso = np.linalg.norm(truth[:, left, :2] - truth[:, right, :2], axis=1)
    mask = truth[..., 2] > 0
    theirs, _, _ = keypoint_pck_accuracy(found, truth[..., :2], mask, threshold, np.repeat(torso[:, None], 2, 1))
    shares = shares_of(people, points, joints, f"pck@{threshold}")
    ours = [e["value"] for e in shares.per_joint("b").values()]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    pooled = (theirs * mask.sum(0)).sum() / mask.sum()
    assert shares.of("b")["value"] == pytest.approx(pooled, abs=1e-5)
    assert shares.of("b")["joints"] == mask.sum()


def test_pckh_equals_mmposes_metric_of_mpii(mmpose):
    from mmpose.evaluation.metrics import MpiiPCKAccuracy

    people, found = made(MPII, head=lambda k: 10.0 + k % 7)
    metric = MpiiPCKAccuracy(thr=0.5)
    for k, points in enumerate(people.joints):
        metric.process([{}], [{
            "gt_instances": {"keypoints": points[None, :, :2] + 1, "keypoints_visible": points[None, :, 2:] > 0,
                             "head_size": np.full((1, 1), people.head[k])},
            "pred_instances": {"keypoints": found["b"][k][None, :, :2]},
        }])  # fmt: skip
    theirs = metric.evaluate(len(people))
    shares = shares_of(people, found, MPII, "pckh@0.5")
    assert 100 * shares.of("b")["value"] == pytest.approx(theirs["PCK"], abs=1e-3)
    elbows = [shares.per_joint("b")[f"{side} elbow"]["value"] for side in ("left", "right")]
    assert 100 * np.mean(elbows) == pytest.approx(theirs["Elbow PCK"], abs=1e-3)


def test_a_joint_that_a_network_does_not_know_counts_for_neither():
    people, found = made(LSP)
    found["b"][:, 12:] = np.nan
    shares = shares_of(people, found, LSP)
    assert shares.per_joint("b")["neck"] == {"value": None, "low": None, "high": None, "joints": 0}
    marked = (people.joints[:, :12, 2] > 0).sum()
    assert shares.of("b")["joints"] == marked < shares.of("a")["joints"]
    difference = compared(shares)
    assert "neck" not in difference["mcnemar_per_joint"] and len(difference["mcnemar_per_joint"]) == 12


def test_the_interval_is_about_as_wide_as_theory_has_it():
    rng = np.random.default_rng(1)
    right = rng.random(400) < 0.3
    weights = st.Bootstrap(3, 2000).weights(np.arange(400))
    assert weights.shape == (400, 2001) and (weights[:, 0] == 1).all()
    assert weights[:, 1:].mean() == pytest.approx(1, abs=0.01) and weights[:, 1:].var() == pytest.approx(1, abs=0.02)
    shares = st.resampled(weights, right) / st.resampled(weights, np.ones(400))
    low, high = st.interval(shares[1:])
    wide = 2 * 1.96 * math.sqrt(right.mean() * (1 - right.mean()) / 400)
    assert high - low == pytest.approx(wide, rel=0.1) and low < right.mean() < high


def test_draws_depend_on_the_person_and_the_seed_alone():
    one = st.Bootstrap(0, 50)
    np.testing.assert_array_equal(one.weights(np.array([5, 2]))[0], one.weights(np.array([5]))[0])
    assert (one.weights(np.array([5])) != st.Bootstrap(1, 50).weights(np.array([5]))).any()
    assert st.interval(np.array([np.nan, np.nan, 1.0])) is None and st.interval(np.zeros(0)) is None


def test_the_paired_test_sees_what_is_there_and_not_what_is_not():
    strong = compared(shares_of(*made(LSP), LSP, "pck@0.1"))
    assert strong["difference"]["high"] < 0 and strong["p_bootstrap"] < 0.02 and strong["p_mcnemar"] < 1e-3
    same = compared(shares_of(*made(LSP, noise=(8, 8)), LSP, "pck@0.1"))
    assert same["difference"]["low"] < 0 < same["difference"]["high"] and same["p_bootstrap"] > 0.05
    people, found = made(LSP)
    none = compared(shares_of(people, {"a": found["a"], "b": found["a"]}, LSP))
    assert none["difference"]["value"] == 0 and none["p_bootstrap"] == 1 and none["p_mcnemar"] == 1


def test_mcnemar_by_hand_and_by_definition():
    assert st.mcnemar(0, 0) == 1 and st.mcnemar(3, 3) == 1
    assert st.mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    exact = 2 * sum(math.comb(300, k) for k in range(121)) / 2**300
    assert st.mcnemar(120, 180) == pytest.approx(exact, rel=1e-9)
    # One joint a person: the clustered statistic is McNemar's own (b - c)^2 / (b + c), p of chi square with 1 degree.
    alone = np.repeat([1.0, -1.0], [180, 120])
    assert st.mcnemar_by_person(alone) == pytest.approx(math.erfc(math.sqrt(12 / 2)), rel=1e-9)
    assert st.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06]) and st.holm([]) == []
    people, found = made(LSP)
    test = compared(shares_of(people, found, LSP))
    truth, a, b = people.joints, found["a"][..., :2], found["b"][..., :2]
    radius = 0.2 * np.linalg.norm(truth[:, 9, :2] - truth[:, 2, :2], axis=1)[:, None]
    ra, rb = (np.linalg.norm(f - truth[..., :2], axis=-1) <= radius for f in (a, b))
    seen = truth[..., 2] > 0
    only = (ra & ~rb & seen).sum(0), (~ra & rb & seen).sum(0)
    assert (test["only_a"], test["only_b"]) == (only[0].sum(), only[1].sum())
    assert test["mcnemar_per_joint"]["left wrist"]["p"] == pytest.approx(st.mcnemar(int(only[0][11]), int(only[1][11])))


def test_the_shift_is_a_distance_in_torsos():
    people, found = made(LSP, 20)
    moved = found["a"] + np.float32([3, 4, 0])
    torsos = torso_lengths(people.joints, LSP)
    measured = shift(moved, found["a"], torsos, st.Bootstrap(0, 200).weights(np.arange(20)))
    assert measured["pixels"] == pytest.approx(5)
    assert measured["torsos"]["value"] == pytest.approx(np.mean(5 / torsos), abs=1e-5)
    assert measured["torsos"]["low"] < measured["torsos"]["value"] < measured["torsos"]["high"]


# --- OKS -------------------------------------------------------------------------------------------------------------


def precision_of(people: People, replicates=3, **more) -> oks.AveragePrecision:
    labels = set_of(people, COCO, **more)
    return oks.AveragePrecision(labels, np.arange(len(people)), st.Bootstrap(0, replicates))


def test_similarity_equals_pycocotools_and_the_sigmas_are_cocos():
    people, found = made(COCO, 10)
    people = replace(people, area=people.area + 500 * np.arange(10))
    results = oks.predicted(people.photo, found["b"], np.ones(10))
    evaluation = oks.evaluate(precision_of(people).labels, results)
    np.testing.assert_allclose(oks.COCO_SIGMAS, evaluation.params.kpt_oks_sigmas)
    widths = oks.widths_by_area(people.area)
    for photo in range(5):
        here = [2 * photo, 2 * photo + 1]
        ours = [
            oks.similarity(
                np.linalg.norm(found["b"][d, :, :2] - people.joints[g, :, :2], axis=1), widths[g]
            )[people.joints[g, :, 2] > 0].mean()
            for d in here for g in here
        ]  # fmt: skip
        np.testing.assert_allclose(np.sort(ours), np.sort(evaluation.ious[photo + 1, 1].ravel()), atol=1e-6)


def test_resampled_ap_begins_with_pycocotools_own_and_counts_photos_as_often_as_drawn():
    people, found = made(COCO, 24, noise=(3, 6))
    precision = precision_of(people)
    results = oks.predicted(people.photo, found["b"], found["b"][..., 2].mean(axis=1))
    figures, samples = precision.of(found["b"])
    own = oks.evaluate(precision.labels, results).stats[0]
    assert 0.2 < samples[0] < 0.99 and samples[0] == pytest.approx(own, abs=1e-12)
    assert figures["AP"]["value"] == round(own, 5)
    times = st.Bootstrap(0, 3).weights(np.arange(12)).astype(int)
    for k in (1, 2, 3):
        again, drawn, new = [], [], 0
        for photo, count in enumerate(times[:, k], 1):
            for _ in range(count):
                new += 1
                again += [{**p, "image_id": new, "id": 100 * new + p["id"]}
                          for p in precision.labels["annotations"] if p["image_id"] == photo]  # fmt: skip
                drawn += [{**p, "image_id": new} for p in results if p["image_id"] == photo]
        labels = {**precision.labels, "images": [{"id": i} for i in range(1, new + 1)], "annotations": again}
        assert samples[k] == pytest.approx(oks.evaluate(labels, drawn).stats[0], abs=1e-9)


# --- kinds of error ---------------------------------------------------------------------------------------------------


def kinds_with(labels, found, joints, others=(), area=None) -> np.ndarray:
    """(J,) kinds of what is found for the first person of a photo."""
    people = [Person("x", 0, labels, None, None, area), *others]
    beside = np.array([(0, k) for k in range(1, len(people))], int).reshape(-1, 2)
    scored = np.column_stack([found, np.ones(len(found))]).astype(np.float32)[None]
    return kinds_of(scored, np.array([0]), People.of(people, len(joints)), beside, joints)[0]


@pytest.mark.parametrize("joints", [COCO, LSP])
def test_each_kind_of_error_is_what_its_definition_says(joints):
    labels = person(joints, (0, 0), 200, 1, marked=1)
    other = Person("y", 0, person(joints, (400, 0), 200, 2, marked=1), None, None, 9000.0)
    area = 9000.0 if joints is COCO else None
    left, right = joints.index("left knee"), joints.index("right knee")
    if joints is COCO:
        width = oks.widths_by_area(np.array([9000.0]))[0, left]
    else:
        a, b = joints.torso
        width = 0.2 * np.linalg.norm(labels[a, :2] - labels[b, :2]) / math.sqrt(2 * math.log(2))

    def kind(at, others=()):
        found = labels[:, :2].copy()
        found[left] = at
        return kinds_with(labels, found, joints, others, area)[left]

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
    assert kinds_with(labels, labels[:, :2], LSP)[4] == -1
    labels[9] = 0  # no left shoulder, no torso
    assert (kinds_with(labels, labels[:, :2], LSP) == -1).all()
    assert d85_of_radius() == pytest.approx(0.097, abs=0.0005)


def d85_of_radius() -> float:
    return 0.2 * math.sqrt(math.log(0.85) / math.log(0.5))


def test_disagreement_counts_joints_with_labels_and_distance_without():
    known = person(LSP, (0, 0), 100, 1, marked=1)
    people = People.of([Person("with", 0, known), Person("without", 1)], 14)
    a = np.tile(np.column_stack([known[:, :2], np.ones(14)]).astype(np.float32), (2, 1, 1))
    b = a.copy()
    b[:, [0, 5], :2] += 90
    labels = set_of(people, LSP)
    study = Study(labels, {}, (), (), st.Bootstrap(0, 1), None, None, np.array([0, 1]), {"a": a, "b": b})
    kinds = {c: kinds_of(p, study.rows, people, labels.beside, LSP) for c, p in study.points.items()}
    first, second = telling(study, kinds, "a", "b", 5)
    assert first["index"] == 0 and [j["joint"] for j in first["joints"]] == ["right ankle", "left ankle"]
    assert first["joints"][0] == {"joint": "right ankle", "a": "good", "b": "miss"} and first["name"] == "with"
    torso = np.linalg.norm(known[9, :2] - known[2, :2])
    assert second["torsos_apart"] == pytest.approx(2 * 90 * math.sqrt(2) / 14 / torso, abs=1e-3)
    assert [facts["index"] for facts in telling(study, kinds, "a", "b", 1)] == [0]
    assert telling(study, kinds, "a", "a", 5) == []
