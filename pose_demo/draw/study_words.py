"""What a study found, in a sentence or two: the largest paired difference of each network, or pair of networks.

Sentences are {"key", "values"} of the locale files.
"""

from __future__ import annotations

from math import inf
from typing import Any

from ..locales import Said, said, tell, word

#: p below which a difference is not put down to chance.
_CHANCE = 0.05
#: Measures in the order in which they are drawn.
MEASURES = ("pck@0.2", "pck@0.1", "pckh@0.5", "pck@0.2 upright")
#: Kinds of error, as study/faults.py has them.
ERRORS = ("jitter", "inversion", "swap", "miss")


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
    if of_experiments(result):
        found.append(small(result["rows"]))
    return found + [said("study.source_stale", networks=", ".join(stale)) for stale in [result.get("stale")] if stale]


def answers(result: dict[str, Any]) -> list[Said]:
    """One sentence for each network that was compared with itself, or pair that was compared with each other."""
    rows, measures = {row["column"]: row for row in result["rows"]}, {main_measure(result)}
    if result["study"] == "seeds":
        return [_of_seeds(test) for test in result["tests"]]
    if of_experiments(result):
        return _of_grid(result)
    if result["study"] == "faults":
        measures = {f"share of {kind}" for kind in ERRORS}
    largest: dict[tuple[str, str], dict[str, Any]] = {}
    for test in result["tests"]:
        if test["measure"] not in measures or test["difference"]["value"] is None:
            continue
        pair = (rows[test["a"]]["network"], rows[test["b"]]["network"])
        if pair not in largest or abs(test["difference"]["value"]) > abs(largest[pair]["difference"]["value"]):
            largest[pair] = test
    kinds = [_kinds(row) for row in result["rows"] if result["study"] == "faults" and row.get("kinds")]
    carriers = _carriers(result["rows"]) if result["study"] == "silence" else []
    return kinds + carriers + [_sentence(test, rows) for test in largest.values()]


def _carriers(rows: list[dict[str, Any]]) -> list[Said]:
    """Of each network and kind of arrow the one that moves the joints farthest when cut, and which of them most; or the
    one without which there is no answer at all."""

    def far(row: dict[str, Any]) -> float:
        value = row["shift"]["torsos"]["value"]
        return inf if value is None else value

    heaviest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in (each for each in rows if each["cut"]):
        if far(row) >= far(heaviest.setdefault((row["network"], row["kind"]), row)):
            heaviest[row["network"], row["kind"]] = row
    found = []
    for row in heaviest.values():
        kind = said(f"study.heaviest_{row['kind']}")
        if far(row) == inf:
            found.append(said("study.carries_all", network=row["title"], kind=kind, place=row["cut"]))
            continue
        moves = {joint: move for joint, move in row["moves"].items() if move["value"] is not None}
        joint = max(moves, key=lambda each: moves[each]["value"])
        each = [said("study.shift", torsos=of["value"], low=of["low"], high=of["high"])
                for of in (row["shift"]["torsos"], moves[joint])]  # fmt: skip
        found.append(said("study.carries", network=row["title"], kind=kind, place=row["cut"], all=each[0], joint=joint,
                          most=each[1]))  # fmt: skip
    return found


def _kinds(row: dict[str, Any]) -> Said:
    """Which errors a network makes, the most frequent first; swaps where these can be seen."""
    share = {kind: row["kinds"][kind]["value"] for kind in ERRORS if row["kinds"][kind]["value"] is not None}
    most = sorted(share, key=lambda kind: -share[kind])
    each = [said("study.kind", kind=kind, percent=100 * share[kind]) for kind in most]
    return said("study.kinds", network=row["label"], percent=100 * sum(share.values()), each=each)


