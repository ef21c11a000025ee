"""A real service for the tests."""

import contextlib
import http.client
import json
import socket
import threading

from luthier.server import Limits, application
from luthier.server.run import make_server
from luthier.storages.http import HTTP

TOKEN = "a-token-for-tests-only"


class Service:
    """A real service on a free port, in a thread of this process."""

    def __init__(self, storage, token=TOKEN, limits=None, port=0, **options):
        self.storage = storage
        self.token = token
        line = socket.create_server(("127.0.0.1", port))
        self.port = line.getsockname()[1]
        limits = limits or Limits(processes=0)  # in threads, which tests can look into
        self._server = make_server(application(storage, token, limits, **options), limits)
        self._thread = threading.Thread(target=self._server.run, args=([line],))
        self._thread.start()

    @property
    def url(self):
        return f"http://{self.token}@127.0.0.1:{self.port}"

    def stop(self):
        self._server.should_exit = True
        self._thread.join()

    def server_connections(self):
        """How many connections are open."""
        return len(self._server.server_state.connections)

    def raw(self, method, path, body=None, token=None, **headers):
        """Status, headers and bytes of an answer."""
        token = self.token if token is None else token
        head = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            head["Content-Type"] = "application/json"
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port)) as line:
            line.request(
                method, path, data, head | {k.replace("_", "-"): v for k, v in headers.items()}
            )
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def __call__(self, method, path, body=None, **headers):
        """Status and JSON of an answer."""
        status, _, answer = self.raw(method, path, body, **headers)
        return status, json.loads(answer)

    def study(self, **fields):
        """The path of a new study."""
        status, made = self(
            "POST", "/v1/studies", {"space": {"x": {"low": 0.0, "high": 1.0}}, **fields}
        )
        assert status == 201, made
        return f"/v1/studies/{made['id']}"

    def client(self, **options):
        return HTTP(self.url, **options)
