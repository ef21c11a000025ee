"""The process that prolongs leases where an objective keeps this one from doing it.

A call into C can hold the interpreter for minutes, and with it every thread. The process hears of
the trials that run here, and each time their leases are prolonged here. Where that is late, it does
it itself, as long as this process lives and is not stopped. It is one for all studies, loads next
to nothing before it has something to do, and ends with this process, however that ends.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import lease_process_main

if TYPE_CHECKING:
    import subprocess

_AGAIN_S = 10.0  # the least time between two processes
# Imported rather than run by its path, it is compiled only once.
_CODE = (
    "import sys; sys.path.insert(0, {folder!r}); import lease_process_main; "
    "del sys.path[0]; lease_process_main.main(int(sys.argv[1]))"
)


class LeaseProcess:
    """This process's end of a pipe to a process that prolongs leases.

    Where none can be had, as on Windows, telling it does nothing.

    Attributes:
        generation: How many processes there have been; each has to be told anew.
    """

    def __init__(self) -> None:
        self.generation = 0
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._next_start_s = 0.0  # by time.monotonic: one that ends at once is not started anew
        self._can_start = sys.platform != "win32" and bool(sys.executable)

    def start(self) -> None:
        """Start the process where none has been started."""
        if self._pipe >= 0 or not self._can_start or time.monotonic() < self._next_start_s:
            return
        with self._lock:
            if self._pipe < 0:
                self._next_start_s = time.monotonic() + _AGAIN_S
                with contextlib.suppress(OSError):  # then the thread has to do alone
                    self._start()

    def replace_ended(self) -> None:
        """Start another process where it has ended."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                self.end()
            self.start()

    def _start(self) -> None:
        import subprocess  # a study in memory does not need it

        code = _CODE.format(folder=str(Path(lease_process_main.__file__).parent))
        read, self._pipe = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", code, str(os.getpid())],
                stdin=read,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            self.end()
            raise
        finally:
            os.close(read)
        self.generation += 1
        path = "\0".join(p for p in sys.path if isinstance(p, str) and "\n" not in p)
        os.write(self._pipe, path.encode("utf-8", "surrogateescape") + b"\n")
        os.set_blocking(self._pipe, False)

    def tell(self, *lines: str) -> None:
        """Send lines. Those for which there is no room are left out: the thread is there too."""
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        with self._lock:
            if self._pipe < 0:
                return
            if len(text) <= select.PIPE_BUF:  # it is written whole or not at all
                with contextlib.suppress(OSError):
                    os.write(self._pipe, text)
            elif len(lines) > 1:
                for line in lines:
                    self.tell(line)

    def end(self) -> None:
        """End the process."""
        with self._lock:
            if self._pipe >= 0:
                os.close(self._pipe)
            self._pipe = -1
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            self._process = None

    def leave_to_parent(self) -> None:
        """Forget the process of the parent, in a child that was forked."""
        self._lock = threading.RLock()
        self._next_start_s = 0.0
        if self._process is not None:
            self._process.returncode = 0  # nobody is to wait for it here
            self._process = None
        self.end()


the_process = LeaseProcess()
atexit.register(the_process.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=the_process.leave_to_parent)
