"""A result as files: result.json, and every figure of it as one line of table.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: What tells the lines of table.csv apart, before the figure itself.
_PLACE = ("study", "network", "title", "status", "size", "upsampling", "trained_with", "level", "gmac", "coarsest_map")
COLUMNS = (*_PLACE, "measure", "joint", "value", "low", "high", "joints")


def write(result: dict[str, Any], out: Path) -> list[Path]:
    """OUT/result.json and OUT/table.csv; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    data, table = out / "result.json", out / "table.csv"
    data.write_text(json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    with table.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, COLUMNS)
        writer.writeheader()
        writer.writerows(lines(result))
    return [data, table]


def lines(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every figure with its interval: one a look, measure and joint ("all" for the pooled)."""
    for row in result["rows"]:
        place = {key: _plain(row[key]) for key in _PLACE if key in row} | {"study": result["study"]}
        for measure, joint, figure in _figures(row):
            found = figure if isinstance(figure, dict) else {"value": figure}
            yield {**place, "measure": measure, "joint": joint, **{k: found.get(k) for k in COLUMNS[-4:]}}


def _figures(row: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for measure, figure in row.get("measures", {}).items():
        yield measure, "all", figure
    for measure, joints in row.get("per_joint", {}).items():
        for joint, figure in joints.items():
            yield measure, joint, figure
    for stat, figure in (row.get("oks") or {}).items():
        yield f"OKS-{stat}", "all", figure
    for kind, figure in row.get("kinds", {}).items():
        yield f"share of {kind}", "all", figure
    for joint, kinds in row.get("kinds_per_joint", {}).items():
        for kind, figure in kinds.items():
            yield f"share of {kind}", joint, figure
    if "shift" in row:
        yield "shift in torsos", "all", row["shift"]["torsos"]
        yield "shift in pixels", "all", row["shift"]["pixels"]


def _plain(value: Any) -> Any:
    """A size or a map as 128x128."""
    return "x".join(str(v) for v in value) if isinstance(value, list | tuple) else value
