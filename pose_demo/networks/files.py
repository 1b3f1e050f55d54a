"""What a file holds that somebody calls a checkpoint: read so that nothing in it can run, or told in one sentence.

There is one reader, and every door goes through it: compare, study, train --begin, weights pack, the page's import.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import pickletools
import re
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..locales import UserError
from ..weights import WeightsMissing

Source = str | Path | Mapping[str, Any]

#: Where training programs put the state dict among epoch, optimiser and the like; the first that is there counts
#: (a state.pt of `train` has both, and its average is the better one).
CONTAINERS = (
    "state_dict", "model_state_dict", "model_state", "model", "average", "net", "weights", "params",
    "model_ema", "best_state_dict",
)  # fmt: skip


class CheckpointError(UserError):
    """A file that is no checkpoint, or none that fits; the sentence says what it is."""


@dataclass(frozen=True)
class Contents:
    """name -- of the file; tensors -- by their names there, out of all containers
    network, record -- what `train` writes beside them: {name, joints, options} and how it was trained; else empty
    notes -- whatever else lies beside them; sha256 -- of the file's bytes as they were read, "" of a state dict
    """

    name: str
    tensors: dict[str, Tensor]
    network: dict[str, Any] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""


def contents(source: Source | Contents) -> Contents:
    """What a file (.pth, .pt, .pth.tar, .safetensors; told by what is in it) or a state dict holds.

    Raises CheckpointError for what is no checkpoint, WeightsMissing (a FileNotFoundError) where no file is.
    """
    if isinstance(source, Contents):
        return source
    if isinstance(source, Mapping):
        return _unpacked(source, "the state dict")
    file = Path(source).expanduser()
    if not file.is_file():
        raise WeightsMissing("weights.no_file", file=file)
    data = file.read_bytes()  # once: a file may be cut or replaced at any moment, and what is mapped would go with it
    return replace(_unpacked(_open(data, file), file.name), sha256=hashlib.sha256(data).hexdigest())


def _unpacked(content: Any, name: str) -> Contents:
    notes = content if isinstance(content, Mapping) else {}
    while isinstance(content, Mapping) and (
        key := next((key for key in CONTAINERS if isinstance(content.get(key), Mapping)), None)
    ):
        content = content[key]
    if not isinstance(content, Mapping) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        raise CheckpointError("checkpoint.no_state", file=name)
    wrong = [key for key, value in content.items() if value.is_floating_point() and not value.isfinite().all()]
    if wrong:
        raise CheckpointError("checkpoint.nan", file=name, count=len(wrong), example=str(wrong[0]))
    network, record = (notes.get(key) for key in ("network", "record"))
    return Contents(
        name, {str(key): value for key, value in content.items()},
        dict(network) if isinstance(network, Mapping) else {}, dict(record) if isinstance(record, Mapping) else {},
        notes,
    )  # fmt: skip


# --- what it is ----------------------------------------------------------------------------------------------------


def _open(data: bytes, file: Path) -> Any:
    """What a file holds, by its first bytes and not by what it is called."""
    head = data[:512]
    if not head:
        raise CheckpointError("checkpoint.empty", file=file.name)
    if head.lstrip()[:1] == b"<":
        raise CheckpointError("checkpoint.page", file=file.name)
    if head.startswith(b"version https://git-lfs"):
        raise CheckpointError("checkpoint.lfs", file=file.name)
    if file.suffix == ".safetensors" or head[8:9] == b"{":
        return _safetensors(data, file)
    if head.startswith(b"PK"):
        _check_archive(data, file)
    return _torch(data, file)


def _safetensors(data: bytes, file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError  # here, because training must run without it
    from safetensors.torch import load

    try:
        return load(data)
    except SafetensorError as error:
        raise CheckpointError("checkpoint.cut", file=file.name, why=str(error)) from None


def _check_archive(data: bytes, file: Path) -> None:
    """A zip: of weights, or a whole program of TorchScript, or a model pickled with its class, or something else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()}
            pickled = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
            if pickled and archive.getinfo(pickled).file_size > _PICKLE:
                raise zipfile.BadZipFile("its list of tensors is too long")
            first = _root(archive.read(pickled)) if pickled else None
    except Exception as error:  # bytes from anywhere can make a reader fail in any way
        raise CheckpointError("checkpoint.cut", file=file.name, why=str(error)) from None
    if "constants.pkl" in names:
        raise CheckpointError("checkpoint.torchscript", file=file.name)
    if pickled is None:
        raise CheckpointError("checkpoint.archive", file=file.name)
    if first:
        raise CheckpointError("checkpoint.model", file=file.name, what=first)


def _root(pickled: bytes) -> str | None:
    """The class of the object that a pickle is, where that is neither a dict nor another plain value."""
    strings: list[str] = []
    try:
        for opcode, value, _ in pickletools.genops(pickled):
            if opcode.name in ("PROTO", "FRAME", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
                continue
            if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE") and len(strings) < 2:
                strings.append(str(value))
                continue
            name = str(value).replace(" ", ".") if opcode.name == "GLOBAL" else ".".join(strings)
            plain = name in ("collections.OrderedDict", "builtins.getattr") or name.startswith("torch._")
            return name if opcode.name in ("GLOBAL", "STACK_GLOBAL") and not plain else None
    except Exception:  # broken pickles fail in any way, and the reader says so
        return None
    return None


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
#: Bytes of the list of tensors in an archive; that of the largest published network has a hundredth.
_PICKLE = 64 * 2**20
_ONE_AT_A_TIME = threading.Lock()  # the list of what may be read belongs to the process, not to the call


def _torch(data: bytes, file: Path) -> Any:
    try:
        with _ONE_AT_A_TIME, torch.serialization.safe_globals([*_HARMLESS]):
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except OSError:
        raise
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        if named:
            raise CheckpointError("checkpoint.unsafe", file=file.name, what=named[1]) from None
        raise CheckpointError("checkpoint.unsafe_other", file=file.name) from None
    except Exception as error:  # bytes from anywhere can make a reader fail in any way
        why = str(error).strip().partition("\n")[0]
        raise CheckpointError("checkpoint.cut", file=file.name, why=why or type(error).__name__) from None
