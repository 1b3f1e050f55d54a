"""Weights in and out: every published layout, strictly, and nothing that a file brings along is run."""

from __future__ import annotations

import collections
import importlib
import io
import pathlib
import pickle
import struct
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from pose_demo.networks import checkpoints
from pose_demo.networks.hourglass import StackedHourglass
from pose_demo.networks.hrnet import HRNet

SMALL = {"units": 1, "modules": (1, 1, 1), "stem": 8}


def small_hrnet(joints: int = 5) -> HRNet:
    return HRNet(joints, 8, **SMALL).eval()


@pytest.fixture(scope="module")
def hrnet(randomise):
    return randomise(small_hrnet())


@pytest.fixture(scope="module")
def mmpose_state(mmpose_hrnet):
    """MMPose 1.x's state dict of a narrow HRNet with 5 joints, and that network."""
    net = mmpose_hrnet(8, joints=5)
    return net.state_dict(), net


def narrow() -> HRNet:
    return HRNet(5, 8, modules=(1, 1, 1)).eval()


def renamed(state, *changes):
    """A state dict with the first fitting (old beginning, new beginning) applied to each name."""
    result = {}
    for name, value in state.items():
        old, new = next(((old, new) for old, new in changes if name.startswith(old)), ("", ""))
        result[new + name.removeprefix(old)] = value
    return result


OFFICIAL = (("backbone.", ""), ("head.final_layer.", "final_layer."))


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (("head.final_layer.", "keypoint_head.final_layer."),),
        (("head.final_layer.", "keypoint_head.final_layer.0."),),
        (("", "module."),),
        OFFICIAL,
        tuple((old, "module." + new) for old, new in OFFICIAL),
    ],
    ids=["mmpose 1.x", "mmpose 2020", "mmpose 2020 .0.", "mmpose parallel", "official", "official parallel"],
)
@pytest.mark.parametrize("wrapper", [None, "state_dict"])
def test_hrnet_layouts(changes, wrapper, mmpose_state, photo, distance):
    state, theirs = mmpose_state
    state = renamed(state, *changes)
    net = narrow()
    assert checkpoints.load(net, {wrapper: state, "epoch": 210} if wrapper else state) is net
    assert distance(net(photo(64, 64))[0], theirs(photo(64, 64))[0]) < 1e-5
    assert all(value.item() == 7 for name, value in net.state_dict().items() if name.endswith("num_batches_tracked"))


def test_hrnet_names_as_the_official_repository_has_them(mmpose_state):
    names = set(renamed(mmpose_state[0], *OFFICIAL))
    for name in (
        "conv1.weight", "bn1.running_var", "conv2.weight", "bn2.bias", "layer1.0.conv3.weight",
        "layer1.0.downsample.0.weight", "layer1.0.downsample.1.running_mean", "transition1.0.0.weight",
        "transition1.1.0.1.bias", "transition2.2.0.0.weight", "transition3.3.0.1.weight",
        "stage2.0.branches.1.3.bn2.weight", "stage4.0.fuse_layers.0.3.1.running_var", "final_layer.bias",
        "stage3.0.fuse_layers.2.0.1.0.weight",
    ):  # fmt: skip
        assert name in names


@pytest.mark.parametrize("suffix", ["pth", "pt", "pth.tar"])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "before PyTorch 1.6"])
def test_files(suffix, new, hrnet, tmp_path):
    file = tmp_path / f"net.{suffix}"
    content = {"state_dict": {f"module.{k}": v for k, v in hrnet.state_dict().items()}, "optimizer": {"lr": 1e-3}}
    torch.save(content, file, _use_new_zipfile_serialization=new)
    for source in (file, str(file)):
        same(checkpoints.load(small_hrnet(), source), hrnet)


