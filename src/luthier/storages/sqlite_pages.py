"""Rows that stand in the pages of a SQLite file, also where the file is torn.

The pages are read one by one, without the tree that joins them, so a broken page costs only what
stands in it. Every record is returned that reads as one, old ones too: whoever asks knows by the
checksums which of them are rows.

Source: "Database File Format", sqlite.org/fileformat2.html, sections 1.6 and 2.1; "WAL-mode File
Format", sqlite.org/walformat.html. Deviation: checksums of the log's frames are not compared.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_INDEX_INTERIOR, _INDEX_LEAF, _TABLE_LEAF = 2, 10, 13  # types of pages that hold records
_WIDTHS = (0, 1, 2, 3, 4, 6, 8)  # bytes of a whole number, by its serial type
_LOG_HEAD = 32
_FRAME_HEAD = 24
_UNREADABLE = (IndexError, ValueError, struct.error)


def read_records(path: Path) -> Iterator[tuple[int, list[Any]]]:
    """Return the row number, 0 for rows without one, and the values of all records of a file."""
    pages = _Pages(path)
    for number in range(1, len(pages) + 1):
        with contextlib.suppress(*_UNREADABLE):
            yield from _read_page(pages, number)


class _Pages:
    """The pages of a file, and of its write-ahead log in their stead; the first has number 1."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        (size,) = struct.unpack_from(">H", self._data.ljust(100, b"\0"), 16)
        is_power_of_two = size >= 512 and not size & (size - 1)
        self.size = 65536 if size == 1 else size if is_power_of_two else 4096
        self._newer: dict[int, bytes] = {}
        with contextlib.suppress(OSError, struct.error):
            self._read_log(Path(f"{path}-wal").read_bytes())

    def __len__(self) -> int:
        return max(-(-len(self._data) // self.size), *self._newer, 0)

    def __getitem__(self, number: int) -> bytes:
        if number in self._newer:
            return self._newer[number]
        return self._data[(number - 1) * self.size : number * self.size]

    def _read_log(self, log: bytes) -> None:
        """Take the pages of all transactions that were committed."""
        salt = log[16:24]
        begun: dict[int, bytes] = {}
        for at in range(_LOG_HEAD, len(log) - self.size, _FRAME_HEAD + self.size):
            page, n_pages = struct.unpack_from(">2I", log, at)
            if log[at + 8 : at + 16] != salt:
                break
            begun[page] = log[at + _FRAME_HEAD : at + _FRAME_HEAD + self.size]
            if n_pages:  # the last page of a transaction
                self._newer |= begun
                begun = {}


def _read_page(pages: _Pages, number: int) -> Iterator[tuple[int, list[Any]]]:
    page = pages[number]
    head = 100 if number == 1 else 0
    kind = page[head]
    if kind not in (_INDEX_INTERIOR, _INDEX_LEAF, _TABLE_LEAF):
        return
    (n_cells,) = struct.unpack_from(">H", page, head + 3)
    first = head + (12 if kind == _INDEX_INTERIOR else 8)
    for i in range(n_cells):
        with contextlib.suppress(*_UNREADABLE):
            (at,) = struct.unpack_from(">H", page, first + 2 * i)
            row = 0
            size, at = _read_varint(page, at + 4 if kind == _INDEX_INTERIOR else at)
            if kind == _TABLE_LEAF:
                row, at = _read_varint(page, at)
            yield row, _decode(_read_payload(pages, page, at, size, kind == _TABLE_LEAF))


def _read_payload(pages: _Pages, page: bytes, at: int, size: int, is_table: bool) -> bytes:
    """Return what a cell holds, with what stands on further pages."""
    usable = pages.size
    most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
    if size <= most:
        return page[at : at + size]
    least = (usable - 12) * 32 // 255 - 23
    here = least + (size - least) % (usable - 4)
    if here > most:
        here = least
    parts = [page[at : at + here]]
    (follower,) = struct.unpack_from(">I", page, at + here)
    missing = size - here
    while missing > 0 and 0 < follower <= len(pages):
        next_page = pages[follower]
        parts.append(next_page[4 : 4 + missing])
        missing -= usable - 4
        (follower,) = struct.unpack_from(">I", next_page)
    return b"".join(parts)


def _decode(payload: bytes) -> list[Any]:
    """Return the values of a record."""
    head, at = _read_varint(payload, 0)
    types = []
    while at < head:
        kind, at = _read_varint(payload, at)
        types.append(kind)
    values: list[Any] = []
    for kind in types:
        width = _WIDTHS[kind] if kind < 7 else 8 if kind == 7 else max((kind - 12) // 2, 0)
        field = payload[at : at + width]
        if len(field) < width:
            raise ValueError("the record ends early")
        at += width
        if kind == 0:
            values.append(None)
        elif kind < 7:
            values.append(int.from_bytes(field, "big", signed=True))
        elif kind == 7:
            values.append(struct.unpack(">d", field)[0])
        elif kind in (8, 9):
            values.append(kind - 8)
        else:
            values.append(field.decode() if kind % 2 else field)
    return values


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for _ in range(8):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at
    return value << 8 | data[at], at + 1
