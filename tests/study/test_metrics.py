import numpy as np
import pytest

from pose_demo.joints import COCO, LSP, JointSet
from pose_demo.study.metrics import hits, pck, torso_lengths, upright


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    truth = np.concatenate([rng.uniform(0, 200, (60, 14, 2)), (rng.random((60, 14, 1)) < 0.8)], axis=2)
    predicted = truth[..., :2] + rng.normal(0, 15, (60, 14, 2))
    return predicted.astype(np.float32), truth.astype(np.float32)


@pytest.mark.parametrize("threshold", [0.1, 0.2, 0.5])
def test_equals_mmposes_keypoint_pck_accuracy(people, threshold, mmpose):
    from mmpose.evaluation.functional import keypoint_pck_accuracy

    predicted, truth = people
    torso = torso_lengths(truth, LSP)
    counted = np.isfinite(torso)
    mask = (truth[..., 2] > 0) & counted[:, None]
    norm = np.repeat(np.where(counted, torso, 1)[:, None], 2, axis=1)
    per_joint, _, _ = keypoint_pck_accuracy(predicted, truth[..., :2], mask, threshold, norm)

    ours = pck(predicted, truth, LSP, threshold)
    np.testing.assert_allclose(list(ours.per_joint.values()), per_joint, atol=1e-6)
    # MMPose averages over joints; pooled means weighting each joint by how often it was counted.
    assert ours.mean == pytest.approx((per_joint * mask.sum(0)).sum() / mask.sum(), abs=1e-6)
    assert ours.joints == mask.sum() and ours.people == mask.any(1).sum()


def test_counts_only_visible_joints_of_people_with_a_torso():
    truth = np.zeros((3, 14, 3), np.float32)
    truth[..., 2] = 1
    truth[:, 9, :2], truth[:, 2, :2] = (0, 0), (0, 100)
    truth[1, 9, 2] = 0  # no left shoulder: this person does not count
    truth[2, 0, 2] = 0  # one joint unseen
    predicted = truth[..., :2].copy()
    predicted[0, 5] += (20, 0)  # exactly 0.2 of the torso: right
    predicted[0, 6] += (20.1, 0)  # just beyond: wrong
    right = hits(predicted, truth, LSP)
    assert right[0, 5] == 1 and right[0, 6] == 0
    assert np.isnan(right[1]).all() and np.isnan(right[2, 0])
    result = pck(predicted, truth, LSP)
    assert (result.joints, result.people) == (27, 2)
    assert result.mean == pytest.approx(26 / 27)


def test_upright_is_a_torso_that_points_up():
    def person(dx, dy):
        truth = np.zeros((14, 3), np.float32)
        truth[[2, 3], 2] = truth[[8, 9], 2] = 1
        truth[[8, 9], :2] = (dx, dy)
        return truth

    truth = np.stack([person(0, -50), person(40, -50), person(60, -50), person(0, 50), np.zeros((14, 3), np.float32)])
    assert upright(truth, LSP).tolist() == [True, True, False, False, False]


def test_nothing_to_count_is_nan_and_wrong_shapes_are_refused():
    assert np.isnan(pck(np.zeros((2, 14, 2)), np.zeros((2, 14, 3)), LSP).mean)
    with pytest.raises(ValueError, match=r"expected predictions \(N, 17, 2\)"):
        pck(np.zeros((2, 14, 2)), np.zeros((2, 14, 3)), COCO)
    with pytest.raises(ValueError, match="has no torso"):
        torso_lengths(np.zeros((1, 1, 3)), JointSet("nose", ("nose",), ()))
