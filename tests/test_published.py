"""One photo and one box to joints in the photo's pixels: through the reference's own code and through ours.

Every published network of weights/manifest.toml, with the same random weights, with and without the flip test. What
the two may differ by and why is said at DECODING and CROPS below.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pose_demo import comparison, weights
from pose_demo.comparison import compare
from pose_demo.crop import Crop
from pose_demo.decode import decode, to_input
from pose_demo.networks import model, zoo

PUBLISHED = [e for e in weights.manifest().values() if e.trained == "published" and e.joints != "people"]
STACKS = [e for e in PUBLISHED if e.network.startswith("hourglass-")]
THROUGH_MMPOSE = [e for e in PUBLISHED if e not in STACKS]
TOLERANCE = 0.05  # pixels of the photo
BOX = (170.0, 60.0, 402.0, 391.0)  # padded it lies within the photo


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """(480, 640, 3) uint8, smooth and lopsided."""
    coarse = np.random.default_rng(5).integers(0, 255, (31, 41, 3)).astype(np.uint8)
    return cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the random weights lie under the name of the published file; gone with the test, for they are large."""
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(weights, "check", lambda file, wanted, found: None)  # these are not the published bytes
    yield tmp_path
    zoo._loaded.cache_clear()
    for file in tmp_path.iterdir():
        file.unlink()


def inner(pose: comparison.Pose) -> np.ndarray:
    """(J,) true where the peak stands far enough from the border that all decoders move it alike.

    DECODING: the outermost cells of a map have no neighbour on one side. Ours then leaves that axis alone; MMPose
    leaves the outermost two columns and rows on the left and top alone, and the package both axes of such a cell.
    Each is at most a quarter of a cell on an axis. A map without a positive value has no joint at all for others.
    """
    heatmaps = pose.heatmaps[-1]
    h, w = heatmaps.shape[1:]
    y, x = np.divmod(heatmaps.reshape(len(heatmaps), -1).argmax(1), w)
    return (x > 1) & (x < w - 1) & (y > 1) & (y < h - 1) & (pose.scores > 0)


def held(ours: comparison.Pose, theirs: np.ndarray) -> None:
    """Every joint within TOLERANCE, and at the border within the quarter of a cell that the decoders differ by."""
    apart = np.abs(ours.joints - theirs)
    free = inner(ours)
    assert free.sum() > len(free) / 3, "too few joints to prove anything"
    assert apart[free].max() < TOLERANCE, ours.network
    quarter = ours.crop.scale * ours.card.input[0] / ours.heatmaps[-1].shape[1] / 4
    assert apart[~free & (ours.scores > 0)].max(initial=0) < quarter + TOLERANCE


def test_every_published_network_is_here_or_says_that_it_is_not_proven():
    assert {e.name for e in PUBLISHED if e.proven} == {e.name for e in STACKS + THROUGH_MMPOSE}
    assert {e.proven.split()[0] for e in STACKS} == {"pytorch-stacked-hourglass"}
    assert {e.proven.split()[0] for e in THROUGH_MMPOSE} == {"MMPose"}


# --- HRNet and hourglass52, held against MMPose ------------------------------------------------------------------


def configuration(e: weights.Entry) -> str:
    """MMPose's own configuration of a network, by its name in the manifest."""
    body, size = e.network.removeprefix("mmpose-"), "x".join(map(str, e.input))
    folder = f"{_mim()}/configs/body_2d_keypoint/topdown_heatmap/{e.joints}"
    return str(next(Path(folder).glob(f"td-hm_{body}_8xb*-210e_{e.joints}-{size}.py")))


def _mim() -> str:
    import mmpose

    return f"{Path(mmpose.__file__).parent}/.mim"