def same(a, b) -> None:
    assert all(torch.equal(x, y) for x, y in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


def test_hourglass_file_of_the_package(package_hourglass, tmp_path, photo, distance):
    theirs = package_hourglass(2)
    state = collections.OrderedDict((f"module.{k}", v) for k, v in theirs.state_dict().items())
    torch.save({"arch": "hg2", "best_acc": np.float64(0.87), "state_dict": state}, tmp_path / "hg2.pth")
    ours = checkpoints.load(StackedHourglass(16, 2), tmp_path / "hg2.pth").eval()
    assert distance(ours(photo(64, 64))[-1], theirs(photo(64, 64))[-1]) < 1e-5


def test_old_files_count_no_batches(hrnet, package_hourglass):
    state = {k: v for k, v in hrnet.state_dict().items() if not k.endswith("num_batches_tracked")}
    net = checkpoints.load(small_hrnet(), state)
    assert all(torch.equal(net.state_dict()[name], value) for name, value in state.items())
    theirs = package_hourglass(1).state_dict()
    old = {k: v for k, v in theirs.items() if not k.endswith("num_batches_tracked")}
    assert len(old) < len(theirs)
    checkpoints.load(StackedHourglass(16, 1), old)


# --- our own safetensors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [small_hrnet, lambda: StackedHourglass(5, 2, features=16).eval()])
def test_safetensors_round_trip(make, randomise, tmp_path, photo, distance):
    net, file = randomise(make()), tmp_path / "net.safetensors"
    file.write_bytes(b"the file of before")
    checkpoints.save(net, file, {"network": "hrnet-small", "data": "none"})
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]
    with safe_open(file, "pt") as content:
        assert content.metadata() == {"network": "hrnet-small", "data": "none"}
    again = tmp_path / "again.safetensors"
    checkpoints.save(net, again, {"network": "hrnet-small", "data": "none"})
    assert again.read_bytes() == file.read_bytes(), "the same weights have the same hash"
    convolutions = {name for name, module in net.named_modules() if isinstance(module, torch.nn.Conv2d)}
    for name, value in safetensors.torch.load_file(file).items():
        half = name.rpartition(".")[0] in convolutions
        counts = name.endswith("num_batches_tracked")
        assert value.dtype == (torch.float16 if half else torch.int64 if counts else torch.float32), name
    back = checkpoints.load(make(), file)
    assert {p.dtype for p in back.parameters()} == {torch.float32}
    assert 0 < distance(back(photo(64, 64))[-1], net(photo(64, 64))[-1]) < 0.02
    double = checkpoints.load(make().double(), file)
    assert {p.dtype for p in double.parameters()} == {torch.float64}
    checkpoints.save(back, tmp_path / "again.safetensors", {})
    same(checkpoints.load(make(), tmp_path / "again.safetensors"), back)


def test_what_fp16_cannot_hold_is_not_written(tmp_path):
    net = small_hrnet()
    net.head.bias.data[0] = 1e6
    with pytest.raises(ValueError, match=r"head.bias has values that fp16 cannot hold"):
        checkpoints.save(net, tmp_path / "net.safetensors", {})
    assert not list(tmp_path.iterdir())


# --- strictness ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s | {"extra.weight": torch.ones(1)}, r"1 too many \(extra.weight\)"),
        (lambda s: {k: v for k, v in s.items() if k != "head.bias"}, r"1 missing \(head.bias\)"),
        (
            lambda s: {k: v for k, v in s.items() if "running_var" not in k},
            r"missing \(stem.0.1.running_var; stem.1.1.running_var; .*; \.\.\.\)",
        ),
        (
            lambda s: s | {"head.weight": torch.ones(17, 8, 1, 1)},
            r"1 of another shape, the file's / the network's \(head.weight 17x8x1x1 / 5x8x1x1\)",
        ),
        (
            lambda s: {k: v for k, v in s.items() if k != "head.bias"} | {"x": s["head.bias"], "y": s["head.bias"]},
            r"our own HRNet.*this HRNet with 5 joints: 2 too many \(x; y\), 1 missing \(head.bias\)",
        ),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(change, message, hrnet):
    net = small_hrnet()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        checkpoints.load(net, change(hrnet.state_dict()))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_no_layer_comes_twice(mmpose_state):
    state = dict(mmpose_state[0])
    state["keypoint_head.final_layer.weight"] = state["head.final_layer.weight"]
    with pytest.raises(ValueError, match=r"read as MMPose's HRNet.*1 too many \(keypoint_head.final_layer.weight\)"):
        checkpoints.load(narrow(), state)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HRNet(17, 8, modules=(1, 1, 1)), "head.final_layer.weight 5x8x1x1 / 17x8x1x1"),
        (lambda: HRNet(5, 8, modules=(1, 2, 1)), "missing .stages.1.1.branches"),
        (lambda: HRNet(5, 8, modules=(1, 1, 1), units=3), "too many .backbone.layer1.3.conv1.weight"),
        (
            lambda: HRNet(5, 16, modules=(1, 1, 1)),
            r"of another shape, the file's / the network's \(backbone.transition1.0.0.weight 8x256x3x3 / 16x256x3x3",
        ),
        (lambda: HRNet(5, 8, modules=(1, 1, 1), unit="bottleneck"), "of another shape"),
        (lambda: StackedHourglass(5, 1), "layout of MMPose's HRNet and does not fit a StackedHourglass"),
    ],
)
def test_another_network_than_the_files(make, message, mmpose_state):
    with torch.device("meta"):
        net = make()
    with pytest.raises(ValueError, match=message):
        checkpoints.load(net, mmpose_state[0])


