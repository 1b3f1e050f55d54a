"""The one way through a network: photo and boxes -> crops -> tensor -> heatmaps -> joints in the photo.

compare, the person finder, studies, training's validation and the X-ray all go this way, or a part of it; what a
network needs to be asked rightly stands on its card.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..decode import decode, flip_merge, to_input
from ..locales import Said, UserError
from . import memory
from .base import PoseNetwork
from .card import NORMALISATION, Card
from .silence import Silence, SilenceError
from .trace import Trace
from .upsampling import Request

if TYPE_CHECKING:
    from ..crop import Crop

Run = Callable[[PoseNetwork, Tensor], list[Tensor]]
Warp = Callable[["Crop", np.ndarray], np.ndarray]

#: People whom `looks` puts into one pass.
TOGETHER = 16

#: A Space whose GPU is lent call by call: torch finds one there that only a call that was lent it may use.
LENT = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


@dataclass(frozen=True)
class Answer:
    """What a network says of N images that are inputs already.

    heatmaps -- list of (N, J, h, w), one per supervision, the last the answer (after the flip test, if asked for)
    joints   -- (N, J, 2) float32 x, y in pixels of the input, centres at whole numbers; scores -- (N, J), the peaks
    seconds  -- the forward passes alone
    trace    -- every map on the way, of the pass without mirroring, if asked for
    note     -- what is to be said where the device's memory was too small; None where it was not
    """

    heatmaps: list[Tensor]
    joints: Tensor
    scores: Tensor
    seconds: float
    trace: Trace | None
    note: Said | None = None


@dataclass(frozen=True)
class Look:
    """What a network says of N boxes of one photo.

    crops  -- where it looked; images -- (N, H, W, 3) uint8, what it saw; answer -- in pixels of those images
    joints -- (N, J, 2) float32 in pixels of the photo; scores -- (N, J) float32
    """

    crops: list[Crop]
    images: np.ndarray
    answer: Answer
    joints: np.ndarray
    scores: np.ndarray


def card_of(net: PoseNetwork) -> Card:
    """The network's card. Raises UserError for one that was made by hand and never given to zoo.open."""
    if net.card is None:
        raise UserError("card.none", network=type(net).__name__)
    return net.card


def look(
    net: PoseNetwork,
    photo: np.ndarray | Sequence[np.ndarray],
    boxes: Sequence[Sequence[float]],
    upsampling: Request = None,
    *,
    padding: float = 1.25,
    decoder: str = "argmax",
    flip: bool = False,
    trace: bool = False,
    silence: Silence | None = None,
    warp: Warp | None = None,
) -> Look:
    """The people in these boxes, in one pass.

    photo -- (H, W, 3) uint8, or one for each box
    boxes -- x0, y0, x1, y1 in its pixels, each padded by `padding`; the rest as in `see`
    warp  -- stands in for Crop.warp, for a caller who has cut out the same before

    Raises PhotoError for a box without an extent.
    """
    from ..crop import Crop  # here, because networks must run where OpenCV is not

    card = card_of(net)
    crops = [Crop.around(box, card.input, padding, card.cells) for box in boxes]
    photos = [photo] * len(crops) if isinstance(photo, np.ndarray) else photo
    images = np.stack([(warp or Crop.warp)(crop, each) for crop, each in zip(crops, photos, strict=True)])
    answer = see(net, images, upsampling, decoder=decoder, flip=flip, trace=trace, silence=silence)
    inside = answer.joints.cpu().numpy()
    joints = np.stack([crop.to_photo(points) for crop, points in zip(crops, inside, strict=True)])
    return Look(crops, images, answer, joints.astype(np.float32), answer.scores.cpu().numpy())


def looks(
    net: PoseNetwork, photo: np.ndarray | Sequence[np.ndarray], boxes: Sequence[Sequence[float]],
    upsampling: Request = None, **how: Any,
) -> list[Look]:  # fmt: skip
    """`look` at any number of people, TOGETHER in a pass: what one takes of memory does not grow with a crowd."""
    photos = [photo] * len(boxes) if isinstance(photo, np.ndarray) else photo
    parts = (slice(k, k + TOGETHER) for k in range(0, len(boxes), TOGETHER))
    return [look(net, photos[part], boxes[part], upsampling, **how) for part in parts]


def see(
    net: PoseNetwork,
    images: np.ndarray | Tensor,
    upsampling: Request = None,
    *,
    decoder: str = "argmax",
    flip: bool = False,
    trace: bool = False,
    silence: Silence | None = None,
    run: Run | None = None,
) -> Answer:
    """Images that are inputs already, in one pass; where memory is too small for that, as memory.py says.

    images -- (N, H, W, 3) uint8 array or (N, 3, H, W) uint8 tensor
    trace   -- keep every map on the way, where the network leaves any; run -- as in `heatmaps`
    silence -- what is cut in this pass (networks/silence.py)

    Raises SilenceError for a place that there is not, and for another photo's maps in a flip test; UserError where
    there is no memory for one image.
    """
    how: dict[str, Any] = {"decoder": decoder, "flip": flip, "trace": trace, "silence": silence}

    def halves() -> Answer:
        half = len(images) // 2
        return _together([see(net, part, upsampling, **how, run=run) for part in (images[:half], images[half:])])

    answer, note = memory.within(
        net, lambda on: _see(on, images, upsampling, **how, run=run), None if len(images) == 1 or trace else halves
    )
    return answer if note is None else replace(answer, note=answer.note or note)


