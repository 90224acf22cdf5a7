"""`gridpatrol evaluate` and `dry-run`: what they write, and what they say of what they cannot use."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli import main as cli
from gateway.evaluation.cameras import CAMERA_ID
from storage.media import FolderMediaStore
from storage.records import Verdict
from storage.stores import open_stores
from tests.contract.store_samples import a_file, an_item, judged
from tests.unit.gateway.evaluation import keeping
from tests.unit.gateway.evaluation.making import entry, write_clip, write_truth

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs `gridpatrol evaluate`, or `dry-run`, on what lies below `tmp_path`."""
    monkeypatch.setenv("GRIDPATROL_SETTINGS", "")
    monkeypatch.setenv("GRIDPATROL_MODELS_DIR", str(tmp_path / "models"))

    monkeypatch.setenv("GRIDPATROL_DATA_DIR", str(tmp_path / "data"))

    def run_words(*words: str) -> tuple[int, str, str]:
        if words[:1] != ("dry-run",):
            words = ("evaluate", "--media", str(tmp_path), "--truth", str(tmp_path / "truth.json"), *words)
        monkeypatch.setattr(sys, "argv", ["gridpatrol", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(end.value.code or 0), said.out, said.err

    return run_words


def test_a_wrong_truth_file_is_one_message(run: Run, tmp_path: Path) -> None:
    """Exit code 2; file, clip and field; no report is begun."""
    truth = write_truth(tmp_path, entry("gone.mp4"))
    code, out, err = run("--json", str(tmp_path / "out.json"))
    assert (code, out) == (2, "")
    assert err.startswith(f"gridpatrol: {truth}: gone.mp4: file: no file gone.mp4")
    assert not (tmp_path / "out.json").exists()


def test_an_unknown_model_has_its_own_exit_code(run: Run, tmp_path: Path) -> None:
    """Before any recording is watched."""
    write_clip(tmp_path / "clip.mp4", ())
    write_truth(tmp_path, entry())
    code, _, err = run("--model", "yolo99")
    assert (code, "yolo99: no such model" in err, "[1/" in err) == (3, True, False)


def test_a_report_that_has_no_place_is_refused_at_once(run: Run, tmp_path: Path) -> None:
    """Not after an hour of work."""
    code, _, err = run("--html", str(tmp_path / "nowhere" / "page.html"))
    assert code == 2
    assert "--html" in err


def test_a_report_that_cannot_be_written_is_one_message(run: Run, tmp_path: Path) -> None:
    """Exit code 1 with the system's words."""
    write_clip(tmp_path / "clip.mp4", ())
    write_truth(tmp_path, entry(events=[]))
    code, _, err = run("--markdown", str(tmp_path))
    assert code == 1
    assert "directory" in err


@pytest.mark.parametrize("gate", ["on", "off"])
def test_reports_are_written_and_progress_goes_to_stderr(run: Run, tmp_path: Path, gate: str) -> None:
    """Figures for programs, tables for documentation, a page for people, and a table on the terminal."""
    write_clip(tmp_path / "clip.mp4")
    write_truth(tmp_path, entry(), entry("./clip.mp4"))
    files = {kind: tmp_path / f"out.{kind}" for kind in ("json", "markdown", "html")}
    options = [word for kind, file in files.items() for word in (f"--{kind}", str(file))]
    code, out, err = run(*options, "--gate", gate, "--clip", "clip.mp4", "--language", "en")
    assert code == 0
    assert "zone_intrusion" in out
    assert "[1/1] clip.mp4: 2 hits, 0 misses, 0 false alarms" in err
    report = json.loads(files["json"].read_text("utf-8"))
    assert (report["overall_f1"], report["gate"], len(report["clips"])) == (1.0, gate, 1)
    assert "| zone_intrusion | 2 | 2 | 0 | 0 | 1.00 |" in files["markdown"].read_text("utf-8")
    assert '<html lang="en">' in files["html"].read_text("utf-8")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a site of one camera."""
    folder = tmp_path / "site"
    folder.mkdir()
    site = keeping.site().model_dump(mode="json", exclude_unset=True)
    (folder / "site.yaml").write_text(json.dumps(site), "utf-8")
    return folder


async def keep_an_event(data: Path) -> str:
    """Put a rejected event with its clip where the gateway keeps them; return its id."""
    event = keeping.event()
    clip, item = a_file(event, segments=keeping.SEGMENTS), an_item(event)
    await FolderMediaStore(data / "media", 0).put(clip.media_key, write_clip(data / "clip.mp4"))
    async with open_stores(f"sqlite:///{data / 'gridpatrol.db'}", migrate=True) as stores:
        await stores.events.begin(event)
        await stores.events.conclude(event, [clip], item)
        await stores.reviews.judge(judged(item, verdict=Verdict.REJECTED), None)
    return event.id


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nobody", "--from", "2026-11-22"), "no camera 'nobody'"),
        ((CAMERA_ID, "--from", "yesterday"), "no date or time"),
        ((CAMERA_ID, "--from", "2026-11-22", "--to", "soon"), "--to"),
    ],
)
def test_a_dry_run_of_nothing_is_refused(run: Run, config: Path, words: tuple[str, ...], message: str) -> None:
    """Exit code 2 and what is wrong."""
    code, out, err = run("dry-run", *words, "--config", str(config))
    assert (code, out) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())


def test_a_dry_run_shows_verdicts_beside_what_changed_rules_would_do(run: Run, config: Path, tmp_path: Path) -> None:
    """As configured the rejected event is flagged again; a rule for larger things lets it go."""
    (tmp_path / "data").mkdir()
    kept = asyncio.run(keep_an_event(tmp_path / "data"))
    span = ("--config", str(config), "--from", "2026-11-22", "--to", "2026-11-23T00:00:00+08:00")
    code, out, err = run("dry-run", CAMERA_ID, *span)
    assert code == 0
    assert "# rejected: 1 events, 1 would be flagged, 0 would not, 0 cannot be told" in out
    assert f"[1/1] {kept} zone_intrusion: flagged" in err
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules:\n  - {id: r1, type: zone_intrusion, zone: z-r1, dwell_s: 1, min_area: 0.5}\n", "utf-8")
    code, out, _ = run("dry-run", CAMERA_ID, *span, "--rules", str(rules), "--json", str(tmp_path / "out.json"))
    assert (code, "# rejected: 1 events, 0 would be flagged, 1 would not" in out) == (0, True)
    report = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [(e["id"], e["verdict"], e["would"]) for e in report["events"]] == [(kept, "rejected", "not_flagged")]
