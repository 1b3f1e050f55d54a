"""Options of every command that takes a network of one's own: what its tensors cannot tell."""

from __future__ import annotations

import argparse
from typing import Any

from ..locales import table

#: As the parser calls them -> as zoo.open does.
NAMES = {
    "net_joints": "joints", "net_input": "input", "net_normalisation": "normalisation", "net_cells": "cells",
    "net_flip_shift": "flip_shift", "net_trained": "upsampling",
}  # fmt: skip


def add_options(p: argparse.ArgumentParser) -> None:
    group = p.add_argument_group(
        "networks of your own",
        "What the tensors of a FILE cannot tell; it holds for every FILE of the call. What nobody tells is taken for "
        "granted, as the file's layout usually has it, and the command says so.",
    )
    group.add_argument("--net-joints", metavar="SET", help="coco, mpii, lsp, or names in order, with commas")
    group.add_argument("--net-input", metavar="HxW", help="height and width of its input, as 256x192")
    group.add_argument("--net-normalisation", metavar="HOW", help="imagenet, mpii (its mean alone) or unit (none)")
    group.add_argument("--net-cells", metavar="WHICH", help="centre or corner: what a heatmap's cell stands for")
    group.add_argument("--net-flip-shift", choices=("on", "off"),
                       help="a flip test moves the mirrored maps by a cell (default: as its cells ask)")  # fmt: skip
    group.add_argument("--net-trained", metavar="STOP", help="the stop of the slider that it was trained with")


def words(group: str) -> str:
    """What there is of decoders ("peak") or of stops ("stop"), by the words for them: a help text loads no torch."""
    return ", ".join(key.partition(".")[2] for key in table() if key.startswith(f"{group}."))


def card_fields(call: argparse.Namespace) -> dict[str, Any]:
    """What was given, as zoo.open takes it."""
    return {field: getattr(call, name) for name, field in NAMES.items() if getattr(call, name) is not None}
