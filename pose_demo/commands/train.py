"""`train`: one recipe for either network, on a GPU, several of them (torchrun), or a CPU.

    python -m pose_demo train --network hrnet-w18 --data DIR --out DIR --minutes 10
    torchrun --nproc_per_node 4 -m pose_demo train --network hourglass-2 --data DIR --out DIR --epochs 100
    python -m pose_demo train --recipe all --data DIR --out DIR --minutes 25 --resume

DIR holds train-*.npz. Afterwards `weights pack` makes the weights that ship.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

#: Options that are fields of the Recipe: name -> (type, what it is).
_RECIPE = {
    "size": (int, "side of the square input in pixels"),
    "batch": (int, "photos a step, shared by all processes"),
    "rate": (float, "the highest learning rate"),
    "sigma": (float, "of the target Gaussian, in cells"),
    "turn_after": (float, "share of the run after which rotation begins"),
    "seed": (int, "of the weights and the order of photos"),
    "upsampling": (str, "the slider's stop to train with"),
    "supervise": (str, "all supervisions or the last only"),
    "precision": (str, "bf16 (as shipped), fp32 or fp64"),
    "minutes": (float, "budget of time"),
    "epochs": (float, "budget of passes over the data"),
}


def add_parser(commands) -> None:
    p = commands.add_parser(
        "train", help="train a network", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--network", help="an architecture: hrnet-w18, hourglass-2, hrnet-slim, ...")
    p.add_argument("--recipe", help="an experiment of training/experiments.py, or `all` that are not finished")
    p.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with train-*.npz")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="state, weights, log and curve go here")
    p.add_argument("--resume", action="store_true", help="go on from --out's state.pt if there is one")
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

    from ..joints import joint_set
    from ..networks import zoo
    from ..training.data import split
    from ..training.loop import Trainer
    from ..training.together import agreed

    given = {name: getattr(call, name) for name in _RECIPE if getattr(call, name) is not None}
    plans = _plans(call, given)
    processes, local = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if processes > 1:
        if device.type == "cuda":
            torch.cuda.set_device(device)
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        first = not dist.is_initialized() or dist.get_rank() == 0
        say = (lambda line: print(line, file=sys.stderr, flush=True)) if first else (lambda line: None)
        say(f"reading {call.data}")
        train, held = split(call.data, plans[0].recipe.size, call.limit)
        joints, started = joint_set(train.joints.shape[1]), time.perf_counter()
        for plan in plans:
            # A list of experiments shares the minutes: each goes to the end of its epochs while there is time.
            spent = agreed(time.perf_counter() - started, device)
            left = 60 * call.minutes - spent if len(plans) > 1 and call.minutes else None
            if left is not None and left <= 0:
                say(f"no time left for {plan.name}")
                continue
            options = {**plan.options, "trained_upsampling": plan.recipe.upsampling}
            net = zoo.build(plan.network, len(joints), plan.recipe.seed, **options)
            network = {"name": plan.network, "joints": joints.name, "options": plan.options}
            trainer = Trainer(net, network, joints, train, held, plan.recipe, plan.out, device, call.compile)
            if call.resume and trainer.resume():
                say(f"{plan.name} goes on after {trainer.photos} photos")
            say(f"{plan.name}: {len(train)} crops to train on, {len(held)} to validate, {device}")
            show = (lambda line: None) if call.json else say
            last = trainer.run(call.every, show, bar=first and not call.json, at_most=left)
            if first:
                print(json.dumps({"name": plan.name, "finished": trainer.done >= 1, **last}))
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
    return 0


def _plans(call: argparse.Namespace, given: dict) -> list:
    """What is to be trained: the one network that was named, or the experiments of a list."""
    from ..training.experiments import EXPERIMENTS, Plan
    from ..training.loop import Recipe

    if (call.network is None) == (call.recipe is None):
        raise ValueError("say what to train: either --network or --recipe")
    if call.network:
        return [Plan(call.network, call.network, {}, Recipe(**given), call.out)]
    names = list(EXPERIMENTS) if call.recipe == "all" else [call.recipe]
    if unknown := [name for name in names if name not in EXPERIMENTS]:
        raise ValueError(f"no experiment {unknown[0]!r}; there are all, {', '.join(EXPERIMENTS)}")
    shared = {k: v for k, v in given.items() if k != "minutes"} if call.recipe == "all" else given
    return [EXPERIMENTS[name].plan(name, call.out, shared) for name in names]
