"""Where the gradient comes from: what each loss of a network sends back to every map, on one photo.

A Hourglass has a loss after every stack, HRNet one at its end. The study note says that losses on the way keep the
gradient from vanishing; here it is measured: one backward pass for each loss, and at every map how much arrives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..decode import decode, gaussians, to_cells
from ..networks import zoo
from ..networks.base import PoseNetwork
from ..networks.fresh import settle
from ..networks.model import card_of
from ..networks.silence import Silence
from ..networks.trace import Recorder
from ..networks.upsampling import Request


@dataclass(frozen=True)
class Gradients:
    """What arrives at the T maps of a pass from its K losses. A size is the L2 norm over all numbers of a map.

    taps    -- in the order of the pass; losses -- the taps of the heatmaps that they look at, in that order too
    sizes   -- (T, K) of what each loss alone sends; 0 where it sends nothing
    nearest -- (T,) the first loss behind a map: an index of losses, -1 where none is
    share   -- (T,) size of what the nearest loss sends by (that + the size of what all later ones send together);
               1 where none is later, nan where nothing arrives
    total   -- (T,) size of what all losses send together; last -- (T,) of what the last one sends alone
    target  -- "given": Gaussians at joints that were told; "own": at the network's own answer
    """

    taps: tuple[str, ...]
    losses: tuple[str, ...]
    sizes: np.ndarray
    nearest: np.ndarray
    share: np.ndarray
    total: np.ndarray
    last: np.ndarray
    target: str


def gradients(
    net: PoseNetwork,
    x: Tensor,
    joints: Tensor | np.ndarray | None = None,
    upsampling: Request = None,
    silence: Silence | None = None,
    sigma: float = 2.0,
) -> Gradients:
    """One backward pass for each loss: squared error against Gaussians, summed over a map, averaged over joints.

    x      -- (1, 3, H, W), normalised
    joints -- (J, 3) x, y in pixels of the input, above 0 where marked; others do not count. None: the network's own
              answer (decoder DARK), so that the last loss is small where the network is sure
    sigma  -- of the Gaussians, in cells

    The network stays in the mode that it is in, and keeps no gradient.
    """
    with torch.inference_mode(False), torch.enable_grad():
        recorder = Recorder()

        def own(name: str, tensor: Tensor, **facts: Any) -> Tensor:
            """A map under two names is two maps here: each gets what comes back its own way."""
            return recorder(name, tensor.view_as(tensor), **facts)

        heatmaps = net(x.detach().clone().requires_grad_(), upsampling, own, silence)
        at, counted = _targets(net, heatmaps[-1].detach(), x.shape[-2], joints)
        losses = [_loss(maps, at, counted, sigma) for maps in heatmaps]
        taps = recorder.taps
        names = tuple(name for name, tap in taps.items() if tap.tensor.requires_grad)
        ends = tuple(name for name, tap in taps.items() if tap.role == "heatmaps")
        return _sent(names, ends, [taps[name].tensor for name in names], losses, "own" if joints is None else "given")


def _targets(net: PoseNetwork, heatmaps: Tensor, height: int, joints: Tensor | np.ndarray | None) -> tuple:
    """Cells (J, 2) of the Gaussians, and which joints count (J,)."""
    if joints is None:
        at = decode(heatmaps, "dark")[0][0]
        return at.to(heatmaps).nan_to_num(), at.isfinite().all(1)
    known = torch.as_tensor(np.asarray(joints)).to(heatmaps)
    at = to_cells(known[:, :2], height // heatmaps.shape[-2], card_of(net).cells)
    return at.nan_to_num(), known[:, 2] > 0


def _loss(heatmaps: Tensor, at: Tensor, counted: Tensor, sigma: float) -> Tensor:
    target = gaussians(at, (heatmaps.shape[-2], heatmaps.shape[-1]), sigma)
    errors = (heatmaps[0] - target).square().sum((1, 2)) / (math.pi * sigma**2)
    return (errors * counted).sum() / counted.sum().clamp_min(1)


def _sent(
    names: tuple[str, ...], ends: tuple[str, ...], tensors: list[Tensor], losses: list[Tensor], target: str
) -> Gradients:
    """From the last loss to the first, so that what the later ones send is known when the nearest one is met."""
    count = len(losses)
    sizes = np.zeros((len(names), count))
    near, later, total = (np.zeros(len(names)) for _ in range(3))
    nearest = np.full(len(names), -1)
    sums: list[Tensor | None] = [None] * len(names)
    for k in reversed(range(count)):
        if not losses[k].requires_grad:  # of heatmaps that were cut
            continue
        found = torch.autograd.grad(losses[k], tensors, retain_graph=k > 0, allow_unused=True)
        for t, (own, behind) in enumerate(zip(found, sums, strict=True)):
            if own is None:
                continue
            nearest[t], sizes[t, k] = k, float(own.norm())
            near[t], later[t] = sizes[t, k], 0.0 if behind is None else float(behind.norm())
            sums[t] = whole = own if behind is None else behind + own
            total[t] = float(whole.norm())
    with np.errstate(invalid="ignore"):
        share = near / (near + later)
    return Gradients(names, ends, sizes, nearest, share, total, sizes[:, -1].copy(), target)


def fresh(net: PoseNetwork, x: Tensor) -> PoseNetwork:
    """The same network as its training began: weights drawn anew, batch norm's statistics those of this photo.

    x -- (1, 3, H, W), normalised. Raises UnknownNetwork for one that zoo.build does not know.
    """
    made = zoo.build(card_of(net).architecture, net.joints, trained_upsampling=net.trained_upsampling).to(x)
    settle(made, x)
    made.card = net.card
    return made
