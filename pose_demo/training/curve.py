"""The training curve as a picture, with Pillow alone."""

from __future__ import annotations

from PIL import Image, ImageDraw

_WIDTH, _HEIGHT, _MARGIN = 720, 400, 56
# A validation set a colour, in the order of the log; the loss has one of its own.
_SETS, _LOSS = ("#0072B2", "#009E73", "#CC79A7"), "#D55E00"


def draw_curve(log: list[dict], title: str) -> Image.Image:
    """The entries of log.jsonl over photos seen; every line on the axis from 0 to 1."""
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = _MARGIN, _MARGIN, _WIDTH - _MARGIN // 2, _HEIGHT - _MARGIN
    most = max((entry["photos"] for entry in log), default=1)

    for k in range(6):
        y = bottom - (bottom - top) * k / 5
        draw.line([left, y, right, y], fill="#dddddd")
        draw.text((left - 8, y), f"{k / 5:.1f}", fill="#444444", anchor="rm")
        x = left + (right - left) * k / 5
        draw.text((x, bottom + 8), f"{most * k / 5 / 1000:.0f}k", fill="#444444", anchor="mt")
    draw.text(((left + right) / 2, bottom + 28), "photos seen", fill="#444444", anchor="mt")
    draw.text((left, 14), title, fill="black")

    for n, (label, colour, values) in enumerate(_lines(log)):
        points = [
            (left + (right - left) * photos / most, bottom - (bottom - top) * min(max(value, 0), 1))
            for photos, value in values
            if value == value
        ]
        if len(points) > 1:
            draw.line(points, fill=colour, width=2)
        for x, y in points:
            draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=colour)
        draw.line([left + 150 * n, 42, left + 150 * n + 20, 42], fill=colour, width=3)
        draw.text((left + 150 * n + 26, 42), label, fill="#444444", anchor="lm")
    return picture


def _lines(log: list[dict]) -> list[tuple[str, str, list[tuple[int, float]]]]:
    """Label, colour and (photos, value) of each line: the measure on every validation set, and the loss."""
    measure, title = ("ap", "AP@0.5") if log and "ap" in log[-1] else ("pck", "PCK@0.2")
    lines = [
        (f"{title}, {name}", _SETS[k % len(_SETS)], [(entry["photos"], entry[measure][name]) for entry in log])
        for k, name in enumerate(log[-1][measure] if log else ())
    ]
    return [*lines, ("loss", _LOSS, [(entry["photos"], entry["loss"]) for entry in log])]
