"""The architecture map: where every cell, arrow and word of a network's picture stands. Data first, SVG in map_svg.py.

HRNet as figure 1 of its paper: columns are stem, stages and modules, rows the four branches. Hourglass as figures 1
and 3 of its: each stack a U from its full resolution down and up again. One map cell is equally large everywhere in
a picture, so that sizes are to scale; only the photo, far larger than all maps, is drawn smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Pixels of the picture: the finest map's longer side, an arrow's least room, a line of text, the titles' height.
SIDE, GAP, TEXT, TOP = 64.0, 20.0, 30.0, 46.0
#: Room between a module's branches and what the fusion makes of them: arrows from each to each need it.
FUSION = 64.0
#: Narrower columns would let the labels "512x64x64" under their cells touch.
LABEL = 66.0
INPUT = "input"


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
    walk: tuple[int, int]
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
    """kind -- "same", "up" (enlarged), "down" (strided or pooled), "skip", "back" (fed back)"""

    source: str
    target: str
    kind: str = "same"


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


Shapes = Mapping[str, tuple[int, int, int]]


def scale(*networks: Shapes) -> float:
    """Pixels of the picture per map cell, the same for all networks that stand together."""
    return SIDE / max(side for shapes in networks for name, shape in shapes.items()
                      if name.endswith("heatmaps") for side in shape[1:])  # fmt: skip


def layout(shapes: Shapes, scale: float) -> Layout:
    """{tap: (C, H, W)} of a trace, "input" included -> its picture. HRNet or Hourglass, told by the taps' names."""
    return (_Hourglass if "stack1.heatmaps" in shapes else _HRNet)(shapes, scale).result()


class _Drawing:
    def __init__(self, shapes: Shapes, scale: float):
        self.shapes, self.out = shapes, Layout(scale=scale)
        self.x, self.column = 4.0, 0

    def size(self, name: str) -> tuple[float, float]:
        _, h, w = self.shapes[name]
        if name == INPUT:  # as large as the maps of a quarter of its resolution
            h, w = h / 4, w / 4
        return w * self.out.scale, h * self.out.scale

    def put(self, name: str, x: float, y: float, group: str, row: int, label: str = "", sized: bool = True) -> Cell:
        width, height = self.size(name)
        cell = Cell(name, x, y, width, height, self.shapes[name], group, (self.column, row), label, sized)
        self.out.cells[name] = cell
        return cell

    def word(self, x: float, y: float, text: str, size: str = "small", note: int | None = None) -> None:
        self.out.words.append(Word(x, y, text, size, note))

    def arrow(self, source: str, target: str, kind: str = "same") -> None:
        self.out.arrows.append(Arrow(source, target, kind))

    def finish(self) -> Layout:
        self.out.width = max(c.right for c in self.out.cells.values()) + 6
        self.out.height = max(c.y + c.height for c in self.out.cells.values()) + 20
        return self.out


