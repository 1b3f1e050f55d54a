"""What matters here: every arrow of a network cut alone, and how far that moves each joint.

All cuts go through the network together, and share what they have in common. The pass begins with one row, the photo
as it is; at each cut the maps grow by a row, in which that cut is made. A map with fewer rows than another stands for
the photo as it is in the rows that it lacks: nothing that was cut has reached it. So no row is computed before its
cut, nor on a way that its cut does not reach.

Effects of single cuts do not add up: two ways may carry the same, and then neither matters alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ..decode import decode
from ..networks import silence as cuts
from ..networks.base import PoseNetwork
from ..networks.silence import Cut, How, Silence
from ..networks.upsampling import Request
from ..networks.wiring import bare, wiring

#: Rows that go together: more save nothing but the one that all share, and take their memory.
TOGETHER = 32


@dataclass(frozen=True)
class Effects:
    """What each cut does to each joint of one photo.

    places, kinds -- A of each, in the order of the pass; kinds as networks/silence.py names them
    moves   -- (A, J) float32, pixels of the network's input between the joint before and after (decoder DARK); nan
               where there is no answer any more
    changes -- (A, J) float32, RMS of the heatmap's change by RMS of the heatmap: also where nothing moves
    joints  -- (J, 2) float32 in pixels of the input from the centre of its first heatmap cell: before; nan: no answer
    """

    places: tuple[str, ...]
    kinds: tuple[str, ...]
    moves: np.ndarray
    changes: np.ndarray
    joints: np.ndarray

    def move(self, joint: int | None = None) -> np.ndarray:
        """(A,) pixels that a joint moves, or the mean over all that had an answer; inf where a cut leaves none, nan
        where there was none before it."""
        moves = np.where(np.isnan(self.moves), np.inf, self.moves)
        had = ~np.isnan(self.joints[:, 0])
        if joint is None:
            return moves[:, had].sum(axis=1) / (had.sum() or np.nan)
        return moves[:, joint] if had[joint] else np.full(len(moves), np.nan)

    def order(self, joint: int | None = None) -> list[int]:
        """The cuts, the one that matters most first: for a joint, or for all; equal moves by the heatmap's change."""
        changes = self.changes.mean(axis=1) if joint is None else self.changes[:, joint]
        return np.lexsort((-changes, -self.move(joint))).tolist()


@dataclass(frozen=True)
class Cost:
    """arrows -- how many cuts there are; passes -- how many forward passes their multiply-adds are worth"""

    arrows: int
    passes: float


def measure(
    net: PoseNetwork,
    x: Tensor,
    upsampling: Request = None,
    silence: Silence | None = None,
    places: Collection[str] | None = None,
    how: How = "zero",
    together: int = TOGETHER,
) -> Effects:
    """Each of these places cut alone, beside what is cut already.

    x       -- (1, 3, H, W), normalised; upsampling, silence -- as in the pass that is asked about
    places  -- None: all that silence.places(net) finds; how -- what stands in their stead
    together -- how many cuts go through the network at a time: fewer take less memory, and longer

    Raises SilenceError for a place that there is not, and for a network without taps.
    """
    kinds = cuts.places(net)
    known = [(place, cuts.check(net, place, how)) for place in (kinds if places is None else dict.fromkeys(places))]
    order, moves, changes = [], [], []
    with torch.inference_mode():
        for part, heatmaps in _parts(net, x, known, how, together=together, upsampling=upsampling, silence=silence):
            found, _ = decode(heatmaps, "dark")
            stride = x.shape[-2] // heatmaps.shape[-2]
            order += part
            moves.append(stride * (found[1:] - found[0]).norm(dim=-1))
            changes.append(_rms(heatmaps[1:] - heatmaps[:1]) / _rms(heatmaps[:1]).clamp_min(1e-12))
    back = np.argsort(order)
    moved, changed = (torch.cat(t).cpu().numpy()[back] for t in (moves, changes))
    named = tuple(place for place, _ in known)
    joints = (stride * found[0]).cpu().numpy()
    return Effects(named, tuple(kinds.get(place, "other") for place in named), moved, changed, joints)


_COSTS: WeakKeyDictionary[PoseNetwork, Cost] = WeakKeyDictionary()


def cost(net: PoseNetwork) -> Cost:
    """What `measure` of all places would compute, counted once a network, in a pass that computes nothing."""
    if net not in _COSTS:
        _COSTS[net] = _cost(net)
    return _COSTS[net]


