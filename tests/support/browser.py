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


def look_at(browser, path, **options):
    """A page with a file; what it said; and the addresses that it asked for beside its own."""
    page = browser.new_page(**options)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    return page, said, [url for url in asked if url != path.as_uri()]
