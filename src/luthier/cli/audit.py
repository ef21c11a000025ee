"""The command audit verify."""

from __future__ import annotations

import click

from .registry_options import open_registry, registry_options
from .text import escape, examples


@click.group(epilog=examples("luthier audit verify", "luthier audit verify churn"))
def audit() -> None:
    """Check the audit logs of models."""


@audit.command(epilog=examples("luthier audit verify churn"))
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@registry_options
def verify(names: tuple[str, ...], registry: str, artifacts: str | None) -> None:
    """Walk the hash chain of each model's log; exit with 1 where an event does not hold.

    Who can write to the storage can also write a whole chain anew: keep the last hash, which this
    prints, elsewhere.
    """
    place = open_registry(registry, artifacts)
    is_whole = True
    for name in names or place.models():
        damage = place.verify(name)
        if damage is None:
            events = place.history(name)
            click.echo(f"{name}: {len(events)} events hold, the last is {events[-1].sha256}")
        else:
            is_whole = False
            click.echo(f"{name}: event {damage.number} does not hold: {escape(damage.what)}")
    if not is_whole:
        click.get_current_context().exit(1)
