"""Every word that a person reads, by key: one file per language, and what fills its blanks.

A blank is `{name}`, `{name:.2f}` for a number (f, g, e or % as Python formats them; "–" where there is none), or
`{name:joint}`: the value is looked up as `joint.VALUE` and stands as it is where there is no such word; of a list each
is, with " / " between them.
A value may be such a key with its values itself (`said`), or a list of them, which stand in the sentence.
What crosses the wire, is stored or is raised is a key and its values, never a sentence.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, NotRequired

from typing_extensions import TypedDict

#: A sentence that is not yet said: its key and what fills its blanks.
Said = TypedDict("Said", {"key": str, "values": NotRequired[dict[str, Any]]})  # noqa: UP013

FOLDER = Path(__file__).parent
_JSON = (str, int, float, list, dict)
_BLANK = re.compile(r"\{(\w+)(?::([^}]+))?\}")


@cache
def table(language: str = "en") -> dict[str, str]:
    """{key: text} of a language. Raises ValueError for one that has no file."""
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}; there are {', '.join(LANGUAGES)}")
    return _read(language)


def _read(language: str) -> dict[str, str]:
    return json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))


#: {code: its own name}: the languages that have a file, English first.
LANGUAGES = {
    code: _read(code)["language"]
    for code in sorted((file.stem for file in FOLDER.glob("*.json")), key=lambda code: (code != "en", code))
}


def said(key: str, /, **values: object) -> Said:
    return {"key": key, "values": values}


def tell(language: str, what: Said) -> str:
    """As `say`."""
    return say(language, what["key"], **what.get("values", {}))


def say(language: str, key: str, /, **values: object) -> str:
    """One text, its blanks filled. Raises KeyError for a key or a value that is missing."""
    texts = table(language)

    def plain(value: Any) -> str:
        if isinstance(value, list):
            return texts["comma"].join(map(plain, value))
        if isinstance(value, dict) and "key" in value:
            return say(language, value["key"], **value.get("values", {}))
        return str(value)

    def fill(blank: re.Match) -> str:
        value, how = values[blank[1]], blank[2]
        if how is None:
            return plain(value)
        if how.startswith("."):
            return number(value, how)
        return " / ".join(
            texts.get(f"{how}.{one}", plain(one)) for one in (value if isinstance(value, (list, tuple)) else [value])
        )

    return _BLANK.sub(fill, texts[key])


def number(value: Any, how: str) -> str:
    """A number as Python formats it; "–" for None and nan: no answer."""
    return "–" if value is None or value != value else format(value, how)


def word(language: str, group: str, value: str) -> str:
    """`group.value` in a language, the value itself where nobody translated it: joints, states of weights, stops."""
    return table(language).get(f"{group}.{value}", value)


def drawn(language: str, label: str) -> str:
    """A drawing's label ("stage 2", "module1", "fed back", "stack1 down") in a language: part by part, as
    web/words.js does; what nobody translated stands as it is.
    """
    texts = table(language)
    if f"drawn.{label}" in texts:
        return texts[f"drawn.{label}"]

    def part(found: re.Match) -> str:
        text = texts.get(f"drawn.{found[1]}", found[1])
        return found[0] if text == found[1] else f"{text} {found[2]}".strip()

    return re.sub(r"([a-z]+) ?(\d*)", part, label) if re.fullmatch(r"[a-z]+ ?\d*( [a-z]+)?", label) else label


def preferred(accept_language: str) -> str:
    """The first of our languages in a browser's Accept-Language, else English."""
    codes = (part.strip()[:2] for part in accept_language.lower().split(","))
    return next((code for code in codes if code in LANGUAGES), "en")


def _again(kind: type[UserError], key: str, values: dict[str, Any]) -> UserError:
    return kind(key, **values)


class UserError(ValueError):
    """What went wrong, as a person is told: a key of the locale files and its values. str() is the English sentence."""

    def __init__(self, key: str, /, **values: object):
        super().__init__(key, values)
        self.key, self.values = key, values

    def __reduce__(self) -> tuple:
        """It travels from a process whose GPU is lent."""
        return _again, (type(self), self.key, self.values)

    @property
    def said(self) -> Said:
        """As it crosses the wire: a path, or whatever else no JSON has, as its text."""
        return said(self.key, **{n: v if isinstance(v, _JSON) else str(v) for n, v in self.values.items()})

    def __str__(self) -> str:
        return say("en", self.key, **self.values)
