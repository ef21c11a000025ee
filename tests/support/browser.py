"""A real browser for tests: Debian's or Ubuntu's Chromium, driven by playwright."""

import contextlib
import shutil


@contextlib.contextmanager
def open_browser():
    """Starts Chromium, and ends it."""
    from playwright.sync_api import sync_playwright  # where only tests marked `external` need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"],  # tests may run as root
        )
        try:
            yield browser
        finally:
            browser.close()
