"""A version of a model: what determines it, and where it came from."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
import sys
from typing import Any

import msgspec
import numpy as np

from ..wording import list_params
from .log import to_plain


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that belongs to a version. luthier copies and hashes it, and never opens it.

    Attributes:
        name: Its name as it was registered.
        file: Its name in the registry's folder.
        sha256: Hash of its content; of a folder, over the names and contents of its files.
        n_bytes: Its size.
    """

    name: str
    file: str
    sha256: str
    n_bytes: int


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The study and trial that a version came from.

    Attributes:
        study: Name of the study.
        storage: URL of its storage, without a password; None in memory.
        trial: Number of the trial.
        space: The space, as `Space.to_json` gives it.
        seed: The study's seed.
        sampler: Name of the sampler.
        scheduler: Name of the scheduler.
        n_trials: How many trials the study had in each state: those that were not chosen too.
        memory: Names of the earlier tasks that the search began with.
        energy_kwh: Energy that the trials noted in all; None where they noted none.
    """

    study: str
    trial: int
    storage: str | None = None
    space: dict[str, Any] = {}
    seed: int | None = None
    sampler: str = ""
    scheduler: str = ""
    n_trials: dict[str, int] = {}
    memory: list[str] = []
    energy_kwh: float | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What determines a version; the hash of it is the version's id.

    Attributes:
        model: Name of the model.
        params: Its params.
        objectives: Names of the objectives, with their directions.
        values: The trial's values, by objective.
        intervals: For each objective, the interval of its value, where it was confirmed.
        artifact: The trained model; None for params only.
        data: Fingerprint of the data that it was trained on; see `fingerprint_data`.
        metrics: Metrics on data that no trial saw.
        source: The study and trial.
        code: "commit", "dirty" and "repository" of the code; empty outside of Git.
        packages: Versions of the packages that are imported, Python among them.
        schema: Columns that the model takes, in order, with their types.
        parent: Id of the version that it was refitted or retuned from.
    """

    model: str
    params: dict[str, Any]
    objectives: dict[str, str] = {}
    values: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    artifact: Artifact | None = None
    data: str | None = None
    metrics: dict[str, float] = {}
    source: Source | None = None
    code: dict[str, str] = {}
    packages: dict[str, str] = {}
    schema: dict[str, str] = {}
    parent: str | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """An immutable version of a model.

    Attributes:
        number: 1, 2, 3, ... within the model.
        id: Hash of its content: the same content is the same version.
        content: What determines it.
        created_s: When it was registered, in seconds since 1970.
        created_by: Who registered it.
        why: Why, in their words.
    """

    number: int
    id: str
    content: Content
    created_s: float
    created_by: str
    why: str = ""

    @property
    def name(self) -> str:
        """Its name, such as "churn:3"."""
        return f"{self.content.model}:{self.number}"

    @property
    def params(self) -> dict[str, Any]:
        """Its params."""
        return self.content.params

    def __repr__(self) -> str:
        return f"Version({self.name} {self.id[:12]} {{{list_params(self.params)}}})"


def identify(content: Content) -> str:
    """Return the id of a content: the SHA-256 of its JSON with sorted keys."""
    return hashlib.sha256(
        msgspec.json.encode(content, order="sorted", enc_hook=to_plain)
    ).hexdigest()


def fingerprint_data(X: Any, y: Any = None, n_rows: int = 10_000) -> str:
    """Fingerprint of a table: another one where a column, a type or a row differs.

    Args:
        X: (n, d) numbers or texts: an array, a sparse one, a data frame, or lists.
        y: (n,) targets.
        n_rows: Of a larger table this many rows are hashed, spread evenly; its size always counts.
            A sparse one is hashed as a whole.

    Returns:
        A text that begins with the number of rows and columns.
    """
    if hasattr(X, "tocsr"):
        return _fingerprint_sparse(X.tocsr(), y)
    table = np.asarray(X)
    if table.ndim == 1:
        table = table[:, None]
    n, d = len(table), int(np.prod(table.shape[1:]))
    chosen = np.unique(np.linspace(0, max(n - 1, 0), min(n, n_rows)).astype(np.int64))

    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((n, d, _describe_columns(X, table))).encode())
    for part in (table, np.asarray([] if y is None else y)):
        rows = part[chosen] if len(part) else part
        is_text = rows.dtype == object
        digest.update(repr(rows.tolist()).encode() if is_text else rows.tobytes())
    return f"{n}x{d}:{digest.hexdigest()}"


def _fingerprint_sparse(X: Any, y: Any) -> str:
    """Fingerprint of a sparse table: of all that it holds."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (X.indptr, X.indices, X.data, np.asarray([] if y is None else y)):
        is_text = part.dtype == object
        digest.update(repr((part.shape, str(part.dtype))).encode())
        digest.update(repr(part.tolist()).encode() if is_text else part.tobytes())
    return f"{X.shape[0]}x{X.shape[1]}:{digest.hexdigest()}"


def _describe_columns(X: Any, table: np.ndarray[Any, Any]) -> list[tuple[str, str]]:
    """Names and types of the columns; a type alone where they have no names."""
    if not hasattr(X, "columns"):
        return [("", str(table.dtype))]
    return [(str(name), str(kind)) for name, kind in zip(X.columns, X.dtypes, strict=True)]


def describe_code() -> dict[str, str]:
    """Commit of the working folder, and whether it has changes; empty outside of Git."""

    def ask(*words: str) -> str:
        found = subprocess.run(
            ["git", *words], capture_output=True, text=True, timeout=10, check=True
        )
        return found.stdout.strip()

    try:
        commit = ask("rev-parse", "HEAD")
        changes = ask("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit, "dirty": "yes" if changes else "no"}


def describe_packages() -> dict[str, str]:
    """Versions of the packages whose modules are imported, by name, and Python's."""
    top = {name.partition(".")[0] for name in sys.modules}
    owners = importlib.metadata.packages_distributions()
    names = {owner for module in top for owner in owners.get(module, ())}
    found = {"python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in sorted(names)}
