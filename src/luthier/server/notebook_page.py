"""The page in a cell of a notebook: a service of this process, and a frame that shows it."""

from __future__ import annotations

import atexit
import html
import json
import os
import secrets
import socket
import threading
import time
from urllib.parse import quote
from weakref import WeakKeyDictionary

import uvicorn

from ..errors import StudyError
from ..storages import Storage
from ..storages.wrapper import innermost
from ..study.study import Study
from .app import application
from .limits import Limits
from .run import make_server
from .sessions import Sessions

_PROCESSES = 2  # for what may take long
_START_S = 30.0
# Notebooks are at these addresses, or behind the proxy that the page is behind as well.
_FRAMES = "'self' http://localhost:* http://127.0.0.1:*"
_HEIGHT = 800  # pixels


class _Served:
    """A service of this process, in a thread, for one storage."""

    def __init__(self, storage: Storage) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        limits = Limits(processes=_PROCESSES)
        app = application(storage, secrets.token_urlsafe(32), limits, frames=_FRAMES)
        self.sessions: Sessions = app.sessions
        self._server: uvicorn.Server = make_server(app, limits)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="luthier page", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + _START_S
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        if not self._server.started:
            raise StudyError(f"the page did not start within {_START_S:g} s")

    def close(self) -> None:
        """End the service."""
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


_served: WeakKeyDictionary[Storage, _Served] = WeakKeyDictionary()
_lock = threading.Lock()


class NotebookPage:
    """The page of a study, which a notebook shows as a frame.

    Args:
        study: The study.
        height: Of the frame, in pixels.
        proxy: The address before the port of a proxy through which the notebook is reached, such
            as "/user/me/proxy/" for jupyter-server-proxy; None for that of JupyterHub, if it is
            there, and else this machine's own address.
    """

    def __init__(self, study: Study, height: int = _HEIGHT, proxy: str | None = None) -> None:
        hub = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
        self._proxy = f"{hub}proxy/" if proxy is None and hub else proxy or ""
        self._study = study.engine.id
        self._height = int(height)
        self._served = _serve(study.engine.storage)

    @property
    def url(self) -> str:
        """An address that logs in who opens it first, within an hour."""
        return f"http://127.0.0.1:{self._served.port}/{self._fragment()}"

    def _fragment(self) -> str:
        code = quote(self._served.sessions.make_code(), safe="")
        return f"#k={code}&/s/{self._study}/summary"

    def _repr_html_(self) -> str:
        """A frame whose address has the name by which the notebook is reached.

        A browser sends cookies to a frame only where it is of the same site.
        """
        frame = f"luthier-{secrets.token_hex(8)}"
        proxied = f"{self._proxy}{self._served.port}/" if self._proxy else ""
        said = json.dumps([frame, proxied, self._served.port, self._fragment()]).replace(
            "<", "\\u003c"
        )
        link = html.escape(self.url if not self._proxy else f"{proxied}{self._fragment()}")
        return (
            f'<iframe id="{frame}" title="luthier" height="{self._height}" '
            'style="width: 100%; border: 1px solid #8888"></iframe>'
            f'<p><a href="{link}" target="_blank" rel="noreferrer">Open in a window</a></p>'
            f"<script>(([id, proxied, port, fragment]) => {{"
            'const here = ["localhost", "127.0.0.1"].includes(location.hostname)'
            ' ? location.hostname : "127.0.0.1";'
            "document.getElementById(id).src = "
            "(proxied || `http://${here}:${port}/`) + fragment;"
            f"}})({said});</script>"
        )

    def __repr__(self) -> str:
        return f"open in a browser: {self.url}"

    def close(self) -> None:
        """End the service, for all pages of this storage."""
        with _lock:
            for storage, served in list(_served.items()):
                if served is self._served:
                    del _served[storage]
        self._served.close()


def show_page(study: Study, height: int = _HEIGHT, proxy: str | None = None) -> NotebookPage:
    """The page of a study; see `Study.dashboard`."""
    return NotebookPage(study, height, proxy)


def _serve(storage: Storage) -> _Served:
    """The service of a storage, one in a process."""
    inner = innermost(storage)
    with _lock:
        if inner not in _served:
            _served[inner] = _Served(storage)
        return _served[inner]


@atexit.register
def _close_all() -> None:
    with _lock:
        pages = list(_served.values())
        _served.clear()
    for page in pages:
        page.close()
