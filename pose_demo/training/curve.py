"""The training curve as a picture, with Pillow alone."""

from __future__ import annotations

from PIL import Image, ImageDraw

_WIDTH, _HEIGHT, _MARGIN = 720, 400, 56
_LINES = (
    ("pck", "#0072B2", "validation PCK@0.2"),
    ("upright", "#009E73", "upright people"),
    ("loss", "#D55E00", "loss"),
)


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

    for n, (key, colour, label) in enumerate(_LINES):
        points = [
            (left + (right - left) * e["photos"] / most, bottom - (bottom - top) * min(max(e[key], 0), 1))
            for e in log
            if e[key] == e[key]
        ]
        if len(points) > 1:
            draw.line(points, fill=colour, width=2)
        for x, y in points:
            draw.ellipse([x - 2, y - 2, x + 2, y + 2], fill=colour)
        draw.line([left + 150 * n, 42, left + 150 * n + 20, 42], fill=colour, width=3)
        draw.text((left + 150 * n + 26, 42), label, fill="#444444", anchor="lm")
    return picture
