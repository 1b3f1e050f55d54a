"""The heatmap filmstrip: how the answer comes about, supervision by supervision or fusion by fusion.

Frames are the network's levels. A Hourglass is supervised after every stack, so its frames are what the network was
trained to say there. HRNet is supervised once: its frames are a lens, the final 1x1 layer applied to branch 0 after
every fusion. The layer was trained for the last fusion alone, where the lens is the output; anywhere else it is a
probe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..decode import decode, to_input
from ..networks.base import PoseNetwork
from ..networks.trace import Trace


@dataclass(frozen=True)
class Frame:
    """One moment of the answer.

    name     -- the tap that it is read from; probe -- read through the lens, where nothing was trained to be read
    heatmaps -- (J, h, w) float32
    joints   -- (J, 2) x, y in pixels of the network's input; peaks -- (J,), the highest value
    spread   -- (J,) pixels of the input: how far the positive answer lies from its centre, root mean square
    distance -- (J,) pixels of the input from the peak to the last frame's
    Of a map that is no answer (decode.py) all four are nan; every distance is where the last frame's is none.
    """

    name: str
    probe: bool
    heatmaps: np.ndarray
    joints: np.ndarray
    peaks: np.ndarray
    spread: np.ndarray
    distance: np.ndarray


def frames(trace: Trace, net: PoseNetwork, cells: str, method: str = "argmax") -> list[Frame]:
    """All moments of one pass, the last the answer.

    cells -- "centre" or "corner" and method as decode.py has them
    """
    with torch.inference_mode():
        maps = [net.answer(level, trace[level.tap].tensor)[0].float().cpu() for level in net.levels]
    stride = trace[net.levels[-1].tap].stride
    decoded = [decode(heatmaps[None], method) for heatmaps in maps]
    joints = [to_input(j[0], stride, cells).numpy() for j, _ in decoded]
    return [
        Frame(
            level.tap,
            level.probe,
            heatmaps.numpy(),
            at,
            scores[0].numpy(),
            np.where(scores[0].isfinite(), stride * spread(heatmaps), np.nan),
            np.linalg.norm(at - joints[-1], axis=1),
        )
        for level, heatmaps, at, (_, scores) in zip(net.levels, maps, joints, decoded, strict=True)
    ]


def spread(heatmaps: Tensor) -> Tensor:
    """(J, h, w) -> (J,) cells: root mean square distance of the positive part from its centre, 0 where none is."""
    mass = heatmaps.clamp_min(0).double()
    h, w = mass.shape[1:]
    whole = mass.sum(dim=(1, 2)).clamp_min(1e-30)
    ys, xs = torch.arange(h).double()[None, :, None], torch.arange(w).double()[None, None]
    cy, cx = ((mass * axis).sum(dim=(1, 2)) / whole for axis in (ys, xs))
    squares = (ys - cy[:, None, None]) ** 2 + (xs - cx[:, None, None]) ** 2
    return ((mass * squares).sum(dim=(1, 2)) / whole).sqrt()
