"""What depends on the weights is made by one command, and README and docs/STUDY.md hold what it made."""

from __future__ import annotations

import pytest

from pose_demo.commands import remake
from pose_demo.shipped import shipped
from pose_demo.study import report


@pytest.mark.parametrize(("name", "part"), [("README.md", remake.findings), ("docs/STUDY.md", remake.tables)])
def test_the_results_that_ship_are_the_ones_that_are_shown(name, part):
    text = (shipped("assets").parent / name).read_text(encoding="utf-8")
    assert text.partition(remake._BEGIN)[2].partition(remake._END)[0].strip() == part().strip()


def test_each_table_has_its_command():
    for result in report.shipped().values():
        assert f"`{result['made']['command']}`" in remake.tables()


def test_only_what_stands_between_the_marks_is_written():
    text = f"before\n{remake._BEGIN}\nold\n{remake._END}after\n"
    assert remake._between(text, "new\n") == f"before\n{remake._BEGIN}\nnew\n{remake._END}after\n"
