"""Pictures of the X-ray at the sizes that matter."""

import pytest
from conftest import SCREENSHOTS, pin
from test_xray import FUSED


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (1024, 768), (390, 844)])
@pytest.mark.parametrize("dark", [False, True])
def test_looks(look, size, dark):
    page = look(width=size[0], height=size[1], dark=dark)
    SCREENSHOTS.mkdir(exist_ok=True)
    name = f"xray-{size[0]}x{size[1]}-{'dark' if dark else 'light'}"
    page.screenshot(path=SCREENSHOTS / f"{name}-maps.png")
    page.locator(FUSED).evaluate("node => node.scrollIntoView({block: 'center', inline: 'center'})")
    pin(page, FUSED)
    page.screenshot(path=SCREENSHOTS / f"{name}-dock.png")
    page.keyboard.press("Escape")
    for part in ("beside", "film", "story"):
        page.evaluate(f"document.querySelector('.{part}').scrollIntoView()")
        page.wait_for_selector(f".{part} figure, .{part} .wipe")
        page.screenshot(path=SCREENSHOTS / f"{name}-{part}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"
