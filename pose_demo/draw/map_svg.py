"""An architecture map as SVG: the cells' thumbnails cut from one sprite, arrows, words. For the page and for files."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from .architecture import Arrow, Cell, Layout

#: A cell smaller than this can still be hit with a finger.
_HIT = 22.0

#: Colours by theme; a file has no theme, so that it says them itself.
STYLE = """
.xmap{--ink:#14181f;--quiet:#5a6472;--up:#0072b2;--down:#8a5a00;--skip:#7a8696;--back:#b0417f;--halo:#fff;
font-family:system-ui,"Segoe UI","Noto Sans",sans-serif;background:#fff}
"""
RULES = """
.xmap text{fill:var(--ink);font-size:12px}.xmap .title{font-size:17px;font-weight:650}
.xmap .quiet{fill:var(--quiet)}.xmap .size{fill:var(--quiet);font-size:11.5px;text-anchor:middle;
paint-order:stroke;stroke:var(--halo);stroke-width:3px}
.xmap .arrow{fill:none;stroke:var(--skip);stroke-width:1.2;opacity:.75}.xmap .up{stroke:var(--up)}
.xmap .down{stroke:var(--down)}.xmap .back{stroke:var(--back)}
.xmap .rim{fill:none;stroke:var(--quiet);stroke-width:1;vector-effect:non-scaling-stroke}
.xmap .note circle{fill:#ffd166;stroke:#6b4a00}.xmap .note text{fill:#3b2900;font-size:11px;font-weight:700;
text-anchor:middle}.xmap use{image-rendering:pixelated}
"""


def svg(layout: Layout, thumbnails: Mapping[str, tuple[int, int, int, int]], sprite: str, side: str, title: str,
        names: Mapping[str, str], standalone: bool = False) -> str:  # fmt: skip
    """An <svg> in which every cell is a button that a keyboard reaches.

    thumbnails -- {cell: x, y, width, height in the sprite}; sprite -- its address and size "address|width|height"
    side       -- "left" or "right", part of the ids; names -- {cell: what a screen reader says}
    standalone -- with its own colours, for a file
    """
    address, width, height = sprite.rsplit("|", 2)
    style = f"<style>{STYLE}{RULES}</style>" if standalone else ""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="xmap" viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" '
        f'width="{layout.width:.0f}" height="{layout.height:.0f}" role="group" aria-label="{escape(title)}">{style}',
        f'<defs><image id="sprite-{side}" href="{address}" width="{width}" height="{height}"/>',
        *(_head(kind) for kind in ("same", "up", "down", "skip", "back")),
        "</defs>",
        *(_arrow(layout, arrow) for arrow in layout.arrows),
        *(
            _word(w.x, w.y, w.text, w.size) if w.note is None else _note(w.x, w.y, w.note)
            for w in layout.words
        ),
        *(_cell(cell, thumbnails[name], side, names[name]) for name, cell in layout.cells.items()),
        _bar(layout),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def _head(kind: str) -> str:
    """No arrow heads of their own ids per map are needed: both maps may share these."""
    return (
        f'<marker id="head-{kind}" viewBox="0 0 6 6" refX="5.4" refY="3" markerWidth="5" markerHeight="5" '
        'orient="auto">'
        f'<path class="headed {kind}" d="M0 0.4L6 3L0 5.6z"/></marker>'
    )


def _word(x: float, y: float, text: str, size: str) -> str:
    return f'<text class="{"title" if size == "title" else "quiet"}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _note(x: float, y: float, number: int) -> str:
    return (
        f'<g class="note" data-note="{number}"><circle cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}">{number}</text></g>'
    )


def _cell(cell: Cell, at: tuple[int, int, int, int], side: str, name: str) -> str:
    x, y, w, h = cell.x, cell.y, cell.width, cell.height
    grow_x, grow_y = max(0.0, _HIT - w) / 2, max(0.0, _HIT - h) / 2
    size = "×".join(map(str, cell.shape))
    parts = [
        '<g class="tile">',
        # The rectangle is the button, and not the group, whose box would be the whole sprite's.
        f'<rect class="cell" role="button" tabindex="-1" data-cell="{escape(cell.name)}" data-size="{size}" '
        f'data-column="{cell.walk[0]}" data-row="{cell.walk[1]}" aria-label="{escape(name)}, {size}" '
        f'x="{x - grow_x:.1f}" y="{y - grow_y:.1f}" width="{w + 2 * grow_x:.1f}" height="{h + 2 * grow_y:.1f}" '
        'fill="transparent"/>',
        f'<svg class="thumb" x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" '
        f'viewBox="{at[0]} {at[1]} {at[2]} {at[3]}" preserveAspectRatio="none" overflow="hidden" '
        f'pointer-events="none"><use href="#sprite-{side}"/></svg>',
        f'<rect class="rim" x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" pointer-events="none"/>',
    ]
    if cell.label:
        parts.append(f'<text class="quiet label" x="{x:.1f}" y="{y - 5:.1f}">{escape(cell.label)}</text>')
    if cell.sized:
        parts.append(f'<text class="size" x="{x + w / 2:.1f}" y="{y + h + 13:.1f}">{size}</text>')
    return "".join(parts) + "</g>"


def _arrow(layout: Layout, arrow: Arrow) -> str:
    a, b = layout.cells[arrow.source], layout.cells[arrow.target]
    return (
        f'<path class="arrow {arrow.kind}" data-from="{escape(a.name)}" data-to="{escape(b.name)}" '
        f'marker-end="url(#head-{arrow.kind})" d="{_path(a, b, arrow)}"/>'
    )


def _path(a: Cell, b: Cell, arrow: Arrow) -> str:
    if arrow.over:  # the identity over a whole stack: above it
        (ax, _), (bx, _) = a.middle, b.middle
        lift = a.y - 20
        return f"M{ax:.1f} {a.y:.1f}V{lift:.1f}H{bx:.1f}V{b.y - 2:.1f}"
    if b.x >= a.right - 1:
        (_, ay), (_, by) = a.middle, b.middle
        if abs(ay - by) < 1:
            return f"M{a.right + 1:.1f} {ay:.1f}H{b.x - 2:.1f}"
        by = min(max(by, b.y + 3), b.y + b.height - 3) if b.height > 6 else by
        bend = max(8.0, (b.x - a.right) / 2)
        handles = f"{a.right + bend:.1f} {ay:.1f} {b.x - bend:.1f} {by:.1f}"
        return f"M{a.right + 1:.1f} {ay:.1f}C{handles} {b.x - 2:.1f} {by:.1f}"
    down = b.y > a.y
    y0, y1 = (a.y + a.height + 1, b.y - 2) if down else (a.y - 1, b.y + b.height + 2)
    x0, x1 = a.middle[0], b.middle[0]
    if arrow.kind == "up":  # from the right end of a level to the map above it
        x0, x1 = a.right, b.x + b.width * 0.7
    return f"M{x0:.1f} {y0:.1f}C{x0:.1f} {(y0 + y1) / 2:.1f} {x1:.1f} {(y0 + y1) / 2:.1f} {x1:.1f} {y1:.1f}"


def _bar(layout: Layout) -> str:
    """The scale: how long 16 map cells are."""
    y, length = layout.height - 8, 16 * layout.scale
    return (
        f'<g class="scale-bar"><path class="arrow" style="stroke-width:2" d="M4 {y - 4}V{y}H{4 + length:.1f}V{y - 4}"/>'
        f'<text class="quiet" x="{10 + length:.1f}" y="{y}">16</text></g>'
    )
