"""No key of the locale files is missing where the code names it, and none is there that nobody names."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "pose_demo"
WORDS: dict[str, str] = json.loads((PACKAGE / "locales" / "en.json").read_text(encoding="utf-8"))
GROUPS = {key.partition(".")[0] for key in WORDS if "." in key}
KEY = re.compile(rf"(?:{'|'.join(sorted(GROUPS))})\.[\w .*-]+")
#: What looks like a key and is a file.
FILE = re.compile(r".*\.(css|js|html|json|toml|png|jpg|csv|md|py|pt)")


def strings() -> set[str]:
    """Every literal of the package's Python and scripts. Of one with blanks: what comes before the first, and "*"."""
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                found.add(f"{node.values[0].value}*")
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    for file in (*PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.html")):
        text = file.read_text(encoding="utf-8")
        found |= {quoted for _, quoted in re.findall(r"""(['"])([^'"`\n]+)\1""", text)}
        found |= {f"{start}*" for start in re.findall(r"`([^`$]*)\$\{", text)}
        found |= {f"{quoted}*" for _, quoted in re.findall(r"""(['"])([^'"`\n]+)\1 \+ """, text)}
    return found


def test_every_key_that_the_code_names_is_there():
    found = strings()
    named = {text for text in found if KEY.fullmatch(text) and not FILE.fullmatch(text)}
    named = {text for text in named if "*" not in text and f"{text}*" not in found}
    assert len(named) > 100
    assert not {key for key in named if key not in WORDS}


def test_nobody_keeps_a_word_that_is_not_used():
    """A group of words is looked up as a whole: by a blank {name:group}, or by its name."""
    named = strings()
    starts = tuple(text[:-1] for text in named if text.endswith("*") and KEY.fullmatch(text[:-1] + "x"))
    groups = {group for text in WORDS.values() for group in re.findall(r"\{\w+:(\w+)\}", text)} | (GROUPS & named)
    unused = {
        key for key in WORDS
        if key not in named and key.partition(".")[0] not in groups and not (starts and key.startswith(starts))
    }  # fmt: skip
    assert not unused, sorted(unused)
