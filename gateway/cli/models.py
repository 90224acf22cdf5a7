"""`gridpatrol models`: what detectors there are, and how to get more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detectors import commands
from detectors.ultralytics_model import TrainingOptions
from gateway.cli.options import SettingsFile
from gateway.settings import load_settings

cli = typer.Typer(name="models", add_completion=False, help="Detector models.", no_args_is_help=True)

Name = Annotated[str | None, typer.Option("--name", help="Name to keep it under; default: the file's.")]
Size = Annotated[int, typer.Option("--size", help="Side of the network's input in pixels.")]


@cli.callback()
def models(ctx: typer.Context, settings: SettingsFile = None) -> None:
    """Detector models."""
    ctx.obj = load_settings(settings).models_path


@cli.command("list")
def list_models(ctx: typer.Context) -> None:
    """List the models of this installation."""
    typer.echo(commands.describe_all(commands.list_models(ctx.obj)))


@cli.command("add")
def add(ctx: typer.Context, file: Annotated[Path, typer.Argument(help="An ONNX file.")], name: Name = None) -> None:
    """Check an ONNX file and keep it."""
    typer.echo(commands.describe(commands.add_model(ctx.obj, file, name)))


@cli.command("fetch")
def fetch(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="For example yolo26n.")], size: Size = 640
) -> None:
    """Download published weights, export and keep them (needs gridpatrol[yolo])."""
    typer.echo(commands.describe(commands.fetch_model(ctx.obj, name, size)))


@cli.command("export")
def export(
    ctx: typer.Context,
    weights: Annotated[Path, typer.Argument(help="A .pt file.")],
    size: Size = 640,
    name: Name = None,
) -> None:
    """Export weights of your own to ONNX and keep the result (needs gridpatrol[yolo])."""
    typer.echo(commands.describe(commands.export_model(ctx.obj, weights, size, name)))


@cli.command("train")
def train(
    ctx: typer.Context,
    data: Annotated[
        Path, typer.Option("--data", help="Folder with data.yaml, images and labels (Ultralytics' layout).")
    ],
    base: Annotated[
        str, typer.Option("--base", help="Published weights, a .pt file, or a network's .yaml.")
    ] = "yolo26n",
    name: Annotated[str | None, typer.Option("--name", help="Name to keep it under; default: the folder's.")] = None,
    types: Annotated[Path | None, typer.Option("--types", help="YAML table `label: event_type`.")] = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1)] = 100,
    size: Size = 640,
    batch: Annotated[int, typer.Option("--batch", min=1)] = 16,
    device: Annotated[str, typer.Option("--device", help="As PyTorch names it; default: a GPU if there is one.")] = "",
) -> None:
    """Train a scene model on images of your own, export and keep it (needs gridpatrol[yolo])."""
    options = TrainingOptions(base, epochs, size, batch, device=device)
    card = commands.train_model(ctx.obj, data, options, name, types)
    typer.echo(commands.describe(card))
    typer.echo(commands.describe_types(ctx.obj, card))


@cli.command("map")
def map_types(
    ctx: typer.Context, name: str, table: Annotated[Path, typer.Argument(help="YAML table `label: event_type`.")]
) -> None:
    """Say which event types a model's classes stand for."""
    for label, event_type in sorted(commands.map_model(ctx.obj, name, table).items()):
        typer.echo(f"{label} = {event_type}")


@cli.command("remove")
def remove(ctx: typer.Context, name: str) -> None:
    """Delete a model."""
    commands.remove_model(ctx.obj, name)
