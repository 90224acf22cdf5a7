"""`gridpatrol worker`: one shard of the cameras, started by the fleet."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import SettingsFile
from gateway.fleet.shards import Shard
from gateway.fleet.worker import run_worker
from gateway.log import configure_logging
from gateway.settings import load_settings

cli = typer.Typer(add_completion=False)


@cli.command(hidden=True)
def worker(
    shard: Annotated[Shard, typer.Option(parser=Shard.parse)],
    data: Annotated[Path | None, typer.Option(help="Data folder; by it the worker is known again.")] = None,  # noqa: ARG001
    settings: SettingsFile = None,
) -> None:
    """Watch one shard of the cameras; started by the fleet, stops when its standard input closes."""
    loaded = load_settings(settings)
    configure_logging(loaded.log_format, loaded.log_level, process=shard.worker_id)
    asyncio.run(run_worker(loaded, shard))
