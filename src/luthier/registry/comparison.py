"""What differs between two versions, or between a version and this machine."""

from __future__ import annotations

from typing import Any

import msgspec

from .version import Content, Version, describe_code, describe_packages

Difference = tuple[str, Any, Any]
"""A name with dots, such as "params.depth", and what stands there on either side."""


def compare_versions(a: Version, b: Version) -> list[Difference]:
    """Return what differs in the contents of two versions, by name; None for what is not there."""
    left, right = (_flatten(msgspec.to_builtins(v.content)) for v in (a, b))
    names = sorted({*left, *right})
    return [(n, left.get(n), right.get(n)) for n in names if left.get(n) != right.get(n)]


def compare_with_here(content: Content) -> list[Difference]:
    """Return where the code and the packages of this process differ from those of a version.

    Packages that this process has not imported are not compared.
    """
    code, packages = describe_code(), describe_packages()
    here = {"code.commit": code.get("commit"), "code.dirty": code.get("dirty")}
    here |= {f"packages.{name}": version for name, version in packages.items()}
    theirs = _flatten({"code": content.code, "packages": content.packages})
    return [(n, theirs[n], here[n]) for n in sorted(theirs) if n in here and theirs[n] != here[n]]


def _flatten(value: Any, name: str = "") -> dict[str, Any]:
    """Return the leaves of nested dicts, by names with dots."""
    if not isinstance(value, dict) or not value:
        return {name: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flatten(inner, f"{name}.{key}" if name else str(key))
    return found
