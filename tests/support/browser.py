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


# What a page heard of its study, in the order in which it came, from the worker with the stream.
RECORD = """(() => {
  window.heard = [];
  const Native = window.SharedWorker;
  window.SharedWorker = class extends Native {
    constructor(...options) {
      super(...options);
      this.port.addEventListener("message",
        ({ data }) => data.change && window.heard.push(data.change));
    }
  };
})()"""


def find_violations(page, *rules):
    """What axe-core finds on a page as it is now: the first element of each rule that is broken.

    Args:
        page: Of a context that bypasses the page's policy.
        rules: Those that are looked at; none for all.
    """
    from axe_core_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], **({"runOnly": [*rules]} if rules else {})}
    return page.evaluate(
        """(options) => axe.run(options).then(({ violations }) =>
          Object.fromEntries(violations.map(({ id, nodes }) => [id, nodes[0].html])))""",
        options,
    )


class Visit:
    """A page with what it said and asked for."""

    def __init__(self, browser, service, **context):
        self.context = browser.new_context(**context)
        self.page = self.context.new_page()
        self.said = []
        self.asked = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.root = f"http://127.0.0.1:{service.port}/"

    def open(self, view):
        self.page.goto(f"{self.root}{view}")
        self.page.locator("main:not([aria-busy]) h1").wait_for()
        return self.page

    def log_in(self, token):
        self.open("")
        self.page.get_by_label("Token of the service").fill(token)
        self.page.get_by_role("button", name="Log in").click()
        self.page.locator("h1", has_text="Studies").wait_for()

    def end(self, token):
        """Closes the page; fails if it said anything, or asked anybody else."""
        assert self.said == []
        assert [url for url in self.asked if not url.startswith(self.root)] == []
        assert not any(token in url for url in self.asked)
        self.context.close()
