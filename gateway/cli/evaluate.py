"""`gridpatrol evaluate`: how good the detection is."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import cv2
import typer

from detectors.registry import MOTION
from gateway.cli.options import SettingsFile
from gateway.cli.reports import save, tell
from gateway.evaluation.cameras import FAULT_DWELL_S
from gateway.evaluation.evaluate import Evaluation, evaluate
from gateway.evaluation.gallery import to_html
from gateway.evaluation.pipeline import open_eyes
from gateway.evaluation.report import into_page, to_json, to_markdown, to_text
from gateway.evaluation.truth import load_truth
from gateway.log import configure_logging
from gateway.settings import load_settings

cli = typer.Typer(add_completion=False)


class Gate(StrEnum):
    """Whether the gate chooses what is decoded."""

    ON = "on"
    OFF = "off"


class Language(StrEnum):
    """Of the page for people."""

    ZH_CN = "zh-CN"
    EN = "en"


@cli.command("evaluate")
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
    settings: SettingsFile = None,
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
    found = evaluate(clips, open_eyes(model, loaded.models_path), gated=gate is Gate.ON, progress=tell)
    _write(found, json_out, html_out, markdown_out, language)
    typer.echo(to_text(found))


def _write(
    found: Evaluation, json_out: Path | None, html_out: Path | None, markdown_out: Path | None, language: Language
) -> None:
    if json_out is not None:
        save(json_out, json.dumps(to_json(found), ensure_ascii=False, indent=2) + "\n")
    if html_out is not None:
        save(html_out, to_html(found, "zh-CN" if language is Language.ZH_CN else "en"))
    if markdown_out is not None:
        save(markdown_out, into_page(to_markdown(found), _page(markdown_out), found))


def _page(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""
