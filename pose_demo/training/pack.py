"""A training run's averaged weights, or a file from elsewhere -> the file that ships, and its card beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..download import sha256_of
from ..networks import checkpoints, zoo
from ..networks.base import PoseNetwork
from ..networks.files import contents
from ..networks.model import card_of
from ..writing import writing
from . import people, people_data
from .data import load
from .validation import validate

_HEAD = "# Written by `python -m pose_demo weights pack`; manifest.toml says what the keys mean.\n"

#: What the project's folders hold, known by their name and how much of them is learned from: anybody may have one of
#: that name. Photos, and who marked the joints.
DATA = {
    ("lspet", 8700): "LSP-extended (Johnson and Everingham, CVPR 2011), joints cleaned with a teacher",
    ("finder", 4400): "Stanford 40 Actions, Flickr8k, COCO, VOC 2012, Open Images and GRAZ-01 photos, boxes by PicoDet",
    ("people", 12575): "Stanford 40 Actions, Flickr8k, COCO and Clothing Co-Parsing photos, joints by PP-TinyPose",
}


def pack(
    run: Path, name: str, folder: Path, tests: Sequence[Path] = (), pair: int | None = None, licence: str | None = None,
    source: str | None = None, **fields: Any,
) -> Path:  # fmt: skip
    """A file of weights -> folder/NAME.safetensors (fp16 weights, fp32 norm statistics) and NAME.toml, its path.

    The curve of a run of `train` goes beside them as NAME.png. Older names of weights that are replaced stay theirs.
    tests -- .npz files of labelled crops: the PCK of the written file on each goes into NAME.toml
    pair  -- 1 or 2: these weights are compared where nobody names others
    licence, source -- of weights that are none of `train`, which says both itself of those that learned from DATA
    fields -- what their tensors cannot tell, as zoo.open takes it; what nobody tells is taken for granted, and the card
             says so
    """
    net = zoo.open(run, **fields)
    known, record = card_of(net), contents(run).record
    usual = known.flip_shift == (known.cells == "corner")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.safetensors"
    checkpoints.save(net, file, {"name": name, "network": known.architecture, "joints": known.joints.text})
    if record and (curve := run.with_name("curve.png")).exists():
        with writing(folder / f"{name}.png") as out:
            out.write(curve.read_bytes())
    card = {
        "name": name, "network": known.architecture, "joints": known.joints.text, "input": list(known.input),
        "normalisation": known.normalisation, "cells": known.cells, "flip_shift": None if usual else known.flip_shift,
        "upsampling": known.upsampling, "assumed": list(known.assumed) or None, "file": file.name,
        "sha256": sha256_of(file), "licence": licence or "unknown", "source": source or f"{run.name}, from elsewhere",
        "embedded": True, "pair": pair, "trained": known.status, **(_trained(record) if record else {}),
        **(_learned(record, licence, source) if record else {}),
    }  # fmt: skip
    before = file.with_suffix(".toml")
    if before.exists():
        card["also"] = tomllib.loads(before.read_text(encoding="utf-8")).get("also")
    _write(before, card)
    return _write(before, {**card, "measured": _measure(file, tests)})


def _trained(record: dict[str, Any]) -> dict[str, Any]:
    """What a card says of how weights were trained, from what the run wrote."""
    skipped = ("recipe", "augmentation", "validation")
    training = {k: v for k, v in record.items() if v is not None and k not in skipped}
    if "validation" in record:
        training |= {f"validation_{k}": v for k, v in record["validation"].items() if k in ("pck", "ap")}
    return {
        "trained": _briefly(record),
        "training": {**training, "recipe": record["recipe"], "augmentation": record.get("augmentation", {})},
    }  # fmt: skip


def _learned(record: dict[str, Any], licence: str | None, source: str | None) -> dict[str, str]:
    """What a card says of the data of a run: licence and source, of folders that are not in DATA as they are told."""
    parts = [(part["name"], part.get("crops")) for part in record.get("data", [])]
    data = "; ".join(DATA.get(part, f'folder "{part[0]}"') for part in parts)
    if parts and all(part in DATA for part in parts):
        return {"licence": "MIT", "source": f"trained with this repository on {data}; for research and teaching"}
    return {"licence": licence or "unknown", "source": source or f"trained with this repository on {data}"}


def _briefly(record: dict[str, Any]) -> str:
    """What must be said of the training wherever a result of the weights is shown."""
    device = record.get("device", "")
    if device == "CPU":
        return "trained briefly on a CPU"
    # Of a run that went on elsewhere, "CPU, NVIDIA H200", the minutes are of both.
    return "trained briefly on a GPU" if "CPU" in device or record.get("minutes", 0) < 60 else "trained"


def measure(card: Path, tests: Sequence[Path]) -> Path:
    """Measures the weights that ship with this NAME.toml again and writes the figures into it, in the place of earlier
    ones on the same sets; those on others stay if they are of these very weights."""
    known = tomllib.loads(card.read_text(encoding="utf-8"))
    file = card.with_name(known["file"])
    digest, found, before = sha256_of(file), _measure(file, tests), known.get("measured", [])
    again, sets = {row["set"] for row in found}, [row["set"] for row in before]
    found += [row for row in before if row["set"] not in again and row["weights_sha256"] == digest]
    found.sort(key=lambda row: sets.index(row["set"]) if row["set"] in sets else len(sets))
    return _write(card, {**known, "sha256": digest, "measured": found})


def _measure(file: Path, tests: Sequence[Path]) -> list[dict[str, Any]]:
    """The figures of the file that ships, as its card says to ask it, on each of the tests."""
    net, found = zoo.open(file), []
    card = card_of(net)
    if not card.poses:
        return [row for test in tests for row in _found(net, test)]
    for test in tests:
        crops = load(test, card.input)
        result = validate(net, crops, 32)
        found.append({
            "metric": f"PCK@{result.threshold} of the torso", "value": _percent(result.mean),
            "upright": _percent(result.upright), "set": f"{test.resolve().parent.name}/{test.name}",
            "count": len(crops), "people": result.people, "joints": result.joints, "device": "CPU",
            "decoder": "argmax", "weights_sha256": card.sha256,
            "per_joint": {joint: _percent(share) for joint, share in result.per_joint.items()},
        })  # fmt: skip
    return found


def _found(net: PoseNetwork, test: Path) -> list[dict[str, Any]]:
    """How well people are found in the whole photos of a test file: by the finder alone, and by all that the app asks.

    A .npz is of photos with everybody's boxes, a .json of labelled people (people.labelled_found).
    """
    card = card_of(net)

    def row(metric: str, share: float, count: int, **more: Any) -> dict[str, Any]:
        return {"metric": metric, "value": _percent(share), "set": f"{test.resolve().parent.name}/{test.name}",
                "count": count, **more, "device": "CPU", "weights_sha256": card.sha256}  # fmt: skip

    if test.suffix == ".json":
        found, count = people.labelled_found(net, test)
        return [row("labelled people found at IoU 0.5", found / count, count, people=count)]
    photos = people_data.load(test, people_data.SIDE)
    precision, (wrong, empty) = people.measure(net, photos, card.input[0]), people.nobody_found(net, test)
    known = int((photos.kinds == people_data.PERSON).sum())
    rows = [row("average precision at IoU 0.5", precision, len(photos), people=known)]
    return rows + [row("photos of nobody answered with somebody", wrong / empty, empty, people=0)] * bool(empty)


def _write(file: Path, card: dict[str, Any]) -> Path:
    """A card as TOML: plain values first, then the tables, as TOML wants it."""
    import tomlkit

    known = {key: value for key, value in card.items() if value is not None}
    tables = {key: known.pop(key) for key in ("measured", "training") if key in known}
    with writing(file, "w") as out:
        out.write(_HEAD + tomlkit.dumps({**known, **tables}))
    return file


def _percent(share: float) -> float:
    return round(100 * share, 2)
