"""What a step is made of: augmentation, targets, loss."""

import math

import pytest
import torch
from crops import write_crops

from pose_demo.joints import LSP
from pose_demo.training.augmentation import Augmentation, jpeg
from pose_demo.training.data import load, split
from pose_demo.training.loss import joint_losses, kept, masked_mean, targets


def test_augmentation_moves_labels_with_the_picture(tmp_path):
    """A lone bright dot stays under its label through every scale, shift, turn and flip."""
    torch.manual_seed(0)
    crops = load_dots(tmp_path)
    calm = Augmentation(degraded=0, colour=0, grey=0, cut_out=0)
    checked = 0
    for _ in range(8):
        images, joints = calm(crops, 96, LSP.flip)
        for image, points in zip(images, joints, strict=True):
            seen = points[points[:, 2] > 0][0, :2]
            if ((seen > 8) & (seen < 87)).all():
                brightness = (image.sum(0) - 0.3).clamp_min(0)
                ys, xs = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
                at = torch.stack([(brightness * xs).sum(), (brightness * ys).sum()]) / brightness.sum()
                assert (at - seen).abs().max() < 1.0
                checked += 1
    assert checked > 60


def load_dots(tmp_path):
    write_crops(tmp_path / "dots.npz", 16)
    crops = load(tmp_path / "dots.npz", 96)
    crops.images.zero_()
    crops.inner[:] = torch.tensor([0, 0, 96, 96])
    crops.joints.zero_()
    for n in range(16):
        x, y = 20 + 3 * n, 30 + 2 * n
        crops.images[n, :, y - 1 : y + 2, x - 1 : x + 2] = 255
        crops.joints[n, 9] = torch.tensor([x, y, 1.0])
    return crops


def test_augmentation_fills_borders_and_changes_looks(folder):
    torch.manual_seed(1)
    crops = split(folder, 64).train
    images, joints = Augmentation()(crops, 64, LSP.flip)
    assert images.shape == (30, 3, 64, 64) and joints.shape == (30, 14, 3)
    assert images.min() >= 0 and images.max() <= 1 and torch.isfinite(joints).all()
    upright, _ = Augmentation(flipped=0, shift=0, scale=(1, 1))(crops, 64, LSP.flip, turn=False)
    assert not torch.equal(upright, crops.images.float() / 255)


def test_jpeg_keeps_what_quality_keeps():
    torch.manual_seed(0)
    smooth = torch.nn.functional.interpolate(torch.rand(2, 3, 4, 4), size=32, mode="bilinear")
    errors = [(jpeg(smooth, q) - smooth).abs().mean().item() for q in (95, 50, 10)]
    assert errors[0] < errors[1] < errors[2] < 0.1
    assert errors[0] < 0.01


def test_targets_peak_at_the_joint_and_know_absence():
    joints = torch.tensor([[[31.5, 15.5, 1.0], [-9.0, 20.0, 1.0], [0.0, 0.0, 0.0]]])
    heatmaps, weights = targets(joints, 64, 4, 1.5)
    assert heatmaps.shape == (1, 3, 16, 16)
    # Pixel 31.5 is the border of cells 7 and 8: (31.5 + 0.5) / 4 - 0.5 = 7.5.
    assert heatmaps[0, 0, 3, 7] == pytest.approx(heatmaps[0, 0, 3, 8].item())
    assert heatmaps[0, 0].max().item() == pytest.approx(math.exp(-(0.5**2 + 0.5**2) / (2 * 1.5**2)))
    assert heatmaps[0, 1].max() == 0 and heatmaps[0, 2].max() == 0
    assert weights.tolist() == [[1, 1, 0]]


def test_an_empty_map_costs_one_and_the_worst_labels_can_be_dropped():
    joints = torch.tensor([[[30.0, 30.0, 1.0]]])
    target, _ = targets(joints, 64, 4, 1.5)
    assert joint_losses([torch.zeros_like(target)] * 2, target, 1.5).item() == pytest.approx(1, abs=0.01)
    losses, weights = torch.arange(10.0)[None], torch.ones(1, 10)
    assert masked_mean(losses, kept(losses, weights, 0.2)) == losses[0, :8].mean()
    weights[0, 9] = 0
    assert masked_mean(losses, kept(losses, weights)) == losses[0, :9].mean()
    assert masked_mean(losses.fill_(float("nan")), kept(losses, weights)).isnan()
    assert masked_mean(losses, kept(losses, torch.zeros(1, 10))) == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs want a GPU")
def test_a_recorded_step_is_the_step(folder, tmp_path):
    """Twelve steps, the last nine of them replayed, against the same steps one kernel after the other."""
    from pose_demo.networks import zoo
    from pose_demo.training.loop import Trainer
    from pose_demo.training.recipe import Recipe

    found = []
    for recorded in (True, False):
        recipe = Recipe(10**6, size=64, batch=10, precision="fp32")
        net, network = zoo.build("hourglass-slim", 14), {"name": "hourglass-slim", "joints": "lsp", "options": {}}
        run = Trainer(net, network, LSP, [split(folder, 64)], recipe, tmp_path, torch.device("cuda", 0))
        run.graphs = run.graphs if recorded else None
        losses = [run._step(run._part()).item() for _ in range(12)]
        found.append((losses, {k: v.clone() for k, v in run.net.state_dict().items()}))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    torch.testing.assert_close(found[0][1], found[1][1], rtol=1e-4, atol=1e-6)
