import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_demo.crop import Crop
from pose_demo.decode import CELLS, DECODERS, decode, flip_merge, to_cells, to_input
from pose_demo.joints import COCO

STRIDE = 4
MAPS = [(64, 64), (64, 48), (96, 72)]  # (h, w) of the heatmaps that the networks give


def gaussian(at, sigma, shape, height=1.0) -> torch.Tensor:
    """(h, w) float32 with its peak at x, y in cells."""
    sigma = np.broadcast_to(sigma, 2)
    x, y = (np.exp(-((np.arange(n) - c) ** 2) / (2 * s**2)) for n, c, s in zip(shape[::-1], at, sigma, strict=True))
    return torch.from_numpy((height * np.outer(y, x)).astype(np.float32))


def place(shape, room: float):
    """x, y in cells, at least so many cells from the border."""
    return st.tuples(*(st.floats(room, n - 1 - room) for n in shape[::-1]))


planted = st.sampled_from(MAPS).flatmap(lambda shape: st.tuples(st.just(shape), place(shape, 3)))
ERROR = {"argmax": 1.0, "dark": 0.1}  # input pixels on each axis; argmax is a quarter cell by construction


@pytest.mark.parametrize("cells", CELLS)
@pytest.mark.parametrize("method", DECODERS)
@settings(deadline=None, max_examples=150)
@given(
    where=planted,
    sigma=st.floats(1.5, 3),
    height=st.floats(0.05, 1.5),
    corner=st.tuples(st.floats(-200, 2000), st.floats(-200, 2000)),
    side=st.floats(20, 3000),
)
def test_a_planted_joint_comes_back(method, cells, where, sigma, height, corner, side):
    """From a joint in the photo to a heatmap and back, whatever the person's box."""
    shape, at = where
    crop = Crop.around((*corner, corner[0] + side, corner[1] + 1.7 * side), (shape[0] * STRIDE, shape[1] * STRIDE))
    joint = crop.to_photo(to_input(torch.tensor([at], dtype=torch.float64), STRIDE, cells).numpy())

    target = to_cells(torch.from_numpy(crop.to_input(joint)), STRIDE, cells)[0].tolist()
    found, score = decode(gaussian(target, sigma, shape, height)[None, None], method)
    seen = to_input(found[0], STRIDE, cells).numpy()
    assert np.abs(seen - crop.to_input(joint)).max() <= ERROR[method] + 1e-3
    assert np.abs(crop.to_photo(seen) - joint).max() <= (ERROR[method] + 1e-3) * crop.scale
    assert 0.85 * height <= score.item() <= height * (1 + 1e-6)


@settings(deadline=None, max_examples=100)
@given(where=planted, sigma=st.tuples(st.floats(1.5, 3), st.floats(1.5, 3)))
def test_dark_reads_peaks_that_are_not_round(where, sigma):
    shape, at = where
    found, _ = decode(gaussian(at, sigma, shape)[None, None], "dark")
    assert np.abs(found[0, 0].numpy() - at).max() * STRIDE < 0.1


@pytest.mark.parametrize("cells", CELLS)
def test_cells_and_pixels_are_inverse(cells):
    points = torch.tensor([[0.0, 0.0], [-1.25, 63.5], [47.0, 12.3]])
    assert torch.allclose(to_cells(to_input(points, STRIDE, cells), STRIDE, cells), points, atol=1e-5)


def test_what_a_cell_stands_for():
    first, last = torch.tensor([[0.0, 0.0]]), torch.tensor([[63.0, 47.0]])
    assert to_input(first, 4, "corner").tolist() == [[0, 0]] and to_input(last, 4, "corner").tolist() == [[252, 188]]
    # The mean of the four pixels 0 to 3 that the first cell covers, and of the last four of 256 and 192.
    assert to_input(first, 4, "centre").tolist() == [[1.5, 1.5]]
    assert to_input(last, 4, "centre").tolist() == [[253.5, 189.5]]
    assert to_input(last, 1, "centre").tolist() == to_input(last, 1, "corner").tolist() == last.tolist()


