"""What people hand in as weights and is none: each kind as a file, and what must be said of it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

#: kind -> the key of its sentence.
NO_CHECKPOINTS = {
    "empty": "checkpoint.empty", "page": "checkpoint.page", "lfs": "checkpoint.lfs", "model": "checkpoint.model",
    "torchscript": "checkpoint.torchscript", "cut": "checkpoint.cut", "cut safetensors": "checkpoint.cut",
    "nan": "checkpoint.nan", "archive": "checkpoint.archive", "list": "checkpoint.no_state",
    "nothing": "checkpoint.no_state", "stranger": "checkpoint.layout", "half": "checkpoint.no_body",
    "wrong sizes": "checkpoint.fit", "counts": "checkpoint.no_body", "noise": "checkpoint.cut",
}  # fmt: skip
_BYTES = {
    "empty": b"", "page": b"\n <!DOCTYPE html><html>404</html>", "noise": b"\x80\x02}q\x00.",
    "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 100\n",
}  # fmt: skip


class Plain(nn.Module):
    """No network of ours: five heatmaps."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 4, 4)

    def forward(self, x):
        return self.conv(x)


def no_checkpoint(kind: str, folder: Path) -> Path:
    """A file of the kind in the folder."""
    import zipfile

    from safetensors.torch import save_file

    from pose_demo.networks import zoo

    file = folder / f"{kind.replace(' ', '-')}.{'safetensors' if 'safetensors' in kind else 'pth'}"
    state = zoo.build("hourglass-slim", 14).state_dict()
    if kind in _BYTES:
        file.write_bytes(_BYTES[kind])
    elif kind == "torchscript":
        torch.jit.script(Plain()).save(str(file))
    elif kind == "archive":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("weights/readme.txt", "unpack me")
    elif kind == "cut safetensors":
        save_file(state, file)
        file.write_bytes(file.read_bytes()[:-5000])
    else:
        torch.save(
            {
                "model": Plain(), "cut": state, "list": [1, 2], "nothing": {"state_dict": {}, "epoch": 3},
                "nan": {n: v * float("nan") if v.is_floating_point() else v for n, v in state.items()},
                "stranger": {"fc.weight": torch.ones(2, 2)},
                "half": {n: v for n, v in state.items() if not n.startswith("heads.")},
                "wrong sizes": {n: v[:1] if n == "heads.0.bias" else v for n, v in state.items()},
                "counts": {**state, "hourglasses.0.skip.123456789012.conv1.weight": torch.ones(1)},
            }[kind],
            file,
        )  # fmt: skip
        if kind == "cut":
            file.write_bytes(file.read_bytes()[:5000])
    return file
