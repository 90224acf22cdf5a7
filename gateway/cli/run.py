"""`gridpatrol run`: the front process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.app import run_gateway
from gateway.cli.options import SettingsFile
from gateway.log import configure_logging
from gateway.settings import load_settings

cli = typer.Typer(add_completion=False)

OptionalConfigDir = Annotated[
    Path | None, typer.Option("--config", help="Folder of the site's YAML files.", exists=True, file_okay=False)
]


@cli.command()
def run(config: OptionalConfigDir = None, settings: SettingsFile = None) -> None:
    """Run the gateway until SIGTERM or Ctrl-C: watch the cameras, serve the desks, deliver the cases.

    What has changed in the configuration folder since the last start is taken over first; without one, the cameras are
    those of the database.
    """
    loaded = load_settings(settings)
    configure_logging(loaded.log_format, loaded.log_level, process="front")
    asyncio.run(run_gateway(loaded, config))
