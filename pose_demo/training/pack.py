"""A training run's averaged weights -> the file that ships, and its card beside it."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..download import sha256_of
from ..joints import joint_set
from ..networks import checkpoints, zoo
from ..networks.files import CheckpointError, contents
from ..study.metrics import pck
from .data import load
from .loop import predict, truth_in_file

_HEAD = "# Written by `python -m pose_demo weights pack`; manifest.toml says what the keys mean.\n"

#: What the folders of crops hold, by name: photos and who marked the joints.
DATA = {
    "lspet": "LSP-extended (Johnson and Everingham, CVPR 2011), joints cleaned with a teacher",
    "people": "Stanford 40 Actions, Flickr8k, COCO and Clothing Co-Parsing photos, joints by PP-TinyPose",
}


def pack(run: Path, name: str, folder: Path, tests: Sequence[Path] = (), pair: int | None = None) -> Path:
    """A best.pt -> folder/NAME.safetensors (fp16 weights, fp32 norm statistics) and NAME.toml, which comes back.

    The run's curve goes beside them as NAME.png. Older names of the weights that are replaced stay theirs.
    tests -- .npz files of labelled crops: the PCK of the written file on each goes into NAME.toml
    pair  -- 1 or 2: these weights are compared where nobody names others
    """
    saved = contents(run)
    network, record = saved.network, saved.record
    if not (network and record):
        raise CheckpointError("pack.no_run", file=run.name)
    joints, recipe = joint_set(network["joints"]), record["recipe"]
    options = {**network.get("options", {}), "trained_upsampling": recipe["upsampling"]}
    net = zoo.build(network["name"], len(joints), **options)
    checkpoints.load(net, saved)
    file = folder / f"{name}.safetensors"
    checkpoints.save(net, file, {"name": name, "network": network["name"], "joints": joints.name})
    if (curve := run.with_name("curve.png")).exists():
        shutil.copyfile(curve, folder / f"{name}.png")
    data = "; ".join(DATA.get(part["name"]) or part["name"] for part in record.get("data", []))
    skipped = ("recipe", "augmentation", "validation")
    training = {k: v for k, v in record.items() if v is not None and k not in skipped}
    training["validation_pck"] = record["validation"]["pck"]
    card = {
        "name": name, "network": network["name"], "joints": joints.name, "input": [recipe["size"]] * 2,
        "normalisation": "imagenet", "cells": "centre", "upsampling": recipe["upsampling"], "file": file.name,
        "sha256": sha256_of(file), "licence": "MIT",
        "source": f"trained with this repository on {data}; for research and teaching", "embedded": True, "pair": pair,
        "trained": "trained briefly on a CPU" if record["device"] == "CPU" else "trained",
        "training": {**training, "recipe": recipe, "augmentation": record.get("augmentation", {})},
    }  # fmt: skip
    before = file.with_suffix(".toml")
    if before.exists():
        card["also"] = tomllib.loads(before.read_text(encoding="utf-8")).get("also")
    return _write(file.with_suffix(".toml"), {**card, "measured": _measure(net, card, folder, tests)})


def measure(card: Path, tests: Sequence[Path]) -> Path:
    """Measures the weights that ship with this NAME.toml again and writes the figures into it."""
    known = tomllib.loads(card.read_text(encoding="utf-8"))
    net = zoo.build(known["network"], len(joint_set(known["joints"])))
    known["sha256"] = sha256_of(card.with_name(known["file"]))
    return _write(card, {**known, "measured": _measure(net, known, card.parent, tests)})


def _measure(net: Any, card: dict[str, Any], folder: Path, tests: Sequence[Path]) -> list[dict[str, Any]]:
    """The figures of the file that ships, on each of the tests."""
    net, joints, found = checkpoints.load(net, folder / card["file"]), joint_set(card["joints"]), []
    for test in tests:
        crops = load(test, tuple(card["input"]))
        predicted, _ = predict(net, crops, 32)
        result = pck(predicted.numpy(), truth_in_file(crops).numpy(), joints)
        found.append({
            "metric": f"PCK@{result.threshold} of the torso", "value": _percent(result.mean),
            "upright": _percent(result.upright), "set": f"{test.resolve().parent.name}/{test.name}",
            "count": len(crops), "people": result.people, "joints": result.joints, "device": "CPU",
            "decoder": "argmax", "weights_sha256": card["sha256"],
            "per_joint": {joint: _percent(share) for joint, share in result.per_joint.items()},
        })  # fmt: skip
    return found


def _write(file: Path, card: dict[str, Any]) -> Path:
    """A card as TOML: plain values first, then the tables, as TOML wants it."""
    import tomlkit

    known = {key: value for key, value in card.items() if value is not None}
    tables = {key: known.pop(key) for key in ("measured", "training") if key in known}
    file.write_text(_HEAD + tomlkit.dumps({**known, **tables}), encoding="utf-8")
    return file


def _percent(share: float) -> float:
    return round(100 * share, 2)
