"""docs/lesson.ipynb: what it says is what comes out, here and now."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

DOCS = Path(__file__).parents[1] / "docs"
STORED = nbformat.read(DOCS / "lesson.ipynb", as_version=4)
#: Bytes: it is opened on slow machines, and lies in git.
LARGEST = 500_000


def texts(notebook) -> list[str]:
    """What each cell printed; a busy machine hands it over in several pieces."""
    cells = [cell.get("outputs", []) for cell in notebook.cells]
    printed = ["".join(out["text"] for out in outputs if out["output_type"] == "stream") for outputs in cells]
    return [text for text in printed if text]


def test_it_runs_from_beginning_to_end(monkeypatch):
    """Its own assertions are the test; the same things are told as were stored."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    fresh = nbformat.from_dict(json.loads(json.dumps(STORED)))
    NotebookClient(fresh, timeout=300, resources={"metadata": {"path": str(DOCS)}}, env=dict(os.environ)).execute()
    told, stored = texts(fresh), texts(STORED)
    assert [len(text.splitlines()) for text in told] == [len(text.splitlines()) for text in stored]
    assert told[0] == stored[0]  # names and shapes, which no machine changes
    assert len(nbformat.writes(fresh)) < LARGEST
    shown = [kind for cell in fresh.cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert {"text/html", "image/svg+xml"} <= set(shown)


def test_it_is_stored_as_it_ran_and_small():
    assert (DOCS / "lesson.ipynb").stat().st_size < LARGEST
    counts = [cell["execution_count"] for cell in STORED.cells if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert not [out for cell in STORED.cells for out in cell.get("outputs", []) if out["output_type"] == "error"]


def test_a_network_of_ones_own_takes_thirty_lines():
    for cell in STORED.cells:
        for node in ast.walk(ast.parse(cell["source"] if cell["cell_type"] == "code" else "")):
            if isinstance(node, ast.ClassDef):
                assert node.end_lineno - node.lineno + 1 <= 30 and node.name == "Mine"
                return
    raise AssertionError("the notebook shows no network of one's own")
