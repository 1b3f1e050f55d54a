"""A result as files: result.json, every figure of it as one line of table.csv, the main ones as table.md."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import weights
from ..shipped import shipped as _shipped
from ..writing import writing

#: Results that the repository brings along.
SHIPPED = _shipped("assets") / "study"

#: What tells the lines of table.csv apart, before the figure itself.
_PLACE = (
    "study",
    "network",
    "title",
    "status",
    "size",
    "upsampling",
    "trained_with",
    "level",
    "cut",
    "gmac",
    "coarsest_map",
)
COLUMNS = (*_PLACE, "measure", "joint", "value", "low", "high", "joints", "verdict")


def write(result: dict[str, Any], out: Path) -> list[Path]:
    """OUT/result.json, OUT/table.csv and OUT/table.md; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    data, table, short = out / "result.json", out / "table.csv", out / "table.md"
    with writing(short, "w") as f:
        f.write(markdown(result))
    with writing(table, "w") as f:
        writer = csv.DictWriter(f, list[str](COLUMNS))
        writer.writeheader()
        writer.writerows(lines(result))
    with writing(data, "w") as f:
        f.write(json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return [data, table, short]


def shipped(folder: Path = SHIPPED) -> dict[str, dict[str, Any]]:
    """{study: result} of the results that ship; a study that is not there has not been measured yet, nor have seeds
    whose runs are too few to say anything: these are kept for the runs that follow.

    result["stale"] -- names of the networks whose weights have been replaced since they were measured
    """
    found = {}
    for file in sorted(folder.glob("*/result.json")):
        result = json.loads(file.read_text(encoding="utf-8"))
        if not result.get("unfinished"):
            found[file.parent.name] = {**_finished(result), "stale": _stale(result)}
    return found


def _finished(result: dict[str, Any]) -> dict[str, Any]:
    """The same without experiments of too few seeds."""
    few = {test["b"] for test in result["tests"] if test.get("verdict") == "too few seeds"}
    of = {"rows": "column", "tests": "b"}
    return result | {part: [each for each in result[part] if each[key] not in few] for part, key in of.items()}


def _stale(result: dict[str, Any]) -> list[str]:
    known = weights.manifest()
    return [n["name"] for n in result["networks"]
            if n["name"] in known and known[n["name"]].sha256 != n["weights_sha256"]]  # fmt: skip


def main_figures(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """{name: {value, low, high}} of a row, over all joints."""
    oks = {"OKS-AP": row["oks"]["AP"]} if row.get("oks") else {}
    moved = {"shift in torsos": row["shift"]["torsos"]} if "moves" in row else {}
    return row["measures"] | oks | moved | {f"share of {kind}": figure for kind, figure in row.get("kinds", {}).items()}


def figures(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The names of a result's main figures, and these as text for each row."""
    every = [main_figures(row) for row in result["rows"]]
    names = list(dict.fromkeys(name for row in every for name in row))
    return names, [[said(row.get(name)) for name in names] for row in every]


def markdown(result: dict[str, Any]) -> str:
    """The main figures as a table for a README, and the command that makes them again."""
    names, cells = figures(result)
    lines = [[f"{row['label']} ({row['status']})", *line] for row, line in zip(result["rows"], cells, strict=True)]
    if result["study"] == "seeds":
        names, lines = _by_seed(result, names, lines)
    lines = [["", *names], ["---"] * (1 + len(names)), *lines]
    data, made = result["data"], result["made"]
    return (
        "".join(f"| {' | '.join(line)} |\n" for line in lines)
        + f"\n{data['evaluated']} people of {data['name']}, {made['device']}, {made['when'][:10]}, intervals of 95 %: "
        f"`{made['command']}`\n"
    )


def _by_seed(result: dict[str, Any], names: list[str], lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """The table with a column a seed, and below it what each experiment differs by from the first, and what that says:
    intervals of two experiments may overlap where that of their paired difference excludes 0."""
    seeds = sorted({seed for row in result["rows"] for seed in row["seeds"]}, key=int)
    lines = [
        [*line, *(said(row["seeds"].get(seed)) for seed in seeds)]
        for row, line in zip(result["rows"], lines, strict=True)
    ]
    lines += [
        [f"{test['b']} less {test['a']}: {test['verdict']}", said(test["difference"], sign="+"),
         *(said(test["seeds"].get(seed), sign="+") for seed in seeds)]
        for test in result["tests"]
    ]  # fmt: skip
    return [*names, *(f"seed {seed}" for seed in seeds)], lines


def said(estimate: dict[str, Any] | None, digits: int = 3, sign: str = "") -> str:
    """A figure and its interval for people; digits -- of the figure; sign -- "+" of a difference."""
    if not estimate or estimate["value"] is None:
        return "not measured"
    low, high = estimate["low"], estimate["high"]
    within = f" ({low:{sign}.3f} to {high:{sign}.3f})" if low is not None else ""
    return f"{estimate['value']:{sign}.{digits}f}{within}"


def lines(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every figure with its interval: one a look, measure and joint ("all" for the pooled)."""
    for row in result["rows"]:
        place = {key: _plain(row[key]) for key in _PLACE if key in row} | {"study": result["study"]}
        for measure, joint, figure in _figures(row):
            found = figure if isinstance(figure, dict) else {"value": figure}
            yield {**place, "measure": measure, "joint": joint, **{k: found.get(k) for k in COLUMNS[-5:]}}
    for test in result["tests"] if result["study"] == "seeds" else ():
        place = {"study": "seeds", "network": test["b"], "title": f"{test['b']} less {test['a']}", "joint": "all"}
        yield {**place, "measure": f"{test['measure']} difference", **test["difference"], "verdict": test["verdict"]}
        for seed, figure in test["seeds"].items():
            yield {**place, "measure": f"{test['measure']} difference, seed {seed}", **figure}


def _figures(row: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for measure, figure in row.get("measures", {}).items():
        yield measure, "all", figure
        yield from ((f"{measure}, seed {seed}", "all", each) for seed, each in row.get("seeds", {}).items())
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
    for joint, figure in row.get("moves", {}).items():
        yield "shift in torsos", joint, figure


def _plain(value: Any) -> Any:
    """A size or a map as 128x128."""
    return "x".join(str(v) for v in value) if isinstance(value, list | tuple) else value
