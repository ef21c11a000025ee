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
_MAX_LENGTH = 4096
_MAX_LINKS = 40  # as in the system


def token_file(storage: Storage) -> Path:
    """The file of a service's token: beside the storage's file, or in the user's settings.

    The latter also where the storage's folder cannot be written, and holds no token.
    """
    if storage.file is not None:
        beside = Path(f"{storage.file}.token")
        if beside.exists() or os.access(beside.parent, os.W_OK):
            return beside
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(settings, "luthier", "token")


def read_or_create_token(file: Path) -> tuple[str, bool]:
    """Return the token in a file, which is never empty, and whether it was created just now.

    Raises:
        StorageDeniedError: Others can read or replace the file, or it holds no good token.
        StorageError: The file cannot be read or written.
    """
    try:
        if os.name == "posix":
            _require_own(file)
        if not file.exists() and (created := _create_token(file)):
            return created, True
        token = _read(file)
        check_token(token)
        return token, False
    except (OSError, UnicodeError) as e:
        raise StorageError(f"the token in {file} cannot be read or written: {e}") from e


def _require_own(file: Path) -> None:
    """Refuse a file that others can replace: it, a link to it, or a folder above is theirs.

    Raises:
        StorageDeniedError: They can.
    """
    places = [Path(os.path.abspath(file))]
    while places[-1].is_symlink() and len(places) <= _MAX_LINKS:
        last = places[-1]
        places.append(Path(os.path.abspath(last.parent / os.readlink(last))))
    places.append(Path(os.path.realpath(file)))
    for place in dict.fromkeys(above for p in places for above in (p, *p.parents)):
        who = _who_can_change(os.lstat(place)) if os.path.lexists(place) else ""
        if who:
            raise StorageDeniedError(
                f"{place} {who}, who could replace the token in {file}; name a file of your own, "
                "in a folder of your own, with --token-file"
            )


def _who_can_change(found: os.stat_result) -> str:
    """Say which others can change a file, a link or what is in a folder; "" for none but root."""
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to another user ({found.st_uid})"
    # In a folder with the sticky bit, such as /tmp, only the owner of a file can replace it.
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & stat.S_ISVTX:
        return ""
    if found.st_mode & stat.S_IWOTH:
        return "can be written by every user"
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid):
        return f"can be written by a group ({found.st_gid})"
    return ""


def _is_private_group(gid: int) -> bool:
    """Whether a group is this user's alone: of the same name, without further members."""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid())
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _read(file: Path) -> str:
    """The text of a token's file, of which others can read nothing."""
    with open(os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))) as f:
        found = os.fstat(f.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise StorageDeniedError(f"{file} is no file; a token stands in a file")
        if os.name == "posix" and found.st_mode & 0o077:
            raise StorageDeniedError(
                f"{file} can be read by others; a token is a secret: chmod 600 {file}"
            )
        return f.read(_MAX_LENGTH + 2).strip()


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
