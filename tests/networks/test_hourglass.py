"""Our Stacked Hourglass against the PyPI package's, and against the authors' structure written down from the paper."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pose_demo.networks import checkpoints
from pose_demo.networks.hourglass import StackedHourglass

TOLERANCE = 1e-5  # of the largest value


@pytest.mark.parametrize(("stacks", "size"), [(1, (128, 64)), (2, (64, 128)), (8, (64, 64))])
def test_equals_the_package_at_every_stack(stacks, size, package_hourglass, photo, distance):
    theirs = package_hourglass(stacks)
    ours = checkpoints.load(StackedHourglass(16, stacks), theirs.state_dict()).eval()
    x = photo(*size)
    for mine, other in zip(ours(x), theirs(x), strict=True):
        assert distance(mine, other) < TOLERANCE


# --- the authors' PyTorch structure: their names, every unit with a skip_layer, the stem 64, 128, pool, 128, 256 ----


class Conv(nn.Module):
    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1, norm: bool = False):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2)
        if norm:
            self.bn = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x))) if hasattr(self, "bn") else self.conv(x)


class Unit(nn.Module):
    """Section 3.2 of the paper. The skip_layer is always owned and only used where the channels change."""

    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        widths = [c_in, c_out // 2, c_out // 2, c_out]
        for k, kernel in enumerate((1, 3, 1)):
            setattr(self, f"bn{k + 1}", nn.BatchNorm2d(widths[k]))
            setattr(self, f"conv{k + 1}", Conv(widths[k], widths[k + 1], kernel))
        self.skip_layer = Conv(c_in, c_out)
        self.changes = c_in != c_out

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for k in (1, 2, 3):
            y = getattr(self, f"conv{k}")(F.relu(getattr(self, f"bn{k}")(y)))
        return y + (self.skip_layer(x) if self.changes else x)


class Glass(nn.Module):
    def __init__(self, levels: int, features: int):
        super().__init__()
        self.up1, self.low1, self.low3 = (Unit(features, features) for _ in range(3))
        self.low2 = Glass(levels - 1, features) if levels > 1 else Unit(features, features)
        self.up2 = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.up1(x) + self.up2(self.low3(self.low2(self.low1(F.max_pool2d(x, 2)))))


class Merge(nn.Module):
    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        self.conv = Conv(c_in, c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Newell(nn.Module):
    def __init__(self, stacks: int, features: int, joints: int):
        super().__init__()
        quarter, half = features // 4, features // 2
        self.pre = nn.Sequential(
            Conv(3, quarter, 7, 2, norm=True), Unit(quarter, half), nn.MaxPool2d(2), Unit(half, half),
            Unit(half, features),
        )  # fmt: skip
        self.hgs = nn.ModuleList(nn.Sequential(Glass(4, features)) for _ in range(stacks))
        self.features = nn.ModuleList(
            nn.Sequential(Unit(features, features), Conv(features, features, norm=True)) for _ in range(stacks)
        )
        self.outs = nn.ModuleList(Conv(features, joints) for _ in range(stacks))
        self.merge_features = nn.ModuleList(Merge(features, features) for _ in range(stacks - 1))
        self.merge_preds = nn.ModuleList(Merge(joints, features) for _ in range(stacks - 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        x, heatmaps = self.pre(x), []
        for k, hg in enumerate(self.hgs):
            features = self.features[k](hg(x))
            heatmaps.append(self.outs[k](features))
            if k < len(self.merge_preds):
                x = x + self.merge_preds[k](heatmaps[k]) + self.merge_features[k](features)
        return heatmaps


@pytest.fixture(scope="module")
def newell(randomise):
    return randomise(Newell(stacks=3, features=32, joints=16))


def ours_like(newell: Newell, stem: str = "newell") -> StackedHourglass:
    return StackedHourglass(16, len(newell.hgs), features=32, stem=stem).eval()


@pytest.mark.parametrize("prefix", ["", "model.", "model.module.", "module."])
def test_equals_the_authors_structure(prefix, newell, photo, distance):
    state = {prefix + name: value for name, value in newell.state_dict().items()}
    assert f"{prefix}hgs.0.0.low2.low2.low2.low2.conv1.conv.weight" in state
    ours = checkpoints.load(ours_like(newell), {"epoch": 3, "state_dict": state})
    x = photo(64, 128)
    for mode in ("nearest", "bilinear"):
        for module in newell.modules():
            if isinstance(module, nn.Upsample):
                module.mode, module.align_corners = mode, None if mode == "nearest" else False
        for mine, other in zip(ours(x, upsampling=mode), newell(x), strict=True):
            assert distance(mine, other) < TOLERANCE


def test_only_skip_layers_that_no_one_uses_are_dropped(newell):
    state = newell.state_dict()
    used = "pre.1.skip_layer.conv.weight"
    with pytest.raises(ValueError, match=r"1 missing \(stem.0.shortcut.weight\)"):
        checkpoints.load(ours_like(newell), {k: v for k, v in state.items() if k != used})
    unused = "features.0.0.skip_layer.conv.weight"
    with pytest.raises(ValueError, match=rf"{unused} 32x16x1x1 / 32x32x1x1"):
        checkpoints.load(ours_like(newell), {**state, unused: torch.zeros(32, 16, 1, 1)})
    with pytest.raises(ValueError, match=r"1 too many \(features.9.0.skip_layer"):
        checkpoints.load(ours_like(newell), {**state, unused.replace("0", "9", 1): state[unused]})
    with pytest.raises(ValueError, match=r"1 too many \(features.0.0.skip_layer.conv.scale"):
        checkpoints.load(ours_like(newell), {**state, unused.replace("weight", "scale"): state[unused]})
    without = {k: v for k, v in state.items() if ".skip_layer." not in k or k.startswith(("pre.1.", "pre.4."))}
    checkpoints.load(ours_like(newell), without)


def test_the_other_stem_is_named(newell, package_hourglass):
    with pytest.raises(ValueError, match='build the network with stem="newell"'):
        checkpoints.load(ours_like(newell, stem="bearpaw"), newell.state_dict())
    with pytest.raises(ValueError, match='build the network with stem="bearpaw"'):
        checkpoints.load(StackedHourglass(16, 1, stem="newell"), package_hourglass(1).state_dict())
    with pytest.raises(ValueError, match="of another shape") as caught:
        checkpoints.load(StackedHourglass(16, 3, features=64), newell.state_dict())
    assert "stem=" not in str(caught.value), "another stem would not be enough"


def test_gradients_reach_every_weight(photo):
    net = StackedHourglass(3, 2, features=16)
    with torch.enable_grad():
        sum(h.square().sum() for h in net(photo(64, 64, count=2))).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    assert all(p.grad.any() for p in net.parameters() if p.ndim == 4)  # a bias before a norm has none by rights


@pytest.mark.parametrize(("stacks", "millions"), [(1, 3.587), (2, 6.731), (4, 13.019), (8, 25.595)])
def test_parameters_as_published(stacks, millions):
    with torch.device("meta"):
        net = StackedHourglass(16, stacks)
    assert sum(p.numel() for p in net.parameters()) / 1e6 == pytest.approx(millions, abs=5e-4)
    assert net.places == {f"stack{s}.level{k}": 2 for s in range(1, stacks + 1) for k in range(4)}


def test_depth_decides_what_photos_fit(photo):
    shallow = StackedHourglass(4, 1, features=16, depth=2).eval()
    assert shallow.multiple == 16
    assert [h.shape for h in shallow(photo(48, 32))] == [(1, 4, 12, 8)]
    with pytest.raises(ValueError, match="multiples of 64"):
        StackedHourglass(4, 1, features=16)(photo(96, 64))


def test_there_are_two_stems():
    with pytest.raises(ValueError, match="bearpaw, newell"):
        StackedHourglass(stem="resnet")
