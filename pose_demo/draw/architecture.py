"""The architecture map: where every cell, arrow and word of a network's picture stands. Data first, SVG in map_svg.py.

It is read from the network's wiring: its taps say in which column and lane they stand (networks/trace.py, Drawn), the
ways between them are the arrows. One map cell is equally large everywhere in a picture, so that sizes are to scale;
only the photo, far larger than all maps, is drawn smaller.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import floor, log2

from ..networks.trace import ALONE, INPUT
from ..networks.wiring import Enlarge, Way, Wiring

#: Pixels of the picture: the finest map's longer side, an arrow's least room, a line of text, the titles' height.
SIDE, GAP, TEXT, TOP = 64.0, 20.0, 34.0, 46.0
#: Room between columns where a map is made from several of the column before: arrows from each to each need it.
FUSION = 64.0
#: Narrower columns would let the labels "512x64x64" under their cells touch.
LABEL = 66.0
#: Maps beside each other in one lane of a column: the room between them, and by how much each lane is narrower.
BESIDE, INSET = 26.0, 22.0


@dataclass(frozen=True)
class Cell:
    """A map: x, y, width, height in pixels of the picture; shape is (C, H, W); label is what stands above it.

    group -- cells of one group share a colour range; walk -- (column, row), where the arrow keys find it
    """

    name: str
    x: float
    y: float
    width: float
    height: float
    shape: tuple[int, int, int]
    group: str
    walk: tuple[int, float]
    label: str = ""
    sized: bool = True

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Arrow:
    """kind -- "same", "up" (enlarged), "down" (strided or pooled), "skip", "back" (fed back); over -- other columns"""

    source: str
    target: str
    kind: str = "same"
    over: bool = False


@dataclass(frozen=True)
class Word:
    """size -- "title" or "small"; note -- number of a remark on paper and code, drawn as a badge"""

    x: float
    y: float
    text: str
    size: str = "small"
    note: int | None = None


@dataclass
class Layout:
    width: float = 0.0
    height: float = 0.0
    scale: float = 1.0  # pixels of the picture per map cell
    cells: dict[str, Cell] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # keys of the remarks, by number from 1


Shapes = Mapping[str, tuple[int, int, int]]


def scale(*answers: tuple[int, int, int]) -> float:
    """Pixels of the picture per map cell, the same for all networks that stand together; their heatmaps' shapes."""
    return SIDE / max(side for shape in answers for side in shape[1:])


def layout(wired: Wiring, shapes: Shapes, scale: float) -> Layout:
    """The picture of a network. shapes -- {tap: (C, H, W)} of all that stands in it, INPUT included."""
    return _Drawing(wired, shapes, scale).result()