@pytest.fixture(scope="module")
def estimator(mmpose, randomise):
    """estimator(entry): MMPose's pose estimator of that network with random weights."""
    from mmengine import Config
    from mmpose.apis import init_model

    def make(e: weights.Entry):
        config = Config.fromfile(configuration(e))
        assert tuple(config.codec["input_size"]) == e.input[::-1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says which of its two folders it took the joints' names from
            return randomise(init_model(config, device="cpu"))

    return make


@pytest.mark.parametrize("e", THROUGH_MMPOSE, ids=lambda e: e.name)
def test_mmposes_joints(e, estimator, photo, folder):
    from mmpose.apis import inference_topdown

    theirs = estimator(e)
    torch.save({"state_dict": theirs.state_dict(), "meta": {"mmpose_version": "1.1.0"}}, folder / e.file)
    for flip in (False, True):
        theirs.test_cfg["flip_test"] = flip
        found = inference_topdown(theirs, photo[..., ::-1].copy(), np.array([BOX]))[0].pred_instances.keypoints[0]
        held(compare(photo, BOX, [e.name], None, flip=flip).poses[0], found)


# --- Newell's stacks, held against the PyPI package --------------------------------------------------------------


@pytest.fixture(scope="module")
def predictor(randomise):
    """predictor(stacks): the package's predictor with random weights."""
    from stacked_hourglass import HumanPosePredictor
    from stacked_hourglass.model import hg

    def make(stacks: int) -> HumanPosePredictor:
        net = randomise(hg(num_stacks=stacks, num_blocks=1, num_classes=16))
        for head in net.score:
            head.bias += 30  # else many a map has no positive value, and with it no joint
        return HumanPosePredictor(net, device="cpu")

    return make


@pytest.mark.parametrize("e", STACKS, ids=lambda e: e.name)
def test_the_packages_joints(e, predictor, photo, folder):
    """The square is cut first. The package answers with edges (cell 30 is 122), we with centres (121.5)."""
    theirs = predictor(int(e.network.split("-")[1]))
    torch.save({"state_dict": theirs.model.state_dict()}, folder / e.file)
    square = Crop.around(BOX, (256, 256)).warp(photo)
    half = 128 / 1.25  # which padded is the whole square
    box = (127.5 - half, 127.5 - half, 127.5 + half, 127.5 + half)
    for flip in (False, True):
        found = theirs.estimate_joints(torch.from_numpy(square).permute(2, 0, 1), flip=flip).numpy() - 0.5
        ours = compare(square, box, [e.name], None, flip=flip).poses[0]
        assert np.array_equal(ours.image, square)
        held(ours, found)


def test_the_packages_tensor_and_cells(predictor, photo):
    """The mean is subtracted and nothing divided, and a lone peak at cell (30, 20) is input (122, 82) in edges."""
    from stacked_hourglass.utils.evaluation import final_preds_untransformed

    square = torch.from_numpy(Crop.around(BOX, (256, 256)).warp(photo)).permute(2, 0, 1)
    ours = model.normalise(square[None].float() / 255, "mpii")[0]
    assert torch.allclose(predictor(1).prepare_image(square), ours, atol=1e-6)
    heatmaps = torch.zeros(1, 1, 64, 64)
    heatmaps[0, 0, 20, 30] = 1
    edges = final_preds_untransformed(heatmaps, (64, 64))[0] * 4
    at = to_input(decode(heatmaps)[0][0], 4, zoo.card("hourglass-1-mpii").cells)
    assert edges.tolist() == [[122, 82]] and at.tolist() == [[121.5, 81.5]]


# --- CROPS -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(256, 192), (384, 288), (256, 256)])
@pytest.mark.parametrize("box", [BOX, (300.0, 200.0, 333.5, 290.25)], ids=["a person", "a small one"])
def test_mmposes_crop(box, size, mmpose, photo):
    """To one grey level, where the box lies within the photo and nothing shrinks to less than half."""
    from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

    results = GetBBoxCenterScale()({"bbox": np.array([box], np.float32), "img": photo})
    theirs = TopdownAffine(input_size=size[::-1])(results)["img"]
    ours = Crop.around(box, size, cells="corner").warp(photo)
    assert np.abs(theirs.astype(int) - ours).max() <= 1
    # "centre" is another crop, by half a pixel of the input, which is why the card's cells belong to it.
    assert np.abs(theirs.astype(int) - Crop.around(box, size).warp(photo)).max() > 1


def test_where_mmposes_crop_is_another(mmpose, photo):
    """Beyond the photo it is black and ours the photo's mean; a large person is sampled there, and averaged here."""
    from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

    def theirs(box, picture):
        results = GetBBoxCenterScale()({"bbox": np.array([box], np.float32), "img": picture})
        return TopdownAffine(input_size=(192, 256))(results)["img"]

    beyond = (-150.0, -100.0, 100.0, 300.0)
    ours = Crop.around(beyond, (256, 192), cells="corner").warp(photo)
    assert theirs(beyond, photo)[0, 0].tolist() == [0, 0, 0]
    assert np.abs(ours[0, 0] - photo.mean((0, 1))).max() <= 1
    stripes = np.zeros((1000, 1000, 3), np.uint8)
    stripes[::2] = 255
    whole = (100.0, 100.0, 900.0, 900.0)
    assert theirs(whole, stripes)[64:192].std() > 4 * Crop.around(whole, (256, 192)).warp(stripes)[64:192].std()


def test_the_packages_own_crop_is_whole_pixels(photo):
    """Its square begins and ends at whole pixels of the photo, so that it lies up to one of them beside the box."""
    from stacked_hourglass.utils.transforms import transform

    for centre, side in (((300.3, 210.8), 310.4), ((301.9, 211.1), 287.9)):
        corners = [transform(at, centre, side / 200, (256, 256), invert=1) for at in ((0, 0), (256, 256))]
        assert all(corner.dtype.kind == "i" for corner in corners)
        exact = [np.subtract(centre, side / 2), np.add(centre, side / 2)]
        assert 0.05 < np.abs(np.subtract(corners, exact)).max() <= 2