def test_argmax_moves_a_quarter_cell_towards_the_higher_neighbour():
    heatmap = torch.zeros(1, 4, 9, 9)
    heatmap[..., 4, 4] = 1
    for k, (y, x) in enumerate([(4, 5), (4, 3), (3, 4), (5, 4)]):
        heatmap[0, k, y, x] = 0.5
    assert decode(heatmap)[0][0].tolist() == [[4.25, 4], [3.75, 4], [4, 3.75], [4, 4.25]]


@pytest.mark.parametrize("method", DECODERS)
@pytest.mark.parametrize("at", [(0, 0), (63, 0), (0, 47), (63, 47), (31, 0), (0, 20), (1, 1), (62, 46), (2, 30)])
def test_at_the_border_the_peak_stays_in_its_cell(method, at):
    found, score = decode(gaussian(at, 2, (48, 64))[None, None], method)
    assert np.abs(found[0, 0].numpy() - at).max() <= 0.26 and score.item() == 1


@pytest.mark.parametrize("method", DECODERS)
@pytest.mark.parametrize(
    "heatmap",
    [
        torch.zeros(64, 48).index_put((torch.tensor(30), torch.tensor(20)), torch.tensor(1e-30)),
        -gaussian((20, 30), 2, (64, 48)),
        1e6 * gaussian((20, 30), 2, (64, 48)),
        torch.eye(64)[:, :48],
    ],
    ids=["a trace", "a hole", "huge", "a ridge"],
)
def test_maps_without_a_proper_peak_give_finite_joints_within(method, heatmap):
    found, score = decode(heatmap[None, None], method)
    assert torch.isfinite(found).all() and score.item() == pytest.approx(heatmap.max().item())
    assert (found >= -0.5).all() and (found[..., 0] <= 47.5).all() and (found[..., 1] <= 63.5).all()


@pytest.mark.parametrize("method", DECODERS)
@pytest.mark.parametrize("value", [0.0, 0.7, -0.2])
def test_a_constant_map_is_no_answer(method, value):
    heatmaps = torch.stack([torch.full((64, 48), value), gaussian((20, 30), 2, (64, 48))])[None]
    found, score = decode(heatmaps, method)
    assert found[0, 0].isnan().all() and score[0, 0].isnan()
    assert found[0, 1].isfinite().all() and score[0, 1] == 1 and not (score[0] >= -(10**9))[0]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10**6), noise=st.floats(0.01, 2))
