"""A headless browser for tests: the system's Chromium, or the one that playwright fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
HOW = (
    "no browser to test the report in: install Chromium (Debian and Ubuntu: apt-get install "
    "chromium-headless-shell), or run `playwright install --only-shell chromium`, or name one in "
    "RF_BROWSER"
)


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A headless Chromium.

    Raises:
        AssertionError: there is none; the report goes untested nowhere.
    """
    named = os.environ.get("RF_BROWSER")
    found = named or next((path for n in NAMES if (path := shutil.which(n))), None)
    with sync_playwright() as tool:
        try:
            # As root, as in a container, Chromium runs without its sandbox only.
            browser = tool.chromium.launch(executable_path=found, args=["--no-sandbox"])
        except PlaywrightError as e:
            raise AssertionError(f"{HOW}\n{e}") from e
        try:
            yield browser
        finally:
            browser.close()


def offline_page(browser: Browser, complaints: list[str]) -> Page:
    """A page without a network; errors of its programs, and whatever it asks of one, are noted."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, offline=True)
    page = context.new_page()
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on(
        "request",
        lambda r: None if r.url.startswith(("file:", "data:")) else complaints.append(r.url),
    )
    return page
