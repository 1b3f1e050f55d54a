"""One pass that computes nothing: which map is made from which, and through which layers.

The pass runs on PyTorch's meta device, where tensors have shapes and no numbers. Its taps say what they are made from
(trace.py); every operation between them is watched, so that kernels, strides and enlargements are those that the
network really has, and a tap that names its sources wrongly is found out.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from .trace import INPUT, Node, Recorder


@dataclass(frozen=True)
class Conv:
    """A convolution or a pooling, padded on both sides; layer -- its module's name in the network, "" for a pooling."""

    kernel: int
    stride: int = 1
    padding: int = 0
    pool: bool = False
    layer: str = ""


@dataclass(frozen=True)
class Enlarge:
    """An enlargement by `factor`; place -- the slider's, None where the network always enlarges as `stop` says."""

    factor: int
    place: str | None = None
    stop: str = ""


@dataclass(frozen=True)
class Whole:
    """An operation that looks at the whole map, or of which nobody here knows how far it looks."""

    operation: str


Step = Conv | Enlarge | Whole


@dataclass(frozen=True)
class Way:
    """From one map of the picture to another. through -- the taps between them, which stand in no picture."""

    steps: tuple[Step, ...] = ()
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wiring:
    """nodes  -- {name: Node}, every tap of the pass in its order
    ways   -- {name: {source: the layers in between}}; of several ways from a source the one that reaches farthest
    arrows -- "source->target", the ways that have a name of their own beside taps
    channels -- {name: how many its map has}
    """

    nodes: dict[str, Node]
    ways: dict[str, dict[str, tuple[Step, ...]]]
    arrows: tuple[str, ...]
    channels: dict[str, int]
    _into: dict[str, dict[str, Way]] = field(default_factory=dict, compare=False, repr=False)

    def visible(self, name: str) -> bool:
        """Whether a tap, or INPUT, stands in the network's picture."""
        return name == INPUT or self.nodes[name].visible

    def into(self, name: str) -> dict[str, Way]:
        """{map of the picture: the way from there to this tap}; of several the one that reaches farthest."""
        if name not in self._into:
            found: dict[str, Way] = {}
            for source, steps in self.ways[name].items():
                before = {source: Way()} if self.visible(source) else self.into(source)
                for start, way in before.items():
                    through = way.through if self.visible(source) else (*way.through, source)
                    longer = Way((*way.steps, *steps), through)
                    found[start] = max(found.get(start, longer), longer, key=lambda w: _reach(w.steps))
            self._into[name] = found
        return self._into[name]

    @cached_property
    def picture(self) -> dict[str, dict[str, Way]]:
        """{map of the picture: {map of the picture, or INPUT: the way from there}}, in the order of the pass."""
        return {name: self.into(name) for name, node in self.nodes.items() if node.visible}

    def shown(self, name: str) -> str:
        """Where a tap is seen: itself, or the first map of the picture that is made from it."""
        if self.visible(name):
            return name
        ways = ((end, way) for end, found in self.picture.items() for way in found.values())
        return next(end for end, way in ways if name in way.through)


_KNOWN: WeakKeyDictionary[nn.Module, Wiring] = WeakKeyDictionary()


def wiring(net: nn.Module) -> Wiring:
    """Read once a network. Raises ValueError where taps do not say what the pass does, or where there are none."""
    if net not in _KNOWN:
        with torch.inference_mode(False):  # there, operations arrive whole and would not be recognised
            _KNOWN[net] = _read(net)
    return _KNOWN[net]


def bare(net: nn.Module) -> nn.Module:
    """A copy in eval mode on the meta device: passes cost nothing and change nothing."""
    tensors = (*net.parameters(), *net.buffers())
    shapes = copy.deepcopy(net, {id(t): torch.empty_like(t, device="meta") for t in tensors}).eval()
    for module in shapes.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = lambda input: input  # changes no shape, and takes PyTorch long to find out
    return shapes


def _read(net: nn.Module) -> Wiring:
    shapes = bare(net)
    recorder = Recorder()
    watch = _Watch({id(module.weight): name for name, module in shapes.named_modules() if hasattr(module, "weight")})
    first = next(iter(shapes.parameters()))
    side: Any = net.multiple
    photo = torch.empty(1, 3, 2 * side, 2 * side, device="meta", dtype=first.dtype)
    tensors: dict[str, Tensor] = {INPUT: photo}

    def tap(name: str, tensor: Tensor, **facts: Any) -> Tensor:
        if facts.get("role") != "arrow":
            tensors[name] = tensor
        return recorder(name, tensor, **facts)

    with torch.no_grad(), watch:
        shapes(photo, tap=tap)
    if not recorder.nodes:
        raise ValueError(f"{type(net).__name__} leaves no trace: it calls no tap")
    nodes = recorder.trace([], {}).nodes
    ways = {name: watch.ways(node, tensors) for name, node in nodes.items()}
    return Wiring(dict(nodes), ways, tuple(recorder.arrows), {name: tensors[name].shape[1] for name in nodes})


