"""Weights that are cut or replaced while the app runs: what is loaded stays right, what is read anew is checked."""

import os
import shutil
import threading

import numpy as np
import pytest
import torch

from pose_demo import compare, weights
from pose_demo.networks import checkpoints, zoo
from pose_demo.networks.files import CheckpointError


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """A network of the manifest whose file lies in the user's folder, as after `weights fetch`."""
    name = weights.default_pair()[1]
    home, own = tmp_path / "weights", tmp_path / "own"
    home.mkdir()
    own.mkdir()
    entry = weights.entry(name)
    for card in weights.HOME.glob("*.toml"):
        shutil.copy(card, home)
    file = shutil.copy(weights.HOME / entry.file, own / entry.file)
    monkeypatch.setattr(weights, "HOME", home)
    monkeypatch.setenv("POSE_DEMO_WEIGHTS", str(own))
    zoo._loaded.cache_clear()
    yield name, own / entry.file
    zoo._loaded.cache_clear()
    assert file


def joints(name, photo):
    return compare(photo, (20, 20, 160, 170), [name, name]).poses[0].joints


def test_what_is_loaded_is_not_touched(fetched, photo):
    name, file = fetched
    before = joints(name, photo)
    os.truncate(file, 1000)  # in place: what were mapped into memory would be gone
    assert np.array_equal(joints(name, photo), before)
    file.write_bytes(b"")
    assert np.array_equal(joints(name, photo), before)


@pytest.mark.parametrize("share", [0, 0.0001, 0.3, 0.999])
def test_what_is_cut_is_not_loaded(fetched, photo, share):
    name, file = fetched
    os.truncate(file, int(share * file.stat().st_size))
    with pytest.raises((CheckpointError, weights.WeightsCorrupt)) as told:
        joints(name, photo)
    assert "\n" not in str(told.value) and file.name in str(told.value)


def test_others_that_fit_are_not_taken_for_them(fetched, photo):
    """Right in every name and shape: only the hash knows."""
    name, file = fetched
    net = zoo.load(name)
    with torch.no_grad():
        next(net.parameters()).mul_(1.5)
    checkpoints.save(net, file, {})
    with pytest.raises(weights.WeightsCorrupt, match="SHA-256 should be"):
        joints(name, photo)


def test_a_file_of_ones_own_that_was_replaced(tmp_path, photo):
    file, nets = tmp_path / "mine.safetensors", [zoo.build("hourglass-tiny-1", 14, seed) for seed in (1, 2)]
    checkpoints.save(nets[0], file, {})
    by_name, first = zoo.add(file, input=96).name, joints(file, photo)
    checkpoints.save(nets[1], file, {})
    assert not np.array_equal(joints(file, photo), first)  # whoever names the file means what lies there now
    zoo._loaded.cache_clear()
    with pytest.raises(weights.WeightsCorrupt, match="another one now"):
        joints(by_name, photo)  # whoever saw the first one's card is not answered by the second


def test_a_file_that_is_cut_again_and_again_while_it_is_read(tmp_path):
    file, whole = tmp_path / "w.safetensors", tmp_path / "whole"
    checkpoints.save(zoo.build("hourglass-tiny-1", 14), whole, {})
    data, right, over = whole.read_bytes(), checkpoints.read(whole), threading.Event()

    def tear():
        k = 0
        while not over.is_set():
            k += 1
            file.write_bytes(data[: len(data) * (k % 7) // 6])

    tearing = threading.Thread(target=tear)
    tearing.start()
    try:
        for _ in range(40):
            try:
                found = checkpoints.read(file)
            except (CheckpointError, FileNotFoundError):
                continue
            assert all(torch.equal(value, right[name]) for name, value in found.items())
    finally:
        over.set()
        tearing.join()
