"""A network of one's own: what its tensors show is read from them; the rest is told, or said to be assumed."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from no_checkpoints import NO_CHECKPOINTS, Plain, no_checkpoint
from torch import nn

from pose_demo import compare, weights
from pose_demo.locales import UserError, tell
from pose_demo.networks import zoo
from pose_demo.networks.base import PoseNetwork
from pose_demo.networks.card import CardError
from pose_demo.networks.files import CONTAINERS, CheckpointError
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet
from pose_demo.networks.trace import INPUT
from pose_demo.networks.upsampling import enlarge

BOX = (60, 20, 180, 170)
BODIES = {
    "hrnet-w40": lambda: HRNet(21, 40, units=2, modules=(1, 2, 1), stem=32),
    "hrnet-w24-bottleneck": lambda: HRNet(17, 24, unit="bottleneck", expansion=2, units=1, modules=(1, 1, 1)),
    "hourglass-3": lambda: StackedHourglass(16, 3, features=64, stem="newell", depth=3),
    "hourglass-slim": lambda: zoo.build("hourglass-slim", 14),
}


class Third(PoseNetwork):
    """A family that nobody here knows: two levels, one of which is enlarged, and a heatmap after either."""

    def __init__(self, joints: int = 14):
        super().__init__()
        self.joints, self.multiple, self.places = joints, 8, {"top.up": 2}
        self.trained_upsampling = "bilinear"
        self.low, self.down = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(8, 8, 3, 2, 1)
        self.heads = nn.ModuleList(nn.Conv2d(8, joints, 1) for _ in range(2))

    def _run(self, x, stops, tap):
        low = tap("low", self.low(x), sources=[INPUT], join="conv", stride=4)
        first = tap("first.heatmaps", self.heads[0](low), sources=["low"], join="conv", role="heatmaps", stride=4)
        down = tap("down", self.down(low).relu(), sources=["low"], join="conv", stride=8)
        up = tap(
            "top.up", enlarge(down, 2, stops["top.up"]), sources=["down"], join="enlarge", place="top.up", stride=4
        )
        answer = self.heads[1](up)
        return [first, tap("last.heatmaps", answer, sources=["top.up"], join="conv", role="heatmaps", stride=4)]


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
    assert card.assumed == ("flip_shift",) and card.status == "your own file", "that follows from the cells"
    assert zoo.open(file, **card.surroundings).card.surroundings == card.surroundings
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
    assert card.title == f"Hourglass-Slim ({tmp_path.name} 64x64)"
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
    assert "taken for granted: joints lsp, normalisation imagenet" in capsys.readouterr().err

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


def test_a_family_of_ones_own_goes_in_as_a_module(photo):
    """It only has to call tap: the slider reaches its place, and its maps and levels are read from the pass."""
    torch.manual_seed(0)
    third, picture = Third(), np.random.default_rng(0).integers(0, 255, (180, 240, 3)).astype(np.uint8)
    result = compare(picture, BOX, [third, "hourglass-slim-untrained"], "nearest", trace=True)
    pose = result.poses[0]
    assert pose.card.status == "your own module" and "upsampling" not in pose.card.assumed
    assert pose.joints.shape == (14, 2) and [h.shape for h in pose.heatmaps] == [(14, 64, 64)] * 2
    assert list(pose.trace) == ["low", "first.heatmaps", "down", "top.up", "last.heatmaps"]
    assert np.array_equal(pose.trace["last.heatmaps"].tensor[0].numpy(), pose.heatmaps[-1])
    assert [level.name for level in third.levels] == ["first", "last"]
    trained = compare(picture, BOX, [third], None).poses[0].heatmaps
    bilinear = compare(picture, BOX, [third], {"top": "bilinear"}).poses[0].heatmaps
    assert np.array_equal(trained[-1], bilinear[-1]) and not np.array_equal(trained[-1], pose.heatmaps[-1])
    assert np.array_equal(trained[0], pose.heatmaps[0])
    told = compare(picture, BOX, [zoo.open(third, input="64x64", normalisation="unit")]).poses[0]
    assert told.image.shape == (64, 64, 3) and "input" not in told.card.assumed


def test_a_stranger_enlarges_as_it_was_trained():
    picture = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(UserError, match="enlarges its maps as it was trained, nearest; bicubic needs"):
        compare(picture, (5, 5, 40, 40), [Plain()], "bicubic")
    with pytest.raises(UserError, match="a Plain leaves no trace"):
        zoo.open(Plain()).trace(torch.zeros(1, 3, 64, 64))


@pytest.mark.parametrize(("kind", "key"), NO_CHECKPOINTS.items())
def test_what_is_no_checkpoint_is_told_in_one_sentence_at_every_door(kind, key, tmp_path, capsys):
    from pose_demo.__main__ import main
    from pose_demo.study.variants import open_network as studied
    from pose_demo.training.begin import begin

    file, picture = no_checkpoint(kind, tmp_path), np.zeros((50, 50, 3), np.uint8)
    doors = {
        "zoo.open": lambda: zoo.open(file), "zoo.add": lambda: zoo.add(file),
        "study": lambda: studied(str(file), "cpu"), "compare": lambda: compare(picture, (5, 5, 40, 40), [file]),
    }  # fmt: skip
    if key != "checkpoint.no_body":  # there the network is known
        doors["train --init"] = lambda: begin(zoo.build("hourglass-slim", 14), file)
    for door in doors.values():
        with pytest.raises(CheckpointError) as caught:
            door()
        assert caught.value.key == key and "\n" not in str(caught.value) and str(caught.value).startswith(file.name)
        assert tell("zh", caught.value.said) != str(caught.value)
    out = ["--out", str(tmp_path / "out")]
    for call in (["weights", "pack", str(file), "mine", *out],
                 ["compare", str(file), *out, "--networks", str(file), str(file)]):  # fmt: skip
        assert main(call) == 1 and not list(tmp_path.glob("out/*"))
        assert capsys.readouterr().err == f"{call[0]}: {caught.value}\n"


@pytest.mark.parametrize("layout", ["ours", "bearpaw", "own joints"])
def test_weights_from_elsewhere_are_packed_with_what_was_told(layout, package_hourglass, tmp_path, capsys, photo):
    """What is packed says of itself what the file and the call said, and finds the same joints."""
    from pose_demo.__main__ import main

    net = (
        package_hourglass(1)
        if layout == "bearpaw"
        else zoo.build("hourglass-slim", 5 if layout == "own joints" else 14)
    )
    torch.save({"epoch": 3, "model_state": {f"module.{n}": v for n, v in net.state_dict().items()}}, tmp_path / "a.pth")
    told = {"joints": "nose, left knee, right knee, tail, ear"} if layout == "own joints" else {}
    told |= {"input": "64x128", "flip_shift": "on"}
    options = [word for field, value in told.items() for word in (f"--net-{field.replace('_', '-')}", value)]
    call = ["weights", "pack", str(tmp_path / "a.pth"), "mine", "--out", str(tmp_path / "out"), "--licence", "BSD"]
    assert main([*call, "--source", "https://example.org", *options]) == 0
    printed = capsys.readouterr().out
    assert ("taken for granted: " in printed) and "(licence: BSD)" in printed
    before, after = zoo.open(tmp_path / "a.pth", **told), zoo.open(tmp_path / "out" / "mine.safetensors")
    for field in ("joints", "input", "normalisation", "cells", "flip_shift", "upsampling", "assumed", "architecture"):
        assert getattr(before.card, field) == getattr(after.card, field), field
    assert (after.card.licence, after.card.source) == ("BSD", "https://example.org")
    packed, theirs = after(photo(64, 128))[-1], before(photo(64, 128))[-1]
    assert (packed - theirs).norm() < 0.02 * theirs.norm()


def test_no_network_and_no_file():
    with pytest.raises(FileNotFoundError, match=r"there is no file nothing\.pth"):
        zoo.open("nothing.pth")
    with pytest.raises(zoo.UnknownNetwork, match="the zoo has no network 'nothing'"):
        zoo.open("nothing")
