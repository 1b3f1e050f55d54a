"""Where a map is computed: the lines of a network's own source, with the shapes that they gave in one pass.

The pass runs on the meta device (wiring.py) at the size of the input, so that shapes are those of every photo's pass;
every operation is watched for the line that asked for it. Networks of one's own are read like ours.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from . import base, silence, trace, wiring
from .trace import INPUT

_PACKAGE = Path(__file__).parents[1]
#: Code that asks for operations on somebody else's behalf, or that only passes a map on.
_FOREIGN = (str(Path(torch.__file__).parent), __file__, wiring.__file__, trace.__file__, silence.__file__)
Shape = tuple[int, ...]
#: A line of a function.
Place = tuple[CodeType, int]


@dataclass
class Passage:
    """A function that has a part in computing a map.

    name, file -- "ExchangeUnit.forward", "pose_demo/networks/hrnet.py"; first -- the number of its first line
    text       -- its lines; marked -- {number of a line that computes the map: the shapes that came out, in order}
    """

    name: str
    file: str
    first: int
    text: list[str]
    marked: dict[int, list[Shape]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """made -- {the maps that this one is made from: their shape}; calls -- the lines that led to its tap, from the
    outermost, as "function, file:line"
    """

    passages: list[Passage]
    shape: Shape
    made: dict[str, Shape]
    calls: list[str]


class _Lines(wiring._Watch):
    """Keeps for every tensor which line of whose function made it."""

    def __init__(self) -> None:
        super().__init__({})
        self.lines: dict[int, tuple[list[Place], Shape]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = super().__torch_dispatch__(func, types, args, kwargs)
        out = result[0] if isinstance(result, tuple | list) else result
        new = isinstance(out, Tensor) and id(out) in self._made and id(out) not in self.lines
        if new and (called := _calls(sys._getframe(1))):
            self.lines[id(out)] = called, tuple(out.shape)
        return result

    def between(self, end: int, sources: set[int]) -> list[tuple[list[Place], Shape]]:
        """The lines on all ways from `sources` to `end`, in the order of the pass."""
        seen: set[int] = set()
        todo = [] if end in sources else [end]
        while todo:
            at = todo.pop()
            if at not in seen and at not in sources and at in self._made:
                seen.add(at)
                todo += self._made[at][1]
        return [line for made, line in self.lines.items() if made in seen]


class _Pass:
    """One watched pass of a network at a size."""

    def __init__(self, net: nn.Module, size: tuple[int, int]):
        shapes, self.watch = wiring.bare(net), _Lines()
        photo = torch.empty(1, 3, *size, device="meta", dtype=next(iter(shapes.parameters())).dtype)
        self.tensors: dict[str, Tensor] = {INPUT: photo}
        self.calls: dict[str, list[Place]] = {}

        def tap(name: str, tensor: Tensor, **facts: Any) -> Tensor:
            if facts.get("role") != "arrow":
                self.tensors[name], self.calls[name] = tensor, _calls(sys._getframe(1))
            return tensor

        with torch.inference_mode(False), torch.no_grad(), self.watch:
            shapes(photo, tap=tap)


_KNOWN: WeakKeyDictionary[nn.Module, dict[tuple[int, int], _Pass]] = WeakKeyDictionary()


def source(net: Any, name: str, size: tuple[int, int]) -> Source:
    """The lines that compute a map of the network's picture from those that it is made from.

    size -- height and width of the input. Raises KeyError for a map that is not in the picture.
    """
    ways = wiring.wiring(net).picture[name]
    known = _KNOWN.setdefault(net, {})
    seen = known[size] = known.get(size) or _Pass(net, size)
    passages: dict[CodeType, Passage] = {}
    calls = seen.calls[name]
    lines = seen.watch.between(id(seen.tensors[name]), {id(seen.tensors[start]) for start in ways})

    def mark(code: CodeType, line: int, *shape: Shape) -> None:
        passage = passages.setdefault(code, _passage(code))
        for number in _statement(code, line):
            passage.marked.setdefault(number, [])
        passage.marked.setdefault(line, []).extend(shape)

    asked: dict[Place, Shape] = {}  # where the function that names this map had it done, and what came of it
    for called, shape in lines:
        mark(*called[-1], shape)
        asked |= {place: shape for place in called[:-1] if place[0] is calls[-1][0]}
    for place, shape in asked.items():
        mark(*place, shape)
    mark(*calls[-1])
    shapes = {start: tuple(seen.tensors[start].shape) for start in ways}
    facts = [f"{code.co_qualname}, {_file(code)}:{line}" for code, line in calls]
    return Source([p for p in passages.values() if p.text], tuple(seen.tensors[name].shape), shapes, facts)


def _calls(frame: FrameType | None) -> list[Place]:
    """The lines that lead from the network's own pass to here."""
    found: list[Place] = []
    while frame and frame.f_code is not base.PoseNetwork.forward.__code__:
        if not frame.f_code.co_filename.startswith(_FOREIGN):
            found.insert(0, (frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return found


def _file(code: CodeType) -> str:
    """As in the repository; of other files the name alone."""
    file = Path(code.co_filename)
    return file.relative_to(_PACKAGE.parent).as_posix() if file.is_relative_to(_PACKAGE) else file.name


def _passage(code: CodeType) -> Passage:
    return Passage(code.co_qualname.replace("<locals>.", ""), _file(code), code.co_firstlineno, list(_text(code)))


@cache
def _text(code: CodeType) -> tuple[str, ...]:
    """The lines of a function; none where its source is not to be had."""
    try:
        return tuple(textwrap.dedent(inspect.getsource(code)).splitlines())
    except OSError:
        return ()


@cache
def _statement(code: CodeType, line: int) -> range:
    """The lines of the innermost statement around one; of a loop or a condition its head."""
    first, found = code.co_firstlineno - 1, range(line, line + 1)
    try:
        parsed = ast.walk(ast.parse("\n".join(_text(code))))
    except SyntaxError:  # a lambda in the middle of an expression
        return found
    for node in parsed:
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if node.lineno + first <= line <= end + first:
                found = range(node.lineno + first, end + first + 1)
    return found
