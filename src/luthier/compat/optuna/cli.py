"""The commands that Optuna has: `python -m luthier.compat.optuna.cli create-study ...`."""

from __future__ import annotations

import argparse
import json
import logging as python_logging
import os
import sys
from collections.abc import Callable
from typing import Any

from ...errors import CompatError
from . import logging, samplers
from .command_output import DATETIME_FORMAT, FORMATS, write, write_one
from .distributions import json_to_distribution
from .exceptions import CLIUsageError, ExperimentalWarning
from .marks import warn
from .storages.base import BaseStorage
from .storages.journal.file import JournalFileBackend, JournalFileStorage
from .storages.journal.redis import JournalRedisBackend, JournalRedisStorage
from .storages.journal.storage import JournalStorage
from .storages.relational.storage import RDBStorage
from .study.creating import (
    create_study,
    get_all_study_names,
    get_all_study_summaries,
    load_study,
)
from .study.frame import Column, collect_rows
from .trial.state import TrialState
from .version import __version__

_logger = logging.get_logger("optuna.cli")

Args = argparse.Namespace

_FIELDS = (
    "number",
    "value",
    "datetime_start",
    "datetime_complete",
    "duration",
    "params",
    "user_attrs",
    "state",
)
_JOURNALS: dict[str, Callable[[str], Any]] = {
    "JournalFileBackend": JournalFileBackend,
    "JournalFileStorage": JournalFileStorage,
    "JournalRedisBackend": JournalRedisBackend,
    "JournalRedisStorage": JournalRedisStorage,
}


def _check_storage_url(storage_url: str | None) -> str:
    if storage_url is not None:
        return storage_url
    found = os.environ.get("OPTUNA_STORAGE")
    if found is None:
        raise CLIUsageError("Storage URL is not specified.")
    warn(
        "Specifying the storage url via 'OPTUNA_STORAGE' environment variable is an experimental "
        "feature. The interface can change in the future.",
        ExperimentalWarning,
    )
    return found


def _get_storage(storage_url: str | None, storage_class: str | None) -> BaseStorage:
    """The storage that the options name.

    Raises:
        CLIUsageError: They name none.
    """
    url = _check_storage_url(storage_url)
    if storage_class:
        if storage_class in _JOURNALS:
            return JournalStorage(_JOURNALS[storage_class](url))
        if storage_class == "RDBStorage":
            return RDBStorage(url)
        raise CLIUsageError("Unsupported storage class")
    if url.startswith("redis"):
        return JournalStorage(JournalRedisBackend(url))
    if os.path.isfile(url):
        return JournalStorage(JournalFileBackend(url))
    try:
        return RDBStorage(url)
    except CompatError:
        raise CLIUsageError("Failed to guess storage class from storage_url") from None


def _open(args: Args) -> BaseStorage:
    return _get_storage(args.storage, args.storage_class)


def _load(args: Args, **options: Any) -> Any:
    return load_study(study_name=args.study_name, storage=_open(args), **options)


def _warn_of(command: str) -> None:
    warn(
        f"'{command}' is an experimental CLI command. The interface can change in the future.",
        ExperimentalWarning,
    )


# -- the commands -------------------------------------------------------------------------------


def _create_study(args: Args) -> int:
    study = create_study(
        storage=_open(args),
        study_name=args.study_name,
        direction=args.direction,
        directions=args.directions,
        load_if_exists=args.skip_if_exists,
    )
    print(study.study_name)  # noqa: T201
    return 0


def _delete_study(args: Args) -> int:
    storage = _open(args)
    storage.delete_study(storage.get_study_id_from_name(args.study_name))
    return 0


def _set_user_attr(args: Args) -> int:
    _load(args).set_user_attr(args.key, args.value)
    _logger.info("Attribute successfully written.")
    return 0


def _study_names(args: Args) -> int:
    column: Column = ("name", "")
    rows = [{column: name} for name in get_all_study_names(_open(args))]
    print(write(rows, [column], args.format, False))  # noqa: T201
    return 0


