"""Reference pages that are generated, from `__all__` of the packages and the command line.

A page holds a comment where the generated part begins:

    <!-- api: luthier.storages -->            every public name of a package that no other page has
    <!-- api: luthier Study Trial -->         these names of a package
    <!-- class: luthier.samplers.TPE -->      one class, without a heading
    <!-- methods: luthier.samplers -->        a table of the pages of the methods of a package
    <!-- file: ARCHITECTURE.md -->            a Markdown file from outside of docs/
    <!-- commands -->                         every command of the command line with its options

At the end of the build, a public name without an entry is a warning, so a build with `-W` fails.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock
from sphinx.util import logging

import luthier
from luthier.cli import cli

_log = logging.getLogger(__name__)

_DOCS = Path(__file__).resolve().parents[1]

# Files from outside of docs/ that are pages of the site.
_INCLUDED = {
    "../ARCHITECTURE.md": "architecture.md",
    "../CHANGELOG.md": "changelog.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../examples/README.md": "examples.md",
}

_IN_PARTS = {"Study"}  # classes some of whose verbs stand in a part that has no page of its own


def public_modules() -> dict[str, ModuleType]:
    """Full name to module, of `luthier` and of the packages that it lists in `__all__`."""
    members = {name: getattr(luthier, name) for name in luthier.__all__}
    modules = {m.__name__: m for m in members.values() if isinstance(m, ModuleType)}
    return {"luthier": luthier, **modules}


def public_names(module: ModuleType) -> list[str]:
    """The documented names of a module.

    What `__all__` lists, or the classes that the module defines.
    """
    if hasattr(module, "__all__"):
        return [
            name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)
        ]
    return [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
    ]


def home(module: str, name: str) -> str:
    """The full name under which the site describes a public name.

    That of the package, where two have it.
    """
    if module == "luthier":
        value = getattr(luthier, name)
        for other, imported in public_modules().items():
            if (
                other != module
                and name in public_names(imported)
                and getattr(imported, name) is value
            ):
                return f"{other}.{name}"
    return f"{module}.{name}"


def method_page(module: str, name: str) -> str | None:
    """The document that describes a sampler, scheduler or stop rule, if it has one of its own."""
    page = f"methods/{module.rpartition('.')[2]}/{name.lower()}"
    return page if (_DOCS / f"{page}.md").exists() else None


def _directive(kind: str, target: str, options: dict[str, str]) -> str:
    lines = [f".. {kind}:: {target}", *(f"   :{k}: {v}".rstrip() for k, v in options.items())]
    return "\n".join(["```{eval-rst}", *lines, "```", ""])


def _entry(module: str, name: str) -> str:
    value = getattr(importlib.import_module(module), name)
    target = f"{module}.{name}"
    if inspect.isclass(value) and issubclass(value, BaseException):
        return _directive("autoexception", target, {"show-inheritance": ""})
    if inspect.isclass(value):
        return _class(target)
    if callable(value):
        return _directive("autofunction", target, {})
    return _directive("autodata", target, {"no-value": ""})


def _api(module: str, *chosen: str) -> str:
    names = chosen or _rest(module)
    return "\n".join(_entry(module, name) for name in names)


def _rest(module: str) -> list[str]:
    """The names of a package that no other page describes, its contract first."""
    package = importlib.import_module(module)
    comments = [
        m
        for page in _DOCS.rglob("*.md")
        for m in _COMMENT.finditer(page.read_text(encoding="utf-8"))
    ]
    words = [(m[2] or "").split() for m in comments if m[1] == "api"]
    elsewhere = {name for first, *names in words if first == module for name in names}
    names = [
        name
        for name in public_names(package)
        if name not in elsewhere
        and home(module, name) == f"{module}.{name}"
        and not method_page(module, name)
    ]
    return sorted(names, key=lambda name: not inspect.isabstract(getattr(package, name)))


def _class(target: str) -> str:
    """A class with its members, but for those that a public base class describes already."""
    module, _, name = target.rpartition(".")
    package = importlib.import_module(module)
    cls = getattr(package, name)
    bases = [base for base in cls.__mro__[1:] if getattr(package, base.__name__, None) is base]
    described = sorted({member for base in bases for member in dir(base) if member[0] != "_"})
    options = {"members": ""}
    if name in _IN_PARTS:
        options["inherited-members"] = "object"
    if bases:
        options |= {"exclude-members": ", ".join(described), "show-inheritance": ""}
    return _directive("autoclass", target, options)


def _methods(module: str) -> str:
    imported = importlib.import_module(module)
    rows = []
    for name in public_names(imported):
        page = method_page(module, name)
        if page:
            first = (inspect.getdoc(getattr(imported, name)) or "").partition("\n")[0]
            rows.append(f"| [{name}](/{page}.md) | {first.replace('|', chr(92) + '|')} |")
    return "\n".join(["| name | summary |", "|---|---|", *rows, ""])


def _commands() -> str:
    return "\n".join(
        _command(cli.commands[name], f"luthier {name}") for name in sorted(cli.commands)
    )


def _command(command: click.Command, path: str) -> str:
    if isinstance(command, click.Group):
        return "\n".join(
            _command(command.commands[n], f"{path} {n}") for n in sorted(command.commands)
        )
    context = click.Context(command, info_name=path, max_content_width=90, terminal_width=90)
    return f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


def _file(name: str) -> str:
    """A Markdown file from outside of docs/, with its links as seen from docs/."""
    folder = (_DOCS.parent / name).parent
    text = (_DOCS.parent / name).read_text(encoding="utf-8")

    def link(found: re.Match[str]) -> str:
        words, target = found[1], found[2]
        path = Path(os.path.relpath(folder / target.partition("#")[0], _DOCS))
        anchor = target[target.find("#") :] if "#" in target else ""
        if path.as_posix() in _INCLUDED:
            path = Path(_INCLUDED[path.as_posix()])
        elif path.suffix in (".md", "") and path.parts[0] == "..":
            return words  # a page of the repository that the site does not have
        return f"[{words}]({path.as_posix()}{anchor})"

    return re.sub(r"\[([^\]]+)\]\((?!https?://|#)([^)\s]+)\)", link, text)


_PARTS: dict[str, Callable[..., str]] = {
    "api": _api,
    "class": _class,
    "methods": _methods,
    "file": _file,
    "commands": _commands,
}
_COMMENT = re.compile(r"<!-- (" + "|".join(_PARTS) + r")(?:: ([\w./ ]+))? -->")


def write_parts(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replaces the comments of a page by the parts they stand for."""
    with mock(app.config.autodoc_mock_imports):
        source[0] = _COMMENT.sub(lambda m: _PARTS[m[1]](*(m[2] or "").split()), source[0])


def check_names(app: Sphinx, error: Exception | None) -> None:
    """Warns of each public name that the site does not describe."""
    if error is not None or app.builder.name != "html":
        return
    described = set(app.env.get_domain("py").data["objects"])
    with mock(app.config.autodoc_mock_imports):
        for module in public_modules().values():
            for name in public_names(module):
                if home(module.__name__, name) not in described:
                    _log.warning("no page describes %s.%s", module.__name__, name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", write_parts)
    app.connect("build-finished", check_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
