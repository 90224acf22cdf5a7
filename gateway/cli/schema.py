"""`gridpatrol schema`: the configuration's JSON Schema."""

from __future__ import annotations

import json

import typer

from camera_configs.schema import json_schema

cli = typer.Typer(add_completion=False)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))
