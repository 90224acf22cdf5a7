"""`gridpatrol dry-run`: what changed rules would do."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import cv2
import typer

from camera_configs.loader import load_site
from camera_configs.problems import likely
from gateway.cli.options import SettingsFile
from gateway.cli.reports import save, tell
from gateway.clock import SystemClock
from gateway.evaluation.dry_run import Kept, Trial, dry_run
from gateway.evaluation.dry_run import to_json as plain_dry_run
from gateway.evaluation.dry_run import to_text as text_of_dry_run
from gateway.evaluation.kept import Span, kept_events, with_rules
from gateway.evaluation.pipeline import open_eyes
from gateway.log import configure_logging
from gateway.settings import Settings, load_settings
from storage.media import FolderMediaStore
from storage.stores import open_stores

cli = typer.Typer(add_completion=False)


@cli.command("dry-run")
def run_dry(
    camera: Annotated[str, typer.Argument(help="The camera's id.")],
    config: Annotated[Path, typer.Option(help="Folder of the site's YAML files.", exists=True, file_okay=False)],
    start: Annotated[str, typer.Option("--from", help="Date, or date and time: events that began then or later.")],
    end: Annotated[str, typer.Option("--to", help="Likewise: events that began by then.")] = "",
    rules: Annotated[
        Path | None, typer.Option(help="YAML with the `rules` to try, and `zones` if these change.", dir_okay=False)
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the outcome there.", dir_okay=False)] = None,
    settings: SettingsFile = None,
) -> None:
    """Try a camera's rules, or changed ones, on the clips that were kept of it; only the register is written."""
    loaded = load_settings(settings)
    configure_logging("console", "warning", process="dry-run")
    zone = ZoneInfo(loaded.timezone)
    span = Span(_moment(start, zone, "--from"), _moment(end, zone, "--to") if end else SystemClock().now())
    site = load_site(config)
    found = site.find_camera(camera)
    if found is None:
        hint = likely(camera, [c.id for c in site.cameras])
        raise typer.BadParameter(f"no camera {camera!r} in {config}" + (f" ({hint})" if hint else ""))
    tried = found if rules is None else with_rules(found, rules)
    trial = Trial(site, tried, open_eyes(tried.detector or loaded.detector, loaded.models_path), zone, found)
    cv2.setNumThreads(1)
    outcome = dry_run(trial, asyncio.run(_kept(loaded, camera, span)), tell)
    if json_out is not None:
        save(json_out, json.dumps(plain_dry_run(outcome), ensure_ascii=False, indent=2) + "\n")
    typer.echo(text_of_dry_run(outcome))


async def _kept(settings: Settings, camera_id: str, span: Span) -> list[Kept]:
    media = FolderMediaStore(settings.media_path)
    async with open_stores(settings.store_url, migrate=False) as stores:
        return await kept_events(stores, media, camera_id, span, SystemClock())


def _moment(text: str, zone: ZoneInfo, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(f"{text!r} is no date or time, as 2026-11-22T08:00", param_hint=option) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
