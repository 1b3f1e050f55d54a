"""The training loop: one recipe for every network, ended by a budget of photos, resumable at any step.

`python -m pose_demo train --help` shows the options. In the output folder:
    state.pt    everything a later call needs to go on
    best.pt     {"network": {...}, "weights": averaged weights in fp32, "record": what is known of the run}
    log.jsonl   one JSON object per evaluation
    curve.png   validation PCK and loss over photos seen

What a step sees depends on its number and the recipe's seed and batch, on the folders of the data and their weights,
and its augmentation on the kind of device too: runs that share these see the same photos in the same order with the
same augmentation, however often they were cut off.
"""

from __future__ import annotations

import io
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..joints import JointSet
from ..locales import UserError
from ..networks import zoo
from ..networks.base import PoseNetwork
from ..networks.model import card_of, normalise
from ..writing import writing
from .augmentation import Augmentation
from .average import Average
from .curve import draw_curve
from .data import Source, epoch_order
from .graphs import Graphs
from .loss import joint_losses, kept, masked_mean, targets
from .recipe import TYPES, Recipe
from .together import agreed, share, share_norms, whole
from .validation import validate

#: Of a recipe, what may be another when a run goes on: its end, and what the device makes of "auto".
_MAY_CHANGE = ("photos", "precision")


