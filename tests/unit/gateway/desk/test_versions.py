"""Saving, and going back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_configs.documents import Key, document_of
from camera_configs.problems import Problem
from gateway.desk.versions import InvalidConfig, VersionDesk
from storage.errors import RecordNotFound
from storage.records_config import StaleConfig
from tests.unit.camera_configs.folders import SOUND, write
from tests.unit.gateway.desk.config_desk import FILES, LI_NA, SEALER, Desk, desk_on, open_desk

GATE = Key("camera", "gate-1")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk with one version: a region, a grid and a camera."""
    async with open_desk(tmp_path / "data") as opened:
        await opened.folders.take_over(write(tmp_path / "site", {"a.yaml": SOUND}), FILES)
        yield opened


async def test_two_processes_do_not_undo_each_other(desk: Desk) -> None:
    """Who saved over an entry that another process has changed is told; another entry is checked again and saved."""
    other = await desk_on(desk.stores)
    await desk.change("gate-1", name="正门")
    document = document_of(other.camera("gate-1"))
    with pytest.raises(StaleConfig):
        await other.versions.save({GATE: {**document, "name": "南门"}}, {GATE: 1}, LI_NA)
    grid = {**document_of(other.book.site.grid("east")), "name": "东"}
    version = await other.versions.save({Key("grid", "east"): grid}, {Key("grid", "east"): 1}, LI_NA)
    assert version is not None
    assert version.id == 3
    assert other.camera("gate-1").name == "正门"


async def test_everything_goes_back_and_forth(desk: Desk) -> None:
    """Each way is a version; what was removed is there again as it was."""
    before = desk.camera("gate-1")
    await desk.change("gate-1", name="正门")
    await desk.versions.save({GATE: None}, {}, LI_NA)
    await desk.versions.roll_back(1, LI_NA)
    assert desk.camera("gate-1") == before
    await desk.versions.roll_back(3, LI_NA)
    assert desk.book.site.find_camera("gate-1") is None
    await desk.versions.roll_back(2, LI_NA, GATE)
    assert desk.camera("gate-1").name == "正门"
    assert desk.book.version == 6
    with pytest.raises(RecordNotFound):
        await desk.versions.roll_back(99, LI_NA)
    with pytest.raises(RecordNotFound):
        await desk.versions.roll_back(1, LI_NA, Key("camera", "nobody"))


async def test_nothing_is_saved_of_what_is_wrong_in_part(desk: Desk) -> None:
    """All problems, and none of the sound entries."""
    sound = {**document_of(desk.camera("gate-1")), "name": "正门"}
    wrong = {**sound, "id": "gate-2", "grids": ["nowhere"]}
    with pytest.raises(InvalidConfig, match="nowhere"):
        await desk.versions.save({GATE: sound, Key("camera", "gate-2"): wrong}, {}, LI_NA)
    assert desk.book.version == 1


async def test_objections_of_the_machine_count(desk: Desk) -> None:
    """A detector that is not here is refused like any other field."""
    objection = Problem(Path(), 0, 0, "detector", "is not here", "", "unknown_detector", ("detector",), "gate-1")
    versions = VersionDesk(desk.stores.config, desk.book, SEALER, desk.versions._clock, lambda _: [objection])
    proposal = await versions.check({GATE: document_of(desk.camera("gate-1"))})
    assert proposal.problems == (objection,)
    assert versions.site is desk.book.site
