"""Weights in: any published layout, strictly. Weights out: our own safetensors.

Reading runs no code that a file brings along. A name too many or too few, or another shape, is an error and the
network stays as it was: weights that almost fit give heatmaps that almost look right.
"""

from __future__ import annotations

import json
import pickle
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .hourglass import StackedHourglass
from .layouts import Layout, recognise

Source = str | Path | Mapping[str, Any]

# Where training programs put the state dict among epoch, optimiser and the like.
_WRAPPERS = ("state_dict", "model_state_dict", "model")
# What wrapped modules put before every name: DataParallel, and princeton-vl's trainer.
_PREFIXES = ("module.", "model.")
_COUNTER = "num_batches_tracked"  # counts training steps; files older than PyTorch 0.4.1 have none


def load(net: nn.Module, source: Source) -> nn.Module:
    """Weights of a file (.pth, .pt, .pth.tar, .safetensors) or a state dict into `net`, which comes back.

    Layouts: the official HRNet; MMPose 1.x and 2020; bearpaw's, anibali's and princeton-vl's hourglass; our own.
    Values are cast to the network's dtype and device.

    Raises ValueError where the file cannot be read safely, has a layout not known here, or does not fit the
    network in every name and shape; FileNotFoundError where there is none. `net` is then as it was.
    """
    origin = Path(source).name if isinstance(source, str | Path) else "the state dict"
    tensors = read(source)
    try:
        layout = recognise(tensors, net)
        found = _fit(net, tensors, layout)
    except ValueError as error:
        raise ValueError(f"{origin}: {error}") from None
    net.load_state_dict({**net.state_dict(), **found})
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
                raise ValueError(f"{name} has values that fp16 cannot hold; nothing was written")
        tensors[name] = value
    file = Path(file)
    part = file.with_name(file.name + ".part")
    part.write_bytes(_packed(tensors, dict(metadata)))
    part.replace(file)  # a run that is stopped here leaves the file of before


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
    """The tensors of a file or state dict by their names there, without wrappers and prefixes. Raises as `load`."""
    content = source if isinstance(source, Mapping) else _open(Path(source))
    origin = "the state dict" if isinstance(source, Mapping) else Path(source).name
    for key in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ValueError(f"{origin}: it holds no state dict, which is names and tensors and nothing else")
    tensors = {str(name): value for name, value in content.items()}
    while tensors and (prefix := next((p for p in _PREFIXES if all(n.startswith(p) for n in tensors)), None)):
        tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
    return tensors


# --- files ---------------------------------------------------------------------------------------------------------


class _Ignored:
    """Stands for an object that training programs leave in their files and that nobody here asks for.

    It takes any arguments and does nothing with them, so that reading such a file runs neither code from the file
    nor the library's code that the file names.
    """

    def __init__(self, *args: Any):
        pass

    def __setstate__(self, state: Any) -> None:
        pass


# numpy arrays and scalars (joint weights, best scores) and MMEngine's log of the training run, whose four methods
# are pickled as `getattr` of its class.
_HARMLESS = [
    (_Ignored, name)
    for name in (
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy.ndarray",
        "numpy.dtype",
        "mmengine.logging.history_buffer.HistoryBuffer",
        "builtins.getattr",
    )
]
_ONE_AT_A_TIME = threading.Lock()  # the list of what may be read belongs to the process, not to the call


def _open(file: Path) -> Any:
    """What a file holds, read so that nothing in it can run."""
    if file.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(file)
        except SafetensorError as error:
            raise ValueError(f"{file.name}: it is no safetensors file, or is cut short ({error})") from None
    try:
        with _ONE_AT_A_TIME, torch.serialization.safe_globals(_HARMLESS):
            return torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        what = f"it holds {named[1]}" if named else "it holds more than tensors and plain values, or is no checkpoint"
        raise ValueError(
            f"{file.name}: {what}, which could run code and is unsafe to read; nothing of it was run. "
            "Save the state dict alone, or take a .safetensors file"
        ) from None
    except Exception as error:  # bytes from anywhere can make a reader fail in any way
        raise ValueError(f"{file.name}: it is no PyTorch checkpoint, or is cut short ({error})") from None


# --- fitting -------------------------------------------------------------------------------------------------------


def _fit(net: nn.Module, tensors: Mapping[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """The tensors by the network's own names. Raises ValueError that lists everything that does not fit."""
    own = net.state_dict()
    modules = dict(net.named_modules())
    found: dict[str, Tensor] = {}
    extra, shapes = [], []
    for key, tensor in tensors.items():
        name = layout.rename(key)
        expected = _unused_skip(key, name, modules)
        if expected is None and (name is None or name not in own or name in found):
            extra.append(key)
        elif tensor.shape != (expected or own[name].shape):
            shapes.append(f"{key} is {_shape(tensor.shape)}, expected {_shape(expected or own[name].shape)}")
        if name in own:
            found[name] = tensor
    missing = [name for name in own if name not in found and not name.endswith(_COUNTER)]
    faults = [
        f"{len(names)} {fault} ({'; '.join(names[:4])}{'; ...' if len(names) > 4 else ''})"
        for names, fault in ((extra, "too many"), (missing, "missing"), (shapes, "of another shape"))
        if names
    ]
    if faults:
        raise ValueError(
            f"read as {layout.title}, but it does not fit this {type(net).__name__} with {net.joints} joints: "
            f"{', '.join(faults)}{_stem_hint(net, found)}"
        )
    return found


def _unused_skip(key: str, name: str | None, modules: Mapping[str, nn.Module]) -> tuple[int, ...] | None:
    """The shape of a tensor that princeton-vl's residual units own but never use; None for any other name.

    Their units all have a skip_layer, and use it only where the number of channels changes. Ours have an identity
    in the place of the others.
    """
    at, _, leaf = (name or "").rpartition(".")
    if ".skip_layer." not in key or not isinstance(modules.get(at), nn.Identity):
        return None
    channels = modules[at.rpartition(".")[0]].conv3.out_channels
    return {"weight": (channels, channels, 1, 1), "bias": (channels,)}.get(leaf)


def _stem_hint(net: nn.Module, found: Mapping[str, Tensor]) -> str:
    """The remedy where it is the hourglass's stem that does not fit."""
    if not isinstance(net, StackedHourglass) or "stem.1.conv3.weight" not in found:
        return ""
    if "conv1.weight" not in found or found["conv1.weight"].shape != net.conv1.weight.shape:
        return ""
    theirs, ours = len(found["stem.1.conv3.weight"]), net.stem[1].conv3.out_channels
    stem = {theirs: "", 2 * theirs: "newell", theirs // 2: "bearpaw"}.get(ours, "")
    return f'. The file has the other stem: build the network with stem="{stem}"' if stem else ""


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"
