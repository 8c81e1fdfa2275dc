"""Takes pictures of the HTML reports in docs/outputs in a real browser: wide and narrow, light and dark.

    pip install playwright; python tools/screenshots.py FOLDER [CHROMIUM]

Says what a page loaded from elsewhere, whether it is wider than its window, and what the browser complained about;
the exit code is 1 for any of these. Run by hand: the browser is no dependency of the tests.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PAGES = sorted((Path(__file__).parents[1] / "docs" / "outputs").glob("*.html"))
WIDTHS = (1280, 390, 360)
SCHEMES = ("light", "dark")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def main() -> None:
    """Take all pictures."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    chromium = sys.argv[2] if len(sys.argv) > 2 else shutil.which("chromium")  # noqa: PLR2004 - the second argument
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        troubles = [
            trouble
            for page in PAGES
            for width in WIDTHS
            for scheme in SCHEMES
            for trouble in taken(browser, page, folder / f"{page.stem}-{width}-{scheme}.png", width, scheme)
        ]
        browser.close()
    print("\n".join(troubles) or f"{len(PAGES)} pages: nothing loaded, nothing too wide, no complaint")
    raise SystemExit(bool(troubles))


def taken(browser: Browser, file: Path, picture: Path, width: int, scheme: str) -> list[str]:
    """Take a picture of a whole page; return what is wrong with it."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        device_scale_factor=1 if width > 1000 else 2,  # noqa: PLR2004 - as a phone has it
    )
    page = context.new_page()
    troubles: list[str] = []
    page.on(
        "request",
        lambda request: (
            None if request.url == file.as_uri() else troubles.append(f"{file.name} asks for {request.url}")
        ),
    )
    page.on("console", lambda said: troubles.append(f"{file.name}: {said.text}"))
    page.goto(file.as_uri())
    page.screenshot(path=picture, full_page=True)
    if over := page.evaluate(OVERFLOW):
        troubles.append(f"{picture.name} is {over} pixels too wide")
    context.close()
    return troubles


if __name__ == "__main__":
    main()
