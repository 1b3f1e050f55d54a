"""Work on a GPU as CUDA graphs: launching a small network's thousand kernels takes longer than computing them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

import torch
from torch import Tensor

_WARM = 3  # calls that run as they are, on a stream of their own: libraries choose their kernels in them


@dataclass
class _Kind:
    calls: int = 0
    graph: torch.cuda.CUDAGraph | None = None
    given: tuple[Tensor, ...] = ()
    answer: Tensor = field(default_factory=lambda: torch.empty(0))


class Graphs:
    """`work`, a function of tensors on the GPU, recorded once for each kind of call and replayed from then on.

    Whatever else `work` reads or writes must stay the same tensors from call to call, what it does must follow from
    `kind` alone, and nothing in it may wait for the GPU. Random numbers are best drawn before.
    """

    def __init__(self, work: Callable[..., Tensor]):
        self.work, self._kinds, self._aside = work, {}, torch.cuda.Stream()

    def __call__(self, kind: Hashable, *tensors: Tensor) -> Tensor:
        """What work(*tensors) returns, as a tensor of its own; the tensors' shapes are part of the kind."""
        at = self._kinds.setdefault((kind, tuple(t.shape for t in tensors)), _Kind())
        at.calls += 1
        if at.calls <= _WARM:
            return self._warmed(tensors)
        if at.graph is None:
            at.given = tuple(t.clone() for t in tensors)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self._aside):
                at.answer = self.work(*at.given)
            at.graph = graph
        for own, new in zip(at.given, tensors, strict=True):
            own.copy_(new)
        at.graph.replay()
        return at.answer.clone()

    def _warmed(self, tensors: tuple[Tensor, ...]) -> Tensor:
        main = torch.cuda.current_stream()
        self._aside.wait_stream(main)
        with torch.cuda.stream(self._aside):
            answer = self.work(*tensors)
        main.wait_stream(self._aside)
        return answer