class _HRNet(_Drawing):
    """Columns from left to right, cells centred in them."""

    def result(self) -> Layout:
        self.rows()
        self.single(INPUT, "photo", INPUT)
        self.single("stem.conv1", "conv1", "stem", INPUT)
        self.single("stem", "conv2", "stem", "stem.conv1")
        self.word(self.out.cells["stem.conv1"].x, 16, "stem", "title")
        last = "stem"
        units = [name for name in self.shapes if name.startswith("stage1.unit")]
        self.word(self.x, 16, "stage 1", "title")
        for name in units:
            self.single(name, name.removeprefix("stage1."), "stage1", last)
            last = name
        xs = [last]
        for stage in (2, 3, 4):
            xs = self.stage(stage, xs)
        self.word(self.x, 16, "head", "title")
        self.single("heatmaps", "heatmaps", "heatmaps", xs[0])
        return self.finish()

    def rows(self) -> None:
        self.y, y = [], TOP
        _, finest = self.size("heatmaps")
        for b in range(4):
            self.y.append(y)
            y += finest / (1 << b) + TEXT
        for b in range(1, 4):
            self.word(4, self.y[b] + finest / (1 << b) / 2 + 4, f"branch {b}")

    def single(self, name: str, label: str, group: str, source: str | None = None) -> None:
        width, _ = self.size(name)
        wide = max(width, LABEL)
        self.put(name, self.x + (wide - width) / 2, self.y[0], group, 0, label)
        if source:
            self.arrow(source, name)
        self.x += wide + GAP
        self.column += 1

    def stage(self, stage: int, xs: list[str]) -> list[str]:
        self.word(self.x, 16, f"stage {stage}", "title")
        new = [name for name in self.shapes if name.startswith(f"stage{stage}.transition.")]
        self.put_column(new, f"stage{stage}", "new")
        for name in new:
            b = int(name[-1])
            self.arrow(xs[min(b, len(xs) - 1)], name, "same" if b == 0 else "down")
        xs = new if stage == 2 else xs + new
        count = len({name.split(".")[1] for name in self.shapes if name.startswith(f"stage{stage}.module")})
        for module in range(1, count + 1):
            at = f"stage{stage}.module{module}"
            branches = [f"{at}.branch{b}" for b in range(len(xs))]
            self.put_column(branches, f"stage{stage}", f"module{module}", FUSION)
            for source, target in zip(xs, branches, strict=True):
                self.arrow(source, target)
            if (stage, module) == (2, 1):
                self.word(self.x - FUSION / 2, self.y[0] - 6, "", note=1)
                self.word(self.x - FUSION / 2, self.y[1] - 6, "", note=2)
            fused = [f"{at}.branch{b}.fused" for b in range(4) if f"{at}.branch{b}.fused" in self.shapes]
            if stage == 4 and len(fused) == 1:
                self.word(self.x - FUSION / 2, self.y[0] - 6, "", note=3)
            self.put_column(fused, f"stage{stage}", "fused")
            for i, target in enumerate(fused):
                for j, source in enumerate(branches):
                    self.arrow(source, target, "same" if i == j else "up" if j > i else "down")
            xs = fused
        return xs

    def put_column(self, names: list[str], group: str, label: str, gap: float = GAP) -> None:
        wide = max(LABEL, *(self.size(name)[0] for name in names))
        for k, name in enumerate(names):
            row = int(name.removesuffix(".fused")[-1])
            width, _ = self.size(name)
            self.put(name, self.x + (wide - width) / 2, self.y[row], group, row, label if k == 0 else "")
        self.x += wide + gap
        self.column += 1


