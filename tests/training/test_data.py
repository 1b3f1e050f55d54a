"""What is learned from: crops and their labels."""

import numpy as np
import pytest
import torch
from crops import write_crops

from pose_demo.locales import UserError
from pose_demo.training.data import epoch_order, load, photo_within, split


@pytest.mark.parametrize("size", [64, 96, 128, (128, 96)])
def test_labels_go_to_any_input_and_back(tmp_path, size):
    joints = write_crops(tmp_path / "a.npz", 3)
    crops = load(tmp_path / "a.npz", size)
    height, width = (size, size) if isinstance(size, int) else size
    assert crops.images.shape == (3, 3, height, width)
    np.testing.assert_allclose(crops.to_file(crops.joints[..., :2]).numpy(), joints[..., :2], atol=1e-3)
    # The first joint's square is where its label says: saturated red of joint 0.
    x, y = crops.joints[0, 0, :2].round().long().tolist()
    assert crops.images[0, 0, y, x] > 180


def test_validation_is_the_end_of_the_last_shard(folder):
    source = split(folder, 64)
    assert (len(source.train), len(source.held)) == (30, 10)
    whole = load(folder / "train-1.npz", 64)
    assert torch.equal(source.held.images, whole.images[10:])


def test_better_labels_beside_a_shard_are_taken(tmp_path):
    joints = write_crops(tmp_path / "train-0.npz", 4)
    better = joints + np.float32([2, 3, 0])
    np.savez(tmp_path / "clean-0.npz", joints=better, image_id=np.arange(4))
    crops = load(tmp_path / "train-0.npz", 64)
    np.testing.assert_allclose(crops.to_file(crops.joints[..., :2]).numpy(), better[..., :2], atol=1e-3)
    np.savez(tmp_path / "clean-0.npz", joints=better, image_id=np.arange(4)[::-1])
    with pytest.raises(UserError, match="same people in the same order"):
        load(tmp_path / "train-0.npz", 64)


def test_each_set_is_drawn_as_often_as_its_weight_says():
    orders = [epoch_order((10, 6), (1.0, 2.5), 3, epoch) for epoch in (0, 0, 1)]
    assert torch.equal(orders[0], orders[1]) and not torch.equal(orders[0], orders[2])
    counts = torch.bincount(orders[0], minlength=16)
    assert counts[:10].tolist() == [1] * 10 and sorted(counts[10:].tolist()) == [2, 2, 2, 3, 3, 3]
    assert not torch.equal(epoch_order((10, 6), (1.0, 2.5), 4, 0), orders[0])


def test_bad_data_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(UserError, match="no train-"):
        split(tmp_path, 64)
    np.savez(tmp_path / "b.npz", webp=np.zeros(3, np.uint8))
    with pytest.raises(UserError, match=r"b\.npz cannot be read as crops: it has no offset"):
        load(tmp_path / "b.npz", 64)


def test_the_photo_within_a_crop_is_found():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[5:30, 8:40] = 120
    assert photo_within(picture) == (8, 5, 40, 30)
    assert photo_within(np.zeros_like(picture)) == (0, 0, 40, 40)