def test_any_map_gives_finite_joints_near_its_highest_cell(seed, noise):
    random = torch.Generator().manual_seed(seed)
    heatmaps = torch.randn(2, 3, 24, 18, generator=random) * noise
    for method, reach in (("argmax", 0.25), ("dark", 1.5)):
        found, scores = decode(heatmaps, method)
        highest = heatmaps.flatten(2).argmax(2)
        cell = torch.stack([highest % 18, highest // 18], dim=2)
        assert found.shape == (2, 3, 2) and (found - cell).abs().max() <= reach + 1e-5
        assert torch.equal(scores, heatmaps.amax((2, 3)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_half_precision_is_decoded_in_single(dtype):
    heatmaps = gaussian((20.3, 30.6), 2, (64, 48))[None, None].to(dtype)
    found, scores = decode(heatmaps, "dark")
    assert found.dtype == scores.dtype == torch.float32
    assert np.abs(found[0, 0].numpy() - [20.3, 30.6]).max() < 0.05


def test_the_heatmaps_are_left_alone():
    heatmaps = torch.rand(1, 2, 16, 16)
    before = heatmaps.clone()
    for method in DECODERS:
        decode(heatmaps, method)
    flip_merge(heatmaps, heatmaps, (1, 0), shift=True)
    assert torch.equal(heatmaps, before)


def test_an_unknown_decoder_names_those_there_are():
    with pytest.raises(ValueError, match="unknown decoder 'mean'; there are argmax, dark"):
        decode(torch.zeros(1, 1, 8, 8), "mean")


# --- the flip test ---------------------------------------------------------------------------------------------------


def test_flip_merge_by_hand():
    """Joint 0 is left, joint 1 right; one row of four cells."""
    straight = torch.tensor([[[[1.0, 2, 3, 4]], [[0.0, 0, 0, 8]]]])
    mirrored = torch.tensor([[[[6.0, 0, 0, 0]], [[5.0, 3, 1, 7]]]])
    # Mirrored back and with the sides swapped: left 7 1 3 5, right 0 0 0 6.
    plain = flip_merge(straight, mirrored, (1, 0))
    assert plain.tolist() == [[[[4, 1.5, 3, 4.5]], [[0, 0, 0, 7]]]]
    # One cell to the right, the first kept: left 7 7 1 3, right 0 0 0 0.
    shifted = flip_merge(straight, mirrored, (1, 0), shift=True)
    assert shifted.tolist() == [[[[4, 4.5, 2, 3.5]], [[0, 0, 0, 4]]]]


@pytest.mark.parametrize(("cells", "shift"), [("centre", False), ("corner", True)])
def test_the_flip_test_fits_the_cells(cells, shift):
    """A network that is right about both photos stays right: exactly with "centre", within an eighth of a cell with
    "corner", where without the shift it would be three eighths off."""
    shape = (64, 48)
    joints = np.linspace((40, 60), (150, 200), len(COCO))  # pixels of the input

    def answer(points) -> torch.Tensor:
        at = to_cells(torch.as_tensor(points), STRIDE, cells).tolist()
        return torch.stack([gaussian(p, 2, shape) for p in at])[None]

    mirror = np.column_stack([shape[1] * STRIDE - 1 - joints[:, 0], joints[:, 1]])[list(COCO.flip)]

    def error(shift: bool) -> float:
        merged = flip_merge(answer(joints), answer(mirror), COCO.flip, shift)
        return np.abs(to_input(decode(merged, "dark")[0][0], STRIDE, cells).numpy() - joints).max() / STRIDE

    assert error(shift) < (0.01 if cells == "centre" else 0.15)
    assert error(not shift) > 0.3


# --- held against MMPose ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def refine(mmpose):
    """MMPose's decoders, as functions of (K, H, W) heatmaps that return (K, 2) joints in cells."""
    from mmpose.codecs.utils import get_heatmap_maximum, refine_keypoints, refine_keypoints_dark

    def argmax(heatmaps):
        return refine_keypoints(get_heatmap_maximum(heatmaps.copy())[0][None], heatmaps.copy())[0]

    def dark(heatmaps):
        at = get_heatmap_maximum(heatmaps.copy())[0][None]
        return refine_keypoints_dark(at, heatmaps.copy(), blur_kernel_size=11)[0]

    return {"argmax": argmax, "dark": dark}


@pytest.mark.parametrize("method", DECODERS)
@pytest.mark.parametrize("shape", MAPS)
def test_we_decode_as_mmpose_does(refine, method, shape):
    """Away from the border, where MMPose's smoothing pulls peaks inwards and ours does not. Round peaks, long ones,
    and peaks with a lower one beside them."""
    rng = np.random.default_rng(0)
    maps = []
    for k in range(150):
        at, beside = (rng.uniform(9, np.array(shape[::-1]) - 10) for _ in range(2))
        heatmap = gaussian(at, rng.uniform(1.5, 3, 2 if k % 2 else 1), shape, rng.uniform(0.2, 1))
        lower = gaussian(beside, rng.uniform(1.5, 3), shape, 0.5 * heatmap.max().item())
        maps.append(heatmap + lower * (k % 3 == 0))
    heatmaps = torch.stack(maps)
    ours = decode(heatmaps[None], method)[0][0].numpy()
    assert np.abs(ours - refine[method](heatmaps.numpy())).max() < (1e-6 if method == "argmax" else 0.05)
