"""Tests of gateway.evaluation.trial_process: real clips, a real database, and the process itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from camera_configs.documents import document_of
from gateway.evaluation.proposals import LEAST_REJECTED
from gateway.evaluation.trial_process import TrialOrder, carry_out
from storage.media import FolderMediaStore
from storage.records import Evidence, Verdict
from storage.stores import Stores, open_stores
from tests.contract.store_samples import a_file, an_item, judged
from tests.unit.gateway.evaluation.keeping import SEGMENTS, at, camera, event, site


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """Open an empty database."""
    async with open_stores(f"sqlite:///{tmp_path / 'kept.db'}", migrate=True) as opened:
        yield opened


def order(folder: Path, task: str, **rule: Any) -> dict[str, Any]:
    """Return an order as it is sent."""
    shown = site()
    return {
        "task": task,
        "site": {
            "regions": [r.model_dump(mode="json") for r in shown.regions],
            "grids": [g.model_dump(mode="json") for g in shown.grids],
            "cameras": [document_of(camera(**rule))],
        },
        "start": at(0).isoformat(),
        "end": at(600).isoformat(),
        "store_url": f"sqlite:///{folder / 'kept.db'}",
        "media_path": str(folder / "media"),
        "models_path": str(folder / "models"),
        "detector": "motion",
        "timezone": "Asia/Shanghai",
        "present": document_of(camera()),
    }


async def keep(stores: Stores, folder: Path, clip: Path, verdict: Verdict, **changes: Any) -> None:
    """Keep the crossing as an event, with its clip and what was said of it."""
    raised = event(**changes)
    item, file = an_item(raised), a_file(raised, segments=SEGMENTS)
    await FolderMediaStore(folder / "media", 0).put_bytes(file.media_key, await asyncio.to_thread(clip.read_bytes))
    files: list[Evidence] = [file]
    await stores.events.begin(raised)
    await stores.events.conclude(raised, files, item)
    await stores.reviews.judge(judged(item, verdict=verdict), None)


def process(sent: bytes) -> list[dict[str, Any]]:
    """Run the process and return what it said."""
    ran = subprocess.run(
        [sys.executable, "-m", "gateway.evaluation.trial_process"],
        input=sent,
        stdout=subprocess.PIPE,
        check=False,
        timeout=120,
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_a_wrong_order_is_answered_in_words() -> None:
    """Rubbish, and an order without its fields."""
    assert [*process(b"rubbish")[0]] == ["error"]
    assert "fields of the order are wrong" in process(b"{}")[0]["error"]


def test_a_database_that_is_not_there_is_answered_in_words(tmp_path: Path) -> None:
    """Nothing is made, and nothing breaks off without a word."""
    [said] = process(json.dumps(order(tmp_path / "gone", "dry_run")).encode())
    assert said["error"]
    assert not (tmp_path / "gone").exists()


async def test_the_process_replays_clips_and_counts_them(stores: Stores, tmp_path: Path, recordings: Path) -> None:
    """With a rule that asks for more than the crossing shows: it would not be flagged."""
    await keep(stores, tmp_path, recordings / "clip.mp4", Verdict.REJECTED)
    *progress, last = process(json.dumps(order(tmp_path, "dry_run", min_area=0.5)).encode())
    assert progress == [{"done": 1, "total": 1}]
    assert last["result"]["verdicts"] == {"rejected": {"flagged": 0, "not_flagged": 1, "unknown": 0}}
    assert last["result"]["left_out"] == 0


async def test_what_verdicts_suggest_is_tried_on_the_clips(stores: Stores, tmp_path: Path, recordings: Path) -> None:
    """A true event elsewhere stays; the changed zones come along, ready to be saved, without a login."""
    spot = ((0.2, 0.3, 0.3, 0.4),)
    for _ in range(LEAST_REJECTED):
        await keep(stores, tmp_path, recordings / "clip.mp4", Verdict.REJECTED, boxes=spot, confidence=0.4)
    said: list[dict[str, Any]] = []
    found = await carry_out(TrialOrder.model_validate(order(tmp_path, "proposals")), said.append)
    assert found["judged"] == LEAST_REJECTED
    [proposal] = found["proposals"]
    assert (proposal["kind"], proposal["spared"]) == ("ignore_area", LEAST_REJECTED)
    assert proposal["zones"][-1]["kind"] == "ignore"
    assert sum(proposal["tried"].values()) == LEAST_REJECTED == len(said)
    assert proposal["holds"] is (proposal["tried"]["spared"] > 0)
