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
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from .base import PoseNetwork, begin_near_zero, unit_sum
from .trace import INPUT, Drawn, TapFunction, arrow, ignore
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

    def residual(self, x: Tensor) -> Tensor:
        """f(x)"""
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return self.conv3(F.relu(self.norm3(y)))

    def forward(
        self,
        x: Tensor,
        tap: TapFunction = ignore,
        name: str = "unit",
        source: str = INPUT,
        stride: int = 4,
        **where: Any,
    ) -> Tensor:
        """where -- what else the unit's own tap says"""
        y, sources = unit_sum(self, x, tap, name, source, stride)
        return tap(name, y, sources=sources, join="sum", stride=stride, **where)


def _pooled(x: Tensor, tap: TapFunction, name: str, source: str, stride: int) -> Tensor:
    """2x2 max-pooling on the way into `name`."""
    x = arrow(tap, source, name, x)
    facts = {"sources": (source,), "join": "pool", "role": "pooled", "stride": stride, "inside": True}
    return tap(f"{name}.pooled", F.max_pool2d(x, 2), **facts)


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
        depth, skips, at, source = len(self.skip), [], f"stack{stack}.level", f"stack{stack}.input"

        def here(role: str, level: int, way: str) -> dict[str, Any]:
            drawn = Drawn(f"stack{stack}", level, group=f"stack{stack} {way}")
            return {"role": role, "stack": stack, "level": level, "drawn": drawn}

        for k in range(depth):
            skip, down, facts = f"{at}{k}.skip", f"{at}{k + 1}.down", here("skip", k, "down")
            skips.append(self.skip[k](arrow(tap, source, skip, x), tap, skip, source, 4 << k, **facts))
            x = _pooled(x, tap, down, source, 8 << k)
            x = self.down[k](x, tap, down, f"{down}.pooled", 8 << k, **here("down", k + 1, "down"))
            source = down
        name = f"{at}{depth}.bottom"
        x, source = self.bottom(x, tap, name, source, 4 << depth, **here("bottom", depth, "up")), name
        for k in reversed(range(depth)):
            up, place, enlarged = f"{at}{k + 1}.up", f"{at}{k}", f"{at}{k}.upsampled"
            x = enlarge(self.up[k](x, tap, up, source, 8 << k, **here("up", k + 1, "up")), 2, stops[place])
            facts = {"place": place, **here("upsampled", k, "up"), "drawn": None}
            x = tap(enlarged, x, sources=(up,), join="enlarge", stride=4 << k, **facts)
            source = f"{place}.merge"
            facts = {"sources": (f"{place}.skip", enlarged), "join": "sum", "stride": 4 << k, **here("merge", k, "up")}
            x = tap(source, skips[k] + x, **facts)
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
        self.multiple, self.resolution = 4 << depth, "skips"
        quarter, half = features // 4, features // 2

        self.conv1, self.norm1 = nn.Conv2d(3, quarter, 7, stride=2, padding=3), nn.BatchNorm2d(quarter)
        wide = features if stem == "bearpaw" else half
        self.stem = nn.ModuleList([ResidualUnit(quarter, half), ResidualUnit(half, wide), ResidualUnit(wide, features)])
        self.hourglasses = nn.ModuleList(Hourglass(features, depth) for _ in range(stacks))
        self.after = nn.ModuleList(ResidualUnit(features, features) for _ in range(stacks))
        self.linear = nn.ModuleList(
            nn.Sequential(nn.Conv2d(features, features, 1), nn.BatchNorm2d(features), nn.ReLU()) for _ in range(stacks)
        )
        heads = [nn.Conv2d(features, joints, 1) for _ in range(stacks)]
        self.heads = nn.ModuleList(heads)
        self.feed_features = nn.ModuleList(nn.Conv2d(features, features, 1) for _ in range(stacks - 1))
        self.feed_heatmaps = nn.ModuleList(nn.Conv2d(joints, features, 1) for _ in range(stacks - 1))
        self.places = {f"stack{s}.level{k}": 2 for s in range(1, stacks + 1) for k in reversed(range(depth))}
        for head in heads:
            begin_near_zero(head)

    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]:
        high, low = Drawn("stem.high"), Drawn("stem.low", group="stem")
        x = F.relu(self.norm1(self.conv1(x)))
        x = tap("stem.conv1", x, sources=(INPUT,), join="conv", role="stem", stride=2, drawn=high)
        x = self.stem[0](x, tap, "stem.unit1", "stem.conv1", 2, role="stem", drawn=high._replace(lane=2))
        x = _pooled(x, tap, "stem.unit2", "stem.unit1", 4)
        x = self.stem[1](x, tap, "stem.unit2", "stem.unit2.pooled", 4, role="stem", drawn=low._replace(lane=2))
        x = self.stem[2](x, tap, "stem", "stem.unit2", 4, role="stem", drawn=low)

        heatmaps: list[Tensor] = []
        source = "stem"
        for k, hourglass in enumerate(self.hourglasses):
            s, at = k + 1, f"stack{k + 1}"
            drawn = Drawn(at, group=f"{at} down")
            x = tap(f"{at}.input", x, sources=(source,), join="same", role="stack", stride=4, stack=s, drawn=drawn)
            features = self._features(k, hourglass(x, s, stops, tap), tap)
            head = self.heads[k](arrow(tap, f"{at}.features", f"{at}.heatmaps", features))
            facts = {"sources": (f"{at}.features",), "join": "head", "role": "heatmaps", "stride": 4, "stack": s}
            alone = self.card is not None and self.card.last_alone and k < len(self.feed_features)
            drawn = Drawn(f"{at}.answer", note="xray.note_last" if alone else "xray.note_h")
            heatmaps.append(tap(f"{at}.heatmaps", head, drawn=drawn, **facts))
            if k < len(self.feed_features):
                x = self._feedback(k, x, features, heatmaps[k], tap)
                source = f"{at}.output"
        return heatmaps

    def _features(self, k: int, x: Tensor, tap: TapFunction) -> Tensor:
        """What the heatmaps of a stack are made from: one more unit, then a 1x1 convolution."""
        at = f"stack{k + 1}"
        unit = f"{at}.features.unit"
        x = self.linear[k](self.after[k](x, tap, unit, f"{at}.level0.merge", role="unit", inside=True))
        drawn = Drawn(f"{at}.features", group="features")
        return tap(
            f"{at}.features", x, sources=(unit,), join="conv", role="features", stride=4, stack=k + 1, drawn=drawn
        )

    def _feedback(self, k: int, x: Tensor, features: Tensor, heatmaps: Tensor, tap: TapFunction) -> Tensor:
        """The next stack's input: this one's, its features and its heatmaps, each a term with a name."""
        at = f"stack{k + 1}"
        back, facts = f"{at}.feedback", {"role": "feedback", "stride": 4, "stack": k + 1}
        facts |= {"drawn": Drawn(f"{at}.features", 1.5, "fed back", "fed back")}
        source = f"{at}.features"
        y = self.feed_features[k](arrow(tap, source, f"{back}.features", features))
        y = tap(f"{back}.features", y, sources=(source,), join="conv", **facts)
        facts |= {"drawn": Drawn(f"{at}.answer", 1.5, "fed back", "fed back")}
        source = f"{at}.heatmaps"
        z = self.feed_heatmaps[k](arrow(tap, source, f"{back}.heatmaps", heatmaps))
        z = tap(f"{back}.heatmaps", z, sources=(source,), join="conv", **facts)
        inner = {"join": "same", "role": "skip", "stride": 4, "inside": True}
        x = tap(f"{back}.input", x, sources=(f"{at}.input",), **inner)
        sources = [f"{back}.{part}" for part in ("input", "features", "heatmaps")]
        facts = {"sources": sources, "join": "sum", "role": "stack", "stride": 4, "stack": k + 1, "drawn": None}
        return tap(f"{at}.output", x + y + z, **facts)
