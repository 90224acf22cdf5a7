"""`gridpatrol config`: the configuration as a folder of YAML files, for those who keep it in git."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer

from camera_configs.diff import differences
from camera_configs.documents import document_of
from camera_configs.writer import ForeignFiles, site_files, write_folder
from gateway.cli.options import SettingsFile
from gateway.clock import SystemClock
from gateway.configuration import Configuration, open_configuration
from gateway.desk.folder import FolderReading
from gateway.desk.versions import By
from gateway.errors import GridPatrolError
from gateway.settings import Settings, load_settings
from storage.records_config import ConfigVersion
from storage.stores import open_stores

cli = typer.Typer(
    name="config", add_completion=False, help="The configuration in force, as files.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="Folder of YAML files.", exists=True, file_okay=False)]
Target = Annotated[Path, typer.Argument(help="An empty folder, or one of an earlier export.", file_okay=False)]
Reason = Annotated[str, typer.Option(help="Why; stands in the version.")]


class ExportRefused(GridPatrolError):
    """The folder cannot be written."""


@cli.command("apply")
def apply(
    folder: Folder,
    reason: Reason,
    author: Annotated[str, typer.Option(help="Who; the account on this machine unless given.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    settings: SettingsFile = None,
) -> None:
    """Make the configuration in force what a folder says, as one version; what the folder lacks is removed.

    A running gateway takes it over within seconds, for the cameras concerned. Every problem is printed with file, line
    and key, and then nothing is changed.
    """
    loaded = load_settings(settings)
    if dry_run:
        _print(asyncio.run(_compare(loaded, folder)))
        return
    reading, version = asyncio.run(_apply(loaded, folder, By(author or getpass.getuser(), reason)))
    for warning in reading.warnings:
        typer.echo(f"warning: {warning}", err=True)
    typer.echo("nothing to change" if version is None else f"version {version.id}: {version.entries} entries")


@cli.command("diff")
def diff(folder: Folder, settings: SettingsFile = None) -> None:
    """Show what `apply` would change: values in force, then those of the folder."""
    _print(asyncio.run(_compare(load_settings(settings), folder)))


@cli.command("export")
def export(folder: Target, settings: SettingsFile = None) -> None:
    """Write the configuration in force as YAML files: the same configuration, the same bytes.

    Sealed passwords stay sealed; another deployment can open them only with this one's key. Only YAML files of earlier
    exports are replaced or removed.
    """
    written = asyncio.run(_export(load_settings(settings), folder))
    typer.echo(f"{len(written)} files changed in {folder}")


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Configuration]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with open_stores(settings.store_url, migrate=True) as stores:
        yield await open_configuration(settings, stores, SystemClock())


async def _compare(settings: Settings, folder: Path) -> list[str]:
    async with _opened(settings) as configuration:
        return list(_lines(configuration, await configuration.folders.compare(folder)))


async def _apply(settings: Settings, folder: Path, by: By) -> tuple[FolderReading, ConfigVersion | None]:
    async with _opened(settings) as configuration:
        return await configuration.folders.apply(folder, by)


async def _export(settings: Settings, folder: Path) -> list[str]:
    async with _opened(settings) as configuration:
        try:
            return await asyncio.to_thread(write_folder, folder, site_files(configuration.book.site))
        except ForeignFiles as exc:
            raise ExportRefused(str(exc)) from exc
        except OSError as exc:
            raise ExportRefused(f"cannot write to {folder}: {exc.strerror}") from exc


def _lines(configuration: Configuration, reading: FolderReading) -> Iterator[str]:
    for key, model in reading.models.items():
        present = configuration.book.models.get(key)
        if present is None or model is None:
            yield f"{key.kind} {key.id}: {'added' if present is None else 'removed'}"
            continue
        yield f"{key.kind} {key.id}: changed"
        yield from (f"  {found}" for found in differences(document_of(present), document_of(model)))


def _print(lines: list[str]) -> None:
    typer.echo("\n".join(lines) if lines else "no difference")
