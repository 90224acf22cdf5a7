"""`gridpatrol models`: what detectors there are, and how to get more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detectors import commands
from gateway.settings import load_settings

models_cli = typer.Typer(help="Detector models.", no_args_is_help=True)

Name = Annotated[str | None, typer.Option("--name", help="Name to keep it under; default: the file's.")]
Size = Annotated[int, typer.Option("--size", help="Side of the network's input in pixels.")]


def _folder() -> Path:
    return load_settings().models_path


@models_cli.command("list")
def list_models() -> None:
    """List the models of this installation."""
    typer.echo(commands.describe_all(commands.list_models(_folder())))


@models_cli.command("add")
def add(file: Annotated[Path, typer.Argument(help="An ONNX file.")], name: Name = None) -> None:
    """Check an ONNX file and keep it."""
    typer.echo(commands.describe(commands.add_model(_folder(), file, name)))


@models_cli.command("fetch")
def fetch(name: Annotated[str, typer.Argument(help="For example yolo26n.")], size: Size = 640) -> None:
    """Download published weights, export and keep them (needs gridpatrol[yolo])."""
    typer.echo(commands.describe(commands.fetch_model(_folder(), name, size)))


@models_cli.command("export")
def export(weights: Annotated[Path, typer.Argument(help="A .pt file.")], size: Size = 640, name: Name = None) -> None:
    """Export weights of your own to ONNX and keep the result (needs gridpatrol[yolo])."""
    typer.echo(commands.describe(commands.export_model(_folder(), weights, size, name)))


@models_cli.command("remove")
def remove(name: str) -> None:
    """Delete a model."""
    commands.remove_model(_folder(), name)
