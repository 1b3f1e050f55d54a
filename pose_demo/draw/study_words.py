"""What a study found, in a sentence or two: the largest paired difference of each network, or pair of networks."""

from __future__ import annotations

from typing import Any

#: p below which a difference is not put down to chance.
_CHANCE = 0.05
MEASURES = {
    "pck@0.2": "PCK at 0.2 of the torso", "pck@0.1": "PCK at 0.1 of the torso", "pckh@0.5": "PCKh at 0.5 of the head",
    "pck@0.2 upright": "PCK at 0.2, upright people",
}  # fmt: skip


def main_measure(result: dict[str, Any]) -> str:
    """The measure that stands for a result: PCKh where the set has it, as MPII's own figures, else PCK."""
    every = [row["measures"] for row in result["rows"]]
    return "pckh@0.5" if every and all("pckh@0.5" in measures for measures in every) else "pck@0.2"


def answers(result: dict[str, Any]) -> list[str]:
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


def _sentence(test: dict[str, Any], rows: dict[str, dict[str, Any]], measure: str) -> str:
    a, b, found = rows[test["a"]], rows[test["b"]], test["difference"]
    whose, what = change(a, b)
    value = 100 * found["value"]
    if whose:
        said = f"{whose}: {what} instead of {change(b, a)[1]} changes {MEASURES[measure]} by {value:+.1f} points"
    else:
        side = "above" if value >= 0 else "below"
        said = f"{what} is {abs(value):.1f} points {side} {a['label']} in {MEASURES[measure]}"
    if found["low"] is None or test["p_bootstrap"] is None:
        return f"{said}."
    p = test["p_bootstrap"]
    verdict = "which may be chance" if p >= _CHANCE else "more than chance explains"
    return f"{said} (95 %: {100 * found['low']:+.1f} to {100 * found['high']:+.1f}, p {p:.3f}), {verdict}."
