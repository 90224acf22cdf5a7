"""The configuration of a deployment, put together as the front, the command and tests use it."""

from __future__ import annotations

from pathlib import Path

from camera_configs.documents import Key, document_of
from gateway.clock import SystemClock
from gateway.configuration import detector_objections, open_configuration
from gateway.desk.versions import By
from gateway.settings import Settings
from storage.stores import open_stores
from tests.unit.gateway.fleet.cameras import camera
from tests.unit.gateway.fleet.processes import write_site


async def test_folder_is_taken_over_and_the_browser_keeps_its_own(tmp_path: Path) -> None:
    """At a later start both have changed the same camera: the browser's stays."""
    folder, settings = write_site(tmp_path / "site"), Settings(data_dir=tmp_path)
    async with open_stores(f"sqlite:///{tmp_path / 'x.db'}", migrate=True) as stores:
        first = await open_configuration(settings, stores, SystemClock())
        assert first.book.site.cameras == ()
        await first.take_over(folder)
        document = {**document_of(first.book.site.camera("gate")), "name": "North gate"}
        await first.versions.save({Key("camera", "gate"): document}, {}, By("li-na", "named"))
        file = folder / "site.yaml"
        file.write_text(file.read_text().replace("name: Gate", "name: South gate"))
        second = await open_configuration(settings, stores, SystemClock())
        await second.take_over(folder)
        assert second.book.site.camera("gate").name == "North gate"
        assert second.sealer.open(first.sealer.seal("word")) == "word"


def test_detector_that_is_not_here_speaks_against_a_camera(tmp_path: Path) -> None:
    """Told beside the field, before it is saved; a camera that is switched off may name what comes later."""
    objections = detector_objections(Settings(data_dir=tmp_path))
    asks = camera("a").model_copy(update={"detector": "onnx:nowhere"})
    [problem] = objections(asks)
    assert (problem.field_path, problem.code, problem.entry_id) == ("detector", "unknown_detector", "a")
    assert objections(asks.model_copy(update={"detector": "what"}))
    assert objections(asks.model_copy(update={"detector": "motion"})) == []
    assert objections(asks.model_copy(update={"enabled": False})) == []
    assert objections(camera("a")) == []
