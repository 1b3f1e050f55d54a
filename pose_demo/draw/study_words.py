"""What a study found, in a sentence or two: the largest paired difference of each network, or pair of networks.

Sentences are {"key", "values"} of the locale files.
"""

from __future__ import annotations

from typing import Any

from ..locales import Said, said

#: p below which a difference is not put down to chance.
_CHANCE = 0.05
#: Measures in the order in which they are drawn.
MEASURES = ("pck@0.2", "pck@0.1", "pckh@0.5", "pck@0.2 upright")


def main_measure(result: dict[str, Any]) -> str:
    """The measure that stands for a result: PCKh where the set has it, as MPII's own figures, else PCK."""
    every = [row["measures"] for row in result["rows"]]
    return "pckh@0.5" if every and all("pckh@0.5" in measures for measures in every) else "pck@0.2"


def source(result: dict[str, Any]) -> list[Said]:
    """Where the figures come from: how many photos, which device, when."""
    data, made = result["data"], result["made"]
    found = [said("study.source", people=data["evaluated"], set=data["name"], device=made["device"],
                  date=made["when"][:10], decoder=made["decoder"], seed=made["seed"])]  # fmt: skip
    found += [said("study.source_bad", count=data["bad"])] * bool(data["bad"])
    found += [said("study.source_flip")] * made["flip_test"]
    return found + [said("study.source_stale", networks=", ".join(stale)) for stale in [result.get("stale")] if stale]


def answers(result: dict[str, Any]) -> list[Said]:
    """One sentence for each network that was compared with itself, or pair that was compared with each other."""
    rows, measure = {row["column"]: row for row in result["rows"]}, main_measure(result)
    largest: dict[tuple[str, str], dict[str, Any]] = {}
    for test in result["tests"]:
        if test["measure"] != measure or test["difference"]["value"] is None:
            continue
        pair = (rows[test["a"]]["network"], rows[test["b"]]["network"])
        if pair not in largest or abs(test["difference"]["value"]) > abs(largest[pair]["difference"]["value"]):
            largest[pair] = test
    return [_sentence(test, rows, measure) for test in largest.values()]


def change(a: dict[str, Any], b: dict[str, Any]) -> tuple[str, str]:
    """What was compared, of two rows: (what both share, what tells b), or ("", b's label) for two networks."""
    start = f"{b['title']}, "
    alike = a["network"] == b["network"] and a["label"].startswith(start) and b["label"].startswith(start)
    return (b["title"], b["label"][len(start) :]) if alike else ("", b["label"])


def _sentence(test: dict[str, Any], rows: dict[str, dict[str, Any]], measure: str) -> Said:
    a, b, found, p = rows[test["a"]], rows[test["b"]], test["difference"], test["p_bootstrap"]
    (whose, what), value = change(a, b), 100 * found["value"]
    if whose:
        kind, values = "change", {"network": whose, "now": what, "before": change(b, a)[1], "points": f"{value:+.1f}"}
    else:
        kind = "above" if value >= 0 else "below"
        values = {"network": what, "other": a["label"], "points": f"{abs(value):.1f}"}
    if found["low"] is not None and p is not None:
        kind += "_tested"
        values |= {"low": f"{100 * found['low']:+.1f}", "high": f"{100 * found['high']:+.1f}", "p": f"{p:.3f}",
                   "verdict": "chance" if p >= _CHANCE else "more"}  # fmt: skip
    return said(f"study.{kind}", measure=measure, **values)
