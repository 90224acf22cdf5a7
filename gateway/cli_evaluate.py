"""`gridpatrol evaluate` and `gridpatrol dry-run`: how good the detection is, and what changed rules would do."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import cv2
import typer

from camera_configs.loader import load_site
from camera_configs.problems import likely
from gateway.clock import SystemClock
from gateway.errors import GridPatrolError
from gateway.evaluation.cameras import FAULT_DWELL_S
from gateway.evaluation.dry_run import Kept, Trial, dry_run
from gateway.evaluation.dry_run import to_json as plain_dry_run
from gateway.evaluation.dry_run import to_text as text_of_dry_run
from gateway.evaluation.evaluate import Evaluation, evaluate
from gateway.evaluation.gallery import to_html
from gateway.evaluation.kept import Span, kept_events, with_rules
from gateway.evaluation.pipeline import MOTION, open_eyes
from gateway.evaluation.report import into_page, to_json, to_markdown, to_text
from gateway.evaluation.truth import load_truth
from gateway.log import configure_logging
from gateway.settings import Settings, load_settings
from storage.media import FolderMediaStore
from storage.stores import open_stores


class ReportLost(GridPatrolError):
    """A report could not be written."""


class Gate(StrEnum):
    """Whether the gate chooses what is decoded."""

    ON = "on"
    OFF = "off"


class Language(StrEnum):
    """Of the page for people."""

    ZH_CN = "zh-CN"
    EN = "en"


def run_evaluation(
    media: Annotated[Path, typer.Option(help="Folder of the recordings.", exists=True, file_okay=False)],
    truth: Annotated[Path, typer.Option(help="JSON: what they show, see docs/evaluation.md.", dir_okay=False)],
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the figures there.", dir_okay=False)] = None,
    html_out: Annotated[
        Path | None, typer.Option("--html", help="Write a page there, with a picture of everything that went wrong.")
    ] = None,
    markdown_out: Annotated[
        Path | None, typer.Option("--markdown", help="Write the tables there, or into the page's place.")
    ] = None,
    model: Annotated[str, typer.Option(help="A model's name (`gridpatrol models list`) or file.")] = MOTION,
    gate: Annotated[Gate, typer.Option(help="off: five frames of every second are analysed.")] = Gate.ON,
    clip: Annotated[list[str] | None, typer.Option(help="Only this clip; may be given more than once.")] = None,
    language: Annotated[Language, typer.Option(help="Of the page.")] = Language.ZH_CN,
    fault_dwell: Annotated[float, typer.Option(min=0, help="Seconds that a camera fault must last.")] = FAULT_DWELL_S,
    settings: Annotated[Path | None, typer.Option("--settings", help="TOML file of settings.", dir_okay=False)] = None,
) -> None:
    """Run recordings through the pipeline and compare what it flags with what they show."""
    loaded = load_settings(settings)
    configure_logging("console", "warning", process="evaluate")
    outputs = {"--json": json_out, "--html": html_out, "--markdown": markdown_out}
    for option, path in outputs.items():
        if path is not None and not path.absolute().parent.is_dir():
            raise typer.BadParameter(f"there is no folder {path.absolute().parent}", param_hint=option)
    cv2.setNumThreads(1)  # two threads take more time than they save on pictures this small
    clips = load_truth(truth, media, clip or (), fault_dwell)
    found = evaluate(clips, open_eyes(model, loaded.models_path), gated=gate is Gate.ON, progress=_tell)
    _write(found, json_out, html_out, markdown_out, language)
    typer.echo(to_text(found))


def run_dry(
    camera: Annotated[str, typer.Argument(help="The camera's id.")],
    config: Annotated[Path, typer.Option(help="Folder of the site's YAML files.", exists=True, file_okay=False)],
    start: Annotated[str, typer.Option("--from", help="Date, or date and time: events that began then or later.")],
    end: Annotated[str, typer.Option("--to", help="Likewise: events that began by then.")] = "",
    rules: Annotated[
        Path | None, typer.Option(help="YAML with the `rules` to try, and `zones` if these change.", dir_okay=False)
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the outcome there.", dir_okay=False)] = None,
    settings: Annotated[Path | None, typer.Option("--settings", help="TOML file of settings.", dir_okay=False)] = None,
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
    trial = Trial(site, tried, open_eyes(tried.detector or loaded.detector, loaded.models_path), zone)
    cv2.setNumThreads(1)
    outcome = dry_run(trial, asyncio.run(_kept(loaded, camera, span)), _tell)
    if json_out is not None:
        _save(json_out, json.dumps(plain_dry_run(outcome), ensure_ascii=False, indent=2) + "\n")
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


def _write(
    found: Evaluation, json_out: Path | None, html_out: Path | None, markdown_out: Path | None, language: Language
) -> None:
    if json_out is not None:
        _save(json_out, json.dumps(to_json(found), ensure_ascii=False, indent=2) + "\n")
    if html_out is not None:
        _save(html_out, to_html(found, "zh-CN" if language is Language.ZH_CN else "en"))
    if markdown_out is not None:
        _save(markdown_out, into_page(to_markdown(found), _page(markdown_out), found))


def _page(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as exc:
        raise ReportLost(f"{path}: {exc.strerror}") from exc


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
