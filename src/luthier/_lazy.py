"""Names of a package whose files load on first use (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping

from .errors import UnknownNameError, explain_missing, find_closest

# What other libraries call something of a package, and what it is called here.
_OTHER_NAMES = {
    "FrozenTrial": "luthier.TrialRow",
    "Integer": "luthier.Int",
    "Real": "luthier.Float",
    "TrialState": "luthier.State",
    "Tuner": "luthier.create_study(...).optimize(objective)",
    "choice": "luthier.Categorical(choices)",
    "fmin": "luthier.create_study(...).optimize(objective)",
    "gp_minimize": "luthier.create_study(sampler='gp').optimize(objective)",
    "hp": "luthier.Float, Int and Categorical",
    "lograndint": "luthier.Int(low, high, log=True)",
    "loguniform": "luthier.Float(low, high, log=True)",
    "minimize": "luthier.create_study(...).optimize(objective)",
    "pruners": "luthier.schedulers",
    "quniform": "luthier.Float(low, high, step=q)",
    "randint": "luthier.Int(low, high)",
    "trial": "luthier.Trial, TrialRow and State",
    "uniform": "luthier.Float(low, high)",
    "visualization": "luthier.plots",
}


def attach(
    package: str, files: Mapping[str, str] | None = None, extras: Mapping[str, str] | None = None
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` for a package with a static `__all__`.

    A name is imported from its file when it is first read. Then it stands in the package, and
    `__getattr__` is not called for it again. Type checkers must not see this pair, because to them
    any name would exist: assign it under `if not TYPE_CHECKING`, with the real imports in the other
    branch.

    Args:
        package: The `__name__` of the package.
        files: The file of each name, as "tpe" for "TPE" in `luthier/samplers/tpe.py`; "" where the
            name is itself a module. None where the package imports all its names at once.
        extras: The extra of each name that needs an optional package, as "ray" for "Ray":
            `pip install 'luthier[ray]'`.

    Raises (the returned `__getattr__`):
        AttributeError: The package has no such name.
        MissingDependencyError: The name needs a package that is not installed.
    """
    module = sys.modules[package]
    files = files or {}
    extras = extras or {}

    def load(name: str) -> object:
        if name not in files:
            # The interpreter adds "Did you mean" when it prints this. It is not printed where
            # `from .. import room` asks whether the name is there before it looks for a file.
            listing = ", ".join(sorted(module.__all__))
            ours = f"; in luthier it is {_OTHER_NAMES[name]}" if name in _OTHER_NAMES else ""
            raise AttributeError(
                f"module {package!r} has no attribute {name!r}{ours}; it has {listing}"
            )
        try:
            value = importlib.import_module(f"{package}.{files[name] or name}")
        except ImportError as e:
            missing = (e.name or "luthier").partition(".")[0]
            if name not in extras or missing == "luthier":
                raise
            raise explain_missing(f"{package}.{name}", missing, extras[name]) from e
        if files[name]:
            value = getattr(value, name)
        setattr(module, name, value)
        return value

    def names() -> list[str]:
        return sorted(module.__all__)

    return load, names


def load_above(file: str, name: str, extra: str = "service") -> Callable[..., object]:
    """Return a function of a file above its caller, by name, when it is called.

    For verbs that people look for on a study or space, and that a file above it does.

    Args:
        file: The file, as "server.notebook_page".
        name: The function.
        extra: What installs the packages that the file needs.

    Raises:
        MissingDependencyError: The file needs a package that is not installed.
    """
    package = __name__.rpartition(".")[0]
    try:
        found: Callable[..., object] = getattr(importlib.import_module(f"{package}.{file}"), name)
    except ImportError as e:
        missing = (e.name or package).partition(".")[0]
        if missing == package:
            raise
        raise explain_missing("this", missing, extra) from e
    return found


def make_by_name(package: str, name: object, files: Mapping[str, str], expected: str) -> object:
    """Return an instance, with default settings, of the class that a package has under a name.

    Args:
        package: The `__name__` of the package.
        name: The name, in any case.
        files: The package's classes; see `attach`.
        expected: What is taken beside a name, for the message: "a sampler".

    Raises:
        UnknownNameError: There is no class of that name, or it has no default settings.
    """
    for known in files:
        if isinstance(name, str) and known.lower() == name.lower():
            made = getattr(sys.modules[package], known)
            try:
                return made()
            except (TypeError, ValueError) as e:
                raise UnknownNameError(
                    f"{known} has no default settings, so its name alone is not enough: {e}"
                ) from e
    listing = ", ".join(map(repr, files))
    raise UnknownNameError(
        f"expected {expected} or one of {listing}, got {name!r}{_advise(name, files)}"
    )


def _advise(name: object, files: Mapping[str, str]) -> str:
    """What somebody probably meant by something that is no name; nothing where nobody knows."""
    if isinstance(name, type) and name.__name__ in files:
        return f"; write {name.__name__}()"
    if not isinstance(name, str):
        return ""
    short = name.lower()
    for ending in ("sampler", "pruner", "scheduler", "search", "tuner"):  # as others name them
        short = short.removesuffix(ending)
    lower = {known.lower(): known for known in files}
    near = find_closest(short, lower)
    return "" if near is None else f"; did you mean {lower[near]!r}?"
