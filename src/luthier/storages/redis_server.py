"""A Redis server: connections, commands and scripts, and what its settings let it lose.

The one file that imports redis-py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import redis
from redis import exceptions as failures
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..errors import StorageError
from ..terminal import logger
from .redis_errors import translate
from .redis_scripts import Script
from .server_urls import with_options


def make_pool(place: str, options: Mapping[str, str], answer_s: float) -> Any:
    """Return a pool of connections, none of which has been made yet.

    Args:
        place: The URL without options.
        options: The options; those of redis-py, and "prefix".
        answer_s: How long an answer may take, in seconds, unless an option says so.

    Raises:
        StorageError: redis-py does not know them.
    """
    network = {} if place.startswith("unix:") else {"socket_keepalive": True}
    try:
        pool = redis.ConnectionPool.from_url(
            with_options(place, {k: v for k, v in options.items() if k != "prefix"}),
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=answer_s,
            socket_connect_timeout=10.0,
            health_check_interval=30,
            max_connections=10_000,
            **network,
        )
        pool.make_connection()  # complains of options; it does not connect
    except (TypeError, ValueError, failures.RedisError) as e:
        raise StorageError(f"expected a URL and options that redis-py knows: {e}") from e
    return pool


def send_command(pool: Any, *command: str | float) -> Any:
    """Send a command over a connection of a pool, and return the answer."""
    connection = pool.get_connection()
    try:
        connection.send_command(*command)
        return connection.read_response()
    except failures.ResponseError:
        raise
    except BaseException:
        # After an interrupt the answer may still come: the next command must not read it.
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def run_script(pool: Any, script: Script, key: str, *args: str | float) -> Any:
    """Run a script about a key, which the server may know by its digest, and return the answer."""
    try:
        return send_command(pool, "EVALSHA", script.sha, 1, key, *args)
    except failures.NoScriptError:
        return send_command(pool, "EVAL", script.text, 1, key, *args)


def warn_of_losses(pool: Any, storage: object) -> None:
    """Log a warning where the server's settings let it lose studies."""
    settings: dict[bytes, bytes] = {}
    with contextlib.suppress(failures.ResponseError):  # many operators forbid CONFIG
        for pattern in ("appendonly", "maxmemory*"):
            found = send_command(pool, "CONFIG", "GET", pattern)
            settings.update(zip(found[::2], found[1::2], strict=True))
    if settings.get(b"appendonly") == b"no":
        logger.warning(
            "%r keeps no append-only file, so a crash loses minutes; set 'appendonly yes'", storage
        )
    bounded = settings.get(b"maxmemory", b"0") != b"0"
    if bounded and settings[b"maxmemory-policy"].startswith(b"allkeys"):
        logger.warning(
            "%r drops studies when it is full; set 'maxmemory-policy noeviction' there", storage
        )


@contextlib.contextmanager
def translating_errors(storage: object) -> Iterator[None]:
    """A block in which errors of redis-py, and of the system, are raised as luthier's."""
    try:
        yield
    except (failures.RedisError, OSError) as e:
        raise translate(e, repr(storage)) from e
