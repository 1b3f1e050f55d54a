"""Options of every command that takes a network of one's own: what its tensors cannot tell."""

from __future__ import annotations

import argparse
from typing import Any


def add_options(p: argparse.ArgumentParser) -> None:
    group = p.add_argument_group("networks of your own", "What the tensors of a FILE cannot tell; it holds for each.")
    group.add_argument("--net-joints", metavar="SET", help="coco, mpii, lsp, or names in order, with commas")
    group.add_argument("--net-input", metavar="HxW", help="height and width of its input, as 256x192")
    group.add_argument("--net-normalisation", metavar="HOW", help="imagenet, mpii (its mean alone) or unit (none)")
    group.add_argument("--net-cells", metavar="WHICH", help="centre or corner: what a heatmap's cell stands for")
    group.add_argument("--net-flip-shift", action=argparse.BooleanOptionalAction, default=None,
                       help="a flip test moves the mirrored maps by a cell (default: as its cells ask)")  # fmt: skip
    group.add_argument("--net-trained", metavar="STOP", help="the stop of the slider that it was trained with")


def told(call: argparse.Namespace) -> dict[str, Any]:
    """What was told, as zoo.open takes it."""
    return {
        "joints": call.net_joints, "input": call.net_input, "normalisation": call.net_normalisation,
        "cells": call.net_cells, "flip_shift": call.net_flip_shift, "upsampling": call.net_trained,
    }  # fmt: skip
