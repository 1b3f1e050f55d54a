import xml.etree.ElementTree as ET

import numpy as np
import pytest

from pose_demo import compare
from pose_demo.crop import closeup, cut, whole
from pose_demo.draw import heatmap, overlap, skeleton
from pose_demo.joints import side_colour


@pytest.fixture(scope="module")
def result(photo, untrained):
    return compare(photo, (60, 20, 180, 170), untrained)


def circles(svg: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(svg).iter() if e.tag == "circle"]


def test_a_skeleton_shows_the_joints_that_reach_the_threshold(result):
    pose = result.poses[0]
    assert len(circles(skeleton.svg(pose, whole(result.photo.shape), -9))) == 14
    some = float(np.median(pose.scores))
    shown = circles(skeleton.svg(pose, whole(result.photo.shape), some))
    assert {int(c.get("data-joint")) for c in shown} == set(np.flatnonzero(pose.scores >= some))
    assert not circles(skeleton.svg(pose, whole(result.photo.shape), 9))


def test_a_small_person_is_shown_near():
    """In a panorama; the picture and the drawing show the same part."""
    photo = np.zeros((300, 3000, 3), np.uint8)
    photo[100:200, 2000:2050] = 255
    seen = closeup((1999.5, 99.5, 2049.5, 199.5), photo.shape)
    assert seen == (1824.5, -0.5, 2224.5, 299.5)
    near = cut(photo, seen)
    assert near.shape == (300, 400, 3) and near.sum() == photo.sum()
    assert closeup((1000, 0, 1600, 200), photo.shape) == whole(photo.shape)
    assert closeup((0, 0, 50, 60), (240, 320)) == whole((240, 320))


def test_a_joint_is_drawn_where_it_is_in_its_sides_colour(result):
    pose = result.poses[0]
    for c in circles(skeleton.svg(pose, whole(result.photo.shape), -9)):
        k = int(c.get("data-joint"))
        assert (float(c.get("cx")), float(c.get("cy"))) == pytest.approx(pose.joints[k].tolist(), abs=0.06)
        assert c.get("fill") == side_colour(pose.card.joints.joints[k])
        assert c.find("title").text.startswith(pose.card.joints.joints[k])


def test_the_picture_has_the_same_joints_and_leaves_the_photo_alone(result):
    before = result.photo.copy()
    drawn = skeleton.picture(result.photo, result.poses[0], -9)
    assert np.array_equal(before, result.photo) and drawn.shape == before.shape
    joints, names = result.poses[0].joints, result.poses[0].card.joints.joints
    alone = np.linalg.norm(joints[:, None] - joints, axis=2) + 1e9 * np.eye(len(joints))
    k = int(alone.min(axis=1).argmax())  # nothing lies over it
    x, y = joints[k].round().astype(int)
    assert np.abs(drawn[y, x].astype(int) - skeleton.rgb(side_colour(names[k]))).max() < 40
    assert np.array_equal(skeleton.picture(result.photo, result.poses[0], 9), before)


def test_the_overlap_has_both_skeletons_and_a_line_for_each_distance(result):
    lines = [e for e in ET.fromstring(overlap.svg(result, -9)).iter("line") if e.get("stroke") == overlap.DISTANCE]
    assert len(lines) == 14
    assert len(circles(overlap.svg(result, -9))) == 28


def test_heatmaps_share_a_scale_and_keep_their_cells():
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    picture = heatmap.picture(values, 1.0, side=32)
    assert picture.shape == (32, 32, 3)
    assert (picture[:8, :8] == picture[0, 0]).all()
    np.testing.assert_array_equal(picture[0, 0], [68, 1, 84])  # viridis begins
    np.testing.assert_array_equal(picture[-1, -1], [253, 231, 37])  # and ends
    assert np.array_equal(heatmap.picture(values, 2.0, 32)[-1, -1], heatmap.picture(values / 2, 1.0, 32)[-1, -1])
    assert (heatmap.picture(values, 0.0) == heatmap.picture(values * 0, 1.0)).all()


def test_a_sheet_holds_every_joint():
    sheet = heatmap.sheet(np.random.default_rng(0).random((17, 16, 12), dtype=np.float32), 1.0)
    tile = heatmap.picture(np.zeros((16, 12)), 1.0, 128)
    assert sheet.shape == (3 * (tile.shape[0] + 4), 7 * (tile.shape[1] + 4), 3)


def test_an_overlay_keeps_the_inputs_size(result):
    pose = result.poses[0]
    over = heatmap.over(pose.image, pose.heatmaps[-1][0], float(pose.heatmaps[-1].max()))
    assert over.shape == pose.image.shape and over.dtype == np.uint8