def _of_seeds(test: dict[str, Any]) -> Said:
    """What may be claimed of a trained difference, with every seed's own."""
    if test["verdict"] == "too few seeds":
        return said("study.seeds_few", network=test["b"], other=test["a"], count=len(test["seeds"]))
    found = {key: f"{100 * value:+.1f}" for key, value in test["difference"].items()}
    each = ", ".join(f"{100 * each['value']:+.1f}" for each in test["seeds"].values())
    kind = test["verdict"] if test["verdict"] in ("better", "worse") else "alike"
    return said(f"study.seeds_{kind}", network=test["b"], other=test["a"], measure=test["measure"], each=each,
                points=found["value"], low=found["low"], high=found["high"])  # fmt: skip


def _of_grid(result: dict[str, Any]) -> list[Said]:
    """Of each stop trained with, the stop tested with that changes most, with every run's own difference."""
    rows, found = {row["column"]: row for row in result["rows"]}, {}
    for test in result["tests"]:
        if test["measure"] == main_measure(result) and test["difference"]["value"] is not None:
            row = rows[test["b"]]
            of = found.setdefault(row["trained_with"], {}).setdefault(row["upsampling"], [])
            of.append(100 * test["difference"]["value"])
    most = {trained: max(tested, key=lambda stop: abs(sum(tested[stop]))) for trained, tested in found.items()}
    return [
        said("study.grid", trained=trained, tested=tested, measure=main_measure(result),
             each=", ".join(f"{points:+.1f}" for points in found[trained][tested]))
        for trained, tested in most.items()
    ]  # fmt: skip


def of_experiments(result: dict[str, Any]) -> bool:
    """Whether it is of small trainings that were made to be held against each other."""
    return bool(result["rows"]) and all("trained" in row for row in result["rows"])


def small(rows: list[dict[str, Any]]) -> Said:
    """How small the networks of these rows are, and how short their training was."""
    sizes = dict.fromkeys("x".join(map(str, row["size"])) for row in rows)
    costs = dict.fromkeys(f"{row['gmac']:.2f}" for row in sorted(rows, key=lambda row: row["gmac"]))
    trained = [run for row in rows for run in row["trained"].values()]
    photos, devices = (dict.fromkeys(str(run[key]) for run in trained) for key in ("photos", "device"))
    return said("study.small_scale", size=", ".join(sizes), gmac=", ".join(costs), photos=", ".join(photos),
                device=", ".join(devices))  # fmt: skip


def change(a: dict[str, Any], b: dict[str, Any]) -> tuple[str, str]:
    """What was compared, of two rows: (what both share, what tells b), or ("", b's label) for two networks."""
    start = f"{b['title']}, "
    alike = a["network"] == b["network"] and a["label"].startswith(start) and b["label"].startswith(start)
    return (b["title"], b["label"][len(start) :]) if alike else ("", b["label"])


def label(row: dict[str, Any], language: str) -> str:
    """A row's label in a language: a stop or a cut after the network's title is a word, too."""
    what, start = row["label"], f"{row['title']}, "
    if not what.startswith(start):
        return what
    told = _cut(what[len(start) :])
    return start + (word(language, "stop", told) if isinstance(told, str) else tell(language, told))


def _cut(what: str) -> str | Said:
    """What `study silence` tells its rows by, for every language; anything else as it is."""
    if what == "whole":
        return said("study.whole")
    place = what.removeprefix("without ")
    return what if place == what else said("study.without", place=place)


def _sentence(test: dict[str, Any], rows: dict[str, dict[str, Any]]) -> Said:
    a, b, found, p = rows[test["a"]], rows[test["b"]], test["difference"], test["p_bootstrap"]
    (whose, what), value = change(a, b), 100 * found["value"]
    if whose:
        kind, values = (
            "change",
            {"network": whose, "now": _cut(what), "before": _cut(change(b, a)[1]), "points": f"{value:+.1f}"},
        )
    else:
        kind = "above" if value >= 0 else "below"
        values = {"network": what, "other": a["label"], "points": f"{abs(value):.1f}"}
    if found["low"] is not None and p is not None:
        kind += "_tested"
        values |= {"low": f"{100 * found['low']:+.1f}", "high": f"{100 * found['high']:+.1f}", "p": f"{p:.3f}",
                   "verdict": "chance" if p >= _CHANCE else "more"}  # fmt: skip
    return said(f"study.{kind}", measure=test["measure"], **values)
