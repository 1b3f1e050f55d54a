"""How right are the networks already on the way: after every stack, and after every fusion?"""

from __future__ import annotations

from typing import Any

from ..networks.hrnet import HRNet
from .accuracy import counted, yardsticks
from .conduct import Context, Question, Settings
from .costs import cost_so_far
from .rows import Row
from .subjects import LAST, Look, Subject, levels
from .tally import Tally


class Depth(Question):
    """Accuracy over the cost spent so far, one point a stack (supervised) or fusion (through HRNet's lens)."""

    name = "depth"
    text = "How right is each network on its way, for what it has cost so far?"

    def looks(self, subjects: tuple[Subject, ...], settings: Settings) -> list[Look]:
        stop = settings.upsampling
        return [Look(of.name, of.input, stop or of.upsampling, level) for of in subjects for level in levels(of.net)]

    def begin(self, context: Context) -> None:
        self.context = context
        by_network: dict[str, list[str]] = {}
        for look in context.looks:
            by_network.setdefault(look.network, []).append(look.key)
        pairs = [pair for keys in by_network.values() for pair in zip(keys, keys[1:], strict=False)]
        self.tally = Tally(context.columns, context.records.joints, context.bootstrap, pairs)

    def add(self, rows: list[Row]) -> None:
        self.tally.add(rows)

    def answer(self) -> dict[str, Any]:
        rows, spent = [], {of.name: _spent(of) for of in self.context.subjects}
        for look in self.context.looks:
            net = self.context.subject(look).net
            last = look.level in (LAST, levels(net)[-1])
            rows.append({
                **self.context.describe(look.key), "gmac": spent[look.network][look.level] / 1e9,
                "kind": "the output" if last else "a probe" if isinstance(net, HRNet) else "supervised",
                "measures": self.tally.shares(look.key), "per_joint": self.tally.per_joint(look.key),
            })  # fmt: skip
        notes = [
            *self.context.notes(), *yardsticks(self.context),
            "GMAC: 1e9 multiply-adds of convolutions until the answer can be read at that place, for one input.",
            "A Hourglass was trained to answer after each stack. An HRNet was not: its lens is the final layer applied "
            "to the finest branch after an earlier fusion, a probe that shows how far this map already is, and says "
            "too little of what a layer trained for that place would find.",
        ]  # fmt: skip
        return {"rows": rows, "tests": self.tally.differences(), "counted": counted(self.tally), "notes": notes}


def _spent(of: Subject) -> dict[str, int]:
    """{level: multiply-adds until it can be read}."""
    if levels(of.net) == [LAST]:
        return {LAST: cost_so_far(of.net, *of.input)[""]}
    so_far = cost_so_far(of.net, *of.input)
    if isinstance(of.net, HRNet):
        head = so_far["heatmaps"] - max(v for name, v in so_far.items() if name.endswith("branch0.fused"))
        return {level: so_far[f"{level}.branch0.fused"] + head for level in levels(of.net)}
    return {level: so_far[f"{level}.heatmaps"] for level in levels(of.net)}
