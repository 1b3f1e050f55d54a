"""What shapes a run: a recipe for pose networks, and what the finder of people has in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..locales import UserError

#: What weights and sums are kept in.
TYPES = {"bf16": torch.float32, "fp32": torch.float32, "fp64": torch.float64}


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes a run; written into its record.

    photos -- the budget: the run ends after so many photos
    size   -- side of the square input in pixels
    batch  -- photos in a step, shared by however many processes there are
    sigma  -- of the target Gaussian, in cells
    turn_after, drop_after -- share of the run after which rotation and label-noise dropping begin
    upsampling -- the slider's stop to train with
    supervise -- "all" supervisions, or the "last" only (the paper's ablation of intermediate supervision)
    precision -- of the forward pass: "bf16" (autocast; weights and sums are fp32), "fp32", "fp64" for everything, with
                 which any number of processes come to the same figures digit by digit, or "auto": bf16 where the
                 device computes in it, fp32 where it would be emulated, which is ten times slower
    """

    photos: int
    size: int = 256
    batch: int = 64
    rate: float = 1e-3
    sigma: float = 2.0
    decay: float = 1e-4
    clip: float = 1.0
    warm_up: float = 0.02
    average: float = 0.999
    turn_after: float = 0.0
    drop_after: float = 0.2
    drop: float = 0.03
    seed: int = 0
    upsampling: str = "nearest"
    supervise: str = "all"
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.photos <= 0:
            raise UserError("train.no_end")
        for option in ("size", "batch"):
            if (value := getattr(self, option)) < 1:
                raise UserError("option.least", option=option, least=1, given=value)
        for option, known in (("precision", ("auto", *TYPES)), ("supervise", ("all", "last"))):
            if (value := getattr(self, option)) not in known:
                raise UserError("option.one_of", option=option, known=", ".join(known), given=value)

    def on(self, device: torch.device) -> Recipe:
        """The recipe as this device carries it out: "auto" becomes a precision."""
        if self.precision != "auto":
            return self
        cpu_has = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        has = torch.cuda.is_bf16_supported() if device.type == "cuda" else cpu_has()
        return replace(self, precision="bf16" if has else "fp32")


@dataclass(frozen=True)
class PeopleRecipe(Recipe):
    """Of the finder of people (people.py). small -- side of the input until `grown` of the run"""

    rate: float = 5e-4
    batch: int = 16
    clip: float = 10.0
    small: int = 160
    grown: float = 0.85
    average: float = 0.998
