"""The lesson's answers, each worked out a second time on two examples, from maps, weights and other comparisons."""

from __future__ import annotations

import bisect
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from test_lesson import STEPS, measured, step_of
from torch import nn

from pose_demo import XRay, compare
from pose_demo.decode import decode, to_input
from pose_demo.examples import examples
from pose_demo.page.answers import lesson

HRNET, HOURGLASS = 0, 1


@pytest.fixture(scope="module", params=[0, 4], ids=lambda k: examples()[k].name)
def xray(request):
    assert examples()[request.param].joints is not None
    return XRay(examples()[request.param], upsampling=None)


@cache
def otherwise(name: str, stop: str | None = None, decoder: str = "argmax", cut: str = "") -> tuple:
    """The poses of the same example, asked in another way."""
    example = next(each for each in examples() if each.name == name)
    silence = {cut: "zero"} if cut else None
    return compare(example.path, example.box, upsampling=stop, decoder=decoder, silence=silence).poses


def torsos(pose, other) -> float:
    return float(np.linalg.norm(other - pose.joints, axis=1).mean() / pose.torso)


def moved(xray, side: int, **asked) -> float:
    return torsos(xray.skeletons[side], otherwise(xray.name, **asked)[side].joints)


def sizes(xray, side: int, *names: str) -> list[float]:
    return [float(xray.maps(side)[name].tensor.abs().sum()) for name in names]


def read(xray, side: int, heatmaps) -> np.ndarray:
    """Where these heatmaps (1, J, h, w) have the joints, pixels of the photo."""
    pose = xray.skeletons[side]
    cells, _ = decode(torch.as_tensor(heatmaps), "argmax")
    return pose.crop.to_photo(to_input(cells[0], 4, pose.card.cells).numpy())


def seen_by(steps: list[tuple[int, int]]) -> int:
    """The receptive field, in pixels of the input, behind layers of these kernels and strides."""
    side, between = 1, 1
    for kernel, stride in steps:
        side, between = side + (kernel - 1) * between, between * stride
    return side


def first_unit(xray) -> float:
    net = xray.net(HRNET)
    layers = [each for part in (net.stem, net.stage1[0]) for each in part.modules() if isinstance(each, nn.Conv2d)]
    return seen_by([(each.kernel_size[0], each.stride[0]) for each in layers]) / 128


def bottom(xray) -> float:
    unit, pool = (3, 1), (2, 2)
    depth = len(xray.net(HOURGLASS).hourglasses[0].down)
    return seen_by([(7, 2), unit, pool, unit, unit, *[pool, unit] * depth, unit]) / 128


def lens(xray) -> float:
    with torch.inference_mode():
        early = xray.net(HRNET).head(xray.maps(HRNET)["stage2.module1.branch0.fused"].tensor)
    return torsos(xray.skeletons[HRNET], read(xray, HRNET, early))


def channels(xray) -> float:
    joint = xray.skeletons[HOURGLASS].card.joints.index("left knee")
    weights = xray.net(HOURGLASS).heads[0].weight[joint].detach()
    parts = np.sort((weights * xray.maps(HOURGLASS)["stack1.features"].tensor[0]).abs().sum((1, 2)).numpy())[::-1]
    few = next(k for k in range(len(parts) + 1) if parts[:k].sum() >= parts.sum() / 2)
    return few / len(parts)


def sent(xray) -> tuple[float, float, float]:
    """At the stem: what each stack's loss sends, and all together."""
    found = xray.gradients(HOURGLASS)
    at = found.taps.index("stem")
    return (*map(float, found.sizes[at]), float(found.total[at]))


