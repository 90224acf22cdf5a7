"""Tests of gateway.evaluation.kept, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_configs.problems import ConfigError
from gateway.clock import FakeClock
from gateway.evaluation.cameras import CAMERA_ID
from gateway.evaluation.kept import AUDIT_ACTION, Span, kept_events, with_rules
from storage.media import FolderMediaStore
from storage.records import Event, Evidence, Verdict
from storage.stores import Stores, open_stores
from tests.contract.store_samples import a_file, an_item, judged
from tests.unit.gateway.evaluation.keeping import SEGMENTS, at, camera, event

SPAN = Span(at(0), at(600))


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    """Open an empty database."""
    async with open_stores(f"sqlite:///{tmp_path / 'kept.db'}", migrate=True) as opened:
        yield opened


@pytest.fixture
def media(tmp_path: Path) -> FolderMediaStore:
    return FolderMediaStore(tmp_path / "media", min_free_bytes=0)


async def keep(stores: Stores, kept: Event, *files: Evidence, verdict: Verdict | None = None) -> None:
    item = an_item(kept)
    await stores.events.begin(kept)
    await stores.events.conclude(kept, files, item)
    if verdict is not None:
        await stores.reviews.judge(judged(item, verdict=verdict), None)


async def test_events_come_with_clip_and_verdict_in_order_of_time(stores: Stores, media: FolderMediaStore) -> None:
    """Of this camera and this span alone; a file that is gone is no clip."""
    late, early = event(started_at=at(50), raised_at=at(51)), event()
    clip, gone = a_file(early, segments=SEGMENTS), a_file(late)
    await media.put_bytes(clip.media_key, b"clip")
    await keep(stores, late, gone)
    await keep(stores, early, clip, verdict=Verdict.REJECTED)
    await keep(stores, event(started_at=at(700)))
    await keep(stores, event(camera_id="another"))
    found = await kept_events(stores, media, CAMERA_ID, SPAN, FakeClock())
    assert [k.event.id for k in found] == [early.id, late.id]
    assert found[0].clip is not None
    assert (found[0].clip.read_bytes(), found[0].segments) == (b"clip", SEGMENTS)
    assert [(k.verdict, k.clip is None) for k in found] == [(Verdict.REJECTED, False), (None, True)]


async def test_the_register_takes_down_that_clips_were_opened(stores: Stores, media: FolderMediaStore) -> None:
    """Also when there were none."""
    await kept_events(stores, media, CAMERA_ID, SPAN, FakeClock())
    (entry,) = await stores.audit.entries()
    assert (entry.action, entry.subject, entry.detail["events"]) == (AUDIT_ACTION, CAMERA_ID, 0)
    assert entry.at == FakeClock().now()


def rules_file(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, "utf-8")
    return path


def test_rules_of_a_file_take_the_place_of_the_cameras(tmp_path: Path) -> None:
    """Zones stay unless the file has its own."""
    file = rules_file(tmp_path, "rules:\n  - {id: r9, type: zone_intrusion, zone: z-r1, dwell_s: 7}\n")
    changed = with_rules(camera(), file)
    assert [(r.id, r.dwell_s) for r in changed.rules] == [("r9", 7)]
    assert changed.zones == camera().zones


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- r1", "must hold `rules`"),
        ("zones: []", "must hold `rules`"),
        ("rules: []\nname: x", "and nothing else"),
        ("rules: [", "is not YAML"),
        ("rules:\n  - {id: r9, type: crowding, min_count: many}", r"rules\[0\]\.min_count"),
        ("rules:\n  - {id: r9, type: crowding, zone: nowhere}", r"rules\[r9\]\.zone: no zone 'nowhere'"),
    ],
)
def test_a_wrong_file_of_rules_is_told(text: str, words: str, tmp_path: Path) -> None:
    """By file and key."""
    with pytest.raises(ConfigError, match=words):
        with_rules(camera(), rules_file(tmp_path, text))
