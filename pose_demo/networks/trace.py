"""What a forward pass leaves behind: every map on the way, named by where it stands in the paper.

The contract, for modules of one's own too. At each place of interest a network says

    x = tap(name, x, sources=[...], join="conv", role="unit", stride=4)

which maps this one is made from and what joins them, and **goes on with what tap returns**. In a plain forward pass
that is `ignore`, in a trace a `Recorder`; both return the tensor itself, so that outputs with and without taps are
equal bit for bit. A tap that returns something else cuts there. No tapped tensor is written to afterwards, so that a
trace needs no copies.

Each term of a sum is a tap of its own that nothing else uses, the identity too: what returns something else there
cuts the arrow into this sum. Where one map goes several ways otherwise, each way is tapped as "source->target" with
`arrow`: a name for cutting that way alone, which is no map of its own and is not recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Protocol

from torch import Tensor

#: The name of the photo that goes in, as a source; every other name is a tap's.
INPUT = "input"


class TapFunction(Protocol):
    """What a network calls; `facts` are the fields of Node but the name. Returns what the network goes on with."""

    def __call__(self, name: str, tensor: Tensor, **facts: Any) -> Tensor: ...


class Drawn(NamedTuple):
    """Where a map stands in the picture of its network.

    column -- maps of one column stand above one another, those of one lane in it spread over its width; "": alone
    lane   -- the row from 0, halves stand between; None: by stride, the heatmaps' stride and finer ones in row 0
    label  -- what stands above it; None: the last part of its name
    group  -- maps of one group share a range of colours; "": the first part of the name, or "heatmaps"
    note   -- key of a remark on what the paper's text, figures and code disagree on here
    """

    column: str = ""
    lane: float | None = None
    label: str | None = None
    group: str = ""
    note: str = ""


ALONE = Drawn()


@dataclass(frozen=True, kw_only=True)
class Node:
    """One place of a forward pass.

    name    -- "stage3.module2.branch1" or "stack2.level0.skip": unique in its pass
    sources -- the taps (or INPUT) that this map is made from
    join    -- what makes it from them: "conv" (layers), "pool" (pooling, then layers), "enlarge", "sum" (of all
               sources, in their order), "relu", "same" (nothing), "head" (a 1x1 convolution to heatmaps)
    role    -- what it is: "stem", "unit", "transition", "branch" (enters a fusion), "reduced" (a fusion term
               before it is enlarged), "term", "sum" (before the ReLU), "fused" (after it), "skip", "down",
               "bottom", "up", "upsampled", "merge", "features", "feedback", "stack" (enters or leaves a stack),
               "heatmaps"; inside a residual unit "residual" (f(x)), "shortcut" (x, or its projection), "added"
    stride  -- input pixels per cell
    place   -- join "enlarge": the slider's place
    inside  -- stands inside a unit: recorded only when it is named
    drawn   -- where it stands in the network's picture, None: nowhere
    answer  -- name of the level whose answer can be read here (PoseNetwork.levels)
    stage, module, branch, source -- HRNet: stage 1 to 4, module from 1, branch from 0 (the finest);
               source is the branch that a fusion term comes from
    stack, level -- Hourglass: stack from 1; level 0 is the stack's full resolution, each further one half of it
    """

    name: str
    sources: Sequence[str] = ()
    join: str = "conv"
    role: str = ""
    stride: int
    place: str | None = None
    inside: bool = False
    drawn: Drawn | None = ALONE
    answer: str = ""
    stage: int | None = None
    module: int | None = None
    branch: int | None = None
    source: int | None = None
    stack: int | None = None
    level: int | None = None

    @property
    def visible(self) -> bool:
        """Whether it stands in the picture."""
        return self.drawn is not None and not self.inside

    @property
    def part(self) -> str:
        """The part of the network: "stem", "stage2", "stack1", ... and "head" for heatmaps outside of all others."""
        return "head" if self.role == "heatmaps" and "." not in self.name else self.name.partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Tap(Node):
    """A node with its map: tensor (N, C, H, W)."""

    tensor: Tensor

    @property
    def channels(self) -> int:
        return self.tensor.shape[1]


_FIELDS = [f.name for f in fields(Node)]


class Trace(Mapping[str, Tap]):
    """The recorded taps of one forward pass in the order in which they came to be.

    heatmaps -- what the call returned: list of (N, J, H, W), one per supervision
    stops    -- {place: stop}, how each place enlarged its map in this pass
    nodes    -- every place of the pass, those inside units included
    label    -- what a cut that takes a map of it is called; "": another photo's
    """

    label = ""

    def __init__(
        self,
        taps: dict[str, Tap],
        heatmaps: list[Tensor],
        stops: dict[str, str],
        nodes: Mapping[str, Node] | None = None,
    ):
        self._taps = taps
        self.heatmaps = heatmaps
        self.stops = stops
        self.nodes: Mapping[str, Node] = taps if nodes is None else nodes

    def __getitem__(self, name: str) -> Tap:
        try:
            return self._taps[name]
        except KeyError:
            raise _unknown(name, self._taps) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._taps)

    def __len__(self) -> int:
        return len(self._taps)

    def where(self, **wanted: Any) -> list[Tap]:
        """The taps whose fields have these values: `trace.where(role="term", stage=3)`."""
        return [t for t in self._taps.values() if all(getattr(t, k) == v for k, v in wanted.items())]

    def cpu(self) -> Trace:
        """The same in main memory; itself where it is there already."""
        if self.heatmaps[-1].device.type == "cpu":
            return self
        taps = {name: replace(tap, tensor=tap.tensor.cpu()) for name, tap in self._taps.items()}
        return Trace(taps, [h.cpu() for h in self.heatmaps], self.stops, self.nodes)

    def __or__(self, other: Trace) -> Trace:
        """This trace, with what another one of the same pass recorded beside."""
        return Trace({**self._taps, **other._taps}, self.heatmaps, self.stops, self.nodes)


def _unknown(name: str, known: Collection[str]) -> KeyError:
    near = [n for n in known if n.startswith(name.split(".")[0])] or list(known)
    return KeyError(f"no tap {name!r}; nearby are {', '.join(near[:12])}")


class Recorder:
    """Keeps the taps of one pass: these names, or (None) all but those inside units. Knows every node."""

    def __init__(self, names: Collection[str] | None = None) -> None:
        self._names = None if names is None else frozenset(names)
        self.taps: dict[str, Tap] = {}
        self.nodes: dict[str, Node] = {}
        self.arrows: list[str] = []

    def __call__(self, name: str, tensor: Tensor, **facts: Any) -> Tensor:
        if facts.get("role") == "arrow":
            self.arrows.append(name)
            return tensor
        if name in self.nodes:
            raise RuntimeError(f"two taps are named {name!r}")
        node = Node(name=name, **facts)
        if not node.inside if self._names is None else name in self._names:
            node = self.taps[name] = Tap(name=name, tensor=tensor, **facts)
        self.nodes[name] = node
        return tensor

    def trace(self, heatmaps: list[Tensor], stops: dict[str, str]) -> Trace:
        """What was recorded. Raises KeyError for a name that the pass never came to."""
        for name in self._names or ():
            if name not in self.nodes:
                raise _unknown(name, self.nodes)
        # A node must not keep the map of a tap: whoever lets go of the taps frees their memory.
        nodes = {name: Node(**{f: getattr(node, f) for f in _FIELDS}) for name, node in self.nodes.items()}
        return Trace(self.taps, heatmaps, stops, nodes)


def ignore(name: str, tensor: Tensor, **facts: Any) -> Tensor:
    """The tap of a plain forward pass: does nothing."""
    return tensor


def arrow(tap: TapFunction, source: str, target: str, tensor: Tensor) -> Tensor:
    """One of several ways that a map goes: the name "source->target" cuts this way and no other."""
    return tap(f"{source}->{target}", tensor, role="arrow", sources=(source,))
