"""`train`: one recipe for either network, on a GPU, several of them (torchrun), or a CPU.

    python -m pose_demo train --network hrnet-w18 --data DIR --out DIR --photos 500000
    torchrun --nproc_per_node 4 -m pose_demo train --network hourglass-2 --data DIR --out DIR --photos 500000
    python -m pose_demo train --queue pair people small --data DIR DIR:2 DIR --out DIR
    python -m pose_demo train --task people --data DIR --init weights/hrnet-slim.safetensors --out DIR --photos 60000

DIR holds train-*.npz; of a queue's folders each run takes those of its task. Afterwards `weights pack` makes the
weights that ship. A queue resumes by itself; two calls of it share the work, each taking what no other process is at.
Size, sigma and upsampling are by default those of --init's weights, or else those of the network in the queue.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..locales import UserError

#: Options that are fields of the Recipe: name -> (type, what it is). Experiments of the queue settle all but the last.
_RECIPE = {
    "photos": (int, "budget: the run ends after so many photos"),
    "size": (int, "side of the square input in pixels"),
    "batch": (int, "photos a step, shared by all processes"),
    "rate": (float, "the highest learning rate"),
    "sigma": (float, "of the target Gaussian, in cells"),
    "turn_after": (float, "share of the run after which rotation begins"),
    "seed": (int, "of the weights and the order of photos"),
    "upsampling": (str, "the slider's stop to train with"),
    "supervise": (str, "all supervisions or the last only"),
    "precision": (str, "auto, bf16, fp32 or fp64"),
}


def add_parser(commands) -> None:
    p = commands.add_parser(
        "train", help="train a network", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--task", choices=("pose", "people"),
                   help="what to train; people: the finder, on whole photos with boxes (default pose)")  # fmt: skip
    p.add_argument("--network", help="an architecture: hrnet-w18, hourglass-2, hrnet-slim, ...")
    p.add_argument("--queue", nargs="+", metavar="NAME", help="lists or experiments of training/experiments.py")
    p.add_argument(
        "--data", nargs="+", required=True, metavar="DIR[:WEIGHT]",
        help="folders with train-*.npz, and how often each crop of them comes in an epoch (default 1)",
    )  # fmt: skip
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="state, weights, log and curve go here")
    p.add_argument(
        "--init", type=Path, metavar="FILE", help="begin from a run's best.pt or state.pt, or a shipped file"
    )
    p.add_argument(
        "--resume", action="store_true",
        help="go on from --out's state.pt if there is one, by its recipe: --photos alone may be another",
    )  # fmt: skip
    p.add_argument("--minutes", type=float, metavar="M", help="stop this call after so long; the run can be resumed")
    p.add_argument("--limit", type=int, help="only so many crops of each shard (a trial)")
    p.add_argument("--every", type=float, default=120.0, metavar="S", help="seconds between evaluations")
    p.add_argument("--compile", action="store_true", help="torch.compile the network")
    p.add_argument("--json", action="store_true", help="print only the last evaluation, as JSON")
    for name, (kind, text) in _RECIPE.items():
        p.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)
    p.set_defaults(run=run)


def run(call: argparse.Namespace) -> int:
    import torch
    import torch.distributed as dist

    settled = [f"--{name.replace('_', '-')}" for name in ("task", "init", *_RECIPE) if name != "precision"
               and getattr(call, name) is not None]  # fmt: skip
    if call.queue and settled:
        raise UserError("train.queue", options=", ".join(settled))
    if call.task != "people" and (call.network is None) == (call.queue is None):
        raise UserError("train.which")
    processes, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if processes > 1:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        first = not dist.is_initialized() or dist.get_rank() == 0
        say = (lambda line: print(line, file=sys.stderr, flush=True)) if first else (lambda line: None)
        _work(call, device, first, say)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def _work(call: argparse.Namespace, device: Any, first: bool, say: Callable[[str], None]) -> None:
    """Every experiment that is not finished and that no other process is at, while the call's minutes last."""
    from ..training.queue import claim, stands, state, waits_for
    from ..training.together import agreed

    started, sources, asked = time.perf_counter(), {}, _asked(call)
    for experiment, out, _ in asked if call.queue else ():
        say(f"{experiment.name}: {stands(out, experiment)}")
    for experiment, out, start in asked:
        spent = agreed(time.perf_counter() - started, device)
        left = 60 * call.minutes - spent if call.minutes else None
        if left is not None and left <= 0:
            say(f"no time left for {experiment.name}")
            break
        with claim(out) as ours:
            if not (ours or call.queue):
                raise UserError("train.busy", folder=out)
            if not ours:
                say(f"{experiment.name}: another process is at it")
            if not ours or (call.queue and state(out, experiment) == "finished"):
                continue
            if before := waits_for(experiment, call.out):
                say(f"{experiment.name} waits for {before}")
                continue
            recipe = vars(experiment.recipe.on(device)).items()
            say(f"{experiment.name}: " + ", ".join(f"{name} {value}" for name, value in recipe))
            kind = experiment.task, experiment.recipe.size
            if kind not in sources:
                say(f"reading {', '.join(call.data)} for {experiment.name}")
                sources = {kind: _sources(call, *kind)}
            trainer = _trainer(call, experiment, out, start, sources[kind], device, say)
            show = (lambda line: None) if call.json else say
            last = trainer.run(call.every, show, bar=first and not call.json, at_most=left)
        if first:
            print(json.dumps({"name": experiment.name, "finished": trainer.done >= 1, **last}), flush=True)


