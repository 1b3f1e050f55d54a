"""A training run's averaged weights -> the file that ships and its table for weights/manifest.toml."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ..joints import joint_set
from ..networks import checkpoints, zoo


def pack(run: Path, name: str, folder: Path, test: Path | None = None) -> str:
    """Writes folder/NAME.safetensors (fp16 weights, fp32 norm statistics) from a best.pt; returns the manifest's table.

    test -- an .npz of labelled crops: the PCK of the written file on it goes into the table
    """
    saved = torch.load(run, map_location="cpu", weights_only=True)
    network, record = saved["network"], saved["record"]
    joints, recipe = joint_set(network["joints"]), record["recipe"]
    options = {**network.get("options", {}), "trained_upsampling": recipe["upsampling"]}
    net = zoo.build(network["name"], len(joints), **options)
    net.load_state_dict(saved["weights"])
    file = folder / f"{name}.safetensors"
    checkpoints.save(net, file, {"name": name, "network": network["name"], "joints": joints.name})
    measured = _measure(file, net, joints, recipe["size"], test) if test else None
    entry = {
        "name": name, "network": network["name"], "joints": joints.name, "input": [recipe["size"]] * 2,
        "normalisation": "imagenet", "cells": "centre", "upsampling": recipe["upsampling"], "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "licence": "MIT",
        "source": "trained with this repository on LSP-extended (Johnson and Everingham, CVPR 2011)",
        "embedded": True,
        "trained": "trained briefly on a CPU" if record["device"] == "CPU" else "trained",
    }  # fmt: skip
    parts = ["[[weights]]", *_lines(entry)]
    if measured:
        parts += ["", "[weights.measured]", *_lines(measured)]
    training = {k: v for k, v in record.items() if k not in ("recipe", "validation")}
    training["validation_pck"] = record["validation"]["pck"]
    parts += ["", "[weights.training]", *_lines(training), "", "[weights.training.recipe]", *_lines(recipe)]
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
        "upright": _percent(result["upright"]), "set": f"LSP-extended {test.name}", "count": len(crops),
        "people": result["people"], "joints": result["joints"], "device": "CPU", "decoder": "argmax",
        "per_joint": {joint: _percent(share) for joint, share in result["per_joint"].items()},
    }  # fmt: skip


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]


def _toml(value: Any) -> str:
    """Strings, numbers, booleans and lists are written as JSON writes them; a table stands in line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)