def _studies(args: Args) -> int:
    names = ["name", "direction", "n_trials", "datetime_start", "user_attrs"]
    rows: list[dict[Column, Any]] = []
    for found in get_all_study_summaries(_open(args), include_best_trial=False):
        start = found.datetime_start
        values = (
            found.study_name,
            tuple(d.name for d in found.directions),
            found.n_trials,
            start.strftime(DATETIME_FORMAT) if start else None,
            found.user_attrs,
        )
        rows.append({(n, ""): v for n, v in zip(names, values, strict=True)})
    if not any(row["user_attrs", ""] for row in rows):
        names.pop()
    print(write(rows, [(n, "") for n in names], args.format, args.flatten))  # noqa: T201
    return 0


def _trials(args: Args) -> int:
    _warn_of("trials")
    rows, columns = collect_rows(_load(args), _FIELDS)
    print(write(rows, columns, args.format, args.flatten))  # noqa: T201
    return 0


def _best_trial(args: Args) -> int:
    _warn_of("best-trial")
    study = _load(args)
    rows, columns = collect_rows(study, _FIELDS)
    best = rows[study.best_trial.number]
    print(write_one(best, columns, args.format, args.flatten))  # noqa: T201
    return 0


def _best_trials(args: Args) -> int:
    _warn_of("best-trials")
    study = _load(args)
    rows, columns = collect_rows(study, _FIELDS)
    best = [rows[trial.number] for trial in study.best_trials]
    print(write(best, columns, args.format, args.flatten))  # noqa: T201
    return 0


def _upgrade(args: Args) -> int:
    url = _check_storage_url(args.storage)
    try:
        storage = RDBStorage(url, skip_compatibility_check=True, skip_table_creation=True)
    except CompatError:
        _logger.error("Invalid RDBStorage URL.")
        return 1
    if storage.get_current_version() == storage.get_head_version():
        _logger.info("This storage is up-to-date.")
        return 0
    storage.upgrade()
    return 1


def _ask(args: Args) -> int:
    _warn_of("ask")
    if args.sampler is None and args.sampler_kwargs is not None:
        raise ValueError(
            "`--sampler_kwargs` is set without `--sampler`. Please specify `--sampler` as well or "
            "omit `--sampler-kwargs`."
        )
    sampler = None
    if args.sampler is not None:
        sampler = getattr(samplers, args.sampler)(**json.loads(args.sampler_kwargs or "{}"))
    space = {
        name: json_to_distribution(json.dumps(described))
        for name, described in json.loads(args.search_space or "{}").items()
    }
    try:
        study = _load(args, sampler=sampler)
    except KeyError:
        raise KeyError(
            "Implicit study creation within the 'ask' command was dropped in Optuna v4.0.0. "
            "Please use the 'create-study' command beforehand."
        ) from None
    trial = study.ask(fixed_distributions=space)
    params = trial.params
    _logger.info(f"Asked trial {trial.number} with parameters {params}.")
    row: dict[Column, Any] = {("number", ""): trial.number}
    row.update({("params", name): value for name, value in params.items()})
    if not params and not args.flatten:
        row["params", ""] = {}
    print(write_one(row, list(row), args.format, args.flatten))  # noqa: T201
    return 0


def _tell(args: Args) -> int:
    _warn_of("tell")
    state = None if args.state is None else TrialState[args.state.upper()]
    _load(args).tell(
        trial=args.trial_number,
        values=args.values,
        state=state,
        skip_if_finished=args.skip_if_finished,
    )
    _logger.info(f"Told trial {args.trial_number} with values {args.values} and state {state}.")
    return 0


# -- their options ------------------------------------------------------------------------------

_NAME = (("--study-name",), {"help": "The name of the study."})
_NEEDED_NAME = (("--study-name",), {"required": True, "help": "The name of the study."})
_FLAT = (("--flatten",), {"action": "store_true", "help": "A column for each nested value."})
_DIRECTIONS: dict[str, Any] = {"choices": ("minimize", "maximize")}


