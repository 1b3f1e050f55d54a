"""The same through MMPose, and that nobody pays for it who does not ask."""

from __future__ import annotations

import builtins
import copy
import importlib.util
import pkgutil
import subprocess
import sys

import pytest
import torch

import pose_demo.networks
from pose_demo.locales import UserError
from pose_demo.networks import checkpoints, mmpose_compat
from pose_demo.networks import reference as module
from pose_demo.networks.base import PoseNetwork
from pose_demo.networks.hrnet import HRNet

UNTIL_3_11 = sys.version_info < (3, 12)


@pytest.fixture(scope="module")
def hrnet(reference, randomise):
    return randomise(reference.build("mmpose-hrnet-w18", 5))


@pytest.fixture(scope="module")
def hourglass(reference, randomise):
    return randomise(reference.build("mmpose-hourglass52", 16))


def test_the_call_is_that_of_our_networks(hrnet, photo):
    assert isinstance(hrnet, PoseNetwork)
    assert (hrnet.joints, hrnet.multiple, hrnet.places, hrnet.trained_upsampling) == (5, 32, {}, "nearest")
    plain = hrnet(photo(64, 96, count=2))
    assert [h.shape for h in plain] == [(2, 5, 16, 24)]
    assert torch.equal(hrnet(photo(64, 96, count=2), upsampling="nearest")[0], plain[0])
    assert hrnet.eval() is hrnet and not any(child.training for child in hrnet.modules())


def test_widths_are_those_of_our_networks(reference):
    for width in (18, 32, 48):
        with torch.device("meta"):
            ours, theirs = HRNet(17, width), reference.build(f"hrnet-w{width}")
        assert sum(p.numel() for p in theirs.parameters()) == sum(p.numel() for p in ours.parameters())


def test_hourglass52(hourglass, photo):
    heatmaps = hourglass(photo(128, 128))
    assert [h.shape for h in heatmaps] == [(1, 16, 32, 32)], "one stack, so one list entry"
    with pytest.raises(ValueError, match="multiples of 128"):
        hourglass(photo(64, 64))


@pytest.mark.parametrize("stop", ["bilinear", "bicubic", "nonsense", {"stage2": "bilinear"}, {}])
def test_through_mmpose_the_upsampling_is_fixed(stop, hrnet, photo):
    says = "unknown upsampling" if stop == "nonsense" else "enlarges its maps as it was trained, nearest"
    with pytest.raises(UserError, match=says):
        hrnet(photo(64, 64), upsampling=stop)


@pytest.mark.parametrize("stop", [None, "nearest", "bilinear"])
def test_through_mmpose_there_is_no_trace(stop, hrnet, photo):
    with pytest.raises(ValueError, match="a MMPoseNetwork leaves no trace"):
        hrnet.trace(photo(64, 64), upsampling=stop)


@pytest.mark.parametrize(
    ("head", "sequence"),
    [("head.", ""), ("keypoint_head.", ""), ("keypoint_head.", "0.")],
    ids=["1.x", "2020", "2020 .0."],
)
@pytest.mark.parametrize("which", ["hrnet", "hourglass"])
def test_checkpoints_of_mmpose_1_and_2020(which, head, sequence, request):
    net = request.getfixturevalue(which)
    state = {}
    for name, value in net.state_dict().items():
        if name.startswith("head."):
            at, _, leaf = name.removeprefix("head.").rpartition(".")
            name = f"{head}{at}.{sequence}{leaf}"
        state[name] = value
    blank = copy.deepcopy(net)
    for value in blank.state_dict().values():
        value.zero_()
    checkpoints.load(blank, {"state_dict": state, "meta": {"mmpose_version": "0.5.0"}})
    assert all(torch.equal(a, b) for a, b in zip(blank.state_dict().values(), net.state_dict().values(), strict=True))


def test_a_checkpoint_is_read_when_it_is_built(reference, hrnet, tmp_path):
    torch.save({"state_dict": hrnet.state_dict()}, tmp_path / "w18.pth")
    net = reference.build("mmpose-hrnet-w18", 5, checkpoint=tmp_path / "w18.pth")
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), hrnet.state_dict().values(), strict=True))


def test_checkpoints_are_read_strictly(reference, hrnet, hourglass):
    state = hrnet.state_dict()
    with pytest.raises(ValueError, match=r"read as MMPose.*1 too many \(backbone.conv9.weight\)"):
        checkpoints.load(hrnet, {**state, "backbone.conv9.weight": torch.ones(1)})
    with pytest.raises(ValueError, match=r"1 missing \(head.final_layer.bias\)"):
        checkpoints.load(hrnet, {k: v for k, v in state.items() if k != "head.final_layer.bias"})
    with pytest.raises(ValueError, match=r"head.final_layer.weight 5x18x1x1 / 17x18x1x1"):
        reference.build("mmpose-hrnet-w18", 17, checkpoint=state)
    with pytest.raises(ValueError, match="mmpose-hourglass52-"):
        checkpoints.load(HRNet(16, 8, units=1, modules=(1, 1, 1), stem=8), hourglass.state_dict())


def test_unknown_names():
    with pytest.raises(ValueError, match="mmpose-hrnet-w18, mmpose-hrnet-w32, mmpose-hrnet-w48, mmpose-hourglass52"):
        module.build("mmpose-hrnet-w64")


def test_without_mmpose_one_clear_sentence(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "mmpose" else found(name, *a))
    assert module.available() is False
    with pytest.raises(RuntimeError, match="mmpose-hrnet-w32 runs through MMPose, which is not installed"):
        module.build("hrnet-w32")


def test_with_mmpose(mmpose):
    assert module.available() is True


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_networks_import_neither_gradio_nor_opencv_nor_mmpose():
    names = [m.name for m in pkgutil.iter_modules(pose_demo.networks.__path__)]
    assert {"hrnet", "hourglass", "checkpoints", "reference", "mmpose_compat"} <= set(names)
    imports = "".join(f"import pose_demo.networks.{name}\n" for name in names)
    heavy = "{'gradio', 'cv2', 'mmpose', 'mmengine', 'mmcv', 'torchvision', 'pycocotools', 'plotly'}"
    available = "print(pose_demo.networks.reference.available())"
    assert run(f"import sys\n{imports}{available}\nprint(sorted({heavy} & set(sys.modules)))") == f"{UNTIL_3_11}\n[]"


def test_torchvision_imports_after_it_is_prepared():
    done = "import torchvision; print(torchvision.ops.nms.__name__)"
    assert run(f"from pose_demo.networks.mmpose_compat import prepare_torchvision as p\np(); p()\n{done}") == "nms"


def test_nothing_is_declared_where_torchvisions_operators_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", torch)  # stands for one that imports
    monkeypatch.setattr(mmpose_compat, "_declare", lambda: pytest.fail("declared"))
    mmpose_compat.prepare_torchvision()


def test_another_fault_of_torchvision_is_not_hidden(monkeypatch):
    found = builtins.__import__

    def fail(name, *arguments, **named):
        if name == "torchvision":
            raise RuntimeError("the driver is gone")
        return found(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(RuntimeError, match="the driver is gone"):
        mmpose_compat.prepare_torchvision()


def test_mmpose_runs_on_pycocotools(hrnet):
    import pycocotools._mask
    import xtcocotools.mask

    assert xtcocotools.mask._mask is pycocotools._mask
