"""A study's result as one HTML file that needs nothing else: figures, tables, tests, and where they come from."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..joints import joint_set
from ..locales import Said, say, tell, word
from ..study import report
from ..writing import writing
from .plot_words import config
from .skeleton import STROKE, spoken, strokes
from .study import figures
from .study_words import answers, label, source

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


def write(result: dict[str, Any], file: Path, gallery: Iterable[str] = (), language: str = "en") -> Path:
    """The page, at `file`. gallery -- <figure> elements of `telling`."""
    drawn, parts, t = figures(result, language), [], _teller(language)
    for k, (heading, figure) in enumerate(drawn):
        # The first brings Plotly's own code along, once for all: the page must work without a network.
        inner = figure.to_html(full_html=False, include_plotlyjs=k == 0, config=config(language))
        parts.append(f"<h2>{escape(heading)}</h2>{inner}")

    def words(said: Said) -> str:
        return escape(tell(language, said))

    pictures, asks = "".join(gallery), t(f"study.{result['study']}")
    if pictures:
        parts.append(f'<h2>{t("study_page.disagree")}</h2><div class="gallery">{pictures}</div>')
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{asks}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{asks}</h1>"
        f"{''.join(f'<p><b>{words(answer)}</b></p>' for answer in answers(result))}"
        f"<p>{' '.join(map(words, source(result)))}</p>{_networks(result, language)}{''.join(parts)}"
        f"{_numbers(result, language)}{_tests(result, language)}"
        f"<h2>{t('study_page.read')}</h2><ul>{''.join(f'<li>{words(note)}</li>' for note in result['notes'])}</ul>"
        f"{_bad(result, t)}<h2>{t('study_page.made')}</h2><pre>{escape(json.dumps(result['made'], indent=1))}</pre>"
        "</body></html>\n"
    )
    with writing(file, "w") as out:
        out.write(page)
    return file


def _teller(language: str) -> Callable[..., str]:
    return lambda key, **values: escape(say(language, key, **values))


def _networks(result: dict[str, Any], language: str) -> str:
    def status(network: dict[str, Any]) -> str:
        marked = ' class="untrained"' if network["status"] == "untrained" else ""
        return f"<span{marked}>{escape(word(language, 'status', network['status']))}</span>"

    t = _teller(language)
    rows = [[escape(n["title"]), status(n), escape(word(language, "stop", n["trained_upsampling"])),
             "x".join(map(str, n["input"])), escape((n["weights_sha256"] or "–")[:12])]
            for n in result["networks"]]  # fmt: skip
    rows += [[escape(p["name"]), t("study_page.predictions", file=p["file"]), "", "", ""]
             for p in result["predictions"]]  # fmt: skip
    return _html_table(t("study_page.networks"), rows)


def _numbers(result: dict[str, Any], language: str) -> str:
    names, _ = report.figures(result)
    rows = [[escape(label(row, language)), *(_figure(report.main_figures(row).get(name), language) for name in names)]
            for row in result["rows"]]  # fmt: skip
    t = _teller(language)
    head = "|".join([t("study_page.network"), *(escape(word(language, "measure", name)) for name in names)])
    return f"<h2>{t('study_page.figures')}</h2>{_html_table(head, rows)}"


def _tests(result: dict[str, Any], language: str) -> str:
    labels, t = {row["column"]: escape(label(row, language)) for row in result["rows"]}, _teller(language)
    rows = [[labels[test["b"]], labels[test["a"]], escape(word(language, "measure", test["measure"])),
             _figure(test["difference"], language), _p(test["p_bootstrap"]), _p(test.get("p_mcnemar"))]
            for test in result["tests"]]  # fmt: skip
    return f"<h2>{t('study_page.tests')}</h2>{_html_table(t('study_page.tests_head'), rows)}" if rows else ""


def _bad(result: dict[str, Any], t: Callable[..., str]) -> str:
    data = result["data"]
    if not data["bad"]:
        return ""
    rows = [[escape(bad["name"]), escape(bad["reason"])] for bad in data["bad_records"]]
    return f"<h2>{t('study_page.bad', count=data['bad'])}</h2>{_html_table(t('study_page.bad_head'), rows)}"


def _figure(estimate: dict[str, Any] | None, language: str) -> str:
    """A figure and its interval, a cell of a table."""
    if not estimate or estimate["value"] is None:
        return escape(say(language, "figure.not_measured"))
    low, high = estimate["low"], estimate["high"]
    return f"{estimate['value']:.3f}" + ("" if low is None else f" ({low:.3f} – {high:.3f})")


def _html_table(head: str, rows: list[list[str]]) -> str:
    """A table of cells that are escaped already. head -- its columns with | between them"""
    top = "".join(f"<th>{name}</th>" for name in head.split("|"))
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{top}</tr>{body}</table></div>'


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


# --- the gallery -----------------------------------------------------------------------------------------------------


def telling(photo: np.ndarray, facts: dict[str, Any], joints: str, found: dict[str, np.ndarray],
            language: str = "en") -> str:  # fmt: skip
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
        skeleton = spoken(strokes(names, at, scores, stroke, -1e9, dash), language)
        drawn.append(f'<g aria-label="{escape(title)}">{skeleton}</g>')
    kinds = [(word(language, "joint", j["joint"]), *(word(language, "fault", j[k]) for k in "ab"))
             for j in facts.get("joints", ())]  # fmt: skip
    says = ", ".join(f"{joint}: {a} / {b}" for joint, a, b in kinds)
    says = says or say(language, "study_page.apart", torsos=facts.get("torsos_apart"))
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
