"""What a run begins from: weights, and the recipe where nobody gives another."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..networks import checkpoints
from ..networks.base import PoseNetwork
from ..networks.files import Contents, contents
from .experiments import QUEUE


def begin(net: PoseNetwork, file: Path) -> dict[str, Any]:
    """Puts the weights of a file into an untrained network: a run's best.pt or state.pt, or a file that ships.

    Returns what the record keeps: the file's name and hash, and the photos that those weights had seen, if it says so.
    """
    saved = contents(file)
    checkpoints.load(net, saved)
    return begun(file, saved)


def begun(file: Path, saved: Contents) -> dict[str, Any]:
    """What the record keeps of the weights that a run begins from."""
    record = _told(file, saved)
    before = record.get("photos_before", 0) + (record.get("begun") or {}).get("photos", 0)
    return {"file": file.name, "sha256": saved.sha256, "photos": record.get("photos", 0) + before}


def usual(network: str, file: Path | None) -> dict[str, Any]:
    """Size, sigma and stop where nobody gives them: those that the weights of `file` were trained with, where they say
    so; else those with which the queue trains this network."""
    recipe = _told(file, contents(file)).get("recipe") if file else None
    if not isinstance(recipe, Mapping):
        known = [vars(one.recipe) for listed in QUEUE.values() for one in listed if one.network == network]
        recipe = known[0] if known else {}
    return {name: recipe[name] for name in ("size", "sigma", "upsampling") if name in recipe}


def held(out: Path) -> dict[str, Any]:
    """The recipe of the run in a folder, but for the precision, which is its device's; {} where there is none."""
    if not (file := out / "state.pt").exists():
        return {}
    return {name: value for name, value in contents(file).notes.get("recipe", {}).items() if name != "precision"}


def _told(file: Path, saved: Contents) -> Mapping[str, Any]:
    """What is said of the training of a file's weights; those that ship have it in NAME.toml."""
    if (card := file.with_suffix(".toml")).exists():
        return tomllib.loads(card.read_text(encoding="utf-8")).get("training", {})
    return saved.record or saved.notes
