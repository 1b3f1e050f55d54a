"""Pictures of the page at the sizes that matter, and that nothing on it is cut off."""

import io
import json
import os
import re
from collections.abc import Iterable

import pytest
from conftest import ROOT, SCREENSHOTS, pin, settle
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from test_xray import FUSED

from pose_demo import weights
from pose_demo.locales import table

SIZES = [(1366, 768), (1920, 1080), (1024, 768), (390, 844)]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_nothing_is_cut_off(look, size):
    """The page and its X-ray, light and dark, at one size: what is wider than its box or the window, and pictures."""
    page = look(width=size[0], height=size[1])
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.evaluate("scrollTo(0, 0)")
        at = f"{size[0]}x{size[1]}-{theme}"
        page.screenshot(path=SCREENSHOTS / f"{at}.png")
        page.screenshot(path=SCREENSHOTS / f"{at}-full.png", full_page=True)
        cut = page.evaluate(
            """all => [...document.querySelectorAll(all)]
                .filter(node => node.offsetParent && node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
                .map(node => node.className + ': ' + node.textContent.slice(0, 40))""",
            ".view, .name, .badge, .foot, .buttons button, .stops button, .card, .differences, td, th",
        )
        assert cut == []
        page.evaluate("document.querySelector('#xray-box').scrollIntoView()")
        page.screenshot(path=SCREENSHOTS / f"xray-{at}-maps.png")
        page.locator(FUSED).evaluate("node => node.scrollIntoView({block: 'center', inline: 'center'})")
        pin(page, FUSED)
        page.screenshot(path=SCREENSHOTS / f"xray-{at}-dock.png")
        page.keyboard.press("Escape")
        for part in ("beside", "film", "story"):
            page.evaluate(f"document.querySelector('.{part}').scrollIntoView()")
            page.wait_for_selector(f".{part} figure, .{part} .wipe")
            page.screenshot(path=SCREENSHOTS / f"xray-{at}-{part}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"


#: What stands on the page above a line.
READ = """bottom => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = new Range();
    while (walker.nextNode()) {
        range.selectNodeContents(walker.currentNode);
        if (!walker.currentNode.parentElement.checkVisibility()) continue; // in a menu that is closed
        const box = range.getBoundingClientRect();
        if (box.width && box.top + scrollY < bottom) found.push(walker.currentNode.data.trim());
    }
    return found;
}"""
ANEW = "POSE_DEMO_PICTURES=1 python -m pytest tests/browser/test_looks.py -k picture makes it anew"


def made_of(words: Iterable[str]) -> dict[str, dict]:
    """What a picture of the page depends on: the weights, and the words that it shows, by key."""
    return {
        "weights": {name: weights.entry(name).sha256 for name in weights.default_pair()},
        "words": {key: table("en").get(key) for key in words},
    }


def shows(page, bottom: float) -> str:
    """What a picture of the page down to there is made of."""
    texts, parts = page.evaluate(READ, bottom), {key: re.split(r"\{.*?\}", text) for key, text in table("en").items()}
    told = {key: ".*".join(map(re.escape, of)) for key, of in parts.items() if len("".join(of)) > 3}
    return json.dumps(made_of(key for key, text in told.items() if any(re.fullmatch(text, each) for each in texts)))


def is_stale(said: str) -> bool:
    of = json.loads(said)
    return not of["words"] or of != made_of(of["words"])


def test_the_picture_of_the_readme(visit):
    """assets/page.png: written anew where it is missing or POSE_DEMO_PICTURES says so, checked always."""
    picture = ROOT / "assets" / "page.png"
    if os.environ.get("POSE_DEMO_PICTURES") or not picture.exists():
        page = visit(1366, 768)
        page.wait_for_selector(".matters-toggle:visible")
        raw = page.screenshot(path=SCREENSHOTS / "readme.png") and Image.open(SCREENSHOTS / "readme.png")
        said = PngInfo()
        said.add_text("made of", shows(page, 768))
        few = raw.convert("RGB").quantize(192, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(picture, optimize=True, pnginfo=said)
    assert picture.stat().st_size <= 400_000
    assert Image.open(picture).size == (1366, 768)
    assert not is_stale(Image.open(picture).info["made of"]), ANEW


#: What is cut in README's animation; EXIF's field for what a picture is of.
ARROW, _DESCRIPTION = '[data-side="0"] .hit[data-from="stage4.module1.branch0"]', 0x010E


def filmed(page) -> list[tuple[Image.Image, int]]:
    """An arrow of HRNet cut: pictures, and how many milliseconds each is seen."""
    end = page.locator(".map-frame").first.bounding_box()
    part = {"x": 0, "y": 40, "width": 1366, "height": end["y"] + end["height"] - 34}

    def seen(milliseconds: int) -> tuple[Image.Image, int]:
        raw = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=part))).convert("RGB")
        return raw.resize((900, round(900 * raw.height / raw.width)), Image.Resampling.LANCZOS), milliseconds

    page.evaluate("""arrow => {
        const at = document.querySelector(arrow).getBoundingClientRect(), hand = document.createElement('div');
        hand.id = 'hand';
        hand.style = `position:absolute; z-index:99; width:26px; height:26px; margin:-13px; border-radius:50%;
            background:rgb(255 47 208 / .75); border:2px solid #fff; left:${at.left + 0.45 * at.width}px;
            top:${at.top + at.height / 2 + scrollY}px`;
        document.body.append(hand);
    }""", ARROW)  # fmt: skip
    move = "([x, y]) => { document.querySelector('#hand').style.transform = `translate(${x}px, ${y}px)`; }"
    frames = []
    for k in range(5, -1, -1):
        page.evaluate(move, [36 * k, 22 * k])
        frames.append(seen(1200 if k == 5 else 120 if k else 700))
    page.locator(ARROW).first.dispatch_event("click")
    page.wait_for_selector(".pair svg.ghost")
    page.wait_for_selector(".arrow.broken", state="attached")  # a level line has no height
    page.evaluate("document.querySelector('#hand').remove()")
    settle(page)
    return [*frames, seen(3500)]


def test_the_animated_picture_of_the_readme(visit):
    """assets/cut.webp, as the picture above."""
    picture = ROOT / "assets" / "cut.webp"
    if os.environ.get("POSE_DEMO_PICTURES") or not picture.exists():
        page = visit(1366, 900)
        page.wait_for_selector("#xray .cell")
        (first, *rest), lasts = zip(*filmed(page), strict=True)
        said = Image.Exif()
        said[_DESCRIPTION] = shows(page, page.locator(".map-frame").first.bounding_box()["y"])
        first.save(
            picture, save_all=True, append_images=rest, duration=list(lasts), loop=0, quality=72, method=6, exif=said
        )
    shown = Image.open(picture)
    assert picture.stat().st_size <= 1_500_000 and shown.n_frames >= 6
    assert not is_stale(shown.getexif()[_DESCRIPTION]), ANEW
    assert "](assets/cut.webp)" in (ROOT / "README.md").read_text(encoding="utf-8")
