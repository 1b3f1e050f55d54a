"""The two pickers: any network of the zoo on either side, and how to get weights that are not here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import weights
from ..decode import CELLS
from ..locales import UserError
from ..networks import zoo
from ..networks.card import MMPOSE, NORMALISATION, Card
from ..networks.upsampling import STOPS
from . import work
from .compare import sentence
from .photo_input import uploaded
from .schema import Choice, Group, Own, Said, Uploaded, said
from .session import Session

#: Of a file of weights, in megabytes: the largest that is published has 255.
LARGEST = 300


#: The pickers' groups, in the order in which they are offered.
GROUPS = ("here", "fetch", "by_hand", "untrained", "mmpose")


def groups() -> list[Group]:
    """Every network of the zoo, by how soon it can look at the photo, each with a figure where one is known."""
    cards = [zoo.card(name) for name in zoo.names()]
    often = Counter(card.title for card in cards)
    found: dict[str, list[Choice]] = {group: [] for group in GROUPS}
    for card in cards:
        title = card.title if often[card.title] == 1 else f"{card.title} · {card.name}"
        found[_group(card)].append({
            "name": card.name, "title": title, "figure": _figure(card),
            "unproven": card.entry is not None and card.entry.unproven,
            "single": card.entry is not None and card.entry.single,
        })  # fmt: skip
    return [{"group": group, "choices": choices} for group, choices in found.items() if choices]


def _group(card: Card) -> str:
    if card.name.startswith(MMPOSE):
        return "mmpose"
    if not card.trained:
        return "untrained"
    return "here" if card.available else "fetch" if card.entry and card.entry.url else "by_hand"


def _figure(card: Card) -> str | None:
    """What was measured here or was published of its weights, and on what."""
    if card.entry is None or not (known := [*card.entry.measured, *filter(None, [card.entry.published])]):
        return None
    return f"{known[0]['metric'].partition(' ')[0]} {known[0]['value']:.1f} % ({known[0]['set']})"


def panel(name: str, local: bool) -> dict[str, Any]:
    """What a picker shows for the network that was picked. local -- a file may be taken."""
    card = zoo.card(name)
    entry = card.entry
    if card.available or entry is None:
        return {"says": None, "fetch": False, "take": False}
    if weights.find(entry.name) is not None:
        return {"says": said("page.no_mmpose", network=card.title), "fetch": False, "take": False}
    if entry.url is None:
        says = said("page.by_hand", network=card.title, file=entry.file, source=entry.source)
    else:
        host = urlsplit(entry.url).hostname
        says = said("page.missing", network=card.title, host=host, licence=entry.licence)
    return {"says": says, "fetch": entry.url is not None, "take": local}


def fetch(name: str) -> Iterator[Said | None]:
    """Downloads a network's weights; yields what to say of it, at the end what went wrong, or None."""
    card = zoo.card(name)
    entry = card.entry
    if entry is None:
        yield None
        return
    yield said("page.fetching", network=card.title, megabytes=0.0, size="unknown")
    try:
        for news in work.follow(work.DOWNLOADS, lambda tell: weights.fetch(entry.name, tell), lambda: False):
            if isinstance(news, tuple):
                done, total = news or (0, None)
                size = f"{total / 1e6:.1f} MB" if total else "unknown"
                yield said("page.fetching", network=card.title, megabytes=done / 1e6, size=size)
            else:
                news.result()
        yield None
    except Exception as problem:
        yield sentence(problem)


def _weights(sent: Uploaded | Own) -> Path:
    """The uploaded file, unless it is too large. Raises UserError."""
    file = uploaded(sent["path"])
    if file.stat().st_size > LARGEST * 1e6:
        raise UserError("page.weights_large", megabytes=LARGEST)
    return file


#: What a field of a card may be, where that is one of a few.
FIELDS = {"normalisation": [*NORMALISATION], "cells": [*CELLS], "flip_shift": ["on", "off"], "upsampling": [*STOPS]}


def own(sent: Own) -> tuple[dict[str, Any], str | None]:
    """A network of one's own joins the zoo of this process: what its component shows, and its name if it can be read.

    Of what the tensors cannot tell, what was given or is taken for granted can be given now.
    """
    given = sent.get("fields", {})
    try:
        card = zoo.add(_weights(sent), **given)
    except Exception as problem:
        return {"says": sentence(problem)}, None
    key = "page.own_here" if card.assumed else "page.own_known"
    fields = {field: value for field, value in card.surroundings.items() if field in (*card.assumed, *given)}
    return {"says": said(key, network=card.title, assumed=card.granted), "fields": fields, "known": FIELDS}, card.name


def take(session: Session, side: int, sent: Uploaded) -> Said | None:
    """The visitor's own copy of the weights of one side's network; what is wrong with it, or None."""
    entry = zoo.card(session.networks[side]).entry
    try:
        file = _weights(sent)
        if entry is not None:
            weights.import_file(entry.name, file)
    except Exception as problem:
        return sentence(problem)
    return None
