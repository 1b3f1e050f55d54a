"""Several processes on one batch: what makes a run the same run however many share it.

Every process draws the same photos and the same augmentation, computes its share of the batch, and the norms, the
loss and the gradients are those of the whole batch. What is left between 1 and N processes is the order of sums.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn


class _Sum(torch.autograd.Function):
    """The sum over processes of a tensor; its gradient is the sum of the gradients."""

    @staticmethod
    def forward(context, x: Tensor) -> Tensor:
        return whole(x)

    @staticmethod
    def backward(context, gradient: Tensor) -> Tensor:
        return whole(gradient)


def whole(x: Tensor) -> Tensor:
    """The sum of every process's x, on every process, without a gradient."""
    x = x.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(x)
    return x


class SharedNorm(nn.BatchNorm2d):
    """Batch norm over the batch of all processes, on any device. torch's SyncBatchNorm does the same on GPUs only.

    In evaluation it is the plain one; its parameters and buffers have the same names.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values, each = x.to(torch.promote_types(x.dtype, torch.float32)), (None, slice(None), None, None)
        count = whole(values.new_full((1,), x.numel() / x.shape[1]))
        mean = _Sum.apply(values.sum((0, 2, 3))) / count
        centred = values - mean[each]
        variance = _Sum.apply(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1).clamp_min(1), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[each] + self.bias[each]).to(x.dtype)


def share_norms(net: nn.Module, device: torch.device) -> None:
    """Makes every batch norm of `net` one over all processes; parameters and buffers stay the very same tensors."""
    if device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(net)
        return
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                norm = SharedNorm(child.num_features, child.eps, child.momentum)
                norm.weight, norm.bias = child.weight, child.bias
                norm._buffers.update(child._buffers)
                setattr(parent, name, norm)


def share(size: int, rank: int, world: int) -> slice:
    """The part of a batch of `size` photos that belongs to one of `world` processes: sizes differ by one at most."""
    return slice(size * rank // world, size * (rank + 1) // world)


def agreed(seconds: float, device: torch.device) -> float:
    """The first process's clock, on every process: they must all end at the same step."""
    if not dist.is_initialized():
        return seconds
    clock = torch.tensor(seconds, device=device, dtype=torch.float64)
    dist.broadcast(clock, 0)
    return clock.item()
