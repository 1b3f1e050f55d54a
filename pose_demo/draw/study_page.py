"""A study's result as one HTML file that needs nothing else: figures, tables, tests, and where they come from."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import joint_set
from ..locales import Said, say, tell
from ..study import report
from .skeleton import STROKE, strokes
from .study import figures
from .study_words import answers, source

_STYLE = """
body{font:17px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.7rem}h2{font-size:1.2rem;margin:2.2rem 0 .3rem}table{border-collapse:collapse;font-size:.9rem}
td,th{padding:.25rem .7rem;border-bottom:1px solid #8884;text-align:left}td+td{font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}.untrained{color:#c00;font-weight:700}.gallery{display:flex;flex-wrap:wrap;gap:1rem}
figure{margin:0;width:240px;font-size:.8rem}figure div{position:relative}figure img,figure svg{width:100%;display:block}
figure svg{position:absolute;inset:0;height:100%}pre{white-space:pre-wrap}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}}
"""
_LONGEST = 480  # pixels of a gallery picture's longer side


def write(result: dict[str, Any], file: Path, gallery: Iterable[str] = ()) -> Path:
    """The page, at `file`. gallery -- <figure> elements of `telling`."""
    drawn, parts = figures(result), []
    for k, (heading, figure) in enumerate(drawn):
        # The first brings Plotly's own code along, once for all: the page must work without a network.
        inner = figure.to_html(full_html=False, include_plotlyjs=k == 0, config={"displaylogo": False})
        parts.append(f"<h2>{escape(heading)}</h2>{inner}")
    pictures = "".join(gallery)
    if pictures:
        parts.append(f'<h2>Where the networks disagree most</h2><div class="gallery">{pictures}</div>')
    asks = escape(say("en", f"study.{result['study']}"))
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Study: {escape(result["study"])}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{asks}</h1>"
        f"{''.join(f'<p><b>{_words(answer)}</b></p>' for answer in answers(result))}"
        f"<p>{' '.join(map(_words, source(result)))}</p>"
        f"{_networks(result)}{''.join(parts)}{_numbers(result)}{_tests(result)}{_notes(result)}{_bad(result)}"
        f"<h2>How it was made</h2><pre>{escape(json.dumps(result['made'], indent=1))}</pre></body></html>\n"
    )
    file.write_text(page, encoding="utf-8")
    return file


def _words(sentence: Said) -> str:
    return escape(tell("en", sentence))


def _networks(result: dict[str, Any]) -> str:
    def status(network: dict[str, Any]) -> str:
        marked = ' class="untrained"' if network["status"] == "untrained" else ""
        return f"<span{marked}>{escape(network['status'])}</span>"

    rows = [[escape(n["title"]), status(n), escape(n["trained_upsampling"]), "x".join(map(str, n["input"])),
             escape((n["weights_sha256"] or "none")[:12])] for n in result["networks"]]  # fmt: skip
    rows += [[escape(p["name"]), f"predictions from {escape(p['file'])}", "", "", ""] for p in result["predictions"]]
    return _html_table(["network", "status", "trained with", "input", "weights, SHA-256"], rows)


def _numbers(result: dict[str, Any]) -> str:
    names, cells = report.figures(result)
    rows = [[escape(row["label"]), *map(escape, line)] for row, line in zip(result["rows"], cells, strict=True)]
    return f"<h2>Figures</h2>{_html_table(['network', *names], rows)}"


def _tests(result: dict[str, Any]) -> str:
    labels = {row["column"]: row["label"] for row in result["rows"]}
    rows = [[escape(labels[t["b"]]), escape(labels[t["a"]]), escape(t["measure"]), report.said(t["difference"]),
             _p(t["p_bootstrap"]), _p(t.get("p_mcnemar"))] for t in result["tests"]]  # fmt: skip
    if not rows:
        return ""
    head = ["of", "less", "measure", "difference", "p, paired bootstrap", "p, McNemar by person"]
    return f"<h2>Tests on the same people</h2>{_html_table(head, rows)}"


def _notes(result: dict[str, Any]) -> str:
    return f"<h2>How to read this</h2><ul>{''.join(f'<li>{_words(note)}</li>' for note in result['notes'])}</ul>"


def _bad(result: dict[str, Any]) -> str:
    data = result["data"]
    if not data["bad"]:
        return ""
    rows = [[escape(bad["name"]), escape(bad["reason"])] for bad in data["bad_records"]]
    return f"<h2>{data['bad']} records that could not be used</h2>{_html_table(['record', 'why'], rows)}"


def _html_table(head: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are escaped already."""
    top = "".join(f"<th>{escape(h)}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


# --- the gallery -----------------------------------------------------------------------------------------------------


def telling(photo: np.ndarray, facts: dict[str, Any], joints: str, found: dict[str, np.ndarray]) -> str:
    """A <figure>: a photo (H, W, 3) with what two networks found, the first solid, the second dashed.

    facts -- as the result has them; found -- {title: (J, 3) x, y, score}, two of them
    """
    from PIL import Image

    part, corner = _around(photo, list(found.values()))
    image = Image.fromarray(part)
    image.thumbnail((_LONGEST, _LONGEST))
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=85)
    stroke = max(part.shape[:2]) * STROKE
    drawn, names = [], joint_set(joints)
    dashes = ("", f'stroke-dasharray="{3 * stroke:.1f} {2 * stroke:.1f}"')
    for (title, points), dash in zip(found.items(), dashes, strict=True):
        shown = np.isfinite(points[:, 0])
        at = np.where(shown[:, None], points[:, :2] - corner, 0)
        scores = np.where(shown, points[:, 2], -np.inf)
        drawn.append(f'<g aria-label="{escape(title)}">{strokes(names, at, scores, stroke, -1e9, dash)}</g>')
    says = ", ".join(f"{j['joint']}: {j['a']} / {j['b']}" for j in facts.get("joints", ()))
    says = says or f"{facts.get('torsos_apart')} torsos apart on average"
    return (
        f'<figure><div><img alt="{escape(facts["name"])}" '
        f'src="data:image/jpeg;base64,{base64.b64encode(packed.getvalue()).decode()}">'
        f'<svg viewBox="-0.5 -0.5 {part.shape[1]} {part.shape[0]}" preserveAspectRatio="none">{"".join(drawn)}</svg>'
        f"</div><figcaption><b>{escape(facts['name'])}</b><br>{escape(says)}</figcaption></figure>"
    )


def _around(photo: np.ndarray, finds: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The part of the photo where the joints are, a quarter wider on each side, and its corner (x, y)."""
    size = np.array([photo.shape[1], photo.shape[0]])
    points = np.concatenate([f[np.isfinite(f[:, 0]), :2] for f in finds])
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), size - 1.0)
    edge = 0.25 * (high - low).max() + 8
    x0, y0 = np.clip(np.floor(low - edge), 0, size - 16).astype(int)
    x1, y1 = np.clip(np.ceil(high + edge), (x0 + 16, y0 + 16), size).astype(int)
    return np.ascontiguousarray(photo[y0:y1, x0:x1]), np.array([x0, y0])
