"""page/schema.py as TypeScript declarations, for tsc: what crosses the wire, on the browser's side."""

import types
from collections.abc import Iterator
from typing import Any, Literal, NotRequired, Union, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

from pose_demo.page import schema
from pose_demo.page.answers import VIEWS

_NAMES = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "any"}


def declarations() -> str:
    """Everything of the schema, and {view: what answers it}. Raises ValueError where two things share a name."""
    views = {view: get_type_hints(do)["return"] for view, do in VIEWS.items()}
    ours = [kind for kind in vars(schema).values() if is_typeddict(kind)]
    declared: dict[str, str] = {}
    for name, text in _declared([*ours, *views.values()]):
        if declared.setdefault(name, text) != text:
            raise ValueError(f"two different things are called {name}")
    answers = "".join(f"  {view}: {kind.__name__};\n" for view, kind in views.items())
    return "\n".join([*declared.values(), f"export interface Answers {{\n{answers}}}\n"])


def _declared(kinds: list) -> Iterator[tuple[str, str]]:
    for kind in kinds:
        lines = []
        for name, hint in get_type_hints(kind, include_extras=True).items():
            optional = get_origin(hint) is NotRequired
            lines.append(f"  {name}{'?' if optional else ''}: {_name(get_args(hint)[0] if optional else hint)};\n")
            yield from _declared([inner for inner in _inside(hint) if is_typeddict(inner)])
        yield kind.__name__, f"export interface {kind.__name__} {{\n{''.join(lines)}}}\n"


def _inside(hint: Any) -> Iterator[Any]:
    yield hint
    for each in get_args(hint):
        yield from _inside(each)


def _name(hint: Any) -> str:
    if is_typeddict(hint):
        return hint.__name__
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        return f"({_name(inner[0])})[]"
    if origin is tuple:
        return f"[{', '.join(map(_name, inner))}]"
    if origin is dict:
        return f"Record<string, {_name(inner[1])}>"
    if origin in (Union, types.UnionType):
        return " | ".join(map(_name, inner))
    if origin is Literal:
        return " | ".join(f"'{value}'" for value in inner)
    return _NAMES[hint]
