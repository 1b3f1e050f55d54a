"""What Plotly itself says (buttons, notices), in a language: its English sentences are the keys it looks for."""

from __future__ import annotations

from typing import Any

from .. import locales

_GROUP = "plotly"
#: Buttons that select points: nothing here does something with a selection.
_UNUSED = ["select2d", "lasso2d"]


def config(language: str) -> dict[str, Any]:
    """The figure's configuration, for Plotly.react and Figure.to_html."""
    english, words = locales.table("en"), locales.table(language)
    said = {text: words[key] for key, text in english.items() if key.partition(".")[0] == _GROUP}
    told = {"locale": language, "locales": {language: {"dictionary": said, "format": {}}}} if language != "en" else {}
    return {"displaylogo": False, "modeBarButtonsToRemove": _UNUSED, **told}
