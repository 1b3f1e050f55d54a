"""A network of one's own: what its tensors show is read from them; the rest is told, or said to be assumed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from pose_demo import compare, weights
from pose_demo.networks import zoo
from pose_demo.networks.card import CardError
from pose_demo.networks.files import CONTAINERS, CheckpointError
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet

BOX = (60, 20, 180, 170)
BODIES = {
    "hrnet-w40": lambda: HRNet(21, 40, units=2, modules=(1, 2, 1), stem=32),
    "hrnet-w24-bottleneck": lambda: HRNet(17, 24, unit="bottleneck", expansion=2, units=1, modules=(1, 1, 1)),
    "hourglass-3": lambda: StackedHourglass(16, 3, features=64, stem="newell", depth=3),
    "hourglass-slim": lambda: zoo.build("hourglass-slim", 14),
}


class Plain(nn.Module):
    """No network of ours: five heatmaps."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 4, 4)

    def forward(self, x):
        return self.conv(x)


@pytest.fixture(scope="module")
def slim():
    return zoo.build("hourglass-slim", 14).eval()


@pytest.fixture
def file(slim, tmp_path):
    torch.save(slim.state_dict(), tmp_path / "mine.pth")
    return tmp_path / "mine.pth"


@pytest.mark.parametrize("body", BODIES)
def test_the_tensors_tell_the_network(body, tmp_path, photo):
    theirs = BODIES[body]().eval()
    torch.save(theirs.state_dict(), tmp_path / "net.pth")
    ours = zoo.open(tmp_path / "net.pth")
    assert torch.equal(ours(photo(64, 64))[-1], theirs(photo(64, 64))[-1])
    assert ours.card.architecture == body and len(ours.card.joints) == theirs.joints
    assert ours.card.assumed == ("joints", "input", "normalisation", "cells", "flip_shift", "upsampling")


def test_a_published_layout_brings_its_own_surroundings(package_hourglass, tmp_path):
    torch.save({"state_dict": package_hourglass(1).state_dict()}, tmp_path / "hg.pth")
    card = zoo.open(tmp_path / "hg.pth").card
    assert (card.architecture, card.normalisation, card.cells) == ("hourglass-1", "mpii", "centre")


def test_mmposes_hourglass_runs_through_mmpose(reference, randomise, tmp_path, photo):
    theirs = randomise(reference.build("mmpose-hourglass52", 16))
    torch.save({"state_dict": theirs.state_dict()}, tmp_path / "hg52.pth")
    ours = zoo.open(tmp_path / "hg52.pth")
    assert torch.equal(ours(photo(128, 128))[0], theirs(photo(128, 128))[0])
    assert (ours.card.cells, ours.card.flip_shift, ours.card.joints.name) == ("corner", True, "mpii")


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "net.", "hrnet.", "model.", "module._orig_mod."])
@pytest.mark.parametrize("strangers", [False, True])
def test_what_stands_before_the_names_is_taken_off(prefix, strangers, slim, photo):
    state = {prefix + name: value for name, value in slim.state_dict().items()}
    if strangers and prefix:
        state |= {"loss.scale": torch.ones(1), "teacher.weight": torch.ones(2)}
    loaded = zoo.checkpoints.load(zoo.build("hourglass-slim", 14, seed=1).eval(), state)
    assert torch.equal(loaded(photo(64, 64))[-1], slim(photo(64, 64))[-1])


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_are_opened(container, slim, photo):
    found = zoo.checkpoints.load(zoo.build("hourglass-slim", 14, seed=1).eval(), {container: slim.state_dict(), "n": 3})
    assert torch.equal(found(photo(64, 64))[-1], slim(photo(64, 64))[-1])


def test_what_is_told_is_on_the_card_and_no_longer_assumed(file):
    names = ",".join(f"part {k}" for k in range(14))
    card = zoo.open(
        file, joints=names, input="64x128", normalisation="unit", cells="corner", upsampling="bilinear", title="Mine"
    ).card
    assert (card.input, card.normalisation, card.cells, card.flip_shift) == ((64, 128), "unit", "corner", True)
    assert (card.title, card.upsampling, card.joints.joints[3]) == ("Mine", "bilinear", "part 3")
    assert card.assumed == () and card.status == "your own file"
    with pytest.raises(CardError, match="14 heatmaps"):
        zoo.open(file, joints="coco")
    with pytest.raises(CardError, match="its input 96x96 must have sides that are multiples of 64"):
        zoo.open(file, input=96)
    with pytest.raises(CardError, match="a card has no colour"):
        zoo.open(file, colour="red")
    with pytest.raises(CardError, match="there are imagenet, mpii, unit"):
        zoo.open(file, normalisation="caffe")


