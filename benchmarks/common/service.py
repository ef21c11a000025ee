"""A running `luthier serve`, and a client of it that keeps one connection."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from types import TracebackType
from typing import Any

from benchmarks.common.timing import total_cpu_s

TOKEN = "benchmark-" * 3
_SERVE = (
    "import sys; from luthier.server import serve; serve(sys.argv[1], port=0, token=sys.argv[2])"
)


class Service:
    """A service in a process of its own, on a free port of this machine.

    Args:
        url: The storage that it serves.

    Attributes:
        port: Where it listens.
        pid: Its process.
    """

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, url, TOKEN],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service of {url} does not start; try `luthier serve` by hand")
        self.port = int(line.rpartition(":")[2])

    @property
    def storage_url(self) -> str:
        """The URL under which luthier uses it as a storage."""
        return f"http://{TOKEN}@127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        """Processor seconds that it has used so far."""
        return total_cpu_s(self.pid)

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()


class Client:
    """One connection to a study of a service.

    Args:
        port: Where the service listens.
        study: The study's id.
    """

    def __init__(self, port: int, study: int) -> None:
        self._study = study
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}

    def post(self, path: str, body: Any) -> Any:
        """Send a request to the study and return the answer.

        Raises:
            RuntimeError: The service refused it.
        """
        address = f"/v1/studies/{self._study}/{path}"
        self._connection.request("POST", address, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{address}: expected 200, got {response.status}: {data.decode()}")
        return json.loads(data)

    def get_page(self, path: str) -> Any:
        """Read what the page in a browser reads of the study.

        Raises:
            RuntimeError: The service refused it.
        """
        address = f"/ui/studies/{self._study}/{path}"
        self._connection.request("GET", address, headers=self._headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{address}: expected 200, got {response.status}: {data.decode()}")
        return json.loads(data)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
