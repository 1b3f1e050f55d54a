import numpy as np
import pytest
import torch

from pose_demo.joints import LSP
from pose_demo.xray import filmstrip, places, story

WRIST, OTHER = LSP.index("right wrist"), LSP.index("left wrist")


def frames(*places):
    """A film in which the right wrist's peak is at these places, the left wrist's always at 100, 0."""
    result = []
    for k, place in enumerate(places):
        joints = np.zeros((14, 2))
        joints[WRIST], joints[OTHER] = place, (100, 0)
        result.append(filmstrip.Frame(f"f{k}", False, np.zeros((14, 8, 8)), joints, *(np.ones(14),) * 3))
    return result


def test_a_peak_forms_jumps_to_the_other_side_strays_and_comes_back():
    film = frames((0, 0), (2, 0), (12, 0), (95, 0), (97, 0), (0, 300), (1, 0), (0, 0))
    told = [m.what for m in story.moments(film, LSP, WRIST, torso=50)]
    assert told == ["forms", "stays", "moves", "jumps", "elsewhere", "astray", "returns", "stays"]


def test_a_blank_map_is_no_answer_and_the_last_that_answers_is_the_reference():
    blank = (np.nan, np.nan)
    told = story.moments(frames((0, 0), blank, (4, 0), (95, 0), blank, (4, 0), blank), LSP, WRIST, torso=50)
    assert [m.what for m in told] == ["forms", "silent", "stays", "jumps", "silent", "returns", "silent"]
    assert told[0].pixels == pytest.approx(4) and np.isnan([told[1].pixels, told[1].peak]).all()
    assert [m.what for m in story.moments(frames(blank, blank), LSP, WRIST, 50)] == ["silent"] * 2


def test_without_a_torso_in_the_answer_the_last_frame_that_has_one_is_the_yardstick():
    film = frames((0, 0), (0, 0), (4, 0))
    assert [m.what for m in story.moments(film, LSP, WRIST, np.nan)] == ["unjudged"] * 3, "no frame has one"
    shoulder, hip = LSP.torso
    film[1].joints[hip] = (0, 50)
    film[2].joints[shoulder] = np.nan
    assert [m.what for m in story.moments(film, LSP, WRIST, np.nan)] == ["forms", "stays", "stays"]


def test_the_truth_is_the_reference_where_there_is_one():
    truth = np.full((14, 2), np.nan)
    truth[WRIST] = (0, 30)
    last = story.moments(frames((0, 0), (0, 0)), LSP, WRIST, 200, truth)[-1]
    assert last.pixels == pytest.approx(30)


def test_a_map_answers_where_a_channel_looks_like_the_joint():
    maps = torch.randn(5, 16, 16, generator=torch.Generator().manual_seed(0))
    maps[3] = 2 * story.spot((4, 9), 16, 16) - 7
    channel, strength = story.answer(maps, (4, 9))
    assert channel == 3 and strength == pytest.approx(1, abs=1e-5)
    assert story.answer(torch.ones(2, 4, 4), (1, 1))[1] == 0


def test_the_lens_ends_in_the_output_and_only_before_is_a_probe(net, trace):
    film = filmstrip.frames(trace, net, "centre")
    assert np.array_equal(film[-1].heatmaps, trace.heatmaps[-1][0].numpy())
    assert [f.probe for f in film] == ([True] * 4 + [False] if hasattr(net, "lens") else [False] * 3)
    assert np.all(film[-1].distance == 0)
    if hasattr(net, "lens"):
        last = trace.where(role="fused", branch=0)[-1]
        assert torch.allclose(net.lens(last.tensor), trace.heatmaps[-1])


def test_spread_of_a_gaussian_is_its_width():
    assert float(filmstrip.spread(story.spot((16, 16), 33, 33, 2.0)[None])) == pytest.approx(2 * 2**0.5, rel=0.02)


def test_every_place_is_compared_alone_and_with_what_came_before(net, image):
    first, second = net.trace(image, "nearest"), net.trace(image, "bilinear")
    found = places.differences(net, first, second)
    assert {p.place for p in found} == set(net.places)
    assert all(p.alone > 0 for p in found)
    assert found[0].alone == pytest.approx(found[0].total), "nothing came before the first place"
    assert all(p.alone == p.total == 0 for p in places.differences(net, first, first))


def test_what_differs_from_nothing_differs_infinitely():
    zero, some = torch.zeros(1, 2, 3, 3), torch.ones(1, 2, 3, 3)
    assert [places.relative(*each) for each in ((some, zero), (zero, zero), (some, 2 * some))] == [np.inf, 0, 0.5]