def test_another_number_of_stacks(package_hourglass):
    state = package_hourglass(2).state_dict()
    with pytest.raises(ValueError, match=r"too many \(hg.1.hg.0.0.0.bn1.weight"):
        checkpoints.load(StackedHourglass(16, 1), state)
    with pytest.raises(ValueError, match=r"missing \(hourglasses.2.skip.0.norm1.weight"):
        checkpoints.load(StackedHourglass(16, 3), state)
    with pytest.raises(ValueError, match="bearpaw's and anibali's hourglass and does not fit a HRNet"):
        checkpoints.load(small_hrnet(), state)


def test_mmposes_own_hourglass_is_named():
    names = ("backbone.stem.0.conv.weight", "backbone.hourglass_modules.0.up1.0.conv1.weight")
    state = {name: torch.ones(1) for name in names}
    for net in (StackedHourglass(5, 1, features=16), small_hrnet()):
        with pytest.raises(ValueError, match=r"MMPose's own hourglass.*mmpose-hourglass52-"):
            checkpoints.load(net, state)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"fc.weight": torch.ones(2)}, "no layout that is known here; its names begin with fc.weight"),
        ({}, "it holds no state dict"),
        ({"state_dict": {"stages.0": "text"}}, "holds no state dict"),
        ([torch.ones(2)], "holds no state dict"),
    ],
)
def test_files_that_hold_something_else(content, message, tmp_path):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(ValueError, match=message) as caught:
        checkpoints.load(small_hrnet(), tmp_path / "other.pth")
    assert str(caught.value).startswith("other.pth: ")


# --- files from anywhere -------------------------------------------------------------------------------------------


class Malicious:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def attacks(target: pathlib.Path) -> dict[str, Malicious]:
    touch = f"__import__('pathlib').Path({str(target)!r}).touch()"
    return {
        "eval": Malicious(eval, touch),
        "exec": Malicious(exec, touch),
        "os": Malicious(importlib.import_module("os").system, f"touch '{target}'"),
        "path": Malicious(pathlib.Path.touch, target),
        "getattr": Malicious(getattr, Malicious(__import__, "os"), "system"),
    }


@pytest.mark.parametrize("kind", ["eval", "exec", "os", "path", "getattr"])
@pytest.mark.parametrize("form", ["zip", "legacy", "pickle 2", "pickle 4"])
def test_a_malicious_file_does_nothing(kind, form, hrnet, tmp_path):
    target, file = tmp_path / "owned", tmp_path / "evil.pth"
    content = {"state_dict": hrnet.state_dict(), "meta": attacks(target)[kind]}
    if form.startswith("pickle"):
        file.write_bytes(pickle.dumps({"meta": content["meta"]}, protocol=int(form[-1])))
    else:
        torch.save(content, file, _use_new_zipfile_serialization=form == "zip")
    net = small_hrnet()
    with pytest.raises(ValueError, match=r"evil.pth: .*unsafe to read; nothing of it was run"):
        checkpoints.load(net, file)
    assert not target.exists()
    with pytest.raises(ValueError, match="unsafe"):
        checkpoints.load(net, pathlib.Path(file))