def _form(default: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    return ("-f", "--format"), {"choices": FORMATS, "default": default, "help": "Output format."}


_COMMANDS: dict[str, tuple[Callable[[Args], int], str, list[Any]]] = {
    "create-study": (
        _create_study,
        "Create a new study.",
        [
            _NAME,
            (("--direction",), {**_DIRECTIONS, "help": "Of the objective."}),
            (("--directions",), {**_DIRECTIONS, "nargs": "+", "help": "Of several objectives."}),
            (
                ("--skip-if-exists",),
                {"action": "store_true", "help": "Take the study that has this name already."},
            ),
        ],
    ),
    "delete-study": (_delete_study, "Delete a study.", [_NAME]),
    "study set-user-attr": (
        _set_user_attr,
        "Set a user attribute to a study.",
        [
            _NEEDED_NAME,
            (("--key", "-k"), {"required": True, "help": "Key of the attribute."}),
            (("--value",), {"required": True, "help": "Value of the attribute."}),
        ],
    ),
    "study-names": (_study_names, "Get all study names.", [_form("value")]),
    "studies": (_studies, "Show a list of studies.", [_form("table"), _FLAT]),
    "trials": (_trials, "Show a list of trials.", [_NEEDED_NAME, _form("table"), _FLAT]),
    "best-trial": (_best_trial, "Show the best trial.", [_NEEDED_NAME, _form("table"), _FLAT]),
    "best-trials": (
        _best_trials,
        "Show the trials that no other beats.",
        [_NEEDED_NAME, _form("table"), _FLAT],
    ),
    "storage upgrade": (_upgrade, "Check the schema of a storage.", []),
    "ask": (
        _ask,
        "Begin a trial and show its params.",
        [
            _NAME,
            (("--sampler",), {"help": "Class of the sampler."}),
            (("--sampler-kwargs",), {"help": "Arguments of the sampler, in JSON."}),
            (("--search-space",), {"help": "Distributions by name, in JSON."}),
            _form("json"),
            _FLAT,
        ],
    ),
    "tell": (
        _tell,
        "End a trial.",
        [
            _NAME,
            (("--trial-number",), {"type": int, "help": "Number of the trial."}),
            (("--values",), {"type": float, "nargs": "+", "help": "One for each objective."}),
            (
                ("--state",),
                {"choices": ("complete", "pruned", "fail"), "help": "How the trial ended."},
            ),
            (
                ("--skip-if-finished",),
                {"action": "store_true", "help": "Leave a trial that is over as it is."},
            ),
        ],
    ),
}


def _make_parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--storage", help="URL of the storage, or OPTUNA_STORAGE.")
    common.add_argument(
        "--storage-class", choices=["RDBStorage", *_JOURNALS], help="Kind of the storage."
    )
    loud = common.add_mutually_exclusive_group()
    loud.add_argument("-v", "--verbose", action="count", dest="verbose_level", default=1)
    loud.add_argument("-q", "--quiet", action="store_const", dest="verbose_level", const=0)
    common.add_argument("--log-file", help="File for the log.")
    common.add_argument("--debug", action="store_true", help="Show tracebacks on errors.")

    parser = argparse.ArgumentParser(prog="optuna", parents=[common])
    parser.add_argument("--version", action="version", version=f"optuna {__version__}")
    commands = parser.add_subparsers()
    for name, (run, text, options) in _COMMANDS.items():
        command = commands.add_parser(name, parents=[common], help=text)
        for flags, settings in options:
            command.add_argument(*flags, **settings)
        command.set_defaults(run=run, command=command)
    commands.add_parser("help", help="Show help message and exit.").set_defaults(
        run=_show_help, command=parser, parser=parser
    )
    return parser


def _show_help(args: Args) -> int:
    args.parser.print_help()
    return 0


def _join_words(argv: list[str]) -> list[str]:
    """The arguments with the command as one of them, in front."""
    for i in range(len(argv)):
        for length in (1, 2):
            name = " ".join(argv[i : i + length])
            if name in _COMMANDS:
                return [name, *argv[:i], *argv[i + length :]]
    return argv or ["help"]


def _set_up_logs(args: Args) -> None:
    levels = {0: python_logging.WARNING, 1: python_logging.INFO}
    logging.set_verbosity(levels.get(args.verbose_level, python_logging.DEBUG))
    if args.log_file is not None:
        handler = python_logging.FileHandler(filename=args.log_file)
        handler.setFormatter(logging.create_default_formatter())
        python_logging.getLogger("optuna").addHandler(handler)


def main() -> int:
    """Run a command, and return its exit status."""
    parser = _make_parser()
    args = parser.parse_args(_join_words(sys.argv[1:]))
    _set_up_logs(args)
    if not hasattr(args, "run"):
        _logger.error(f"'{' '.join(sys.argv[1:])}' is not an optuna command.")
        parser.print_help()
        return 1
    try:
        status: int = args.run(args)
    except CLIUsageError as e:
        if args.debug:
            _logger.exception(e)
        else:
            _logger.error(e)
            args.command.print_help()
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
