"""HRNet, "Deep High-Resolution Representation Learning for Human Pose Estimation", CVPR 2019.

Read top to bottom: a residual unit, an exchange unit (the paper's word for the fusion), a module (branches of
residual units, then one exchange unit), the network (stem, stage 1, and stages 2 to 4 that each add a branch).

Shapes for a (N, 3, H, W) input and width C:
    stem, stage 1                  (N, 64, H/4, W/4), (N, 256, H/4, W/4)
    branch b = 0 .. 3              (N, C * 2^b, H / (4 * 2^b), W / (4 * 2^b))
    heatmaps                       (N, J, H/4, W/4)

Where the paper and its code differ, this file follows the code, because that is what the published weights fit: the
last fusion of stage 4 makes branch 0 only. A new branch comes from the nearest one alone (so say text and code; figure
1 draws it from all). A coarse map is first reduced by a 1x1 convolution and then enlarged (section 3 and the caption of
figure 3; the journal text has it the other way round, and at inference it cannot matter). There is no intermediate
supervision.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from .base import Level, PoseNetwork, begin_near_zero, unit_sum
from .trace import INPUT, Drawn, TapFunction, arrow, ignore
from .upsampling import check, enlarge

#: What paper, code and journal text differ in, beside the first fusion.
_NOTES = {"stage2.module1.branch0": "xray.note_1", "stage2.module1.branch1": "xray.note_2"}


def _conv_norm(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(c_out))


class ResidualUnit(nn.Module):
    """ReLU(x + f(x)), x through a projection where the number of channels changes: (N, C, H, W) -> (N, C', H, W)."""

    shortcut: nn.Module

    @abstractmethod
    def residual(self, x: Tensor) -> Tensor:
        """f(x)"""

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
        if tap is ignore:
            return F.relu(y)
        y = tap(f"{name}.added", y, sources=sources, join="sum", role="added", stride=stride, inside=True)
        return tap(name, F.relu(y), sources=(f"{name}.added",), join="relu", stride=stride, **where)


class BasicUnit(ResidualUnit):
    """Two 3x3 convolutions and a shortcut: (N, C, H, W) -> the same shape. Stages 2 to 4 of the paper."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = _conv_norm(channels, channels, 3)
        self.conv2 = _conv_norm(channels, channels, 3)
        self.shortcut = nn.Identity()

    def residual(self, x: Tensor) -> Tensor:
        return self.conv2(F.relu(self.conv1(x)))


class BottleneckUnit(ResidualUnit):
    """1x1 down to `planes`, 3x3, 1x1 up to `c_out`, and a shortcut: (N, c_in, H, W) -> (N, c_out, H, W).

    The paper has it in stage 1. Everywhere else it is the study note's proposal (`unit="bottleneck"`).
    """

    def __init__(self, c_in: int, planes: int, c_out: int):
        super().__init__()
        self.conv1 = _conv_norm(c_in, planes, 1)
        self.conv2 = _conv_norm(planes, planes, 3)
        self.conv3 = _conv_norm(planes, c_out, 1)
        self.shortcut = nn.Identity() if c_in == c_out else _conv_norm(c_in, c_out, 1)

    def residual(self, x: Tensor) -> Tensor:
        return self.conv3(F.relu(self.conv2(F.relu(self.conv1(x)))))


class ExchangeUnit(nn.Module):
    """Every branch receives every branch (section 3; figure 3): y_i = ReLU(sum over j of f_ij(x_j)).

    f_ij is the identity for j = i; a 1x1 convolution and an enlargement by 2^(j - i) for a coarser j; and
    i - j strided 3x3 convolutions for a finer j. The branches `emits` come out, which are fewer only at the very end.
    """

    def __init__(self, channels: list[int], emits: Sequence[int], probed: int = 0):
        """probed -- the branch that the head can be laid on"""
        super().__init__()
        self.emits, self.probed = tuple(emits), probed
        self.terms: Any = nn.ModuleList(  # Any, here and below: a ModuleList does not say what is in it
            nn.ModuleList(self._term(channels, i, j) for j in range(len(channels))) for i in self.emits
        )

    @staticmethod
    def _term(channels: list[int], i: int, j: int) -> nn.Module:
        if j == i:
            return nn.Identity()
        if j > i:
            return _conv_norm(channels[j], channels[i], 1)
        steps: list[nn.Module] = []
        for _ in range(i - j - 1):
            steps += [_conv_norm(channels[j], channels[j], 3, stride=2), nn.ReLU()]
        return nn.Sequential(*steps, _conv_norm(channels[j], channels[i], 3, stride=2))

    def forward(self, xs: list[Tensor], at: str, stops: Mapping[str, str], tap: TapFunction, **where) -> list[Tensor]:
        ys, heard = [], tap is not ignore
        for i, terms in zip(self.emits, self.terms, strict=True):
            name, stride = f"{at}.branch{i}", 4 << i
            here: dict[str, Any] = {"branch": i, "drawn": None, **where}
            total: Any = None
            for j, (term, x) in enumerate(zip(terms, xs, strict=True)):
                place, y, facts = f"{name}.from{j}", term(x), {}
                if heard:
                    facts = {"sources": (f"{at}.branch{j}",), "join": "same" if j == i else "conv", "source": j, **here}
                if j > i:
                    y = tap(f"{place}.reduced", y, role="reduced", stride=4 << j, **facts)
                    y = enlarge(y, 1 << (j - i), stops[place])
                    facts |= {"sources": (f"{place}.reduced",), "join": "enlarge", "place": place}
                y = tap(place, y, role="term", stride=stride, **facts)
                total = y if total is None else total + y
            if heard:
                sources = [f"{name}.from{j}" for j in range(len(terms))]
                total = tap(f"{name}.sum", total, sources=sources, join="sum", role="sum", stride=stride, **here)
                last = len(self.terms) == 1 < len(terms)  # of the whole network: its answer is the heatmaps'
                note = "xray.note_3" if last else _NOTES.get(name, "")
                here |= {
                    "drawn": Drawn(f"{at}.fused", i, None if i == self.emits[0] else "", note=note),
                    "answer": at if i == self.probed and not last else "",
                }
            y = F.relu(total)
            ys.append(
                tap(f"{name}.fused", y, sources=(f"{name}.sum",), join="relu", role="fused", stride=stride, **here)
            )
        return ys


class HRModule(nn.Module):
    """Parallel branches of residual units, then one exchange unit: list of maps -> list of maps.

    emits -- the branches that come out of the exchange unit; None: there is none, and the branches come out as they are
    """

    def __init__(
        self, channels: list[int], units: int, unit: str, expansion: int, emits: Sequence[int] | None, probed: int
    ):
        super().__init__()

        def make(c: int) -> nn.Module:
            return BasicUnit(c) if unit == "basic" else BottleneckUnit(c, c // expansion, c)

        self.branches: Any = nn.ModuleList(nn.Sequential(*(make(c) for _ in range(units))) for c in channels)
        self.exchange = None if emits is None else ExchangeUnit(channels, emits, probed)

    def forward(
        self, xs: list[Tensor], sources: list[str], at: str, stops: Mapping[str, str], tap: TapFunction, **where
    ) -> tuple[list[Tensor], list[str]]:
        """sources -- names of the taps that xs are. Returns what comes out, and the names of the taps that it is."""
        xs = [self._branch(b, x, sources[b], at, tap, where) for b, x in enumerate(xs)]
        if self.exchange is None:
            return xs, [f"{at}.branch{b}" for b in range(len(xs))]
        return self.exchange(xs, at, stops, tap, **where), [f"{at}.branch{b}.fused" for b in self.exchange.emits]

    def _branch(self, b: int, x: Tensor, source: str, at: str, tap: TapFunction, where: dict) -> Tensor:
        units, name = self.branches[b], f"{at}.branch{b}"
        if tap is ignore:
            return units(x)
        x = arrow(tap, source, name, x)
        for k, unit in enumerate(units, start=1):
            facts = {"role": "unit", "inside": True}
            if k == len(units):
                facts = {"role": "branch", "branch": b, **where}
                facts["drawn"] = Drawn(at, b, at.rpartition(".")[2] if b == 0 else "")
            here = name if k == len(units) else f"{name}.unit{k}"
            x = unit(x, tap, here, source, 4 << b, **facts)
            source = here
        return x


def _emitted(modules: tuple[int, int, int], fusions: int, head_branch: int) -> list[Sequence[int] | None]:
    """What comes out of each module's exchange unit, None where there is none: all branches, the head's at the end."""
    every: list[Sequence[int]] = [
        range(branches) for branches, count in zip((2, 3, 4), modules, strict=True) for _ in range(count)
    ]
    unfused = len(every) - fusions
    return [*[None] * unfused, *every[unfused:-1], (head_branch,)]


class HRNet(PoseNetwork):
    """HRNet of any width (section 3, network instantiation): 32 and 48 in the paper, 18 in the authors' later work.

    joints    -- J, heatmap channels
    width     -- C, channels of branch 0; branch b has C * 2^b
    unit      -- residual unit of stages 2 to 4: "basic" as in the paper, or "bottleneck" (the note's proposal),
                 whose 3x3 convolution runs on channels / expansion
    units     -- residual units per branch and module (the paper: 4)
    modules   -- modules in stages 2, 3 and 4 (the paper: 1, 4, 3: eight fusions)
    stem      -- channels of the stem; stage 1 has 4 * stem (the paper: 64)
    head_branch -- the branch that the heatmaps are made from, at 1 / (4 * 2^b) of the input (the paper: 0, and 1 and
                 2 in figure 5's comparison)
    fusions   -- how many modules end in an exchange unit, counted from the last one (None: all; the paper's table 6
                 has 1, 3 and 8 of the 8)
    """

    multiple, resolution = 32, "parallel"

    def __init__(
        self,
        joints: int = 17,
        width: int = 32,
        *,
        unit: str = "basic",
        expansion: int = 4,
        units: int = 4,
        modules: tuple[int, int, int] = (1, 4, 3),
        stem: int = 64,
        head_branch: int = 0,
        fusions: int | None = None,
        trained_upsampling: str = "nearest",
    ):
        super().__init__()
        if unit not in ("basic", "bottleneck"):
            raise ValueError(f'unit is "basic" or "bottleneck", not {unit!r}')
        if unit == "bottleneck" and width % expansion:
            raise ValueError(f"width {width} is no multiple of the expansion {expansion}")
        if not (0 <= head_branch <= 3 and 1 <= (fusions or 1) <= sum(modules)):
            raise ValueError(f"head_branch is 0 to 3, fusions 1 to {sum(modules)}, not {head_branch} and {fusions}")
        self.joints, self.trained_upsampling, self.head_branch = joints, check(trained_upsampling), head_branch
        channels = [width << b for b in range(4)]

        self.stem = nn.ModuleList([_conv_norm(3, stem, 3, stride=2), _conv_norm(stem, stem, 3, stride=2)])
        self.stage1 = nn.Sequential(
            BottleneckUnit(stem, stem, 4 * stem), *(BottleneckUnit(4 * stem, stem, 4 * stem) for _ in range(units - 1))
        )
        # A transition makes the next stage's maps: into stage 2 both anew, afterwards only the added branch.
        self.transitions: Any = nn.ModuleList(
            [
                nn.ModuleList([_conv_norm(4 * stem, channels[0], 3), _conv_norm(4 * stem, channels[1], 3, stride=2)]),
                nn.ModuleList([_conv_norm(channels[1], channels[2], 3, stride=2)]),
                nn.ModuleList([_conv_norm(channels[2], channels[3], 3, stride=2)]),
            ]
        )
        emits = _emitted(modules, fusions or sum(modules), head_branch)
        self.stages: Any = nn.ModuleList(
            nn.ModuleList(
                HRModule(channels[: s + 2], units, unit, expansion, emits[sum(modules[:s]) + m], head_branch)
                for m in range(count)
            )
            for s, count in enumerate(modules)
        )
        self.head = nn.Conv2d(channels[head_branch], joints, 1)
        self.places = self._places()
        self._initialise()

    def _places(self) -> dict[str, int]:
        """Every enlargement and its factor."""
        return {
            f"stage{s}.module{m}.branch{i}.from{j}": 1 << (j - i)
            for s, stage in enumerate(self.stages, start=2)
            for m, module in enumerate(stage, start=1)
            if module.exchange is not None
            for i, terms in zip(module.exchange.emits, module.exchange.terms, strict=True)
            for j in range(i + 1, len(terms))
        }

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        begin_near_zero(self.head)

    def _run(self, x: Tensor, stops: Mapping[str, str], tap: TapFunction) -> list[Tensor]:
        source = INPUT
        for k, (conv, name) in enumerate(zip(self.stem, ("stem.conv1", "stem"), strict=True), start=1):
            x = tap(name, F.relu(conv(x)), sources=(source,), join="conv", role="stem", stride=1 << k)
            source = name
        for k, unit in enumerate(self.stage1, start=1):
            x = unit(x, tap, f"stage1.unit{k}", source, role="unit", stage=1, branch=0)
            source = f"stage1.unit{k}"

        xs, names, at = [x], [source], ""
        for s, (transition, stage) in enumerate(zip(self.transitions, self.stages, strict=True), start=2):
            xs, names = self._transition(transition, xs, names, s, tap)
            for m, module in enumerate(stage, start=1):
                at = f"stage{s}.module{m}"
                xs, names = module(xs, names, at, stops, tap, stage=s, module=m)

        return [self._answer(xs[0], names[0], at, tap)]

    def _answer(self, x: Tensor, source: str, at: str, tap: TapFunction) -> Tensor:
        """The head's branch after the last fusion, the tap `source` of the module `at` -> heatmaps."""
        x = arrow(tap, source, "heatmaps", x)
        stride = 4 << self.head_branch
        facts = {"sources": (source,), "join": "head", "role": "heatmaps", "stride": stride, "answer": at}
        return tap("heatmaps", self.head(x), **facts)

    @staticmethod
    def _transition(
        convs: nn.ModuleList, xs: list[Tensor], names: list[str], s: int, tap: TapFunction
    ) -> tuple[list[Tensor], list[str]]:
        """Into stage s: both maps anew from stage 1's, later those that are there and one more, from the coarsest."""
        first = s - len(convs)
        xs, names, coarsest, source = xs[:first], names[:first], xs[-1], names[-1]
        for b, conv in enumerate(convs, start=first):
            name, stride = f"stage{s}.transition.branch{b}", 4 << b
            y = F.relu(conv(arrow(tap, source, name, coarsest)))
            drawn = Drawn(f"stage{s}.new", b, "new" if b == first else "")
            facts = {"role": "transition", "stride": stride, "stage": s, "branch": b, "drawn": drawn}
            xs.append(tap(name, y, sources=(source,), join="conv", **facts))
            names.append(name)
        return xs, names

    def answer(self, level: Level, tensor: Tensor) -> Tensor:
        return self.lens(tensor) if level.probe else tensor

    def lens(self, fused: Tensor) -> Tensor:
        """A probe, no part of the network: the final 1x1 layer on branch 0 after any fusion.

        fused -- (N, C, H/4, W/4), a tap "stageS.moduleM.branch0.fused". The layer was trained for the last
        fusion only, where this equals the heatmaps; anywhere else it shows how far the map already is.
        """
        return self.head(fused)
