"""A training run's averaged weights -> the file that ships, and its card beside it."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    training = {k: v for k, v in record.items() if k not in ("recipe", "augmentation", "validation")}
    training["validation_pck"] = record["validation"]["pck"]
    card = {
        "name": name, "network": network["name"], "joints": joints.name, "input": [recipe["size"]] * 2,
        "normalisation": "imagenet", "cells": "centre", "upsampling": recipe["upsampling"], "file": file.name,
        "sha256": _hash(file), "licence": "MIT",
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
    known["sha256"] = _hash(card.with_name(known["file"]))
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


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _write(file: Path, card: dict[str, Any]) -> Path:
    """A card as TOML: plain values first, then the tables."""
    tables = {k: v for k, v in card.items() if isinstance(v, dict)}
    lists = {k: v for k, v in card.items() if isinstance(v, list) and v and isinstance(v[0], dict)}
    parts = [_HEAD, *_lines({k: v for k, v in card.items() if k not in tables and k not in lists})]
    for name, entries in lists.items():
        for entry in entries:
            parts += ["", f"[[{name}]]", *_lines(entry)]
    for name, table in tables.items():
        parts += ["", f"[{name}]", *_lines(table)]
    file.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return file


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