def _asked(call: argparse.Namespace) -> list[tuple[Any, Path, Path | None]]:
    """(experiment, its folder, the file it begins from): the one network that was named, or those of the queue."""
    from dataclasses import replace

    from ..training.begin import held, usual
    from ..training.experiments import Experiment, chosen
    from ..training.recipe import PeopleRecipe, Recipe
    from ..weights import HOME

    given = {name: getattr(call, name) for name in _RECIPE if getattr(call, name) is not None}
    if not call.queue:
        _free(call)
        people = call.task == "people"  # begun from a pose network of another size
        kind, name = (PeopleRecipe, call.network or "finder") if people else (Recipe, call.network)
        told = held(call.out) or usual(name, None if people else call.init)
        told = {name: value for name, value in told.items() if name in kind.__dataclass_fields__}
        recipe = kind(**{"photos": 0, **told, **given})
        return [(Experiment(name, "", name, recipe, task=call.task or "pose"), call.out, call.init)]
    listed = [replace(one, recipe=replace(one.recipe, **given)) for one in chosen(call.queue)]
    return [(one, call.out / one.name, one.start(call.out, HOME)) for one in listed]


def _free(call: argparse.Namespace) -> None:
    """Raises UserError where a run in --out would be lost, or goes on from its own weights and not those of --init."""
    state = call.out / "state.pt"
    if call.resume and call.init and state.exists():
        raise UserError("train.begun", file=state)
    for file in (state, call.out / "best.pt"):
        if file.exists() and not call.resume:
            raise UserError("train.held", file=file)


def _sources(call: argparse.Namespace, task: str, size: int) -> list[Any]:
    """The data of a task. Raises UserError where there is none, or two folders have one name."""
    from ..training import data, people_data

    split, size = (people_data.split, people_data.SIDE) if task == "people" else (data.split, size)
    found = []
    for text in call.data:
        folder, colon, weight = text.rpartition(":")
        if not colon or not weight.replace(".", "", 1).isdigit():
            folder, weight = text, "1"
        if not call.queue or people_data.are(folder) == (task == "people"):
            found.append(split(folder, size, call.limit, float(weight)))
    if not found:
        raise UserError(f"train.no_{task}_data", folders=", ".join(call.data))
    if len({source.name for source in found}) < len(found):
        raise UserError("train.twice")
    return found


def _trainer(call, experiment, out: Path, start: Path | None, sources, device, say: Callable[[str], None]) -> Any:
    if experiment.task == "people":
        from ..training.people import trainer as made  # needs OpenCV, which a machine for training need not have
    else:
        made = _of_poses
    trainer = made(experiment, sources, start, out, device, call.compile)
    if (call.resume or call.queue) and trainer.resume():
        say(f"{experiment.name} goes on after {trainer.photos} photos")
    what = "photos" if experiment.task == "people" else "crops"
    read = ", ".join(f"{len(s.train)} {what} of {s.name}, {len(s.held)} to validate" for s in sources)
    say(f"{experiment.name}: {read}, {device}")
    return trainer


def _of_poses(experiment, sources, start: Path | None, out: Path, device, compiled: bool) -> Any:
    from ..joints import joint_set
    from ..networks import zoo
    from ..training.begin import begin
    from ..training.loop import Trainer

    joints = joint_set(sources[0].train.joints.shape[1])
    options = {**experiment.options, "trained_upsampling": experiment.recipe.upsampling}
    net = zoo.build(experiment.network, len(joints), experiment.recipe.seed, **options)
    begun = begin(net, start) if start else None
    network = {"name": experiment.network, "joints": joints.name, "options": experiment.options}
    return Trainer(net, network, joints, sources, experiment.recipe, out, device, compiled, begun)
