"""A study: labelled people, what networks and others made of them, as arrays; and what must be said of these."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from ..networks.base import PoseNetwork
from ..networks.model import card_of
from .labels import Labels
from .people import People
from .predictions import Predictions, in_order
from .statistics import Bootstrap
from .variants import Variant

T = TypeVar("T")
#: By the names that they were given for the study.
Networks = dict[str, PoseNetwork]


@dataclass(frozen=True)
class Study:
    """What a question works on.

    rows    -- (N,) rows of the labels that were evaluated
    points  -- {column: (N, J, 3) float32 x, y in pixels of the photo, score}: keys of variants, then names of
               predictions; nan for a joint that a network does not know, infinitely far where nothing was predicted
    limit   -- how many records were asked for, where not all were
    decoder, flip, upsampling -- how joints were read; None: at each network's own stop
    """

    labels: Labels
    networks: Networks
    variants: tuple[Variant, ...]
    predictions: tuple[Predictions, ...]
    bootstrap: Bootstrap
    upsampling: str | None
    limit: int | None
    rows: np.ndarray
    points: dict[str, np.ndarray]
    notes: list[dict[str, Any]] = field(default_factory=list)
    decoder: str = "argmax"
    flip: bool = False

    @property
    def columns(self) -> list[str]:
        return list(self.points)

    @cached_property
    def weights(self) -> np.ndarray:
        """(N, 1 + B) of the bootstrap."""
        return self.bootstrap.weights(self.rows)

    @cached_property
    def people(self) -> People:
        return self.labels.people[self.rows]

    def variant(self, column: str) -> Variant | None:
        """The variant whose key a column is; None for predictions."""
        return next((v for v in self.variants if v.key == column), None)

    def note(self, key: str, **values: object) -> None:
        """What must be known to read the figures rightly: a key of the locale files, and its values."""
        self.notes.append({"key": key, "values": values})

    def attempt(self, what: str, compute: Callable[[], T], otherwise: T) -> T:
        """A figure. One that fails is a note of the result, with a trace in the log, and takes no other with it."""
        try:
            return compute()
        except Exception as problem:
            logging.getLogger(__name__).exception("%s could not be computed", what)
            self.note("note.failed", what=what, problem=f"{type(problem).__name__}: {problem}")
            return otherwise

    def label(self, variant: Variant) -> str:
        """For people: the network's title and what tells this variant from its others."""
        beside, title = [v for v in self.variants if v.network == variant.network], self.title(variant.network)
        twins = [name for name in self.networks if self.title(name) == title]
        parts = [title if len(twins) == 1 else variant.network]
        parts += ["x".join(map(str, variant.size))] * (len({v.size for v in beside}) > 1)
        parts += [variant.upsampling] * (len({v.upsampling for v in beside}) > 1)
        parts += [variant.level] * (len({v.level for v in beside}) > 1)
        parts += [f"without {variant.cut}" if variant.cut else "whole"] * (len({v.cut for v in beside}) > 1)
        return ", ".join(parts)

    def title(self, network: str) -> str:
        return card_of(self.networks[network]).title

    def describe(self, column: str) -> dict[str, Any]:
        """The beginning of a result's row."""
        variant = self.variant(column)
        if variant is None:
            status = "predictions from elsewhere"
            return {"column": column, "label": column, "network": column, "title": column, "status": status}
        name, card = variant.network, card_of(self.networks[variant.network])
        return {
            "column": column, "label": self.label(variant), "network": name, "title": card.title,
            "status": card.status, "size": list(variant.size), "upsampling": variant.upsampling, "level": variant.level,
        }  # fmt: skip

    def facts(self) -> list[dict[str, Any]]:
        """What a result says of its networks."""
        cards = {name: card_of(net) for name, net in self.networks.items()}
        return [
            {"name": name, "title": card.title, "architecture": card.architecture, "joints": card.joints.name,
             "status": card.status, "trained_upsampling": card.upsampling, "input": list(card.input),
             "normalisation": card.normalisation, "cells": card.cells, "flip_shift": card.flip_shift,
             "weights_sha256": card.sha256, "assumed": list(card.assumed)}
            for name, card in cards.items()
        ]  # fmt: skip

    def introduce(self) -> None:
        """Notes on networks and predictions, whatever the question."""
        known = self.labels.joints
        for of in map(card_of, self.networks.values()):
            if of.joints is not known:
                names = [joint for joint in known.joints if joint in of.joints.joints]
                self.note("note.other_joints", network=of.title, own=of.joints.name.upper(), set=known.name.upper(),
                          count=len(names), joints=names)  # fmt: skip
            if of.assumed:
                self.note("note.assumed", network=of.title, assumed=of.granted)
            if not of.trained:
                self.note("note.untrained", network=of.title)
        for p in self.predictions:
            if p.strangers:
                self.note("note.strangers", name=p.name, count=len(p.strangers), example=p.strangers[0])
            if not in_order(self.labels):
                self.note("note.own_order" if p.own_order else "note.file_order", name=p.name, set=known.name.upper())
        if self.limit is not None:
            self.note("note.limit", limit=self.limit)
