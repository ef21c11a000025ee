"""The service's token: a secret that clients send, kept in a file."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from ..errors import StorageDeniedError, StorageError
from ..storages import Storage

_MIN_LENGTH = 16  # characters


def token_file(storage: Storage) -> Path:
    """The file of a service's token: beside the storage's file, or in the user's settings."""
    if path := getattr(storage, "path", None):
        return Path(f"{path}.token")
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(settings, "luthier", "token")


def read_or_create_token(file: Path) -> tuple[str, bool]:
    """Return the token in a file, which is never empty, and whether it was created just now.

    Raises:
        StorageDeniedError: Others can read the file, or it holds no good token.
        StorageError: The file cannot be read or written.
    """
    try:
        if not file.exists() and (created := _create_token(file)):
            return created, True
        if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise StorageDeniedError(
                f"{file} can be read by others; a token is a secret: chmod 600 {file}"
            )
        token = file.read_text().strip()
        check_token(token)
        return token, False
    except (OSError, UnicodeError) as e:
        raise StorageError(f"the token in {file} cannot be read or written: {e}") from e


def _create_token(file: Path) -> str | None:
    """Write a new token to a file; None where another service has done so just now."""
    token = secrets.token_urlsafe(32)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
        f.write(token + "\n")
    try:
        os.link(unfinished, file)  # the file appears complete, or not at all
        return token
    except FileExistsError:
        return None
    finally:
        unfinished.unlink()


def check_token(token: str) -> None:
    """Refuse a token that is short, or that no header can hold.

    Raises:
        StorageDeniedError: It is.
    """
    if len(token) < _MIN_LENGTH or re.search(r"[^!-~]", token):
        raise StorageDeniedError(
            f"expected a token of at least {_MIN_LENGTH} characters, without spaces, got one of "
            f"{len(token)}; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe())'"
        )
