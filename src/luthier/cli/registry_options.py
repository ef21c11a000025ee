"""The options that say where versions of models are."""

from __future__ import annotations

import click

from ..registry import Registry
from .options import combine, require_file

registry_options = combine(
    click.option(
        "--registry",
        envvar="LUTHIER_REGISTRY",
        default="sqlite:///models.db",
        show_default=True,
        metavar="URL",
        help="Where the versions are stored; LUTHIER_REGISTRY sets the default.",
    ),
    click.option(
        "--artifacts",
        envvar="LUTHIER_ARTIFACTS",
        metavar="PLACE",
        help="Folder or URL for the files of versions.  [default: a folder by the registry]",
    ),
)
why_option = click.option("--why", default="", help="Why, for the audit log.")


def open_registry(url: str, artifacts: str | None, is_new: bool = False) -> Registry:
    """Open a registry, which is closed when the command ends; a file is made only where `is_new`.

    Raises:
        StudyNotFoundError: There is no such file.
    """
    if not is_new:
        require_file(url)
    registry = Registry(url, artifacts)
    click.get_current_context().call_on_close(registry.storage.close)
    return registry