class _Watch(TorchDispatchMode):
    """Keeps, for every tensor that comes to be, what it is made from and by which step."""

    def __init__(self, layers: dict[int, str]):
        super().__init__()
        self._layers = layers
        self._made: dict[int, tuple[Step | None, tuple[int, ...]]] = {}
        self._alive: list[Any] = []  # an id is a tensor's for as long as the tensor lives

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        out = result[0] if isinstance(result, tuple | list) else result
        given = [a for group in args for a in (group if isinstance(group, tuple | list) else [group])
                 if isinstance(a, Tensor)]  # fmt: skip
        self._alive += [result, given]
        before = tuple(id(a) for a in given)
        if isinstance(out, Tensor) and id(out) not in before:
            self._made[id(out)] = (_step(func, args, given, out, self._layers), before)
        return result

    def ways(self, node: Node, tensors: dict[str, Tensor]) -> dict[str, tuple[Step, ...]]:
        """{source: steps} of one tap. Raises ValueError where its sources are not what it is made from."""
        ends = {id(tensors[source]) for source in node.sources if source in tensors}
        foreign = {id(t): name for name, t in tensors.items() if name != node.name and id(t) not in ends}
        here = id(tensors[node.name])
        foreign.pop(here, None)
        found: dict[str, tuple[Step, ...]] = {}
        for source in node.sources:
            steps = self._longest(here, id(tensors[source]), ends, foreign, {}) if source in tensors else None
            if steps is None:
                raise ValueError(f"tap {node.name!r} names {source!r} as a source, but no way leads from there")
            found[source] = tuple(replace(s, place=node.place) if isinstance(s, Enlarge) else s for s in steps)
        if not found:
            raise ValueError(f"tap {node.name!r} names no source")
        return found

    def _longest(self, at: int, end: int, ends: set[int], foreign: dict[int, str], known: dict) -> Any:
        if at == end:
            return ()
        if at in foreign:
            raise ValueError(f"a tap is made from {foreign[at]!r}, too, and does not name it as a source")
        if at in ends or at not in self._made:
            return None
        if at not in known:
            step, before = self._made[at]
            tails = [self._longest(b, end, ends, foreign, known) for b in before]
            tails = [(*tail, step) if step else tail for tail in tails if tail is not None]
            known[at] = max(tails, key=_reach, default=None)
        return known[at]


def _reach(steps: tuple[Step, ...]) -> float:
    """Cells of the source that one cell of the end is made from, along one axis."""
    cells, stride = 1.0, 1.0
    for step in steps:
        if isinstance(step, Whole):
            return float("inf")
        if isinstance(step, Enlarge):
            stride /= step.factor
        else:
            cells += (step.kernel - 1) * stride
            stride *= step.stride
    return cells


def _step(func: Any, args: tuple, given: list[Tensor], out: Tensor, layers: dict[int, str]) -> Step | None:
    """The step that an operation is, None for one that stays within a cell."""
    name = func.overloadpacket.__name__
    if name == "convolution" and not args[6]:
        _, _, height, width = args[1].shape
        spread = args[5][0] * (height - 1) + 1
        square = height == width and len(set(args[3])) == len(set(args[4])) == len(set(args[5])) == 1
        return Conv(spread, args[3][0], args[4][0], layer=layers.get(id(args[1]), "")) if square else Whole(name)
    if name in ("max_pool2d_with_indices", "avg_pool2d"):
        more: Callable = partial(_argument, args)
        return Conv(args[1][0], (more(2) or args[1])[0], more(3, (0,))[0], pool=True)
    if name.startswith("upsample_"):
        corners = "-corners" if _argument(args, 2) is True else ""
        mode = name.removeprefix("upsample_").removesuffix("2d")
        return Enlarge(out.shape[-1] // args[0].shape[-1], stop=mode + corners)
    if torch.Tag.pointwise in func.tags or name in _CELLWISE:
        return None
    return Whole(name) if any(t.ndim == 4 for t in given) else None


#: Operations that PyTorch does not mark as pointwise, and that look at no neighbouring cell.
_CELLWISE = {"cat", "split", "native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "clone",
             "detach", "native_dropout"}  # fmt: skip


def _argument(args: tuple, at: int, default: Any = None) -> Any:
    return args[at] if len(args) > at and args[at] else default
