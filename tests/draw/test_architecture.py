import re
from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch

from pose_demo.draw import architecture, map_svg
from pose_demo.draw.sprite import sprite
from pose_demo.networks import zoo
from pose_demo.networks.trace import INPUT
from pose_demo.networks.wiring import wiring

NETWORKS = ("hrnet-slim", "hrnet-w18", "hourglass-slim", "hourglass-1", "hourglass-8")


@cache
def draw(name, height=128, width=128, scale=None):
    """A network's picture without computing it, and {tap: shape}."""
    net = zoo.build(name, 14).to("meta")
    with torch.no_grad():
        trace = net.trace(torch.empty(1, 3, height, width, device="meta"))
    known = {INPUT: (3, height, width), **{n: tuple(t.tensor.shape[1:]) for n, t in trace.items()}}
    answer = tuple(trace.heatmaps[-1].shape[1:])
    return architecture.layout(wiring(net), known, scale or architecture.scale(answer)), known


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(128, 128), (256, 192)])
def test_no_cell_covers_another_and_all_lie_in_the_picture(name, size):
    drawn, _ = draw(name, *(size if name.startswith("hrnet") else (256, 256)))
    cells = list(drawn.cells.values())
    for k, a in enumerate(cells):
        assert min(a.x, a.y) >= 0 and a.right <= drawn.width and a.y + a.height <= drawn.height, a
        for b in cells[k + 1 :]:
            apart = a.right <= b.x or b.right <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            assert apart, (a.name, b.name)
    assert len({c.walk for c in cells}) == len(cells), "two cells at one step of the arrow keys"


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_are_to_scale_and_every_shape_is_the_taps(name):
    drawn, known = draw(name, 256, 256)
    for cell in drawn.cells.values():
        assert cell.shape == known[cell.name]
        if cell.name != INPUT:
            assert cell.height == pytest.approx(cell.shape[1] * drawn.scale)
            assert cell.width == pytest.approx(cell.shape[2] * drawn.scale)


#: {(kind of arrow, whether it passes over other columns): how many}, counted by hand.
ARROWS = {
    "hrnet-w18": {
        ("same", False): 4 + 1 + (2 + 4 * 3 + 3 * 4) + (2 + 4 * 3 + 2 * 4 + 1) + 1,  # units, new, into, out of, head
        ("up", False): 28,
        ("down", False): 2 + 3 + (1 + 4 * 3 + 2 * 6),  # stem, new branches, fusions
    },
    "hourglass-2": {
        ("same", False): 3 + 2 * (3 + 2 + 2),  # stem; merge to up, the bottom, features and heatmaps
        ("up", False): 2 * 4,
        ("down", False): 2 + 2 * 4,
        ("skip", False): 2 * 2 * 4,
        ("skip", True): 1,
        ("back", False): 4,
    },
}


@pytest.mark.parametrize("name", ARROWS)
def test_every_way_of_the_network_is_an_arrow_of_its_kind(name):
    drawn, _ = draw(name, 256, 256)
    assert Counter((a.kind, a.over) for a in drawn.arrows) == ARROWS[name]
    assert all(a.source in drawn.cells and a.target in drawn.cells for a in drawn.arrows)
    assert {a.target for a in drawn.arrows} == set(drawn.cells) - {INPUT}


def test_hrnet_draws_every_fusion_and_the_three_places_where_paper_and_code_differ():
    drawn, _ = draw("hrnet-w18", 256, 256)
    assert sum(c.endswith(".fused") for c in drawn.cells) == 2 + 4 * 3 + 2 * 4 + 1
    assert sum(a.kind == "up" for a in drawn.arrows) == 28  # NUMBERS: HRNet has 28 upsamplings
    assert [w.note for w in drawn.words if w.note] == [1, 2, 3]
    assert drawn.notes == ["xray.note_1", "xray.note_2", "xray.note_3"]


def test_a_hourglass_is_drawn_down_to_its_lowest_level_with_skips_heads_and_feedback():
    drawn, _ = draw("hourglass-2", 256, 256)
    cells = drawn.cells
    assert cells["stack2.level4.bottom"].shape == (256, 4, 4)
    assert {f"stack1.level{k}.skip" for k in range(4)} <= set(cells)
    assert {"stack1.feedback.features", "stack1.feedback.heatmaps", "stack2.heatmaps"} <= set(cells)


def test_two_networks_side_by_side_have_one_scale():
    assert architecture.scale((14, 32, 32), (14, 64, 64)) == architecture.scale((14, 64, 48)) == 1.0


def test_the_svg_has_a_named_button_for_every_cell():
    drawn, _ = draw("hrnet-slim")
    packed = sprite({n: np.zeros(c.shape[1:]) for n, c in drawn.cells.items()}, dict.fromkeys(drawn.cells, 1.0))
    text = map_svg.svg(drawn, packed.at, "data:,|8|8", "left", "A <map>", {n: f"{n}!" for n in drawn.cells})
    assert len(re.findall(r'role="button" tabindex="-1"', text)) == len(drawn.cells)
    assert 'aria-label="A &lt;map&gt;"' in text and 'aria-label="stem!, 32×32×32"' in text
    assert "<style>" not in text


def test_a_sprite_keeps_every_thumbnail_apart_and_every_cell_of_a_small_map():
    random = np.random.default_rng(0)
    maps = {f"m{k}": random.random((n, n)) for k, n in enumerate((4, 64, 32, 8, 128, 64, 16))}
    maps["photo"] = random.integers(0, 255, (128, 96, 3)).astype(np.uint8)
    packed = sprite(maps, dict.fromkeys(maps, 1.0))
    used = np.zeros(packed.picture.shape[:2], int)
    for x, y, w, h in packed.at.values():
        used[y : y + h, x : x + w] += 1
    assert used.max() == 1
    assert packed.at["m0"][2:] == (4, 4) and packed.at["m4"][2:] == (72, 72) and packed.at["photo"][2:] == (54, 72)
