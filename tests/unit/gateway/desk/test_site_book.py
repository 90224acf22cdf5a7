"""The site as a process knows it: renewed entry by entry, replaced as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from camera_configs.documents import Key, document_of
from gateway.desk.site_book import SiteBook, enabled_cameras, standing
from storage.errors import StoreUnavailable
from storage.protocols_config import Authorship, ConfigStore
from storage.records_config import ConfigWrite, EntryKey
from tests.unit.camera_configs.folders import SOUND, write
from tests.unit.gateway.desk.config_desk import FILES, LI_NA, desk_on, open_desk
from tests.unit.gateway.fleet.cameras import camera, site

GATE = Key("camera", "gate-1")


async def test_other_process_hears_of_the_change_and_keeps_the_rest(tmp_path: Path) -> None:
    """What did not change is the very same object; what did is told by name."""
    folder = write(tmp_path / "site", {"a.yaml": SOUND})
    async with open_desk(tmp_path / "data") as desk:
        await desk.folders.take_over(folder, FILES)
        other = await desk_on(desk.stores)
        grid, old = other.book.site.grid("east"), other.book.site
        await desk.change("gate-1", name="正门")
        renewal = await other.book.renew()
        assert renewal is not None
        assert (renewal.version, renewal.changed, renewal.removed) == (2, frozenset({GATE}), frozenset())
        assert other.book.site.grid("east") is grid
        assert (old.camera("gate-1").name, other.camera("gate-1").name) == ("东门", "正门")
        assert await other.book.renew() is None
        await desk.versions.save({GATE: None}, {}, LI_NA)
        gone = await other.book.renew()
        assert gone is not None
        assert gone.removed == {GATE}
        assert other.book.version_of(GATE) == 0


async def test_camera_of_another_programs_version_is_left_out(tmp_path: Path) -> None:
    """One entry that cannot be read does not take the others along."""
    folder = write(tmp_path / "site", {"a.yaml": SOUND})
    async with open_desk(tmp_path / "data") as desk:
        await desk.folders.take_over(folder, FILES)
        strange = ConfigWrite(EntryKey("camera", "gate-9"), 0, '{"id":"gate-9","lens":"wide"}')
        await desk.stores.config.save([strange], Authorship(desk.versions._clock.now(), "newer", "later"))
        await desk.book.renew()
        assert [c.id for c in desk.book.site.cameras] == ["gate-1"]


class Away:
    """A store that cannot be reached."""

    async def newest(self) -> int:
        raise StoreUnavailable("away")


async def test_outage_leaves_the_site_as_it_is() -> None:
    """Nobody stops watching because the database is being restarted."""
    book = SiteBook(cast(ConfigStore, Away()), site(camera("a")))
    with pytest.raises(StoreUnavailable):
        await book.renew()
    assert book.site.camera("a").id == "a"


async def test_standing_book_deals_in_order_of_id() -> None:
    """A site that never changes: turns by id, whatever the order of its files."""
    book = standing(site(camera("b"), camera("a"), camera("c", enabled=False)))
    assert [book.turn_of(i) for i in ("a", "b", "c")] == [0, 1, 2]
    assert await book.renew() is None
    assert len(enabled_cameras(book.site)) == 2
    assert document_of(book.models[Key("camera", "a")])["id"] == "a"
