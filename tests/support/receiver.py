"""A server that keeps the requests that it gets, and answers as it is told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """A server of HTTP in this process.

    Args:
        answers: Statuses of the first answers; further ones are 200. A text is where a redirection
            leads.
    """

    def __init__(self, *answers):
        self.requests = []  # (path, headers, content)
        self.may_answer = threading.Event()
        self.may_answer.set()
        left = list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.may_answer.wait()
                receiver.requests.append((self.path, dict(self.headers), json.loads(body)))
                answer = left.pop(0) if left else 200
                if isinstance(answer, str):
                    self.send_response(307)
                    self.send_header("Location", answer)
                else:
                    self.send_response(answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_GET = do_POST

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def messages(self):
        return [content for _, _, content in self.requests]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
