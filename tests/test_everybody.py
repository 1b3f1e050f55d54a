"""Everybody in a photo: found, numbered, looked at together, and in what is written."""

import json

import numpy as np
import pytest
from pictures import beside_each_other

from pose_demo import compare, person, weights
from pose_demo.comparison import find
from pose_demo.draw import skeleton
from pose_demo.locales import UserError
from pose_demo.many import Results, probe
from pose_demo.networks import model, zoo
from pose_demo.networks.finder import overlaps


@pytest.fixture(scope="module")
def five():
    return beside_each_other(5)


@pytest.fixture(scope="module")
def result(five):
    return compare(five[0])


def test_five_people_are_five(five, result):
    found = np.array([one.box for one in result.people])
    assert len(found) == 5 and (overlaps(found, five[1]).max(0) > 0.5).all()
    assert result.person == result.box == result.people[0].box and result.who == 1


def test_fifteen_people_are_fifteen(five):
    """Three rows of five, more than what one pass looks at."""
    photo, boxes = five
    height, width = photo.shape[:2]
    mirrored = np.array([[width - 1 - x1, y0, width - 1 - x0, y1] for x0, y0, x1, y1 in boxes])
    rows = np.vstack([photo, photo[:, ::-1], photo])
    there = np.concatenate([boxes, mirrored, boxes]) + np.repeat([0, height, 2 * height], 5)[:, None] * [0, 1, 0, 1]
    crowd = compare(rows)
    overlap = overlaps([one.box for one in crowd.people], there)
    assert len(crowd.people) == 15 and (overlap.max(0) > 0.5).all()
    for pose in crowd.poses:
        assert [one.person for one in pose.others] == list(range(2, 16))
        last = model.look(zoo.shared(pose.network), rows, [crowd.people[14].box], "nearest")
        assert np.abs(pose.others[-1].joints - last.joints[0]).max() < 0.05


def test_the_others_are_looked_at_in_one_batch_as_if_each_were_alone(five, result):
    for pose in result.poses:
        assert [one.person for one in pose.others] == [2, 3, 4, 5]
        alone = model.look(zoo.shared(pose.network), five[0], [result.people[2].box], "nearest")
        assert np.abs(pose.others[1].joints - alone.joints[0]).max() < 0.05
    assert len(result.poses[0].others[0].scores) == len(result.poses[0].scores)


def test_another_one_is_chosen_without_a_search(five, result, monkeypatch):
    monkeypatch.setattr("pose_demo.person.people", None)
    third = compare(five[0], people=result.people, who=3)
    assert third.box == result.people[2].box and [one.person for one in third.poses[0].others] == [1, 2, 4, 5]
    assert np.abs(third.poses[0].joints - result.poses[0].others[1].joints).max() < 0.05
    with pytest.raises(UserError, match="5 people were found"):
        compare(five[0], people=result.people, who=6)


def test_a_box_that_is_given_is_one_person(five):
    given = compare(five[0], five[1][1])
    assert given.people == () and given.person == given.box and given.poses[0].others == ()


def test_json_and_drawings_hold_everybody(five, result):
    said = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert [one["person"] for one in said["people"]] == [1, 2, 3, 4, 5] and said["who"] == 1
    assert len(said["poses"][0]["others"]) == 4 and len(said["poses"][0]["others"][0]["keypoints"]) == 3 * 14
    svg, drawn = (
        skeleton.svg(result.poses[0], result.seen),
        skeleton.picture(five[0], result.poses[0], seen=result.seen),
    )
    assert svg.count("<circle") == 5 * 14 and result.seen == (-0.5, -0.5, five[0].shape[1] - 0.5, 479.5)
    changed = (drawn != five[0]).any(2)
    for x0, y0, x1, y1 in five[1].round().astype(int):
        assert changed[y0:y1, x0:x1].mean() > 0.02


def test_a_folders_results_have_a_line_for_each(five, result, tmp_path, untrained):
    from PIL import Image

    Image.fromarray(five[0]).save(tmp_path / "five.png")
    results = Results(tmp_path / "out", probe({}), tmp_path)
    results.add(tmp_path / "five.png", result, [1, 1])
    found = json.loads(results.finish([tmp_path / "five.png"]).read_text())["annotations"]
    assert len(found) == 10 and sorted(one["person_number"] for one in found) == sorted([1, 2, 3, 4, 5] * 2)
    for one in found:
        x0, y0, x1, y1 = result.people[one["person_number"] - 1].box
        assert one["bbox"] == pytest.approx([x0, y0, x1 - x0, y1 - y0], abs=0.02) and len(one["keypoints"]) == 42


def test_without_the_finder_the_windows_find_one(five, monkeypatch):
    monkeypatch.setattr(weights, "find", lambda name: None)
    people, _ = find(five[0])
    assert len(people) == 1 and overlaps(np.array([people[0].box]), five[1]).max() > 0.3


def test_nobody_is_nobody():
    wall = np.full((300, 400, 3), 180, np.uint8)
    nobody = compare(wall)
    assert nobody.people == () and nobody.person is None and nobody.found < 0.22
    assert nobody.to_json()["people"] == [] and nobody.to_json()["who"] is None


@pytest.mark.parametrize(("best", "window", "many"), [(0.2, 0.35, 1), (0.2, 0.25, 0), (0.17, 0.9, 0), (0.3, 0.9, 2)])
def test_where_the_finder_is_unsure_the_windows_are_asked(best, window, many, five, monkeypatch):
    seen = [person.Found((0.0, 0.0, 9.0, 9.0), best), person.Found((20.0, 0.0, 29.0, 9.0), best - 0.01)]
    mine = person.Found((5.0, 5.0, 50.0, 90.0), window)
    monkeypatch.setattr(person, "whom", lambda *asked: seen)
    monkeypatch.setattr(person, "find", lambda *asked: mine)
    there, sure = find(five[0])
    assert len(there) == many and sure == (window if there == [mine] else best)
    assert there in ([], [mine], seen)