def test_a_run_of_train_needs_nothing_told(slim, tmp_path):
    best = {
        "network": {"name": "hourglass-slim", "joints": "lsp", "options": {}}, "weights": slim.state_dict(),
        "record": {"recipe": {"size": 64, "upsampling": "bilinear"}},
    }  # fmt: skip
    torch.save(best, tmp_path / "best.pt")
    card = zoo.open(tmp_path / "best.pt").card
    assert (card.input, card.upsampling, card.joints.name, card.assumed) == ((64, 64), "bilinear", "lsp", ())


def test_a_card_beside_the_file_is_read(tmp_path):
    shipped = weights.entry(weights.default_pair()[0])
    for suffix in (".safetensors", ".toml"):
        shutil.copy(weights.HOME / f"{shipped.name}{suffix}", tmp_path)
    card = zoo.open(tmp_path / shipped.file).card
    assert (card.input, card.status, card.assumed) == (shipped.input, shipped.trained, ())


def test_every_door_takes_a_file_and_a_module(file, tmp_path, capsys):
    from PIL import Image

    from pose_demo.__main__ import main
    from pose_demo.study.variants import open_network as studied

    photo = np.random.default_rng(0).integers(0, 255, (180, 240, 3)).astype(np.uint8)
    stranger = Plain()
    result = compare(photo, BOX, [file, stranger])
    assert result.poses[0].card.assumed and result.poses[1].joints.shape == (5, 2)
    with torch.no_grad():
        alone = compare(photo, BOX, [zoo.open(file)]).poses[0]
    assert np.array_equal(alone.joints, result.poses[0].joints)
    assert json.dumps(result.to_json()) and result.to_json()["poses"][0]["assumed"]
    assert studied(str(file), "cpu").card.sha256 == result.poses[0].card.sha256

    Image.fromarray(photo).save(tmp_path / "photo.png")
    call = ["compare", str(tmp_path / "photo.png"), "--out", str(tmp_path / "out"), "--box", *map(str, BOX),
            "--networks", str(file), "hrnet-slim-untrained", "--net-input", "128x64"]  # fmt: skip
    assert main(call) == 0
    assert "taken for granted: joints lsp, normalisation imagenet" in capsys.readouterr().out

    card = zoo.add(file, "mine.pth")
    assert card.name in zoo.names() and zoo.card(card.name) == card and card.title == "mine.pth"
    assert np.array_equal(compare(photo, BOX, [card.name]).poses[0].joints, alone.joints)


def test_a_file_that_is_another_one_now_is_read_again(file, photo):
    import os

    picture = np.zeros((50, 50, 3), np.uint8)
    before = compare(picture, (5, 5, 40, 40), [file]).poses[0].heatmaps[-1]
    torch.save(zoo.build("hourglass-slim", 14, seed=3).state_dict(), file)
    os.utime(file, ns=(1, 1))
    assert not np.array_equal(compare(picture, (5, 5, 40, 40), [file]).poses[0].heatmaps[-1], before)


def broken(kind: str, net: nn.Module, folder):
    file = folder / f"{kind}.pth"
    if kind == "model":
        torch.save(Plain(), file)
    elif kind == "torchscript":
        torch.jit.script(Plain()).save(str(file))
    elif kind == "nan":
        torch.save({k: v * float("nan") if v.is_floating_point() else v for k, v in net.state_dict().items()}, file)
    elif kind == "cut":
        torch.save(net.state_dict(), file)
        file.write_bytes(file.read_bytes()[:5000])
    else:
        file.write_bytes(
            {"empty": b"", "page": b"\n<!doctype html>", "lfs": b"version https://git-lfs.github.com"}[kind]
        )
    return file


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("empty", "it is an empty file"),
        ("page", "it is a web page"),
        ("lfs", "it is a Git LFS pointer"),
        ("torchscript", "it is a TorchScript program"),
        ("model", "it is a whole model, pickled with its class"),
        ("cut", "is cut short"),
        ("nan", "hold NaN or infinity"),
    ],
)
def test_what_is_no_checkpoint_is_told_in_one_sentence_at_every_door(kind, says, slim, tmp_path):
    from pose_demo.study.variants import open_network as studied

    file = broken(kind, slim, tmp_path)
    for door in (zoo.open, zoo.add, lambda f: compare(np.zeros((50, 50, 3), np.uint8), (5, 5, 40, 40), [f]),
                 lambda f: studied(str(f), "cpu")):  # fmt: skip
        with pytest.raises(CheckpointError, match=says) as caught:
            door(file)
        assert "\n" not in str(caught.value) and file.name in str(caught.value)


def test_no_network_and_no_file():
    with pytest.raises(FileNotFoundError):
        zoo.open("nothing.pth")
    with pytest.raises(zoo.UnknownNetwork, match="the zoo has no network 'nothing'"):
        zoo.open("nothing")
