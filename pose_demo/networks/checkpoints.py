"""Weights in: any published layout, strictly. Weights out: our own safetensors.

Reading runs no code that a file brings along. A name too many or too few, or another shape, is an error and the
network stays as it was: weights that almost fit give heatmaps that almost look right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from ..locales import Said, said
from ..writing import writing
from .files import CheckpointError, Contents, Source, contents
from .hourglass import StackedHourglass
from .layouts import BUILT_BY_MMPOSE, Renamed, recognise

Network = TypeVar("Network", bound=nn.Module)
_COUNTER = "num_batches_tracked"  # counts training steps; files older than PyTorch 0.4.1 have none


def load(net: Network, source: Source | Contents) -> Network:
    """Weights of a file (.pth, .pt, .pth.tar, .safetensors) or a state dict into `net`, which comes back.

    Layouts: the official HRNet; MMPose 1.x and 2020; bearpaw's, anibali's and princeton-vl's hourglass; our own.
    Values are cast to the network's dtype and device.

    Raises CheckpointError (a ValueError) where the file cannot be read safely, has a layout not known here, or does
    not fit the network in every name and shape; FileNotFoundError where there is none. `net` is then as it was.
    """
    content = contents(source)
    # Built by MMPose, see reference.py: whatever the file calls itself, the network has MMPose's names.
    found = recognise(content, (BUILT_BY_MMPOSE,)) if hasattr(net, "backbone") else recognise(content)
    family = found.layout.family
    if not hasattr(net, "backbone"):
        if family is None:
            raise CheckpointError("checkpoint.mmpose", file=content.name)
        if not isinstance(net, family):
            raise CheckpointError(
                "checkpoint.family", file=content.name, layout=found.layout.name, network=type(net).__name__
            )
    net.load_state_dict({**net.state_dict(), **fit(net, found, content.name)})
    return net


def save(net: nn.Module, file: str | Path, metadata: Mapping[str, str]) -> None:
    """Our own safetensors: convolutions in fp16, which halves the file; norms and their statistics in fp32.

    metadata -- strings that stay readable without loading: network, data, licence, ...
    """
    convolutions = {name for name, module in net.named_modules() if isinstance(module, nn.Conv2d)}
    tensors = {}
    for name, value in net.state_dict().items():
        value = value.detach().cpu().contiguous()
        if name.rpartition(".")[0] in convolutions:
            value = value.half()
            if not value.isfinite().all():
                raise CheckpointError("checkpoint.fp16", name=name)
        tensors[name] = value
    with writing(Path(file)) as out:
        out.write(_packed(tensors, dict(metadata)))


def _packed(tensors: dict[str, Tensor], metadata: dict[str, str]) -> bytes:
    """The bytes of a safetensors file, the same for the same content: the package itself writes the metadata in an
    order of its own each time, and with it another hash."""
    from safetensors.torch import save as pack  # here and below, because training must run without it

    raw = pack(tensors, metadata)
    end = 8 + int.from_bytes(raw[:8], "little")
    header = {**json.loads(raw[8:end]), "__metadata__": metadata}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + raw[end:]


def read(source: Source) -> dict[str, Tensor]:
    """The tensors of a file or state dict by their names there, out of all containers. Raises as `load`."""
    return contents(source).tensors


# --- fitting -------------------------------------------------------------------------------------------------------


def fit(net: nn.Module, read: Renamed, file: str) -> dict[str, Tensor]:
    """The tensors by the network's own names. Raises CheckpointError that lists everything that does not fit."""
    own = net.state_dict()
    modules = dict(net.named_modules())
    found: dict[str, Tensor] = {}
    extra, shapes = [], []
    for key, tensor in read.tensors.items():
        name = read.ours[key]
        name = key if name is None and read.layout is BUILT_BY_MMPOSE else name
        expected = _unused_skip(key, name, modules)
        if expected is None and (name is None or name not in own or name in found):
            extra.append(key)
            continue
        wanted = expected or own[str(name)].shape
        if tensor.shape != wanted:
            shapes.append(f"{key} {_shape(tensor.shape)} / {_shape(wanted)}")
        if name in own:
            found[name] = tensor
    missing = [name for name in own if name not in found and not name.endswith(_COUNTER)]
    faults = [
        said(f"checkpoint.{fault}", count=len(names), names="; ".join(names[:4] + ["..."] * (len(names) > 4)))
        for fault, names in (("extra", extra), ("missing", missing), ("shapes", shapes))
        if names
    ]
    if faults:
        raise CheckpointError(
            "checkpoint.fit", file=file, layout=read.layout.name, network=type(net).__name__, joints=net.joints,
            faults=[*faults, *_stem_hint(net, found)],
        )  # fmt: skip
    return found


def _unused_skip(key: str, name: str | None, modules: Mapping[str, nn.Module]) -> tuple[int, ...] | None:
    """The shape of a tensor that princeton-vl's residual units own but never use; None for any other name.

    Their units all have a skip_layer, and use it only where the number of channels changes. Ours have an identity
    in the place of the others.
    """
    at, _, leaf = (name or "").rpartition(".")
    if ".skip_layer." not in key or not isinstance(modules.get(at), nn.Identity):
        return None
    channels = len(modules[at.rpartition(".")[0]].get_parameter("conv3.weight"))
    return {"weight": (channels, channels, 1, 1), "bias": (channels,)}.get(leaf)


def _stem_hint(net: nn.Module, found: Mapping[str, Tensor]) -> list[Said]:
    """The remedy where it is the hourglass's stem that does not fit."""
    if not isinstance(net, StackedHourglass) or "stem.1.conv3.weight" not in found:
        return []
    own = net.state_dict()
    if "conv1.weight" not in found or found["conv1.weight"].shape != own["conv1.weight"].shape:
        return []
    theirs, ours = len(found["stem.1.conv3.weight"]), len(own["stem.1.conv3.weight"])
    stem = {theirs: "", 2 * theirs: "newell", theirs // 2: "bearpaw"}.get(ours, "")
    return [said("checkpoint.stem", stem=stem)] if stem else []


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "1"