def _together(parts: list[Answer]) -> Answer:
    first, second = parts
    maps = [torch.cat([a.to(b.device), b]) for a, b in zip(first.heatmaps, second.heatmaps, strict=True)]
    at, scores = (
        torch.cat([a.to(b.device), b]) for a, b in ((first.joints, second.joints), (first.scores, second.scores))
    )
    return Answer(maps, at, scores, first.seconds + second.seconds, None, first.note or second.note)


def _see(
    net: PoseNetwork, images: np.ndarray | Tensor, upsampling: Request, *, decoder: str, flip: bool, trace: bool,
    silence: Silence | None, run: Run | None,
) -> Answer:  # fmt: skip
    card, kept = card_of(net), None
    if silence:
        if flip and not all(isinstance(how, str) for how in silence.values()):
            raise SilenceError("silence.flip")
        run = run or (lambda net, batch: net(batch, upsampling, silence=silence))
    with torch.inference_mode():
        x = tensor(images, net)
        wait(x.device)
        start = time.perf_counter()
        if trace and net.taps:
            kept = net.trace(x, upsampling, silence=silence)
            straight = kept.heatmaps
            maps = merged(straight, net(x.flip(-1), upsampling, silence=silence), card) if flip else straight
        else:
            maps = heatmaps(net, x, upsampling, flip, run)
        wait(x.device)
        seconds = time.perf_counter() - start
        at, scores = joints(maps[-1], card, x.shape[-2], decoder)
    return Answer(maps, at, scores, seconds, kept)


def tensor(images: np.ndarray | Tensor, net: PoseNetwork) -> Tensor:
    """(N, H, W, 3) uint8 array or (N, 3, H, W) uint8 tensor -> what the network takes, on its device."""
    parameter = next(net.parameters())
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) if isinstance(images, np.ndarray) else images
    pixels = pixels.to(parameter.device, non_blocking=True).float() / 255
    return normalise(pixels, card_of(net).normalisation).to(parameter.dtype)


def normalise(images: Tensor, how: str) -> Tensor:
    """(N, 3, H, W) RGB in 0..1 -> what a network trained with `how`, a key of NORMALISATION, expects."""
    mean, std = (constant(v, images.device)[None, :, None, None] for v in NORMALISATION[how])
    return (images - mean) / std


def heatmaps(
    net: PoseNetwork, x: Tensor, upsampling: Request = None, flip: bool = False, run: Run | None = None
) -> list[Tensor]:
    """(N, 3, H, W), normalised -> heatmaps (N, J, h, w), averaged with the mirrored images' where flip is asked for.

    run -- gives a network's heatmaps of a batch, in the place of net(x, upsampling): for a study that reads answers on
           the way
    """
    run = run or (lambda net, batch: net(batch, upsampling))
    straight = run(net, x)
    return merged(straight, run(net, x.flip(-1)), card_of(net)) if flip else straight


def merged(straight: list[Tensor], mirrored: list[Tensor], card: Card) -> list[Tensor]:
    """The flip test: heatmaps of the images and of their mirror images -> their mean."""
    shift = bool(card.flip_shift)
    return [flip_merge(a, b, card.joints.flip, shift) for a, b in zip(straight, mirrored, strict=True)]


def joints(heatmaps: Tensor, card: Card, height: int, decoder: str = "argmax") -> tuple[Tensor, Tensor]:
    """(N, J, h, w) of inputs `height` pixels high -> joints (N, J, 2) in pixels of the input, and scores (N, J)."""
    cells, scores = decode(heatmaps, decoder)
    return to_input(cells, height // heatmaps.shape[2], card.cells), scores


def device(name: str | None = None) -> torch.device:
    """The device of that name, else the GPU where there is one. Raises UserError for one that is not here."""
    try:
        chosen = torch.device(name or ("cuda" if torch.cuda.is_available() and not LENT else "cpu"))
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError):  # a name that torch knows not; a build without CUDA
        raise UserError("network.no_device", name=name) from None
    return chosen


def wait(device: torch.device) -> None:
    """Until the device has finished: a GPU answers before it has computed."""
    if device.type not in ("cpu", "meta"):
        torch.accelerator.synchronize(device)


@cache
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """(len(values),) float32, made once a device: making a tensor on a GPU waits for all that it still has to do."""
    return torch.tensor(values, device=device)
