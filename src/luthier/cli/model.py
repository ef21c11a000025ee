"""The commands model register, list, show, diff, promote, rollback, history, export, reproduce."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import click
import msgspec

from ..registry import Event, Version
from ..registry.comparison import compare_versions, compare_with_here
from ..registry.registry import gates_of
from .options import load_study, study_options
from .registry_options import open_registry, registry_options, why_option
from .rollout import rollout
from .tables import print_pairs, print_table
from .text import escape, examples, format_time, format_value


@click.group(
    epilog=examples(
        "luthier model register train --model churn --artifact model.bin",
        "luthier model promote churn:3 --why 'better by .02'",
        "luthier model rollback churn",
    )
)
def model() -> None:
    """Register, compare, promote and roll back versions of models."""


model.add_command(rollout)


@model.command(epilog=examples("luthier model register train --model churn --trial 17"))
@study_options(
    click.option("--model", "name_of_model", required=True, metavar="MODEL", help="The model."),
    click.option(
        "--trial", type=click.IntRange(min=0), help="Number of the trial.  [default: best]"
    ),
    click.option("--artifact", type=click.Path(), help="File or folder with the trained model."),
    click.option("--data", help="Fingerprint of the data."),
    why_option,
    registry_options,
)
def register(
    name: str | None,
    storage: str,
    name_of_model: str,
    trial: int | None,
    artifact: str | None,
    data: str | None,
    why: str,
    registry: str,
    artifacts: str | None,
) -> None:
    """Register a trial of a study as a version of a model."""
    study = load_study(name, storage)
    version = study.register(
        study.best_trial if trial is None else trial,
        name_of_model,
        artifact=artifact,
        data=data,
        why=why,
        registry=open_registry(registry, artifacts, is_new=True),
    )
    click.echo(f"{version.name} {version.id}")


@model.command("list", epilog=examples("luthier model list", "luthier model list churn"))
@click.argument("name", required=False, metavar="MODEL")
@registry_options
def list_(name: str | None, registry: str, artifacts: str | None) -> None:
    """List the models, or the versions of one."""
    place = open_registry(registry, artifacts)
    if name is None:
        rows = [
            [m, len(place.versions(m)), place.aliases(m).get("champion")] for m in place.models()
        ]
        print_table(["model", "versions", "champion"], rows)
        return
    aliases = place.aliases(name)
    print_table(
        ["version", "aliases", "registered", "by", "values", "why"],
        [
            [
                v.name,
                ", ".join(a for a, number in aliases.items() if number == v.number),
                format_time(v.created_s),
                v.created_by,
                _list_values(v.content.values),
                v.why,
            ]
            for v in place.versions(name)
        ],
    )


@model.command(epilog=examples("luthier model show churn@champion", "luthier model show churn:3"))
@click.argument("name", metavar="VERSION")
@registry_options
def show(name: str, registry: str, artifacts: str | None) -> None:
    """Show a version: its params, where it came from, and its gates."""
    place = open_registry(registry, artifacts)
    version = place.version(name)
    content = version.content
    click.echo(f"{version.name}  {version.id}")
    print_pairs({"registered": format_time(version.created_s), "by": version.created_by})
    if version.why:
        print_pairs({"why": version.why})
    for title, pairs in (
        ("Params", content.params),
        ("Values", content.values),
        ("Metrics on unseen data", content.metrics),
        ("Source", _describe_source(version)),
        ("Code", content.code),
    ):
        if pairs:
            click.echo(title)
            print_pairs(pairs)
    gates = place.record(content.model, gates_of(version))
    if gates is not None:
        click.echo(f"Gates: {escape(gates.after['verdict'])}")
        print_table(
            ["gate", "verdict", "because"],
            [[g["name"], g["verdict"], g["because"]] for g in gates.after["gates"]],
        )


@model.command(epilog=examples("luthier model diff churn:2 churn@champion"))
@click.argument("first", metavar="VERSION")
@click.argument("second", metavar="VERSION")
@registry_options
def diff(first: str, second: str, registry: str, artifacts: str | None) -> None:
    """Print what differs between two versions."""
    place = open_registry(registry, artifacts)
    a, b = place.version(first), place.version(second)
    print_table(["", a.name, b.name], [list(row) for row in compare_versions(a, b)])


@model.command(epilog=examples("luthier model promote churn:3 --why 'better by .02'"))
@click.argument("name", metavar="VERSION")
@why_option
@registry_options
def promote(name: str, why: str, registry: str, artifacts: str | None) -> None:
    """Make a version the champion."""
    place = open_registry(registry, artifacts)
    _print_aliases(place.promote(name, reason=why))


@model.command(epilog=examples("luthier model rollback churn --why 'too many errors'"))
@click.argument("name", metavar="MODEL")
@why_option
@registry_options
def rollback(name: str, why: str, registry: str, artifacts: str | None) -> None:
    """Make the previous version the champion again."""
    _print_aliases(open_registry(registry, artifacts).rollback(name, reason=why))


@model.command(epilog=examples("luthier model history churn"))
@click.argument("name", metavar="MODEL")
@registry_options
def history(name: str, registry: str, artifacts: str | None) -> None:
    """List what was done to a model: when, by whom and why."""
    print_table(
        ["event", "time", "by", "action", "subject", "why"],
        [
            [e.number, format_time(e.at_s), e.actor, e.action, e.subject, e.reason]
            for e in open_registry(registry, artifacts).history(name)
        ],
    )


@model.command(epilog=examples("luthier model export churn@champion --output champion"))
@click.argument("name", metavar="VERSION")
@click.option("--output", required=True, type=click.Path(), help="The new folder.")
@registry_options
def export(name: str, output: str, registry: str, artifacts: str | None) -> None:
    """Write a version into a new folder: version.json, and its artifact."""
    place = open_registry(registry, artifacts)
    version = place.version(name)
    folder = Path(output)
    if folder.exists():
        raise click.UsageError(f"{escape(output)} exists; expected the path of a new folder")
    source = None if version.content.artifact is None else place.fetch(version)
    folder.mkdir(parents=True)
    (folder / "version.json").write_text(json.dumps(msgspec.to_builtins(version), indent=2) + "\n")
    if source is not None and version.content.artifact is not None:
        target = folder / Path(version.content.artifact.name).name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
    click.echo(f"{version.name} is in {escape(output)}")


@model.command(epilog=examples("luthier model reproduce churn@champion"))
@click.argument("name", metavar="VERSION")
@registry_options
def reproduce(name: str, registry: str, artifacts: str | None) -> None:
    """Print how a version came about, and where this machine differs."""
    version = open_registry(registry, artifacts).version(name)
    content = version.content
    steps = []
    if commit := content.code.get("commit"):
        note = ", which had changes that were not committed" if _was_dirty(version) else ""
        steps.append(f"check out commit {commit}{note}")
    pins = " ".join(f"{n}=={v}" for n, v in content.packages.items() if n != "python")
    if pins:
        steps.append(f"Python {content.packages.get('python', '')}, with {pins}")
    if content.data:
        steps.append(f"data whose fingerprint is {content.data}")
    if content.source is not None:
        steps.append(
            f"study {content.source.study!r}: seed {content.source.seed}, sampler "
            f"{content.source.sampler}; it was trial {content.source.trial}"
        )
    steps.append(f"train with {json.dumps(content.params)}")
    for i, step in enumerate(steps, 1):
        click.echo(f"{i}. {escape(step)}")
    if differences := compare_with_here(content):
        click.echo("This machine differs:")
        print_table(["", version.name, "here"], [list(row) for row in differences])


def _was_dirty(version: Version) -> bool:
    return version.content.code.get("dirty") == "yes"


def _describe_source(version: Version) -> dict[str, Any]:
    source = version.content.source
    if source is None:
        return {}
    counts = ", ".join(f"{n} {state.lower()}" for state, n in source.n_trials.items())
    pairs = {
        "study": source.study,
        "storage": source.storage,
        "trial": source.trial,
        "trials": counts,
        "seed": source.seed,
        "sampler": source.sampler,
        "memory": ", ".join(source.memory) or None,
        "energy_kwh": source.energy_kwh,
        "data": version.content.data,
    }
    return {name: value for name, value in pairs.items() if value is not None}


def _list_values(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {format_value(value)}" for name, value in values.items())


def _print_aliases(event: Event) -> None:
    for alias, number in sorted(event.after.items()):
        click.echo(f"{escape(alias)}: version {number}")