class Trainer:
    """One run. `run()` trains until the budget is spent and returns the last evaluation.

    network -- {"name", "joints", "options"}, so that the weights can be given a body again
    begun   -- what the weights were before, for the record: see begin.py
    """

    #: On one GPU a step is recorded once and replayed. Not where its shapes depend on what is in the photos.
    recorded = True

    def __init__(
        self,
        net: PoseNetwork,
        network: dict,
        joints: JointSet,
        sources: Sequence[Source],
        recipe: Recipe,
        out: Path,
        device: torch.device,
        compile: bool = False,
        begun: dict[str, Any] | None = None,
    ):
        self.recipe, self.joints, self.out, self.device = recipe.on(device), joints, out, device
        self.network, self.begun = network, begun
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.world = dist.get_world_size() if dist.is_initialized() else 1
        sources = sorted(sources, key=lambda source: source.name)  # in whatever order they were given
        self.sources = [[s.name, s.weight, len(s.train)] for s in sources]
        self.train: Any = type(sources[0].train).cat([s.train for s in sources]).to(device)
        self.held: dict[str, Any] = {s.name: s.held.to(device) for s in sources}
        self.batch = min(recipe.batch, len(self.train))
        if not (crops := sum(int(w) * n + round((w - int(w)) * n) for _, w, n in self.sources)):
            raise UserError("train.nothing")
        self.per_epoch = max(1, crops // self.batch)
        if self.world > self.batch:
            raise UserError("train.processes", processes=self.world, batch=self.batch)
        recipe = self.recipe
        self.type = TYPES[recipe.precision]
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
        self.carried = {"device": [name], "precision": [recipe.precision]}
        net = zoo.open(net).to(device, self.type)
        self.net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.average = Average(self.net, recipe.average)
        if self.world > 1:
            share_norms(self.net, device)
        norms_and_biases = [p for p in self.net.parameters() if p.ndim <= 1]
        weights = [p for p in self.net.parameters() if p.ndim > 1]
        on_gpu = device.type == "cuda"
        self.optimiser = torch.optim.AdamW(
            [{"params": weights, "weight_decay": recipe.decay}, {"params": norms_and_biases, "weight_decay": 0.0}],
            lr=torch.tensor(recipe.rate, device=device), fused=on_gpu, capturable=on_gpu,
        )  # fmt: skip
        ids = [device.index] if device.type == "cuda" else None
        self.call = nn.parallel.DistributedDataParallel(self.net, device_ids=ids) if self.world > 1 else self.net
        if compile:
            self.call = torch.compile(self.call)
        self.graphs = Graphs(self._learn) if on_gpu and self.recorded and self.call is self.net else None
        self.augment: Any = Augmentation()
        self.photos, self.steps, self.seconds, self.log = 0, 0, 0.0, []
        self._epoch: tuple[int, Tensor] | None = None

    # -- where the run stands ------------------------------------------------------------------------------------

    @property
    def done(self) -> float:
        """Share of the budget that is spent, 0 to 1."""
        return min(1.0, self.photos / self.recipe.photos)

    def _rate(self, done: float) -> float:
        r = self.recipe
        warm = min(1.0, (done + 1e-6) / r.warm_up) if r.warm_up else 1.0
        return r.rate * warm * (0.01 + 0.99 * (1 + math.cos(math.pi * done)) / 2)

    def save(self) -> None:
        """Writes state.pt and log.jsonl, each whole or not at all."""
        if self.rank:
            return
        state = {
            "net": self.net.state_dict(), "average": self.average.net.state_dict(), "average_steps": self.average.steps,
            "optimiser": self.optimiser.state_dict(), "photos": self.photos, "steps": self.steps,
            "seconds": self.seconds, "log": self.log, "network": self.network, "recipe": asdict(self.recipe),
            "begun": self.begun, "sources": self.sources, "carried": self.carried,
        }  # fmt: skip
        _write(self.out / "state.pt", state)
        with writing(self.out / "log.jsonl", "w") as out:  # last: it says how far the run has come
            out.writelines(json.dumps(entry) + "\n" for entry in self.log)

    def resume(self) -> bool:
        """Goes on from state.pt if there is one. Raises UserError if it is of another network, recipe or data."""
        file = self.out / "state.pt"
        if not file.exists():
            return False
        state = torch.load(file, map_location=self.device, weights_only=True)
        # States of earlier versions do not name their data.
        was = {"network": state["network"], **state["recipe"], "data": _said(state.get("sources", self.sources))}
        now = {"network": self.network, **asdict(self.recipe), "data": _said(self.sources)}
        if other := [k for k in now if k in was and k not in _MAY_CHANGE and was[k] != now[k]]:
            found, given = (", ".join(f"{key} {run[key]}" for key in other) for run in (was, now))
            raise UserError("train.another", file=file, found=found, given=given)
        self.net.load_state_dict(state["net"])
        self.average.net.load_state_dict(state["average"])
        self.average.steps = state["average_steps"]
        ours = [{k: group[k] for k in ("lr", "fused", "capturable")} for group in self.optimiser.param_groups]
        self.optimiser.load_state_dict(state["optimiser"])
        for group, own in zip(self.optimiser.param_groups, ours, strict=True):
            group.update(own)  # the state may come from another kind of device
        self.photos, self.steps = state["photos"], state["steps"]
        self.seconds, self.log, self.begun = state["seconds"], state["log"], state.get("begun")
        before = state.get("carried", {"device": [], "precision": [state["recipe"]["precision"]]})
        self.carried = {k: [*dict.fromkeys(before[k] + now)] for k, now in self.carried.items()}
        return True

    # -- the run -------------------------------------------------------------------------------------------------

    def run(
        self,
        every: float = 120.0,
        show: Callable[[str], None] = print,
        bar: bool = False,
        at_most: float | None = None,
    ) -> dict:
        """Trains to the end of the budget; evaluates and saves every `every` seconds and at the end.

        show gets each evaluation as a line of JSON. at_most ends this call, not the run, after so many seconds.
        Returns the last evaluation, {} where there was none.
        """
        progress = _bar() if bar else None
        self.out.mkdir(parents=True, exist_ok=True)
        started, before, photos_before = time.perf_counter(), self.seconds, self.photos
        evaluated, losses, over = self.seconds, [], self.done >= 1
        while not over:
            losses.append(self._step(self._part()))
            self.seconds = before + agreed(time.perf_counter() - started, self.device)
            over = self.done >= 1 or (at_most is not None and self.seconds - before >= at_most)
            if progress is not None:
                progress.n = round(100 * self.done, 1)
                progress.set_postfix_str(f"{self.photos} photos", refresh=False)
                progress.update(0)
            if over or self.seconds - evaluated > every:
                speed = (self.photos - photos_before) / max(self.seconds - before, 1e-9)
                entry = self._evaluate(torch.stack(losses).mean().item(), speed)
                show(json.dumps(entry))
                losses, evaluated = [], self.seconds
                self.save()
        if progress is not None:
            progress.close()
        return self.log[-1] if self.log else {}

    def _part(self) -> Tensor:
        """The numbers of the photos of the next step. What does not fill a batch at an epoch's end is left out."""
        epoch, step = divmod(self.steps, self.per_epoch)
        if self._epoch is None or self._epoch[0] != epoch:
            _, weights, sizes = zip(*self.sources, strict=True)
            self._epoch = epoch, epoch_order(sizes, weights, self.recipe.seed, epoch).to(self.device)
        return self._epoch[1][step * self.batch : (step + 1) * self.batch]

    def _step(self, part: Tensor) -> Tensor:
        r = self.recipe
        for group in self.optimiser.param_groups:
            group["lr"].fill_(self._rate(self.done))
        self.call.train()
        torch.manual_seed(r.seed * 1_000_003 + self.steps)  # the same on every process: they share each batch
        batch = self._batch(part)
        shown = self.graphs(self._kind(), *batch) if self.graphs else self._learn(*batch)
        self.average.update(self.net)
        self.steps += 1
        self.photos += len(part)
        return shown

    def _learn(self, *batch: Tensor) -> Tensor:
        """Loss, gradients and the optimiser's step for a batch; the loss, to be shown."""
        loss, shown = self._loss(*batch, mine=share(len(batch[0]), self.rank, self.world))
        self.optimiser.zero_grad(set_to_none=True)
        # Gradients are averaged over processes, the loss is a sum over them: hence the factor.
        (self.world * loss).backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), self.recipe.clip)
        self.optimiser.step()
        return shown

    def _batch(self, part: Tensor) -> tuple[Tensor, ...]:
        """The augmented photos of these numbers and what is known of them: images, joints."""
        r = self.recipe
        return self.augment(self.train[part], r.size, self.joints.flip, turn=self.done >= r.turn_after)

    def _kind(self) -> float:
        """What the loss depends on but its batch: the share of joints that are dropped."""
        return self.recipe.drop if self.done > self.recipe.drop_after else 0

    def _forward(self, images: Tensor) -> list[Tensor]:
        """Images (N, 3, H, W) in 0..1 -> what the network in training answers."""
        x = normalise(images, card_of(self.net).normalisation).to(self.type, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            return self.call(x, self.recipe.upsampling)

    def _loss(self, images: Tensor, joints: Tensor, mine: slice) -> tuple[Tensor, Tensor]:
        """This process's part of the loss of a batch, to be summed over processes; and the whole, to be shown."""
        r = self.recipe
        heatmaps = self._forward(images[mine])
        if r.supervise == "last":
            heatmaps = heatmaps[-1:]
        target, marked = targets(joints, r.size, r.size // heatmaps[-1].shape[-1], r.sigma)
        losses = joint_losses(heatmaps, target[mine], r.sigma)
        every = self._of_all(losses, mine, marked.shape)
        mask = kept(every, marked, self._kind())
        return masked_mean(losses, mask[mine], mask.sum()), masked_mean(every, mask)

    def _of_all(self, losses: Tensor, mine: slice, shape: torch.Size) -> Tensor:
        """The joint losses of the whole batch, of which this process has computed some."""
        if self.world == 1:
            return losses.detach()
        every = losses.new_zeros(shape)
        every[mine] = losses.detach()
        return whole(every)

    def _evaluate(self, loss: float, speed: float) -> dict:
        if not math.isfinite(loss):
            raise UserError("train.diverged", loss=loss, photos=self.photos)
        entry = {
            "photos": self.photos, "minutes": round(self.seconds / 60, 2), "loss": round(loss, 4), **self._measured(),
            "photos_per_second": round(speed, 1), "busy": self._busy(),
        }  # fmt: skip
        self.log.append(entry)
        if self.rank == 0:
            with writing(self.out / "curve.png") as out:
                draw_curve(self.log, self.network["name"]).save(out, "PNG")
            weights = {k: v.float() if v.is_floating_point() else v for k, v in self.average.net.state_dict().items()}
            _write(self.out / "best.pt", {"network": self.network, "weights": weights, "record": self.record()})
        return entry

    def _measured(self) -> dict[str, Any]:
        """What an evaluation says of the averaged weights on the held out photos, {measure: {set: value}}."""
        found = {name: validate(self.average.net, held, self.recipe.batch) for name, held in self.held.items()}
        return {
            "pck": {name: round(r.mean, 4) for name, r in found.items()},
            "upright": {name: round(r.upright, 4) for name, r in found.items()},
            "people": {name: r.people for name, r in found.items()},
        }

    def record(self) -> dict:
        """What the manifest keeps of a run; of one that went on elsewhere every device and precision: "CPU, ..."."""
        carried = {name: ", ".join(each) for name, each in self.carried.items()}
        return {
            "recipe": {**asdict(self.recipe), "precision": carried["precision"]},
            "augmentation": asdict(self.augment), "photos": self.photos,
            "data": [{"name": n, "weight": w, "crops": c} for n, w, c in self.sources], "begun": self.begun,
            "minutes": round(self.seconds / 60, 1), "device": carried["device"], "processes": self.world,
            "torch": str(torch.__version__), "date": time.strftime("%Y-%m-%d"), "validation": self.log[-1],
        }  # fmt: skip

    def _busy(self) -> float | None:
        """Share of the time that the GPU computes, over five more steps under the profiler; None on a CPU."""
        if self.device.type != "cuda" or self.log:
            return self.log[0]["busy"] if self.log else None
        from torch.profiler import ProfilerActivity, profile

        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CUDA]) as profiler:
            start = time.perf_counter()
            for _ in range(5):
                self._step(self._part())
            torch.cuda.synchronize()
            wall = time.perf_counter() - start
        return round(min(1.0, sum(e.self_device_time_total for e in profiler.key_averages()) / 1e6 / wall), 3)


def _said(sources: Sequence[Sequence[Any]]) -> str:
    return " and ".join(f"{name}:{weight:g} ({count})" for name, weight, count in sources)


def _bar() -> Any:
    """tqdm where it is installed: the loop itself must run with torch, numpy and Pillow alone."""
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}")


def _write(file: Path, value: dict) -> None:
    packed = io.BytesIO()  # torch.save itself does not say that a disk is full
    torch.save(value, packed)
    with writing(file) as out:
        out.write(packed.getbuffer())
