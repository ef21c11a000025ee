"""Tables from CSV files, whatever their encoding and size."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import EstimatorError, explain_missing, find_closest

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 300 * 2**20  # of a file that is read as a whole
_CHUNK_ROWS = 50_000
_HEAD_BYTES = 65_536


def read_csv(
    path: str | Path, target: str, most_bytes: int = MOST_BYTES, seed: int = 0
) -> tuple[pd.DataFrame, Any, list[str], dict[str, str]]:
    """Read a CSV file with a header.

    A file that is larger than `most_bytes` is streamed, and a random sample of about so many bytes
    is kept. Text that is not in UTF-8 is read as Windows-1252.

    Args:
        path: The file.
        target: Name of the column that is predicted. Rows in which it is missing are left out.
        most_bytes: See above.
        seed: Of the sample.

    Returns:
        The other columns, the targets (n,), what was noticed, and what `pandas.read_csv` must be
        told to read the file.

    Raises:
        EstimatorError: There is no such column, two have one name, or the file is no table.
        MissingDependencyError: pandas is not installed.
        OSError: The file cannot be read.
    """
    try:
        import pandas as pd
    except ImportError as e:
        raise explain_missing("reading CSV files", "pandas", "pandas") from e
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    delimiter = _find_delimiter(head)
    _check_header(head, delimiter, target)
    share = min(1.0, most_bytes / max(size, 1))
    remarks = []
    encoding = "utf-8"
    try:
        table = _read(pd, path, delimiter, encoding, share, seed)
    except UnicodeDecodeError:
        encoding = "cp1252"
        remarks.append(f"{path.name} is not in UTF-8; it was read as Windows-1252 (cp1252)")
        table = _read(pd, path, delimiter, encoding, share, seed)
    except pd.errors.ParserError as e:
        raise EstimatorError(f"{path.name} is no table: {e}") from e
    if share < 1:
        remarks.append(
            f"{path.name} has {size / 2**20:,.0f} MB; a random sample of {len(table):,} rows is "
            "used, about 1 in "
            f"{1 / share:.2g}"
        )
    known = table[target].notna().to_numpy()
    if not known.all():
        remarks.append(
            f"{int((~known).sum()):,} rows are left out: their target {target!r} is missing"
        )
        table = table[known]
    options = {"sep": delimiter} if delimiter != "," else {}
    if encoding != "utf-8":
        options["encoding"] = encoding
    return table.drop(columns=[target]), table[target].to_numpy(), remarks, options


def take_order(
    table: pd.DataFrame, groups: str | None, time: str | None
) -> tuple[pd.DataFrame, Any, Any]:
    """Take from a table what its rows have to do with each other.

    Args:
        table: (n, d) columns.
        groups: Name of the column with the groups, such as patients; it is not learned from.
        time: Name of the column with the time of each row: dates or numbers.

    Returns:
        The columns to learn from, the groups (n,) and the times (n,), None where no name is given.

    Raises:
        EstimatorError: There is no such column, or it holds no times.
    """
    of_rows = None if time is None else _read_times(_find_column(table, time))
    if groups is None:
        return table, None, of_rows
    group = _find_column(table, groups).to_numpy()
    return table.drop(columns=[groups]), group, of_rows


def _find_column(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        raise EstimatorError(_say_missing(name, list(table.columns)))
    return table[name]


def _read_times(column: pd.Series) -> Any:
    """Return times (n,) as numbers or dates.

    Raises:
        EstimatorError: A value is neither.
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    times = pd.to_datetime(column, errors="coerce", format="ISO8601", utc=True).dt.tz_localize(None)
    wrong = column[times.isna() & column.notna()]
    if len(wrong):
        raise EstimatorError(
            f"column {column.name!r} holds {wrong.iloc[0]!r}; expected times as numbers, or as "
            "dates like 2026-12-31 or 2026-12-31 23:59"
        )
    return times.to_numpy()


def _say_missing(name: str, names: list[str]) -> str:
    closest = find_closest(name, names)
    hint = f"; did you mean {closest!r}?" if closest else "."
    return f"the file has no column {name!r}{hint} It has {', '.join(names)[:500]}"


def _find_delimiter(head: bytes) -> str:
    text = head.decode("cp1252", "replace")
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def _check_header(head: bytes, delimiter: str, target: str) -> None:
    """Refuse a header that lacks the target, or names a column twice.

    Raises:
        EstimatorError: It does.
    """
    if not head.strip():
        raise EstimatorError("the file is empty; expected a header and rows")
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = head.decode("utf-8-sig", "ignore")
        if "\ufffd" in text or target not in text:
            text = head.decode("cp1252", "replace")
    names = next(csv.reader([text.split("\n", 1)[0].rstrip("\r")], delimiter=delimiter))
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise EstimatorError(f"two columns are called {twice[0]!r}; rename one of them")
    if target not in names:
        raise EstimatorError(_say_missing(target, names))


def _read(pd: Any, path: Path, delimiter: str, encoding: str, share: float, seed: int) -> Any:
    """Return a share of the rows, read chunk by chunk."""
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding
    options = {"sep": delimiter, "encoding": encoding}
    if encoding == "cp1252":
        options["encoding_errors"] = "replace"
    if share >= 1:
        return pd.read_csv(path, low_memory=False, **options)
    rng = np.random.default_rng(seed)
    with pd.read_csv(path, chunksize=_CHUNK_ROWS, **options) as chunks:
        kept = [chunk[rng.random(len(chunk)) < share] for chunk in chunks]
    return pd.concat(kept, ignore_index=True)
