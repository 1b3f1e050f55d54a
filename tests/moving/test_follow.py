"""Who is who from frame to frame, without a network; and the One Euro filter."""

import numpy as np
import pytest

from pose_demo.moving.euro import OneEuro
from pose_demo.moving.follow import EVERY, LOST, PATIENCE, Follower
from pose_demo.networks.finder import overlaps

PHOTO = np.zeros((400, 600, 3), np.uint8)


def joints_in(box):
    """14 joints that span a box's inner part, as `around` widens it."""
    x0, y0, x1, y1 = box
    edge = (y1 - y0) / 12
    return np.stack([np.linspace(x0 + edge, x1 - edge, 14), np.linspace(y0 + edge, y1 - edge, 14)], 1)


def step(follower, boxes, time=0.0, score=0.9):
    people = follower.look(PHOTO, time)
    follower.seen(np.array([joints_in(b) for b in boxes]), np.full((len(people), 14), score), PHOTO.shape)


def test_the_next_box_is_made_of_this_frames_joints():
    follower = Follower(lambda photo: [], (100, 100, 160, 300))
    for k in range(1, 20):
        step(follower, [(100 + 5 * k, 100, 160 + 5 * k, 300)])
    (person,) = follower.people
    assert person.number == 1 and follower.searches == 0
    assert person.box == pytest.approx((195, 100, 255, 300), abs=12)


def test_who_is_lost_is_looked_for_and_keeps_the_number():
    there = [[(100, 100, 160, 300)], [(130, 100, 190, 300)], [(500, 100, 560, 300)]]
    asked = []
    follower = Follower(lambda photo: asked.append(1) or there[len(asked) - 1])
    assert [p.number for p in follower.look(PHOTO, 0.0)] == [1]
    for k in range(PATIENCE):
        step(follower, there[0], k / 30, score=LOST / 2)
    assert follower.people == []
    assert [p.number for p in follower.look(PHOTO, 0.1)] == [1] and len(asked) == 2  # 30 pixels on: the same
    for k in range(PATIENCE):
        step(follower, there[1], 0.2 + k / 30, score=LOST / 2)
    assert [p.number for p in follower.look(PHOTO, 0.3)] == [2]  # far away: somebody else


def test_where_nobody_is_searches_become_rare():
    follower = Follower(lambda photo: [])
    for k in range(30 * 60):
        assert follower.look(PHOTO, k / 30) == []
    assert follower.searches <= 20


def test_who_walks_in_is_found_while_another_stays():
    stays, comes, moved = (100, 100, 160, 300), (400, 100, 460, 300), (110, 100, 170, 300)
    there = [stays]
    follower, one = Follower(lambda photo: list(there)), Follower(lambda photo: list(there), stays)
    step(follower, [stays])
    there[:] = moved, comes
    for k in range(1, 20):
        step(follower, [stays], k * EVERY / 20)
    assert [p.number for p in follower.look(PHOTO, 0.99 * EVERY)] == [1] and follower.searches == 1
    assert [p.number for p in follower.look(PHOTO, EVERY)] == [1, 2] and follower.searches == 2
    assert follower.people[1].box == comes
    for _ in range(PATIENCE):  # the second is lost, the first stays
        people = follower.look(PHOTO, 1.1 * EVERY)
        scores = np.array([np.full(14, 0.9), np.full(14, LOST / 2)])
        follower.seen(np.array([joints_in(stays), joints_in(comes)]), scores, PHOTO.shape)
    assert [p.number for p in follower.people] == [1] and len(people) == 2
    assert [p.number for p in follower.look(PHOTO, 2 * EVERY)] == [1, 2] and follower.searches == 3
    for k in range(50):  # who was given is followed alone
        step(one, [stays], k * EVERY / 10)
    assert [p.number for p in one.people] == [1] and one.searches == 0


def test_two_who_cross_are_two_again():
    def at(k):
        return [(100 + 10 * k, 100, 160 + 10 * k, 300), (300 - 10 * k, 100, 360 - 10 * k, 300)]

    now, alone = [0], 0
    follower = Follower(lambda photo: at(now[0]))
    for k in range(31):  # a tenth of a second each; at the tenth they are at one place
        now[0] = k
        numbers = [p.number for p in follower.look(PHOTO, k / 10)]
        alone += len(numbers) == 1
        step(follower, [at(k)[number - 1] for number in numbers], k / 10)
    assert 0 < alone <= 10 * EVERY and numbers == [1, 2] and follower.searches == 4
    for person, box in zip(follower.people, at(30), strict=True):
        assert overlaps(person.box, box) > 0.5


def test_two_boxes_on_one_person_become_one():
    follower = Follower(lambda photo: [(100, 100, 160, 300), (180, 100, 240, 300)])
    follower.look(PHOTO, 0.0)
    step(follower, [(100, 100, 160, 300), (103, 100, 163, 300)])
    assert [p.number for p in follower.people] == [1]
    assert overlaps((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)


def test_the_filter_stills_what_rests_and_keeps_up_with_what_moves():
    rng, times = np.random.default_rng(0), np.arange(90) / 30
    resting = rng.normal(0, 2, (90, 1, 2)) + 100
    euro = OneEuro()
    still = np.array([euro(at, t, 200) for at, t in zip(resting, times, strict=True)])
    assert still[30:].std() < 0.5 * resting[30:].std()
    moving = np.stack([400 * times, 0 * times], 1)[:, None]  # two lengths of the person a second
    euro = OneEuro()
    followed = np.array([euro(at, t, 200) for at, t in zip(moving, times, strict=True)])
    assert np.abs(followed - moving)[60:].max() < 400 * 2 / 30  # never more than two frames behind


def test_the_filter_knows_times_gaps_and_missing_joints():
    euro = OneEuro()
    first = euro(np.array([[10.0, 10.0], [np.nan, np.nan]]), 0.0, 100)
    assert first[0].tolist() == [10, 10] and np.isnan(first[1]).all()
    back = euro(np.array([[np.nan, np.nan], [50.0, 60.0]]), 0.1, 100)
    assert np.isnan(back[0]).all() and back[1].tolist() == [50, 60]
    assert euro(np.array([[20.0, 10.0], [50.0, 60.0]]), 0.2, 100)[0].tolist() == [20, 10]
    much, little = OneEuro(), OneEuro()
    for euro, later in ((much, 10.0), (little, 0.01)):
        euro(np.zeros((1, 2)), 0.0, 100)
        euro.last = euro(np.ones((1, 2)), later, 100)
    assert much.last.min() > 0.9 > little.last.max()  # after ten seconds the old place counts for nothing
