"""An architecture map as SVG: the cells' thumbnails cut from one sprite, arrows, words. For the page and for files."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape

import numpy as np

from .architecture import Arrow, Cell, Layout
from .colour import viridis

#: A cell smaller than this can still be hit with a finger.
_HIT = 22.0

#: What the page's style sheet says of each class, as plain attributes: a file has no style sheet, and programs that
#: draw SVG without a browser (CairoSVG, Inkscape) know neither variables nor halos.
_INK, _QUIET, _ALARM = "#14181f", "#5a6472", "#c4141c"
_LOOKS: dict[str, dict[str, str]] = {
    "xmap": {"font-family": "sans-serif", "font-size": "12"},
    "title": {"font-size": "17", "font-weight": "bold", "fill": _INK},
    "quiet": {"fill": _QUIET},
    "size": {"fill": _QUIET, "font-size": "11.5", "text-anchor": "middle"},
    "told": {"fill": _INK},
    "alarm": {"fill": _ALARM, "font-weight": "bold"},
    "arrow": {"fill": "none", "stroke": "#7a8696", "stroke-width": "1.2", "stroke-opacity": ".75"},
    "up": {"stroke": "#0072b2"},
    "down": {"stroke": "#8a5a00"},
    "back": {"stroke": "#b0417f"},
    "rim": {"fill": "none", "stroke": _QUIET},
    "broken": {"stroke": _ALARM, "stroke-width": "3", "stroke-opacity": "1", "stroke-dasharray": "2 7"},
    "gone": {"fill": "none", "stroke": _ALARM, "stroke-width": "4", "stroke-dasharray": "5 4"},
    "sprite": {"image-rendering": "pixelated"},
    "halo": {"fill": "none", "stroke": "#fff", "stroke-width": "3", "stroke-linejoin": "round"},
}


@dataclass(frozen=True)
class Cuts:
    """What is drawn broken. arrows -- {(from, to): the place that is cut there}; cells -- those that are cut"""

    arrows: Mapping[tuple[str, str], str] = field(default_factory=dict)
    cells: Collection[str] = ()


_WHOLE = Cuts()
_THUMB = re.compile(r'<svg class="thumb" x="(.*?)" y="(.*?)" width="(.*?)" height="(.*?)" viewBox="(\S+) (\S+) (\S+) '
                    r'(\S+?)".*?<use href="(.*?)"/></svg>')  # fmt: skip
_CLIPPED, _RIM = re.compile(r"<clipPath.*?</clipPath><g clip-path.*?</g>"), re.compile(r'<rect class="rim[^>]*>')
_HAN, _HAN_FONTS = re.compile("[\u2e80-\u9fff]"), '"Noto Sans CJK SC, sans-serif"'


@dataclass(frozen=True)
class Heading:
    """What stands over the drawing in a file. alarm -- in red, at the end of the first line; lines -- below it"""

    title: str
    alarm: str = ""
    lines: Sequence[str] = ()


def svg(layout: Layout, thumbnails: Mapping[str, tuple[int, int, int, int]], sprite: str, side: str, title: str,
        names: Mapping[str, str], tell: Callable[[str], str] = str, cuts: Cuts = _WHOLE) -> str:  # fmt: skip
    """An <svg> in which every cell is a button that a keyboard reaches; the page's style sheet colours it.

    thumbnails -- {cell: x, y, width, height in the sprite}; sprite -- its address and size "address|width|height"
    side       -- part of the ids; names -- {cell: what a screen reader says}
    tell       -- a label in another language (locales.drawn); data-drawn holds it as it is, for a browser that
                  changes the language
    """
    address, width, height = sprite.rsplit("|", 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="xmap" viewBox="0 0 {layout.width:.0f} {layout.height:.0f}" '
        f'width="{layout.width:.0f}" height="{layout.height:.0f}" role="group" aria-label="{escape(title)}">',
        f'<defs><image id="sprite-{side}" class="sprite" href="{address}" width="{width}" height="{height}"/>',
        *(_head(kind) for kind in ("same", "up", "down", "skip", "back")),
        "</defs>",
        *(_arrow(layout, arrow, cuts) for arrow in layout.arrows),
        *(_cell(cell, thumbnails[name], side, names[name], tell, cuts) for name, cell in layout.cells.items()),
        *(
            _word(w.x, w.y, w.text, w.size, tell) if w.note is None else _note(w.x, w.y, w.note)
            for w in layout.words
        ),
        _bar(layout),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def plain(drawn: str, heading: Heading) -> str:
    """The same drawing as a file of its own: every look an attribute, and a heading over it."""

    def looks(found: re.Match) -> str:
        told: dict[str, str] = {}
        for name in found[1].split():
            told |= _LOOKS.get(name, {})
        if found[1].startswith("headed"):  # the head of an arrow, in the arrow's colour
            told = {"fill": (_LOOKS["arrow"] | told)["stroke"]}
        return "".join([found[0], *(f' {name}="{value}"' for name, value in told.items())])

    _, _, width, height = (float(v) for v in drawn.split('viewBox="', 1)[1].split('"', 1)[0].split())
    over, top = _heading(heading, width)
    start = drawn.index(">") + 1
    first = re.sub(r'viewBox="[^"]*"', f'viewBox="0 {-top} {width:.0f} {height + top:.0f}"', drawn[:start])
    first = re.sub(r' height="[^"]*"', f' height="{height + top:.0f}"', first, count=1)
    paper = f'<rect y="{-top}" width="{width:.0f}" height="{height + top:.0f}" fill="#fff"/>'
    halos = re.sub(r'<text class="(size|quiet[^"]*)"([^<]*</text>)', r'<text class="\1 halo"\2\g<0>', drawn[start:])
    first = first.replace("<svg ", '<svg xmlns:xlink="http://www.w3.org/1999/xlink" ', 1)
    whole = re.sub(r'class="([^"]*)"', looks, first + paper + over + _THUMB.sub(_clipped, halos))
    whole = whole.replace(" href=", " xlink:href=")
    # CairoSVG takes the first family alone, and looks in no other for what that one has not.
    return whole if _HAN.search(whole) is None else whole.replace('"sans-serif"', _HAN_FONTS, 1)


def _clipped(thumb: re.Match) -> str:
    """A thumbnail as Inkscape draws it, too: an <svg> within another one it neither clips nor places by its viewBox."""
    x, y, width, height, at_x, at_y, of_x, of_y = map(float, thumb.groups()[:8])
    name, wide, high = f"clip-{thumb[9][1:]}-{thumb.start()}", width / of_x, height / of_y
    return (
        f'<clipPath id="{name}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/></clipPath>'
        f'<g clip-path="url(#{name})"><use href="{thumb[9]}" transform="translate({x - at_x * wide:.4f} '
        f'{y - at_y * high:.4f}) scale({wide:.6f} {high:.6f})"/></g>'
    )


def covered(drawn: str, shares: Mapping[str, float]) -> str:
    """A file's drawing whose cells have, instead of their maps, the colour and in figures the size of a share, 0 to 1;
    cells without one are blank."""
    start, *tiles = re.sub(r"<image .*?/>", "", drawn).split('<g class="tile')

    def cover(tile: str) -> str:
        tile = _CLIPPED.sub("", tile)
        share = shares.get(unescape(tile.split('data-cell="', 1)[1].split('"', 1)[0]))
        if share is None:
            return tile
        shade = viridis(np.array(share), 0.0, 1.0).tobytes().hex()
        filled = _RIM.sub(lambda rim: rim[0].replace('fill="none"', f'fill="#{shade}"'), tile, count=1)
        return re.sub(r'(<text class="size[^>]*>)[^<]*', rf"\g<1>{share:.0%}", filled)

    return '<g class="tile'.join([start, *map(cover, tiles)])


def _heading(heading: Heading, width: float) -> tuple[str, int]:
    """Its elements, and how high it is."""
    lines = [part for line in heading.lines for part in textwrap.wrap(line, max(40, int(width / 6.5)))]
    top = 28 + 17 * len(lines)
    alarm = f' <tspan class="alarm">{escape(heading.alarm)}</tspan>' if heading.alarm else ""
    parts = [f"<title>{escape(' · '.join(filter(None, [heading.title, heading.alarm, *lines])))}</title>",
             f'<text class="title" x="4" y="{20 - top}">{escape(heading.title)}{alarm}</text>']  # fmt: skip
    parts += [f'<text class="told" x="4" y="{38 + 17 * k - top}">{escape(line)}</text>' for k, line in enumerate(lines)]
    return "".join(parts), top


def _head(kind: str) -> str:
    """No arrow heads of their own ids per map are needed: both maps may share these."""
    return (
        f'<marker id="head-{kind}" viewBox="0 0 6 6" refX="5.4" refY="3" markerWidth="5" markerHeight="5" '
        'orient="auto">'
        f'<path class="headed {kind}" d="M0 0.4L6 3L0 5.6z"/></marker>'
    )


def _word(x: float, y: float, text: str, size: str, tell: Callable[[str], str]) -> str:
    kind = "title" if size == "title" else "quiet"
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" data-drawn="{escape(text)}">{escape(tell(text))}</text>'


def _note(x: float, y: float, number: int) -> str:
    return (
        f'<g class="note" data-note="{number}">'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="#ffd166" stroke="#6b4a00"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" fill="#3b2900" font-size="11" font-weight="bold" text-anchor="middle">'
        f"{number}</text></g>"
    )


def _cell(cell: Cell, at: tuple[int, int, int, int], side: str, name: str, tell: Callable[[str], str],
          cuts: Cuts) -> str:  # fmt: skip
    x, y, w, h = cell.x, cell.y, cell.width, cell.height
    grow_x, grow_y = max(0.0, _HIT - w) / 2, max(0.0, _HIT - h) / 2
    size, gone = "×".join(map(str, cell.shape)), " gone" if cell.name in cuts.cells else ""
    parts = [
        f'<g class="tile{" cut" if gone else ""}">',
        # The rectangle is the button, and not the group, whose box would be the whole sprite's.
        f'<rect class="cell" role="button" tabindex="-1" data-cell="{escape(cell.name)}" data-size="{size}" '
        f'data-column="{cell.walk[0]}" data-row="{cell.walk[1]}" aria-label="{escape(name)}, {size}" '
        f'x="{x - grow_x:.1f}" y="{y - grow_y:.1f}" width="{w + 2 * grow_x:.1f}" height="{h + 2 * grow_y:.1f}" '
        'fill="none" pointer-events="all"/>',
        f'<svg class="thumb" x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" '
        f'viewBox="{at[0]} {at[1]} {at[2]} {at[3]}" preserveAspectRatio="none" overflow="hidden" '
        f'pointer-events="none"><use href="#sprite-{side}"/></svg>',
        f'<rect class="rim{gone}" x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" pointer-events="none"/>',
    ]
    if cell.label:
        label = f'data-drawn="{escape(cell.label)}">{escape(tell(cell.label))}'
        parts.append(f'<text class="quiet label" x="{x:.1f}" y="{y - 5:.1f}" {label}</text>')
    if cell.sized:
        parts.append(f'<text class="size" x="{x + w / 2:.1f}" y="{y + h + 13:.1f}">{size}</text>')
    return "".join(parts) + "</g>"


def _arrow(layout: Layout, arrow: Arrow, cuts: Cuts) -> str:
    a, b = layout.cells[arrow.source], layout.cells[arrow.target]
    place = cuts.arrows.get((a.name, b.name))
    kind = arrow.kind if place is None else f"{arrow.kind} broken"
    end = f'marker-end="url(#head-{arrow.kind})"' if place is None else f'data-cut="{escape(place)}"'
    return (
        f'<path class="arrow {kind}" data-from="{escape(a.name)}" data-to="{escape(b.name)}" {end} '
        f'd="{_path(a, b, arrow)}"/>'
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
