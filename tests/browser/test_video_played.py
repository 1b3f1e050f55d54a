"""The Video tab in a real browser: a file in, a video that plays, a path, downloads, cancel, the slider and cuts."""

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SCREENSHOTS

sys.path.append(str(ROOT / "tests/moving"))
import films


@pytest.fixture(scope="module")
def walk(tmp_path_factory) -> Path:
    """Two seconds of a person who walks, with sound."""
    return films.make(tmp_path_factory.mktemp("film") / "walk.mp4", films.frames(20), sound="aac")


def opened(page):
    page.wait_for_selector("#xray .cell")
    page.get_by_role("tab", name="Video").click()
    page.wait_for_selector(".video-room .choose")
    return page


def taken(page, file: Path) -> None:
    page.set_input_files(".video-room .file", file)
    page.wait_for_selector(".video-room .result:not([hidden])")


def test_a_file_becomes_a_video_that_plays_a_path_and_files(visit, walk):
    page = visit()
    asked = page.evaluate("performance.getEntriesByType('resource').map((r) => r.name)")
    assert not [name for name in asked if "video.js" in name], "the first skeleton does not wait for the Video tab"
    opened(page)
    page.check(".video-room .smooth")
    taken(page, walk)
    size = page.evaluate("""async () => {
        const film = document.querySelector('.video-room video');
        film.muted = true;
        await film.play();
        await new Promise((done) => film.requestVideoFrameCallback(done));
        return [film.videoWidth, film.videoHeight, film.duration];
    }""")
    assert size[:2] == [484, 196] and size[2] == pytest.approx(2, abs=0.2)
    assert page.locator(".over-time path:not(.now)").count() >= 4
    assert "One Euro" in page.inner_text(".video-room .about")
    rows = page.locator(".video-room tbody tr").all_inner_texts()
    assert len(rows) == 14 and all(len(row.split("\t")) == 5 for row in rows)
    page.select_option(".video-room .joint select", "left ankle")
    page.wait_for_selector(".over-time svg[aria-label*='left ankle']")
    page.click(".over-time svg", position={"x": 600, "y": 100})
    page.wait_for_function("document.querySelector('.video-room video').currentTime > 0.8")
    for name, check in (("joints.json", _is_json), ("joints.csv", _is_csv), ("skeletons.mp4", None)):
        with page.expect_download() as download:
            page.click(f".video-room .files a[download='{name}']")
        if check:
            check(download.value.path().read_text())
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "video.png", full_page=True)
    page.get_by_role("tab", name="Photo").click()
    page.get_by_role("tab", name="Video").click()
    assert page.locator(".over-time svg").is_visible(), "what was made is there when one comes back"
    page.click(".languages button[lang=zh]")
    page.wait_for_function("document.querySelector('.video-room .choose').innerText === '选择视频'")


def _is_json(text: str) -> None:
    assert len(json.loads(text)["frames"]) == 20


def _is_csv(text: str) -> None:
    """A line a frame, person, network and joint; whoever else the finder sees in so small a picture has his own."""
    rows = [line.split(",") for line in text.splitlines()[1:]]
    people = {row[2] for row in rows}
    assert "1" in people and sum(row[2] == "1" for row in rows) == 20 * 2 * 14
    assert len({tuple(row[k] for k in (0, 2, 3, 4)) for row in rows}) == len(rows)


def test_slider_and_cuts_apply_and_a_long_one_is_stopped(visit, tmp_path, walk):
    page = opened(visit())
    taken(page, walk)
    path = ".over-time path[stroke-width='2'] >> nth=0"
    before = page.get_attribute(path, "d")
    page.select_option(".video-room .stop-of select", "2")
    page.wait_for_function("document.querySelector('#stop input[type=range]').value === '2'")
    page.click(".video-room .go")
    page.wait_for_selector(".video-room .go[disabled]")
    page.wait_for_selector(".video-room .go:not([disabled])")
    assert page.get_attribute(path, "d") != before

    long = films.make(tmp_path / "long.mp4", films.frames(400))
    page.set_input_files(".video-room .file", long)
    page.wait_for_function("document.querySelector('.far span').textContent.includes('s more')")
    page.screenshot(path=SCREENSHOTS / "video-far.png")
    page.click(".video-room .cancel")
    page.wait_for_selector(".video-room .go:not([disabled])")
    assert page.locator(".video-room .far").is_hidden() and page.locator(".video-room .result").is_hidden()


def test_what_is_no_video_is_said_and_what_is_too_large_does_not_travel(visit, tmp_path):
    page, uploads = opened(visit(390, 844)), []
    page.on("request", lambda r: uploads.append(r.url) if "/upload" in r.url else None)
    (tmp_path / "page.mp4").write_bytes(b"<html></html>")
    page.set_input_files(".video-room .file", tmp_path / "page.mp4")
    page.wait_for_selector(".video-room .photo-error:visible")
    assert "page.mp4 is no video" in page.inner_text(".video-room .photo-error") and len(uploads) == 1
    page.evaluate("""() => {
        const carried = new DataTransfer(), large = new File([], 'large.mp4');
        Object.defineProperty(large, 'size', { value: 201e6 });
        const drop = new DragEvent('drop', { bubbles: true });
        Object.defineProperty(drop, 'dataTransfer', { value: { files: [large], types: ['Files'] } });
        document.querySelector('.video-room').dispatchEvent(drop);
    }""")
    page.wait_for_function("document.querySelector('.video-room .photo-error').innerText.includes('200 MB')")
    assert len(uploads) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=SCREENSHOTS / "video-phone.png", full_page=True)