class _Drawing:
    """Columns from left to right in the order of the pass, lanes from top to bottom."""

    def __init__(self, wired: Wiring, shapes: Shapes, scale: float):
        self.wired, self.shapes, self.out = wired, shapes, Layout(scale=scale)
        self.nodes = {name: wired.nodes[name] for name in wired.picture}
        self.answer = [node for node in self.nodes.values() if node.role == "heatmaps"][-1]
        self.columns: dict[str, list[str]] = {INPUT: [INPUT]}
        for name, node in self.nodes.items():
            self.columns.setdefault((node.drawn or ALONE).column or name, []).append(name)
        self.column_of = {name: k for k, names in enumerate(self.columns.values()) for name in names}

    def result(self) -> Layout:
        out, x, part = self.out, 4.0, ""
        for column in self.columns.values():
            if column[0] != INPUT and self.nodes[column[0]].part != part:
                part = self.nodes[column[0]].part
                out.words.append(Word(x, 16, re.sub(r"(\d+)", r" \1", part), "title"))
            x += self.column(column, x) + (FUSION if self.crossed(column) else GAP)
        middles = sorted({(self.column_of[c.name], round(c.middle[0])) for c in out.cells.values()})
        for name, cell in out.cells.items():
            at = middles.index((self.column_of[name], round(cell.middle[0])))
            out.cells[name] = replace(cell, walk=(at, self.lane(name)))
        out.arrows = [self.arrow(s, t, way) for t, ways in self.wired.picture.items() for s, way in ways.items()]
        self.branches()
        out.width = max(c.right for c in out.cells.values()) + 6
        out.height = max(c.y + c.height for c in out.cells.values()) + 20
        return out

    def lane(self, name: str) -> float:
        if name == INPUT:
            return 0
        node = self.nodes[name]
        lane = (node.drawn or ALONE).lane
        return max(0, round(log2(node.stride / self.answer.stride))) if lane is None else lane

    def row(self, lane: float) -> float:
        """y of a lane: each is half as high as the one above it."""
        _, finest = self.size(self.answer.name)
        above = [finest / (1 << k) + TEXT for k in range(floor(lane) + 1)]
        return TOP + sum(above[:-1]) + (lane - floor(lane)) * above[-1]

    def size(self, name: str) -> tuple[float, float]:
        _, h, w = self.shapes[name]
        smaller = self.answer.stride if name == INPUT else 1
        return w * self.out.scale / smaller, h * self.out.scale / smaller

    def column(self, names: list[str], left: float) -> float:
        """Puts a column's cells; returns its width."""
        lanes: dict[float, list[str]] = {}
        for name in sorted(names, key=self.lane):
            lanes.setdefault(self.lane(name), []).append(name)
        width = max(LABEL, *(self.room(lane, there) for lane, there in lanes.items()))
        bottom = 0.0
        for lane, there in lanes.items():
            y = max(self.row(lane), bottom + TEXT)
            for k, name in enumerate(there):
                cell_width, height = self.size(name)
                x = left + (width - cell_width) / 2
                if len(there) > 1:
                    inset = INSET * lane
                    x = left + inset + k * (width - 2 * inset - cell_width) / (len(there) - 1)
                self.put(name, x, y, first=k == 0)
                bottom = y + height
        return width

    def room(self, lane: float, names: list[str]) -> float:
        """The width that a lane of a column needs."""
        pitch = max(self.size(name)[0] for name in names) + BESIDE
        pitch = max(pitch, LABEL) if lane == 0 else pitch
        return self.size(names[-1])[0] + (len(names) - 1) * pitch + (2 * INSET * lane if len(names) > 1 else 0)

    def put(self, name: str, x: float, y: float, first: bool) -> None:
        width, height = self.size(name)
        label, group = "photo", INPUT
        if name != INPUT:
            node, drawn = self.nodes[name], self.nodes[name].drawn or ALONE
            group = drawn.group or ("heatmaps" if node.role == "heatmaps" else node.part)
            label = name.rpartition(".")[2] if drawn.label is None else drawn.label
            if drawn.note and drawn.note not in self.out.notes:
                self.out.notes.append(drawn.note)
                self.out.words.append(Word(x - 12, y - 6, "", note=len(self.out.notes)))
        top = self.lane(name) == 0
        label = label if top or width >= 30 else ""
        self.out.cells[name] = Cell(name, x, y, width, height, self.shapes[name], group, (0, 0), label, top or first)

    def crossed(self, column: list[str]) -> bool:
        """Whether a map of the next column is made from several of this one."""
        here = self.column_of[column[0]]
        targets = (ways for name, ways in self.wired.picture.items() if self.column_of[name] == here + 1)
        return any(sum(source in column for source in ways) > 1 for ways in targets)

    def arrow(self, source: str, target: str, way: Way) -> Arrow:
        names = [name for name in (source, *way.through, target) if name != INPUT]
        roles = {self.wired.nodes[name].role for name in names}
        kind = "same"
        if "feedback" in roles:
            kind = "back"
        elif "skip" in roles:
            kind = "skip"
        elif any(isinstance(step, Enlarge) for step in way.steps):
            kind = "up"
        elif self.nodes[target].stride > (1 if source == INPUT else self.nodes[source].stride):
            kind = "down"
        return Arrow(source, target, kind, kind == "skip" and self.column_of[source] != self.column_of[target])

    def branches(self) -> None:
        """At the left, the names of parallel branches."""
        found = {node.branch: name for name, node in reversed(self.nodes.items()) if node.branch}
        for branch, name in sorted(found.items()):
            y = self.row(self.lane(name)) + self.size(name)[1] / 2 + 4
            self.out.words.append(Word(4, y, f"branch {branch}"))
