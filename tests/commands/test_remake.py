"""What depends on the weights is made by one command, and the README holds what it made."""

from __future__ import annotations

from pose_demo.commands import remake
from pose_demo.shipped import shipped
from pose_demo.study import report


def test_the_readme_shows_the_results_that_ship():
    readme = (shipped("assets").parent / "README.md").read_text(encoding="utf-8")
    part = readme.partition(remake._BEGIN)[2].partition(remake._END)[0]
    assert part.strip() == remake.tables().strip()
    for result in report.shipped().values():
        assert f"`{result['made']['command']}`" in part


def test_only_what_stands_between_the_marks_is_written():
    text = f"before\n{remake._BEGIN}\nold\n{remake._END}after\n"
    assert remake._between(text, "new\n") == f"before\n{remake._BEGIN}\nnew\n{remake._END}after\n"
