"""The command dashboard: the studies of a storage in a browser."""

from __future__ import annotations

import click

from .. import server
from .options import DEFAULT_STORAGE, address_options, refuse_two_tokens, require_file
from .text import examples


@click.command(
    epilog=examples(
        "luthier dashboard sqlite:///studies.db",
        "LUTHIER_STORAGE=redis://host luthier dashboard",
        "luthier dashboard studies.db --port 8800",
    )
)
@click.argument("storage", envvar="LUTHIER_STORAGE", default=DEFAULT_STORAGE)
@address_options
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="File of the token to log in with; created if it does not exist.  [default: beside the "
    "storage]",
)
@click.option("--no-token", is_flag=True, help="Require no login; only on this machine.")
def dashboard(
    storage: str,
    host: str,
    port: int,
    read_only: bool | None,
    token_file: str | None,
    no_token: bool,
) -> None:
    """Show the studies of a storage in a browser.

    It prints the address to open. On a terminal the address logs you in; elsewhere the page asks
    for the token. With it, studies are also created, paused and stopped, and trials enqueued, ended
    and commented on. The API is that of `luthier serve`.
    """
    refuse_two_tokens(token_file, no_token)
    require_file(storage)
    server.serve(
        storage,
        host=host,
        port=port,
        token="" if no_token else None,
        file=token_file,
        link=True,
        read_only=read_only,
    )