class _Hourglass(_Drawing):
    """Stem, then one U after the other: levels are rows, nested ever narrower."""

    INSET, HEADS = 22.0, 96.0

    def result(self) -> Layout:
        self.depth = max(int(n.split("level")[1][0]) for n in self.shapes if n.startswith("stack1.level"))
        self.wide, self.high = self.size("stack1.heatmaps")
        self.y, y = [], TOP
        for k in range(self.depth + 1):
            self.y.append(y)
            y += self.high / (1 << k) + (42 if k == 0 else 28)
        self.stem()
        stacks = len([n for n in self.shapes if n.endswith(".heatmaps") and n.count(".") == 1])
        for stack in range(1, stacks + 1):
            self.stack(f"stack{stack}", stack, last=stack == stacks)
        return self.finish()

    def stem(self) -> None:
        self.word(self.x, 16, "photo and stem", "title")
        self.put(INPUT, self.x, TOP, INPUT, 0, "photo")
        self.x += max(self.wide, LABEL) + GAP
        self.column += 1
        self.put("stem.conv1", self.x, TOP, "stem", 0, "conv1")
        self.put("stem.unit1", self.x, TOP + 2 * self.high + TEXT, "stem", 1, "unit1")
        self.x += 2 * self.wide + GAP
        self.column += 1
        self.put("stem.unit2", self.x, TOP + 2 * self.high + TEXT, "stem", 1, "unit2")
        self.put("stem", self.x, TOP, "stem", 0, "stem")
        self.x += max(self.wide, LABEL) + GAP + 6
        self.column += 1
        for source, target in ((INPUT, "stem.conv1"), ("stem.conv1", "stem.unit1"), ("stem.unit1", "stem.unit2")):
            self.arrow(source, target)
        self.arrow("stem.unit2", "stem")
        self.arrow("stem", "stack1.input")

    def stack(self, at: str, stack: int, last: bool) -> None:
        u, left = 3 * self.wide + 60, self.x
        self.word(left, 16, f"stack {stack}", "title")
        self.put(f"{at}.input", left, self.y[0], f"{at} down", 0, "input")
        column = self.column
        for k in range(self.depth + 1):
            self.level(at, k, left + k * self.INSET, left + u - k * self.INSET, column + k)
        self.column = column + 2 * self.depth + 4
        for k in range(self.depth):
            below = f"{at}.level{k + 1}"
            self.arrow(f"{at}.input" if k == 0 else f"{at}.level{k}.down", f"{at}.level{k}.skip", "skip")
            self.arrow(f"{at}.input" if k == 0 else f"{at}.level{k}.down", f"{below}.down", "down")
            self.arrow(f"{at}.level{k}.skip", f"{at}.level{k}.merge", "skip")
            self.arrow(f"{below}.up", f"{at}.level{k}.merge", "up")
            if k:
                self.arrow(f"{at}.level{k}.merge", f"{at}.level{k}.up")
        deepest = f"{at}.level{self.depth}"
        self.arrow(f"{deepest}.down", f"{deepest}.bottom")
        self.arrow(f"{deepest}.bottom", f"{deepest}.up")
        self.heads(at, left + u + GAP + 6, stack, last)

    def level(self, at: str, k: int, left: float, right: float, column: int) -> None:
        y, name = self.y[k], f"{at}.level{k}"
        wide = self.wide / (1 << k)
        middle = [f"{name}.skip", f"{name}.merge", f"{name}.up"] if k < self.depth else [f"{name}.bottom", f"{name}.up"]
        names = ([f"{name}.down"] if k else [f"{at}.input"]) + [n for n in middle if n in self.shapes]
        step = (right - left - wide) / (len(names) - 1)
        for place, each in enumerate(names):
            if each.endswith(".input"):
                continue
            # On the way up, a column stands farther right the finer its level.
            turn = place if k == self.depth or not place else 2 * (self.depth - k) + place
            self.column = column + turn
            label = each.rpartition(".")[2] if k == 0 or wide >= 30 else ""
            way = "down" if each.endswith((".down", ".skip")) else "up"
            self.put(each, left + place * step, y, f"{at} {way}", k, label, sized=k == 0 or place == 0)

    def heads(self, at: str, x: float, stack: int, last: bool) -> None:
        pitch = max(self.wide, LABEL) + GAP
        self.put(f"{at}.features", x, self.y[0], "features", 0, "features")
        self.arrow(f"{at}.level0.merge", f"{at}.features")
        low = self.y[1] + 30
        if not last:
            self.put(f"{at}.feedback.features", x, low, "fed back", 2, "fed back")
            self.arrow(f"{at}.features", f"{at}.feedback.features", "back")
        self.column += 1
        self.put(f"{at}.heatmaps", x + pitch, self.y[0], "heatmaps", 0, "heatmaps")
        self.arrow(f"{at}.features", f"{at}.heatmaps")
        if not last:
            following = f"stack{stack + 1}.input"
            self.put(f"{at}.feedback.heatmaps", x + pitch, low, "fed back", 2, "fed back")
            self.arrow(f"{at}.heatmaps", f"{at}.feedback.heatmaps", "back")
            self.arrow(f"{at}.feedback.features", following, "back")
            self.arrow(f"{at}.feedback.heatmaps", following, "back")
            self.arrow(f"{at}.input", following, "skip")
        self.column += 1
        self.x = x + 2 * pitch + 14