def blocks(xray) -> float:
    values = xray.maps(HRNET)["stage3.module1.branch0.from2"].tensor[0].numpy()
    c, h, w = values.shape
    tiles = values.reshape(c, h // 4, 4, w // 4, 4)
    return float((tiles != tiles[:, :, :1, :, :1]).mean())


def nearer(xray) -> float:
    marks, pose = xray.example.joints, xray.skeletons[HRNET]
    away = [np.linalg.norm(joints - marks[:, :2], axis=1)[marks[:, 2] > 0].mean() / pose.torso
            for joints in (pose.joints, otherwise(xray.name, "bilinear")[HRNET].joints)]  # fmt: skip
    return float(away[1] - away[0])


def quarter(xray) -> float:
    poses = (xray.skeletons[HRNET], otherwise(xray.name, "bilinear")[HRNET])
    one, other = (decode(torch.as_tensor(pose.heatmaps[-1])[None], "argmax")[0].numpy() for pose in poses)
    return float(not np.allclose(4 * (other - one), (4 * (other - one)).round(), atol=1e-4))


def output(xray) -> float:
    heatmaps = torch.as_tensor(xray.skeletons[HRNET].heatmaps[-1])[None]
    one, other = (decode(heatmaps, how)[0][0].numpy() for how in ("argmax", "dark"))
    return float(np.linalg.norm(one - other, axis=1).mean())


ANSWERS = {
    ("hrnet", "parallel"): lambda x: 128 / x.maps(HRNET)["stage4.module1.branch0"].tensor.shape[3],
    ("hrnet", "stem"): first_unit,
    ("hrnet", "branch"): lambda x: len(x.net(HRNET).transitions[1]),  # one layer, from one map
    ("hrnet", "fusion"): lambda x: 0,
    ("hrnet", "terms"): lambda x: np.argmax(sizes(x, HRNET, *(f"stage3.module1.branch0.from{k}" for k in range(3)))),
    ("hrnet", "order"): lambda x: 0,
    ("hrnet", "cut"): lambda x: moved(x, HRNET, cut="stage3.module1.branch0.from2"),
    ("hrnet", "lens"): lens,
    ("hrnet", "last"): lambda x: sum(name.startswith("stage4.module1.branch0.from") and "." not in name[27:]
                                     for name in x.maps(HRNET)),
    ("hourglass", "down"): lambda x: min(tap.tensor.shape[2] for tap in x.maps(HOURGLASS).values()),
    ("hourglass", "bottom"): bottom,
    ("hourglass", "merge"): lambda x: np.argmax(sizes(x, HOURGLASS, "stack1.level0.skip", "stack1.level0.upsampled")),
    ("hourglass", "skip"): lambda x: moved(x, HOURGLASS, cut="stack1.level0.skip"),
    ("hourglass", "channels"): channels,
    ("hourglass", "supervision"): lambda x: torsos(
        x.skeletons[HOURGLASS], read(x, HOURGLASS, x.skeletons[HOURGLASS].heatmaps[0][None])),
    ("hourglass", "feedback"): lambda x: moved(x, HOURGLASS, cut="stack1.feedback.heatmaps"),
    ("hourglass", "gradient"): lambda x: sent(x)[0] / (sent(x)[0] + sent(x)[1]),
    ("hourglass", "together"): lambda x: sent(x)[1] > 0,
    ("upsampling", "places"): lambda x: len(x.net(HRNET).places),
    ("upsampling", "blocks"): blocks,
    ("upsampling", "moved"): lambda x: moved(x, HOURGLASS, stop="bilinear") > moved(x, HRNET, stop="bilinear"),
    ("upsampling", "nearer"): nearer,
    ("upsampling", "corners"): lambda x: (
        moved(x, HRNET, stop="bilinear-corners") / moved(x, HRNET, stop="bilinear")),
    ("upsampling", "quarter"): quarter,
    ("upsampling", "output"): output,
}  # fmt: skip


@pytest.mark.parametrize(("tour", "name"), STEPS)
def test_an_answer_is_what_a_second_way_finds(xray, tour, name):
    found, wanted = measured(xray, tour, name), float(ANSWERS[tour, name](xray))
    assert found["value"] == pytest.approx(wanted, rel=1e-3, abs=1e-4)
    edges = step_of(tour, name)["edges"]
    assert bisect.bisect_right(edges, found["value"]) == bisect.bisect_right(edges, wanted)


def test_what_the_last_loss_sends_is_told_as_beside_the_gradient(xray):
    _, last, together = sent(xray)
    assert measured(xray, "hourglass", "together")["values"]["part"] == pytest.approx(last / together)


def test_the_last_losss_part_stands_beside_the_first_ones(xray):
    assert measured(xray, "hourglass", "gradient")["values"]["part"] == pytest.approx(sent(xray)[1] / sent(xray)[2])


def test_what_the_branches_see_is_measured_too(xray):
    """Of stage 3, where a coarse cell sees the whole crop and a fine one does not: behind it all see all."""
    fields = measured(xray, "hrnet", "stem")["values"]["fields"]
    assert fields == [xray.field(HRNET, f"stage3.module1.branch{k}").size[1] for k in range(3)]
    assert fields == sorted(fields) and fields[0] <= 128 < fields[-1]


@pytest.mark.parametrize(("found", "told"), [(0.0, 1e-9), (2.34e-7, 3e-7), (0.1, 0.1)])
def test_what_a_figure_is_at_most_is_never_less_and_never_nothing(found, told):
    assert lesson._bound(found, 1e-9) == pytest.approx(told)


def lose(monkeypatch, joints: slice) -> None:
    """As cuts do: these joints have no answer any more, in no frame of any network."""
    real = lesson.film.frames

    def frames(*asked):
        found = [replace(frame, joints=frame.joints.copy()) for frame in real(*asked)]
        for frame in found:
            frame.joints[joints] = np.nan
        return found

    monkeypatch.setattr(lesson.film, "frames", frames)


LOST = [("hrnet", "lens"), ("hourglass", "supervision"),
        *(("upsampling", name) for name in ("moved", "nearer", "corners", "quarter"))]  # fmt: skip


@pytest.mark.parametrize(("tour", "name"), LOST)
def test_where_a_joint_was_lost_the_others_tell_and_where_all_were_nothing_does(xray, monkeypatch, tour, name):
    lose(monkeypatch, slice(0, 1))
    found = measured(xray, tour, name)
    assert found["value"] is not None and np.isfinite(found["value"])
    assert all(np.isfinite(value) for value in found["values"].values() if isinstance(value, float))
    lose(monkeypatch, slice(None))
    assert measured(xray, tour, name)["value"] is None


@pytest.mark.parametrize("pair", [("hrnet-slim", "hrnet-slim"), ("hrnet-tiny-bilinear", "hourglass-slim")])
def test_who_moves_more_is_asked_only_of_two_that_were_trained_with_nearest(pair):
    assert measured(XRay(examples()[0], networks=pair, upsampling=None), "upsampling", "moved")["value"] is None


@pytest.mark.parametrize("step", ["moved", "corners"])
def test_what_moves_as_far_is_neither_more_nor_less(xray, monkeypatch, step):
    monkeypatch.setattr(lesson, "_shift", lambda *_: 0.05)
    found = measured(xray, "upsampling", step)
    assert found["value"] is None and 0.05 in found["values"].values()
