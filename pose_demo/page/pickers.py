"""The two pickers: any network of the zoo on either side, and how to get weights that are not here."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import gradio as gr

from .. import weights
from ..networks import zoo
from . import work
from .photo_input import Refused, uploaded
from .words import say


def choices(language: str) -> list[tuple[str, str]]:
    """(label, name) of every network; one whose weights are missing says so."""
    cards = [zoo.card(name) for name in zoo.names()]
    often = Counter(card.title for card in cards)
    result = []
    for card in cards:
        parts = [card.title]
        if often[card.title] > 1:
            parts.append(card.name)
        if not card.available:
            parts.append(say(language, "not_here"))
        result.append((" · ".join(parts), card.name))
    return result


def panel(name: str, language: str, local: bool) -> tuple[Any, Any, Any, Any]:
    """Changes of (group, note, fetch button, import button) for the network that was picked."""
    card = zoo.card(name)
    if card.available:
        return gr.update(visible=False), "", gr.update(), gr.update()
    entry = card.entry
    if weights.find(entry.name) is not None:
        note, fetchable, importable = say(language, "no_mmpose", card.title), False, False
    elif entry.url is None:
        note = say(language, "by_hand", card.title, entry.file, entry.source)
        fetchable, importable = False, local
    else:
        note = say(language, "missing", card.title, urlsplit(entry.url).hostname, entry.licence)
        fetchable, importable = True, local
    return gr.update(visible=True), note, gr.update(visible=fetchable), gr.update(visible=importable)


def fetch(name: str, language: str) -> Iterator[str]:
    """Downloads a network's weights; yields what to write into the note, the last an error or nothing."""
    card = zoo.card(name)
    if card.entry is None:
        yield ""
        return
    yield say(language, "fetching", card.title, "0", say(language, "unknown"))
    try:
        for news in work.follow(work.DOWNLOADS, lambda tell: weights.fetch(card.entry.name, tell), lambda: False):
            if isinstance(news, tuple):
                done, total = news or (0, None)
                size = f"{total / 1e6:.1f} MB" if total else say(language, "unknown")
                yield say(language, "fetching", card.title, f"{done / 1e6:.1f}", size)
            else:
                news.result()
        yield ""
    except Exception as problem:
        yield _sentence(problem, language)


def import_file(name: str, file: str, language: str) -> str:
    """Takes a visitor's own copy of the weights; returns "" or what is wrong with it. Only where the app is private."""
    card = zoo.card(name)
    if card.entry is None:
        return ""
    try:
        weights.import_file(card.entry.name, uploaded(file, language))
    except Exception as problem:
        return _sentence(problem, language)
    return ""


def _sentence(problem: Exception, language: str) -> str:
    """What may be said of an error: our own sentences, and nothing of what we did not expect."""
    if isinstance(problem, (weights.FetchError, weights.WeightsCorrupt, weights.WeightsMissing, Refused)):
        return str(problem)
    traceback.print_exception(problem, file=sys.stderr)
    return say(language, "failed")
