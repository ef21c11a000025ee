"""The page in a notebook: framed, behind a proxy with a base path, opened by a link once."""

import contextlib
import http.client
import http.server
import json
import re
import threading
import urllib.request

import pytest
from tests.support.browser import open_browser

import luthier
from luthier.server.sessions import Sessions
from luthier.storages import InMemory

SPACE = {"x": luthier.Float(0, 1)}


@pytest.fixture
def study():
    study = luthier.create_study(storage=InMemory(), name="cell", space=SPACE, sampler="random")
    study.optimize(lambda trial: trial.params["x"], n_trials=5)
    return study


@pytest.fixture
def shown(study):
    shown = study.dashboard(height=500)
    yield shown
    shown.close()


def log_in(url, code):
    host = url.partition("/#")[0]
    headers = {"Content-Type": "application/json", "X-Luthier": "1", "Origin": host}
    body = json.dumps({"code": code}).encode()
    request = urllib.request.Request(f"{host}/ui/login", body, headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        with e:
            return e.code


def code_of(url):
    return re.search(r"#k=([\w-]+)", url)[1]


def test_a_link_logs_in_once(shown):
    url = shown.url
    assert (log_in(url, code_of(url)), log_in(url, code_of(url))) == (204, 401)
    assert log_in(shown.url, code_of(shown.url)) == 204  # each link has its own
    assert log_in(shown.url, "x" * 43) == 401


def test_codes_end(monkeypatch):
    sessions = Sessions()
    code = sessions.make_code()
    now = luthier.server.sessions.time.monotonic()
    monkeypatch.setattr("luthier.server.sessions.time.monotonic", lambda: now + 3601)
    assert not sessions.take_code(code)
    codes = [sessions.make_code() for _ in range(101)]
    assert [sessions.take_code(code) for code in codes].count(True) == 100
    assert not sessions.take_code("")


def test_outside_of_a_notebook_it_says_its_address(shown):
    assert re.fullmatch(
        r"open in a browser: http://127\.0\.0\.1:\d+/#k=[\w-]+&/s/1/summary", repr(shown)
    )


def test_studies_of_one_storage_share_a_service(study, shown):
    other = luthier.create_study(storage=study.storage, name="other", space=SPACE)
    again = other.dashboard()
    assert again.url.partition("#")[0] == shown.url.partition("#")[0]
    assert "/s/2/" in again.url


def test_the_frame_has_no_markup_of_others(study):
    hostile = '</script><script>alert(1)</script>"'
    shown = study.dashboard(proxy=f"/{hostile}/proxy/")
    try:
        text = shown._repr_html_()
        assert text.count("<script") == text.count("</script>") == 1
        assert 'href="/&lt;/script&gt;&lt;script&gt;' in text
    finally:
        shown.close()


def test_jupyterhub_is_found_by_itself(study, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me/")
    shown = study.dashboard()
    try:
        assert '"/user/me/proxy/' in shown._repr_html_()
    finally:
        shown.close()


# -- in a browser ---------------------------------------------------------------------------------


class Notebook:
    """A server that shows HTML as a notebook does, and passes /proxy/PORT/ on, as Jupyter does."""

    def __init__(self):
        notebook = self
        self.html = ""

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if match := re.match(r"/user/me/proxy/(\d+)(/.*)", self.path):
                    return self.forward(int(match[1]), match[2])
                body = f"<!doctype html><title>notebook</title>{notebook.html}".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def forward(self, port, path):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as line:
                    line.request(self.command, path, body or None, dict(self.headers))
                    answer = line.getresponse()
                    self.send_response(answer.status)
                    for name, value in answer.getheaders():
                        if name.lower() not in ("connection", "transfer-encoding"):
                            self.send_header(name, value)
                    self.send_header("Connection", "close")
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        while part := answer.read1(65536):
                            self.wfile.write(part)
                            self.wfile.flush()
                self.close_connection = True

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def notebook():
    notebook = Notebook()
    yield notebook
    notebook.close()


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


browsed = [pytest.mark.external("chromium", "playwright"), pytest.mark.slow]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("proxy", [None, "/user/me/proxy/"])
class TestInABrowser:
    pytestmark = browsed

    def test_the_page_is_live_in_a_cell_and_acts(self, browser, notebook, study, host, proxy):
        shown = study.dashboard(proxy=proxy)
        try:
            notebook.html = shown._repr_html_()
            page = browser.new_page()
            said = []
            page.on("console", lambda message: said.append(message.text))
            page.goto(f"http://{host}:{notebook.port}/")
            frame = page.frame_locator("iframe")
            frame.get_by_role("heading", name="cell").wait_for()
            frame.get_by_role("heading", name="5 trials").wait_for()
            study.optimize(lambda trial: trial.params["x"], n_trials=1)
            frame.get_by_role("heading", name="6 trials").wait_for()
            frame.get_by_role("link", name="Controls").click()
            frame.get_by_role("button", name="Pause").click()
            frame.get_by_text("The study is paused.").wait_for()
            assert study.controls.course == "paused"
            assert [text for text in said if "favicon" not in text and "404" not in text] == []
            page.close()
        finally:
            shown.close()


@pytest.mark.external("chromium", "playwright")
@pytest.mark.slow
def test_no_other_page_shows_a_service_in_a_frame(browser, notebook, serve, study):
    service = serve(study.storage)
    notebook.html = f'<iframe src="http://127.0.0.1:{service.port}/"></iframe>'
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://127.0.0.1:{notebook.port}/")
    page.wait_for_timeout(500)
    assert any("frame-ancestors 'none'" in text for text in said)
    assert page.frames[1].url.startswith("chrome-error://")
    page.close()