def _cost(net: PoseNetwork) -> Cost:
    shapes: Any = bare(net)
    known = cuts.places(net)
    first = next(iter(shapes.parameters()))
    size = net.card.input if net.card else (2 * net.multiple,) * 2
    x = torch.empty(1, 3, *size, device="meta", dtype=first.dtype)

    resolved = [(place, cuts.resolve(net, place)) for place in known]
    with torch.no_grad():
        with _Together() as one:
            shapes(x)
        with _Together() as all_of_them:
            list(_parts(shapes, x, resolved, "zero", order=net))
    return Cost(len(known), all_of_them.macs / one.macs)


def _parts(
    net: PoseNetwork,
    x: Tensor,
    known: Sequence[tuple[str, tuple[Cut, ...]]],
    how: How,
    order: PoseNetwork | None = None,
    together: int = TOGETHER,
    **asked: Any,
) -> Iterator[tuple[list[int], Tensor]]:
    """Which of `known` went through the network together, and (1 + those, J, h, w): the photo as it is, and each cut
    alone. At least one part, where there is nothing to cut too.
    """
    position = {name: k for k, name in enumerate(wiring(order or net).nodes)}
    sooner = sorted(range(len(known)), key=lambda k: min(position[cut.map] for cut in known[k][1]))
    for start in range(0, max(1, len(sooner)), together):
        part = sooner[start : start + together]
        tap = _Growing([known[k][1] for k in part], how)
        with _Together():
            heatmaps = net(x, tap=tap, **asked)[-1]
        yield part, _rows(heatmaps, len(part) + 1).float()


class _Growing:
    """A tap that makes each of several cuts in a row of its own; row 0 is left as it is."""

    def __init__(self, known: Sequence[tuple[Cut, ...]], how: How):
        self._how = how
        self._at: dict[str, list[tuple[int, Cut]]] = {}
        for row, several in enumerate(known, start=1):
            for cut in several:
                self._at.setdefault(cut.tap, []).append((row, cut))

    def __call__(self, name: str, tensor: Tensor, **facts: Any) -> Tensor:
        here = self._at.get(name)
        if here is None:
            return tensor
        grown = _rows(tensor, max(row for row, _ in here) + 1)
        rows = tensor.clone() if grown is tensor else grown
        for row, cut in here:
            rows[row : row + 1] = cuts.instead(cut, self._how, rows[row : row + 1])
        return rows


class _Together(TorchFunctionMode):
    """Where maps with unequal rows are joined, those that have fewer get the rows that they lack.

    macs -- multiply-adds of the convolutions meanwhile
    """

    macs = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "").strip("_") in _JOINS:
            many = args[0] if isinstance(args[0], tuple | list) else args
            count = max((len(t) for t in many if isinstance(t, Tensor) and t.ndim == 4), default=0)
            many = [_rows(t, count) if isinstance(t, Tensor) and t.ndim == 4 else t for t in many]
            args = (many, *args[1:]) if isinstance(args[0], tuple | list) else many
        result = _quicker(func, args, kwargs or {})
        if result is None:
            result = func(*args, **(kwargs or {}))
        if func is torch.conv2d:
            self.macs += result.numel() * args[1][0].numel()
        return result


#: What joins maps of one shape, as PyTorch names it.
_JOINS = {"add", "radd", "sub", "rsub", "mul", "rmul", "maximum", "concat"}


def _quicker(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Tensor | None:
    """What `func` gives, to the bit, where maps can be halved or enlarged several times faster than PyTorch does it
    on a CPU. None: not of these.
    """
    if func is F.max_pool2d and args[1:] == (2,) and kwargs == _PLAIN:
        x = args[0]
        if x.shape[-2] % 2 == x.shape[-1] % 2 == 0:
            x = torch.maximum(x[..., ::2, :], x[..., 1::2, :])
            return torch.maximum(x[..., ::2], x[..., 1::2])
    if func is F.interpolate and kwargs["mode"] == "nearest" and kwargs["scale_factor"] in range(2, 100):
        factor = int(kwargs["scale_factor"])
        wide = args[0].repeat_interleave(factor, -1)
        return wide[..., None, :].expand(*wide.shape[:-1], factor, wide.shape[-1]).flatten(-3, -2)
    return None


#: `F.max_pool2d` of nothing but a size.
_PLAIN = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False, "return_indices": False}


def _rows(tensor: Tensor, count: int) -> Tensor:
    """At least `count` rows: those that are there, then the first again and again."""
    lacks = count - len(tensor)
    return tensor if lacks <= 0 else torch.cat([tensor, tensor[:1].expand(lacks, *tensor.shape[1:])])


def _rms(maps: Tensor) -> Tensor:
    return maps.square().mean((2, 3)).sqrt()
