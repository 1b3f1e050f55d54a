"""Stacked Hourglass, "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016.

Read top to bottom: a residual unit, one hourglass (figure 3: down to 4x4 and up again, a skip at every level),
the network (stem, then stacks, each ending in heatmaps that are supervised and fed back; figures 1 and 4).

Shapes for a (N, 3, H, W) input and F features (256 in the paper):
    stem                           (N, F, H/4, W/4)
    level k of a stack             (N, F, H / (4 * 2^k), W / (4 * 2^k)), k = 0 .. 4; level 4 is 4x4 at 256x256
    heatmaps of each stack         (N, J, H/4, W/4)
"""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from .base import PoseNetwork, TapFunction
from .upsampling import check, enlarge

STEMS = ("bearpaw", "newell")


class ResidualUnit(nn.Module):
    """Pre-activation bottleneck (section 3.2, figure 4 left): (N, c_in, H, W) -> (N, c_out, H, W).

    Norm and ReLU stand before each convolution, the 3x3 runs on half the channels, and nothing follows the sum.
    """

    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        half = c_out // 2
        self.norm1, self.conv1 = nn.BatchNorm2d(c_in), nn.Conv2d(c_in, half, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, half, 3, padding=1)
        self.norm3, self.conv3 = nn.BatchNorm2d(half), nn.Conv2d(half, c_out, 1)
        self.shortcut = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        y = self.conv3(F.relu(self.norm3(y)))
        return self.shortcut(x) + y


class Hourglass(nn.Module):
    """One hourglass (section 3.1): (N, F, H, W) -> the same shape, through all scales.

    At each of `depth` levels the map takes two ways: a residual unit at this resolution (the skip), and max-pooling
    to half of it. At the bottom one more unit; on the way up each level is enlarged and added to its skip.
    """

    def __init__(self, features: int, depth: int):
        super().__init__()

        def units() -> nn.ModuleList:
            return nn.ModuleList(ResidualUnit(features, features) for _ in range(depth))

        self.skip, self.down, self.up = units(), units(), units()  # down[k], up[k] work at level k + 1
        self.bottom = ResidualUnit(features, features)

    def forward(self, x: Tensor, stack: int, stops: Mapping[str, str], tap: TapFunction) -> Tensor:
        depth, skips, at = len(self.skip), [], f"stack{stack}.level"
        for k in range(depth):
            skips.append(self.skip[k](x))
            tap(f"{at}{k}.skip", skips[k], "skip", 4 << k, stack=stack, level=k)
            x = self.down[k](F.max_pool2d(x, 2))
            tap(f"{at}{k + 1}.down", x, "down", 8 << k, stack=stack, level=k + 1)
        x = self.bottom(x)
        tap(f"{at}{depth}.bottom", x, "bottom", 4 << depth, stack=stack, level=depth)
        for k in reversed(range(depth)):
            x = self.up[k](x)
            tap(f"{at}{k + 1}.up", x, "up", 8 << k, stack=stack, level=k + 1)
            x = enlarge(x, 2, stops[f"{at}{k}"])
            tap(f"{at}{k}.upsampled", x, "upsampled", 4 << k, stack=stack, level=k)
            x = skips[k] + x
            tap(f"{at}{k}.merge", x, "merge", 4 << k, stack=stack, level=k)
        return x


class StackedHourglass(PoseNetwork):
    """Newell's network with any number of stacks.

    joints    -- J, heatmap channels
    stacks    -- hourglasses in a row (the paper: 8)
    features  -- F, channels throughout (the paper: 256)
    stem      -- channels of the units around the stem's pooling: "bearpaw" 64, 128, pool, 256, 256 or
                 "newell" 64, 128, pool, 128, 256 (as the authors' PyTorch code has it). Weights of one do not
                 fit the other.
    depth     -- halvings in one hourglass (the paper: 4, from 64x64 down to 4x4)
    """

    def __init__(
        self,
        joints: int = 16,
        stacks: int = 8,
        *,
        features: int = 256,
        stem: str = "bearpaw",
        depth: int = 4,
        trained_upsampling: str = "nearest",
    ):
        super().__init__()
        if stem not in STEMS:
            raise ValueError(f"stem is one of {', '.join(STEMS)}, not {stem!r}")
        self.joints, self.trained_upsampling = joints, check(trained_upsampling)
        self.multiple = 4 << depth
        quarter, half = features // 4, features // 2

        self.conv1, self.norm1 = nn.Conv2d(3, quarter, 7, stride=2, padding=3), nn.BatchNorm2d(quarter)
        wide = features if stem == "bearpaw" else half
        self.stem = nn.ModuleList([ResidualUnit(quarter, half), ResidualUnit(half, wide), ResidualUnit(wide, features)])
        self.hourglasses = nn.ModuleList(Hourglass(features, depth) for _ in range(stacks))
        self.after = nn.ModuleList(ResidualUnit(features, features) for _ in range(stacks))
        self.linear = nn.ModuleList(
            nn.Sequential(nn.Conv2d(features, features, 1), nn.BatchNorm2d(features), nn.ReLU()) for _ in range(stacks)
        )
        self.heads = nn.ModuleList(nn.Conv2d(features, joints, 1) for _ in range(stacks))
        self.feed_features = nn.ModuleList(nn.Conv2d(features, features, 1) for _ in range(stacks - 1))
        self.feed_heatmaps = nn.ModuleList(nn.Conv2d(joints, features, 1) for _ in range(stacks - 1))
        self.places = {f"stack{s}.level{k}": 2 for s in range(1, stacks + 1) for k in reversed(range(depth))}
        for head in self.heads:
            nn.init.normal_(head.weight, std=0.001)  # decisive: heatmaps start near zero, as the targets are
            nn.init.zeros_(head.bias)

    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]:
        x = F.relu(self.norm1(self.conv1(x)))
        tap("stem.conv1", x, "stem", 2)
        x = self.stem[0](x)
        tap("stem.unit1", x, "stem", 2)
        x = self.stem[1](F.max_pool2d(x, 2))
        tap("stem.unit2", x, "stem", 4)
        x = self.stem[2](x)
        tap("stem", x, "stem", 4)

        heatmaps: list[Tensor] = []
        for k, hourglass in enumerate(self.hourglasses):
            s, at = k + 1, f"stack{k + 1}"
            tap(f"{at}.input", x, "stack", 4, stack=s)
            features = self.linear[k](self.after[k](hourglass(x, s, stops, tap)))
            tap(f"{at}.features", features, "features", 4, stack=s)
            heatmaps.append(self.heads[k](features))
            tap(f"{at}.heatmaps", heatmaps[k], "heatmaps", 4, stack=s)
            if k < len(self.feed_features):
                back_features, back_heatmaps = self.feed_features[k](features), self.feed_heatmaps[k](heatmaps[k])
                tap(f"{at}.feedback.features", back_features, "feedback", 4, stack=s)
                tap(f"{at}.feedback.heatmaps", back_heatmaps, "feedback", 4, stack=s)
                x = x + back_features + back_heatmaps
                tap(f"{at}.output", x, "stack", 4, stack=s)
        return heatmaps
