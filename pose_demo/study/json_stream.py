"""A JSON file item by item: label files reach hundreds of megabytes, and only one item is ever in memory.

Python's own scanner reads each item, so NaN and Infinity pass here and are refused where a record is checked,
with its name: a stricter reader would lose everything behind the first of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

_SPACE = re.compile(r"[ \t\r\n]*")
_CHUNK = 1 << 18
_LARGEST = 1 << 26  # characters that one item may have: where it is not JSON, the search for its end must stop


def items(path: str | Path) -> Iterator[tuple[str | None, Any]]:
    """(key, item) of every list that is the file's own value (key None) or a value of its outermost object.

    Other values of that object are passed over. Raises ValueError that names the file and the place where it stops
    being JSON.
    """
    with Path(path).open(encoding="utf-8-sig") as file:
        reader = _Reader(file, str(path))
        first = reader.peek()
        if first == "[":
            yield from ((None, item) for item in reader.array())
        elif first == "{":
            yield from reader.lists_of_object()
        else:
            raise reader.error("neither a list nor an object")


class _Reader:
    """A window on the text that grows until the value at its start is whole, and then lets go of it."""

    def __init__(self, file: TextIO, name: str):
        self.file, self.name = file, name
        self.text, self.at, self.before, self.ended = "", 0, 0, False
        self.decode = json.JSONDecoder().raw_decode

    def error(self, what: str) -> ValueError:
        return ValueError(f"{self.name} is not usable JSON at character {self.before + self.at}: {what}")

    def more(self) -> bool:
        try:
            chunk = self.file.read(_CHUNK)
        except UnicodeDecodeError:
            raise self.error("not UTF-8 text") from None
        self.before += self.at
        self.text, self.at = self.text[self.at :] + chunk, 0
        self.ended = not chunk
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is not space, "" at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()
            if self.at < len(self.text) or not self.more():
                return self.text[self.at : self.at + 1]

    def expect(self, allowed: str) -> str:
        found = self.peek()
        if not found or found not in allowed:
            raise self.error(f"expected {' or '.join(allowed)}, found {found or 'the end of the file'}")
        self.at += 1
        return found

    def value(self) -> Any:
        """The value that begins here. At the window's end it may go on (12 of 123), unless the file ends there too."""
        while True:
            self.peek()
            try:
                value, end = self.decode(self.text, self.at)
            except json.JSONDecodeError as problem:
                if len(self.text) - self.at > _LARGEST or not self.more():
                    raise self.error(problem.msg) from None
                continue
            if end < len(self.text) or self.ended:
                self.at = end
                return value
            self.more()

    def array(self) -> Iterator[Any]:
        self.expect("[")
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield self.value()
            if self.expect(",]") == "]":
                return

    def lists_of_object(self) -> Iterator[tuple[str, Any]]:
        self.expect("{")
        if self.peek() == "}":
            return
        while True:
            key = self.value()
            self.expect(":")
            if self.peek() == "[":
                yield from ((key, item) for item in self.array())
            else:
                self.value()
            if self.expect(",}") == "}":
                return
