"""What several answers are made of: pictures, maps, sides."""

from __future__ import annotations

import base64

import numpy as np
import torch
from torch import Tensor

from ...decode import to_cells
from ...draw.colour import png, webp
from ...networks.wiring import Conv, Enlarge, Step
from ...xray import channels
from ..cached import Cached
from ..schema import NumberMap, Question, Said, said

#: All joints at once, where one is named.
ALL = "*"


def address(picture: np.ndarray, quality: int | None) -> str:
    """uint8 RGB (H, W, 3) -> a data address; quality 100 keeps every pixel. None: a PNG, which any program reads."""
    kind, data = ("png", png(picture)) if quality is None else ("webp", webp(picture, quality))
    return f"data:image/{kind};base64," + base64.b64encode(data).decode("ascii")


def number_map(values: Tensor | np.ndarray, low: float | None = None, high: float | None = None) -> NumberMap:
    """(h, w) -> a map for the browser, coloured from its lowest value to its highest where nothing else is told."""
    data = np.ascontiguousarray(np.asarray(values, np.float32))
    return {
        "h": data.shape[0],
        "w": data.shape[1],
        "low": float(data.min()) if low is None else low,
        "high": float(data.max()) if high is None else high,
        "data": base64.b64encode(data.tobytes()).decode("ascii"),
    }


def known(value: float) -> float | None:
    """As it crosses the wire: None where it is no number, as what gives no answer has none."""
    return float(value) if np.isfinite(value) else None


def values_of(sent: NumberMap) -> np.ndarray:
    """(h, w) float32."""
    return np.frombuffer(base64.b64decode(sent["data"]), np.float32).reshape(sent["h"], sent["w"])


def one(values: Tensor, channel: int | None) -> Tensor:
    """(C, H, W) -> (H, W): one channel, or the mean over all (which keeps a sum a sum)."""
    return values.double().mean(dim=0) if channel is None else values[min(max(channel, 0), len(values) - 1)]


def side_of(cached: Cached, asked: Question) -> int:
    """Raises IndexError for a side that is not there or leaves no trace."""
    side = asked["side"]
    if side not in range(len(cached.comparison.poses)) or not cached.traceable(side):
        raise IndexError(side)
    return side


def why_not(cached: Cached, side: int, joint: str = ALL) -> str | None:
    """The word for why a network has nothing to show of a joint; None where it has."""
    if not cached.traceable(side):
        return "xray.no_trace"
    return None if joint == ALL or joint in cached.pose(side).card.joints.joints else "page.no_joint"


def place(cached: Cached, side: int, joint: str, stride: int) -> tuple[float, float] | None:
    """The network's own joint as x, y in cells of a map with this stride; None where it has none, or no answer."""
    pose = cached.pose(side)
    if joint not in pose.card.joints.joints:
        return None
    at = pose.crop.to_input(pose.joints[pose.card.joints.index(joint)])
    x, y = to_cells(torch.as_tensor(at), stride, pose.card.cells).tolist()
    return (x, y) if x == x else None


def strongest(cached: Cached, side: int, name: str, joint: str) -> int | None:
    """The channel of a map that answers most clearly where the network sees the joint; a heatmap's is the joint's, None
    where it has no such joint."""
    tap, known = cached.trace(side)[name], cached.pose(side).card.joints.joints
    if tap.role == "heatmaps":
        return known.index(joint) if joint in known else None
    at = place(cached, side, joint, tap.stride)
    values = cached.tensor(side, name)
    return channels.order(values, "energy" if at is None else "joint", at)[0][0]


def step(layer: Step) -> Said:
    """A layer between two maps, in words."""
    if isinstance(layer, Conv):
        kind = "pool" if layer.pool else "conv" if layer.stride == 1 else "strided"
        return said(f"xray.step_{kind}", kernel=layer.kernel, stride=layer.stride)
    if isinstance(layer, Enlarge):
        return said("xray.step_enlarge", factor=layer.factor)
    return said("xray.step_whole", operation=layer.operation)
