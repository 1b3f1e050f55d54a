"""docs/lesson.ipynb: what it says is what comes out, here and now. POSE_DEMO_PICTURES=1 stores that."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FILE = Path(__file__).parents[1] / "docs" / "lesson.ipynb"
STORED = nbformat.read(FILE, as_version=4)
#: Bytes: it is opened on slow machines, and lies in git.
LARGEST = 500_000
#: A number, but for those that are part of a name.
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?")


def texts(notebook) -> list[str]:
    """What each cell printed, or its value's text; a busy machine hands it over in several pieces."""
    cells = [cell.get("outputs", []) for cell in notebook.cells]
    told = ["".join(out.get("text") or out["data"].get("text/plain", "") for out in outputs) for outputs in cells]
    return [text for text in told if text]


def close(told: str, stored: str) -> bool:
    """Whether both are one number but for what another machine's arithmetic changes: of rounding errors all."""
    return "e-" in told + stored or "e+" in told + stored or float(told) == pytest.approx(float(stored), 0.02, 0.1)


def test_it_runs_from_beginning_to_end(monkeypatch):
    """Its own assertions are the test; the same things are told as were stored."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    fresh = nbformat.from_dict(json.loads(json.dumps(STORED)))
    client = NotebookClient(fresh, timeout=300, resources={"metadata": {"path": str(FILE.parent)}},
                            env=dict(os.environ), record_timing=False)  # fmt: skip
    client.execute()
    if os.environ.get("POSE_DEMO_PICTURES"):
        nbformat.write(fresh, FILE)
    told, stored = texts(fresh), texts(nbformat.read(FILE, as_version=4))
    for one, other in zip(told, stored, strict=True):
        assert NUMBER.sub("#", one) == NUMBER.sub("#", other)
        assert all(map(close, NUMBER.findall(one), NUMBER.findall(other))), (one, other)
    exact = [k for k, text in enumerate(stored) if " x " in text or "hrnet.py" in text]
    assert len(exact) == 2 and all(told[k] == stored[k] for k in exact), "shapes, and lines of the source"
    assert len(nbformat.writes(fresh)) < LARGEST
    shown = [kind for cell in fresh.cells for out in cell.get("outputs", []) for kind in out.get("data", {})]
    assert {"text/html", "image/svg+xml"} <= set(shown)


def test_it_is_stored_as_it_ran_and_small():
    assert FILE.stat().st_size < LARGEST
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
