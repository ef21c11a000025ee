"""The commands lifecycle run, show and resolve."""

from __future__ import annotations

import time
from pathlib import Path

import click

from ..errors import RegistryError
from ..lifecycle import Retuner, give_verdict
from ..lifecycle.project import load_actions, read_project
from ..lifecycle.retuning import State, read_row, resolve_incident
from ..lifecycle.router import read_rollout
from .registry_options import open_registry, registry_options
from .session import run_session, say
from .tables import print_pairs
from .text import examples, format_time


@click.group(epilog=examples("luthier lifecycle run project.yaml", "luthier lifecycle show churn"))
def lifecycle() -> None:
    """Refit, retune and roll out a model where it needs that."""


@lifecycle.command(
    epilog=examples(
        "luthier lifecycle run project.yaml", "luthier lifecycle run project.yaml --once"
    )
)
@click.argument("project", type=click.Path(exists=True, dir_okay=False))
@click.option("--once", is_flag=True, help="Make the transitions that are due, and end.")
def run(project: str, once: bool) -> None:
    """Take a model from state to state.

    Several processes may run for one model: one works, the others wait. A process that is killed is
    replaced by another one, which goes on where it stopped.
    """
    path = Path(project)
    settings = read_project(path)
    registry = open_registry(settings.registry, settings.artifacts)
    actions = load_actions(settings, path, registry)
    retuner = Retuner(
        registry, settings.model, actions, settings.policy, settings.rollout.to_dict()
    )
    with run_session():
        state = retuner.row.state
        while True:
            state = _step(retuner, state)
            if once and state in (State.OK, State.INCIDENT, retuner.row.state):
                return
            time.sleep(settings.every_s)


@lifecycle.command(epilog=examples("luthier lifecycle show churn"))
@click.argument("name", metavar="MODEL")
@registry_options
def show(name: str, registry: str, artifacts: str | None) -> None:
    """Show where the retuning and the roll-out of a model stand."""
    place = open_registry(registry, artifacts)
    row, _ = read_row(place, name)
    pairs = {"state": str(row.state), "because": row.because or None, "attempts": row.attempt}
    if row.since_s:
        pairs["since"] = format_time(row.since_s)
    print_pairs({key: value for key, value in pairs.items() if value is not None})
    if read_rollout(place, name) is not None:
        click.echo("Roll-out")
        print_pairs(give_verdict(place, name))


@lifecycle.command(epilog=examples("luthier lifecycle resolve churn --why 'labels were wrong'"))
@click.argument("name", metavar="MODEL")
@click.option("--why", required=True, help="What was found, for the audit log.")
@registry_options
def resolve(name: str, why: str, registry: str, artifacts: str | None) -> None:
    """Close the incident of a model, so that it may be retuned again."""
    row = resolve_incident(open_registry(registry, artifacts), name, why)
    click.echo(f"state: {row.state}")


def _step(retuner: Retuner, state: State) -> State:
    """Make all transitions that are due, and say each; return the last state."""
    while True:
        try:
            row = retuner.step()
        except RegistryError:
            raise
        except Exception as e:  # whatever the owner's code raises; the state counts it
            say(f"{state}: {type(e).__name__}: {e}")
            row = retuner.row
        if row.state == state:
            return state
        say(f"{state} -> {row.state}: {row.because}")
        state = row.state