def test_the_malicious_files_are_malicious(tmp_path):
    """Else the test above would prove nothing: the ordinary reader does run them."""
    target = tmp_path / "owned"
    for kind, attack in attacks(target).items():
        if kind != "getattr":  # only fetches os.system
            pickle.loads(pickle.dumps(attack, protocol=2))
            assert target.exists(), kind
            target.unlink()


def test_getattr_is_answered_with_nothing(tmp_path):
    """MMEngine's files name getattr. Here the name stands for an object that does nothing."""
    torch.save({"state_dict": {"a": torch.ones(1)}, "meta": Malicious(getattr, "text", "upper")}, tmp_path / "file.pth")
    assert list(checkpoints.read(tmp_path / "file.pth")) == ["a"]
    fetched = b"cbuiltins\ngetattr\n(ccollections\nOrderedDict\nX\x08\x00\x00\x00fromkeystR"
    assert pickle.loads(b"\x80\x02" + fetched + b"(]tR.") == {}, "by hand: getattr(OrderedDict, 'fromkeys')([])"
    (tmp_path / "evil.pth").write_bytes(b"\x80\x02" + fetched + b"(]tR.")
    with pytest.raises(ValueError, match="unsafe"):
        checkpoints.read(tmp_path / "evil.pth")


def test_what_training_programs_leave_behind_is_passed_over(hrnet, tmp_path):
    left = {
        "sigmas": np.linspace(0, 1, 17, dtype=np.float32), "score": np.float64(0.7), "count": np.int64(3),
        "names": np.array(["nose"]), "epoch": 210, "config": "a text", "flip": [(1, 2)],
    }  # fmt: skip
    allowed = torch.serialization.get_safe_globals()
    for new in (True, False):
        torch.save({"state_dict": hrnet.state_dict(), "meta": left}, tmp_path / "file.pth",
                   _use_new_zipfile_serialization=new)  # fmt: skip
        same(checkpoints.load(small_hrnet(), tmp_path / "file.pth"), hrnet)
    assert set(torch.serialization.get_safe_globals()) == set(allowed), "nothing more is allowed after the call"


def test_mmengines_log_of_the_training_run_is_passed_over(hrnet, tmp_path, mmpose):
    from mmengine.logging import HistoryBuffer

    log = HistoryBuffer()
    log.update(0.5)
    torch.save({"state_dict": hrnet.state_dict(), "message_hub": {"loss": log}}, tmp_path / "file.pth")
    same(checkpoints.load(small_hrnet(), tmp_path / "file.pth"), hrnet)


def test_numpy_1_wrote_other_names(hrnet, tmp_path):
    """A file of 2020: numpy.core where numpy 2 writes numpy._core."""
    buffer = io.BytesIO()
    torch.save({"state_dict": hrnet.state_dict(), "best": np.float64(0.7), "array": np.ones(3)}, buffer)
    old = tmp_path / "old.pth"
    with zipfile.ZipFile(buffer) as new, zipfile.ZipFile(old, "w") as out:
        for entry in new.infolist():
            content = new.read(entry).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            out.writestr(entry.filename, content)
    same(checkpoints.load(small_hrnet(), old), hrnet)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><html>404</html>", b"PK\x03\x04 not a zip", struct.pack("<Q", 1 << 60), b"\x80\x02}q\x00."],
    ids=["empty", "a web page", "half a zip", "a huge header", "an empty dict"],
)
def test_broken_files(suffix, content, tmp_path):
    file = tmp_path / f"broken.{suffix}"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^broken.{suffix}: "):
        checkpoints.load(small_hrnet(), file)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_files_cut_short(suffix, hrnet, tmp_path):
    whole, file = tmp_path / f"whole.{suffix}", tmp_path / f"short.{suffix}"
    if suffix == "pth":
        torch.save(hrnet.state_dict(), whole)
    else:
        checkpoints.save(hrnet, whole, {})
    file.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ValueError, match="cut short"):
        checkpoints.load(small_hrnet(), file)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_no_file(suffix, tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        checkpoints.load(small_hrnet(), tmp_path / f"missing.{suffix}")
