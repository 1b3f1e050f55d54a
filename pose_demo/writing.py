"""A file that is put in place when it is whole: whoever is stopped while writing leaves what lay there before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


@contextmanager
def writing(file: Path, mode: str = "wb", who: str = "") -> Iterator[IO[Any]]:
    """Open for writing ("w": UTF-8, line ends as they are given); FILE.part until the block has ended well.

    who -- tells processes apart that may write the same file at the same time

    Raises OSError that names the file, also where the system does not: a full disk.
    """
    part = file.with_name(f"{file.name}{who}.part")
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "")
    with named(file):
        try:
            with part.open(mode, encoding=encoding, newline=newline) as out:
                yield out
            part.replace(file)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def named(file: str | os.PathLike[str]) -> Iterator[None]:
    """What the system says of a write gets the file's name, which is what a person is told by."""
    try:
        yield
    except OSError as problem:
        if problem.filename is None and problem.errno is not None:
            problem.filename = os.fspath(file)
        raise
