"""An example's map in the stead of what is cut: "patch:EXAMPLE", where a photo has no trace at hand.

Interpretability calls it patching: what the network then says of this photo shows what that one map carries. Whoever
has another photo's Trace, or a map, gives that instead (silence.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ..examples import Example, examples
from . import memory, model
from . import silence as cuts
from .base import PoseNetwork
from .silence import Cut, How, Silence, SilenceError
from .trace import Trace
from .upsampling import Request

#: Before the example's name.
PATCH = "patch:"


def example_of(how: Any) -> str | None:
    """The example that a way to cut names, None for any other way."""
    return how.removeprefix(PATCH) if isinstance(how, str) and how.startswith(PATCH) else None


def check(net: PoseNetwork, place: str, how: How) -> tuple[Cut, ...]:
    """As silence.check, for examples too. Raises SilenceError for one that there is not."""
    if (name := example_of(how)) is None:
        return cuts.check(net, place, how)
    _example(name)
    return cuts.resolve(net, place, whole=True)


def unmirrored(*silences: Mapping[str, Any]) -> None:
    """Raises SilenceError where an example's map is asked for: for who looks at the mirrored photo too."""
    if any(example_of(how) for silence in silences for how in silence.values()):
        raise SilenceError("silence.flip")


def patched(silence: Silence, net: PoseNetwork, request: Request) -> Silence:
    """The same cuts, with the maps of the examples that they name: one more pass for each example.

    request -- how the network was asked for this photo; it is asked the same of the example
    """
    wanted: dict[str, set[str]] = {}
    for place, how in silence.items():
        if (name := example_of(how)) is not None:
            wanted.setdefault(name, set()).update(cut.map for cut in check(net, place, how))
    traces = {name: _trace(net, request, maps, _example(name)) for name, maps in wanted.items()}
    return {place: traces.get(example_of(how) or "", how) for place, how in silence.items()}


def _example(name: str) -> Example:
    known = {example.name: example for example in examples()}
    if name not in known:
        raise SilenceError("silence.example", given=f"{name!r:.80}", known=", ".join(known))
    return known[name]


def _trace(net: PoseNetwork, request: Request, maps: set[str], example: Example) -> Trace:
    from ..crop import Crop  # here, because networks must run where OpenCV is not
    from ..photo import read

    card = model.card_of(net)
    image = Crop.around(example.box, card.input, cells=card.cells).warp(read(example.path))

    def ask(on: PoseNetwork) -> Trace:
        return on.trace(model.tensor(image[None], on), request, maps).cpu()

    with torch.inference_mode():
        found = memory.within(net, ask)[0]
    found.label = PATCH + example.name
    return found
