"""A group of commands whose modules are imported when the commands are used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A click group that imports a command when it runs, and none to show its own help.

    Args:
        package: The package of the commands' modules.
        modules: Name of each command to its module, in which the command has the same name.
        summaries: Name of each command to the line that the group's help shows.
        **options: Those of `click.Group`.
    """

    def __init__(
        self,
        package: str,
        modules: Mapping[str, str],
        summaries: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(commands=_LazyCommands(package, modules), **options)
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._summaries)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


class _LazyCommands(MutableMapping[str, click.Command]):
    """Commands by name; each is imported when it is read."""

    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        self._package = package
        self._modules = dict(modules)
        self._commands: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._commands:
            module = importlib.import_module(f"{self._package}.{self._modules[name]}")
            word = name if hasattr(module, name) else f"{name}_"  # "import" is Python's
            self._commands[name] = getattr(module, word)
        return self._commands[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules.setdefault(name, "")
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._commands.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
