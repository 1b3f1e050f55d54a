"""Forty files of the corpus (tests/corpus) through the page: skeletons or one sentence, and then a good photo."""

import itertools
import sys

import numpy as np
import pytest
from conftest import ROOT, settle, share_state

from pose_demo.locales import say

sys.path.append(str(ROOT / "tests/corpus"))
import bad_files
import bad_videos

NEVER = ("Traceback", str(ROOT), "/tmp", "\n", say("en", "page.failed"))


def some(made, count: int, seed: int) -> list[tuple[str, bytes]]:
    """So many of them, the same each time."""
    files = list(made)
    return [files[k] for k in np.random.default_rng(seed).choice(len(files), count, replace=False)]


@pytest.fixture(scope="module")
def photos():
    bombs = itertools.islice(bad_files._bombs(), 8)
    parts = (bad_files._damaged(), bad_files._turned(), bad_files._odd(), bombs, bad_files._no_pictures())
    return [file for k, (part, count) in enumerate(zip(parts, (9, 3, 8, 4, 6), strict=True))
            for file in some(part, count, k)]  # fmt: skip


def outcome(page, room: str, shown: str, name: str, data: bytes) -> str:
    """Gives a file; waits until `shown` shows something, or a sentence names the file: what must come. The sentence."""
    page.evaluate("one => document.querySelector(one).removeAttribute('src')", f"{room} {shown}")
    page.set_input_files(f"{room} .file", {"name": name, "mimeType": "image/png", "buffer": data})
    page.wait_for_function(
        "([one, said]) => document.querySelector(one).hasAttribute('src') || document.querySelector(said).innerText",
        arg=[f"{room} {shown}", f"{room} .photo-error"],
    )
    refused = page.inner_text(f"{room} .photo-error")
    assert not refused or name in refused, f"{name}: {refused}"
    assert name.split(".")[1] in ("any", "refuse" if refused else "answer"), f"{name}: {refused}"
    assert not refused or (20 < len(refused) < 400 and not any(never in refused for never in NEVER)), refused
    return refused


def anew(page, do) -> bool:
    """Does something that gives a photo; waits until its result is shown. False: the photo was refused."""
    key = page.evaluate("pageState.key")
    if do():
        return False
    page.wait_for_function("key => pageState.key !== key || document.querySelector('.views .error').innerText", arg=key)
    settle(page)
    return True


def first(page) -> tuple[list[str], str]:
    """Both skeletons of the first example, and no complaint."""
    for k in (1, 0):
        anew(page, page.locator(".photo .example").nth(k).click)
    return page.locator(".pair svg.skeleton").evaluate_all("all => all.map((one) => one.innerHTML)"), page.inner_text(
        ".photo .photo-error"
    )


def test_thirty_photos(visit, photos):
    page = visit()
    share_state(page)
    page.wait_for_function("pageState.key")
    before = first(page)
    for name, data in photos:
        if anew(page, lambda name=name, data=data: outcome(page, ".photo", ".picture", name, data)):
            least = 1 if "bomb" in name else 20  # in a picture of one colour few joints are above the threshold
            assert page.locator(".pair svg.skeleton circle").count() >= least and not page.inner_text(".views .error")
    assert before[1] == "" and first(page) == before


def test_ten_videos(visit, tmp_path):
    page = visit()
    page.get_by_role("tab", name="Video").click()
    page.wait_for_selector(".video-room .choose")
    parts = (bad_videos._damaged(tmp_path), bad_videos._lying(tmp_path), bad_videos._odd(tmp_path),
             bad_videos._no_videos())  # fmt: skip
    for k, (part, count) in enumerate(zip(parts, (4, 2, 2, 2), strict=True)):
        for name, data in some(part, count, 10 + k):
            if not outcome(page, ".video-room", "video", name, data):
                page.wait_for_selector(".video-room .files a[download='skeletons.mp4']")
