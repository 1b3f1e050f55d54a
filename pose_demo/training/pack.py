"""A training run's averaged weights -> the file that ships and its table for weights/manifest.toml."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ..joints import joint_set
from ..networks import checkpoints, zoo

#: What the folders of crops hold, by name: photos and who marked the joints.
DATA = {
    "lspet": "LSP-extended (Johnson and Everingham, CVPR 2011), joints cleaned with a teacher",
    "people": "Stanford 40 Actions, Flickr8k, COCO and Clothing Co-Parsing photos, joints by PP-TinyPose",
}


def pack(run: Path, name: str, folder: Path, tests: Sequence[Path] = ()) -> str:
    """Writes folder/NAME.safetensors (fp16 weights, fp32 norm statistics) from a best.pt; returns the manifest's table.

    tests -- .npz files of labelled crops: the PCK of the written file on each goes into the table
    """
    saved = torch.load(run, map_location="cpu", weights_only=True)
    network, record = saved["network"], saved["record"]
    joints, recipe = joint_set(network["joints"]), record["recipe"]
    options = {**network.get("options", {}), "trained_upsampling": recipe["upsampling"]}
    net = zoo.build(network["name"], len(joints), **options)
    net.load_state_dict(saved["weights"])
    file = folder / f"{name}.safetensors"
    checkpoints.save(net, file, {"name": name, "network": network["name"], "joints": joints.name})
    data = "; ".join(DATA.get(part["name"], part["name"]) for part in record.get("data", []))
    entry = {
        "name": name, "network": network["name"], "joints": joints.name, "input": [recipe["size"]] * 2,
        "normalisation": "imagenet", "cells": "centre", "upsampling": recipe["upsampling"], "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "licence": "MIT",
        "source": f"trained with this repository on {data}; for research and teaching", "embedded": True,
        "trained": "trained briefly on a CPU" if record["device"] == "CPU" else "trained",
    }  # fmt: skip
    parts = ["[[weights]]", *_lines(entry)]
    for test in tests:
        parts += ["", "[[weights.measured]]", *_lines(_measure(file, net, joints, recipe["size"], test))]
    training = {k: v for k, v in record.items() if k not in ("recipe", "augmentation", "validation")}
    training["validation_pck"] = record["validation"]["pck"]
    parts += ["", "[weights.training]", *_lines(training)]
    for part in ("recipe", "augmentation"):
        parts += ["", f"[weights.training.{part}]", *_lines(record.get(part, {}))]
    return "\n".join(parts) + "\n"


def _measure(file: Path, net: Any, joints: Any, size: int, test: Path) -> dict[str, Any]:
    from ..study.metrics import pck
    from .data import load
    from .loop import predict, truth_in_file

    crops = load(test, size)
    found, _ = predict(checkpoints.load(net, file), crops, 32)
    result = asdict(pck(found.numpy(), truth_in_file(crops).numpy(), joints))
    return {
        "metric": f"PCK@{result['threshold']} of the torso", "value": _percent(result["mean"]),
        "upright": _percent(result["upright"]), "set": f"{test.resolve().parent.name}/{test.name}",
        "count": len(crops), "people": result["people"], "joints": result["joints"], "device": "CPU",
        "decoder": "argmax", "per_joint": {joint: _percent(share) for joint, share in result["per_joint"].items()},
    }  # fmt: skip


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]


def _toml(value: Any) -> str:
    """Strings, numbers, booleans and lists are written as JSON writes them; a table stands in line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
