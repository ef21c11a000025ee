"""The command serve: studies over HTTP."""

from __future__ import annotations

import click

from .. import server
from .options import COUNT, POSITIVE, address_options, refuse_two_tokens, storage_option
from .text import examples


@click.command(
    epilog=examples(
        "luthier serve --storage postgresql://user@host/database",
        "luthier serve --host 0.0.0.0 --token-file /etc/luthier/token",
        "LUTHIER_TOKEN=... luthier worker train train.py:objective --storage http://host:8700",
    )
)
@storage_option
@address_options
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="File of the token that clients must send; created if it does not exist.  [default: "
    "beside the storage]",
)
@click.option("--no-token", is_flag=True, help="Require no token; only on this machine.")
@click.option(
    "--max-body-mb",
    type=POSITIVE,
    default=16.0,
    show_default=True,
    help="Largest request, in megabytes.",
)
@click.option(
    "--rate",
    type=POSITIVE,
    default=5000.0,
    show_default=True,
    help="How many requests a second one client may send.",
)
@click.option(
    "--threads",
    type=COUNT,
    default=8,
    show_default=True,
    help="How many requests are worked on at a time that only read or write the storage.",
)
@click.option(
    "--processes",
    type=COUNT,
    default=4,
    show_default=True,
    help="How many requests are worked on at a time that propose, decide or choose; each process "
    "takes up to 2 GB of memory.",
)
@click.option(
    "--max-requests",
    type=COUNT,
    default=1000,
    show_default=True,
    help="How many requests may run or wait at a time.",
)
@click.option(
    "--checkpoints",
    metavar="PREFIX",
    help="Folder or URL below which studies may have their own places for checkpoints.",
)
@click.option("--open-metrics", is_flag=True, help="Require no token for /metrics.")
def serve(  # noqa: PLR0913  (each is an option)
    storage: str,
    host: str,
    port: int,
    read_only: bool | None,
    token_file: str | None,
    no_token: bool,
    max_body_mb: float,
    rate: float,
    threads: int,
    processes: int,
    max_requests: int,
    checkpoints: str | None,
    open_metrics: bool,
) -> None:
    """Serve studies over HTTP.

    For workers that cannot reach the storage itself, and for other languages. Clients send a token,
    which is created at the first start and kept in a file. To serve other machines, put a proxy
    with TLS in front.
    """
    refuse_two_tokens(token_file, no_token)
    server.serve(
        storage,
        host=host,
        port=port,
        token="" if no_token else None,
        file=token_file,
        limits=server.Limits(
            max_body=int(max_body_mb * 2**20),
            rate=rate,
            threads=threads,
            processes=processes,
            max_requests=max_requests,
        ),
        open_metrics=open_metrics,
        checkpoints=checkpoints,
        read_only=read_only,
    )
