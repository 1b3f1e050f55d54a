"""Pictures of the page at the sizes that matter, and that nothing on it is cut off."""

import pytest
from conftest import ROOT, SCREENSHOTS
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pose_demo import weights

SIZES = [(1366, 768), (1920, 1080), (1024, 768), (390, 844)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_nothing_is_cut_off(visit, size, dark):
    page = visit(*size, dark=dark)
    page.wait_for_selector("#xray .cell")
    SCREENSHOTS.mkdir(exist_ok=True)
    name = f"{size[0]}x{size[1]}-{'dark' if dark else 'light'}"
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.screenshot(path=SCREENSHOTS / f"{name}-full.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    cut = page.evaluate(
        """all => [...document.querySelectorAll(all)]
            .filter(node => node.offsetParent && node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
            .map(node => node.className + ': ' + node.textContent.slice(0, 40))""",
        ".view, .name, .badge, .foot, .buttons button, .stops button, .card, .differences, td, th",
    )
    assert cut == []


def test_the_picture_of_the_readme(visit):
    """assets/page.png: written anew where it is missing or POSE_DEMO_PICTURES says so, checked always."""
    import os

    picture = ROOT / "assets" / "page.png"
    of = " ".join(weights.entry(name).sha256 for name in weights.default_pair())
    if os.environ.get("POSE_DEMO_PICTURES") or not picture.exists():
        page = visit(1366, 768)
        raw = page.screenshot(path=SCREENSHOTS / "readme.png") and Image.open(SCREENSHOTS / "readme.png")
        said = PngInfo()
        said.add_text("weights", of)
        few = raw.convert("RGB").quantize(192, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(picture, optimize=True, pnginfo=said)
    assert picture.stat().st_size <= 400_000
    assert Image.open(picture).size == (1366, 768)
    assert Image.open(picture).info["weights"] == of, "python -m pose_demo remake makes it anew"
