"""`gridpatrol check`: is a configuration folder sound?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camera_configs.check import check as check_folder
from gateway.cli.main import EXIT_CONFIG

cli = typer.Typer(add_completion=False)


@cli.command()
def check(folder: Annotated[Path, typer.Argument(help="Folder of the site's YAML files.")]) -> None:
    """Check a configuration folder; every problem is printed with file, line and key."""
    report = check_folder(folder)
    typer.echo(report.text())
    if not report.ok:
        raise typer.Exit(EXIT_CONFIG)
