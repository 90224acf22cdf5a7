"""A folder in git beside people in the browser: both change the same site, and neither undoes the other unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from camera_configs.documents import Key
from camera_configs.problems import ConfigError
from camera_configs.writer import site_files, write_folder
from storage.records_config import ConfigMoved
from tests.unit.camera_configs.folders import SOUND, write
from tests.unit.gateway.desk.config_desk import FILES, LI_NA, Desk, desk_on, open_desk

GATE = Key("camera", "gate-1")
LEGAL = SOUND[SOUND.index("    legal:") : SOUND.index("    zones:")]
SECOND = SOUND.partition("cameras:")[2].replace("gate-1", "gate-2").replace("/gate", "/gate2").replace("东门", "西门")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Give a desk without any version."""
    async with open_desk(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder of two files."""
    return write(tmp_path / "site", {"a.yaml": SOUND, "b.yaml": "cameras:" + SECOND})


def rename(folder: Path, old: str, new: str, file: str = "a.yaml") -> None:
    """Change a word in a file."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


async def test_first_start_makes_the_first_version(desk: Desk, folder: Path) -> None:
    """Everything comes in, by the author `files`; a second start with the same files makes none."""
    await desk.folders.take_over(folder, FILES)
    assert (desk.book.version, len(desk.book.site.cameras)) == (1, 2)
    assert (await desk.stores.config.version(1)).author == "files"
    assert not (await desk.folders.take_over(folder, FILES)).models
    assert desk.book.version == 1


async def test_wrong_folder_changes_nothing(desk: Desk, folder: Path) -> None:
    """Every problem with file, line and key, and no version of the half that is sound."""
    rename(folder, "grids: [east]", "grids: [west]", "b.yaml")
    with pytest.raises(ConfigError) as caught:
        await desk.folders.take_over(folder, FILES)
    [problem] = caught.value.problems
    assert (problem.file.name, problem.key_path) == ("b.yaml", "cameras[gate-2].grids[0]")
    assert problem.line > 0
    assert desk.book.version == 0


async def test_later_start_takes_what_changed_in_the_files(desk: Desk, folder: Path) -> None:
    """One entry changed, one came, one went: one version of three entries, and people's own stay."""
    await desk.folders.take_over(folder, FILES)
    await desk.change("gate-2", tags=["north"])
    rename(folder, "东门", "正门")
    write(folder, {"c.yaml": "cameras:" + SECOND.replace("gate-2", "gate-3").replace("gate2", "gate3")})
    reading = await desk.folders.take_over(folder, FILES)
    assert {key.id for key in reading.models} == {"gate-1", "gate-3"}
    assert reading.kept == ()
    assert desk.camera("gate-1").name == "正门"
    assert desk.camera("gate-2").tags == ("north",)
    (folder / "c.yaml").unlink()
    await desk.folders.take_over(folder, FILES)
    assert desk.book.site.find_camera("gate-3") is None


async def test_what_both_have_changed_stays_the_browsers(desk: Desk, folder: Path) -> None:
    """Nobody's work in the browser is undone by a start; that there is a difference is told, and shown by `diff`."""
    await desk.folders.take_over(folder, FILES)
    await desk.change("gate-1", name="南门")
    rename(folder, "东门", "正门")
    assert (await desk.folders.take_over(folder, FILES)).kept == (GATE,)
    assert desk.camera("gate-1").name == "南门"
    assert set((await desk.folders.compare(folder)).models) == {GATE}
    _, version = await desk.folders.apply(folder, LI_NA)
    assert version is not None
    assert desk.camera("gate-1").name == "正门"


async def test_apply_makes_the_site_what_the_folder_says(desk: Desk, folder: Path) -> None:
    """Also where only people have changed something, and what the folder lacks goes."""
    await desk.folders.take_over(folder, FILES)
    await desk.change("gate-1", name="南门")
    (folder / "b.yaml").unlink()
    _, version = await desk.folders.apply(folder, LI_NA)
    assert version is not None
    assert (version.entries, version.author) == (2, "li-na")
    assert [c.name for c in desk.book.site.cameras] == ["东门"]
    assert (await desk.folders.apply(folder, LI_NA))[1] is None


async def test_removing_what_others_refer_to_is_refused(desk: Desk, folder: Path) -> None:
    """A camera made in the browser keeps its grid from being removed by the files."""
    await desk.folders.take_over(folder, FILES)
    other = 'grids:\n  - { id: west, code: "02", name: 西街, region_code: "620702199001" }\n'
    write(folder, {"w.yaml": other})
    await desk.folders.take_over(folder, FILES)
    await desk.change("gate-1", grids=["west"])
    (folder / "w.yaml").unlink()
    with pytest.raises(ConfigError, match="there is no grid 'west'"):
        await desk.folders.take_over(folder, FILES)


async def test_export_and_apply_are_one_thing(desk: Desk, folder: Path, tmp_path: Path) -> None:
    """What was exported changes nothing, edited it changes what was edited, and exported again it is the same bytes."""
    await desk.folders.take_over(folder, FILES)
    out = tmp_path / "out"
    write_folder(out, site_files(desk.book.site))
    assert (await desk.folders.apply(out, LI_NA))[1] is None
    rename(out, "东门", "正门", "cameras/east.yaml")
    _, version = await desk.folders.apply(out, LI_NA)
    assert version is not None
    assert version.entries == 1
    assert write_folder(out, site_files(desk.book.site)) == []


async def test_defaults_that_change_concern_every_camera(desk: Desk, folder: Path) -> None:
    """Defaults in one file fill in what cameras of another leave out; a change of them is seen."""
    rename(folder, LEGAL, "", "b.yaml")
    legal = LEGAL.replace("    legal:", "defaults:\n  legal:").replace("      ", "    ")
    write(folder, {"d.yaml": legal})
    await desk.folders.take_over(folder, FILES)
    rename(folder, "综治中心", "街道办", "d.yaml")
    reading = await desk.folders.take_over(folder, FILES)
    assert {key.id for key in reading.models} == {"gate-2"}
    rename(folder, "西门", "北门", "b.yaml")
    await desk.folders.take_over(folder, FILES)
    assert (desk.camera("gate-2").name, desk.camera("gate-2").legal.installer_unit) == ("北门", "街道办")


async def test_same_id_in_two_files_is_found_though_one_was_not_read(desk: Desk, folder: Path) -> None:
    """Only the file that changed is read; the other is known."""
    await desk.folders.take_over(folder, FILES)
    rename(folder, "gate-2", "gate-1", "b.yaml")
    with pytest.raises(ConfigError, match="used twice"):
        await desk.folders.take_over(folder, FILES)


async def test_plain_password_is_sealed_once(desk: Desk, folder: Path) -> None:
    """The database never holds it in plain, and reading the same file again is no change."""
    rename(folder, "rtsp://10.0.0.5/gate }", "rtsp://10.0.0.5/gate, username: u, password: hidden-word }")
    await desk.folders.take_over(folder, FILES)
    stream = desk.camera("gate-1").streams[0]
    assert stream.password is None
    assert stream.password_sealed is not None
    assert not any("hidden-word" in e.document for e in (await desk.stores.config.current()).entries)
    rename(folder, "东门", "正门")
    await desk.folders.take_over(folder, FILES)
    assert desk.camera("gate-1").streams[0] == stream
    assert desk.camera("gate-1").name == "正门"


async def test_two_who_apply_at_once(desk: Desk, folder: Path) -> None:
    """The slower one is told, for what it checked may not fit any more."""
    await desk.folders.take_over(folder, FILES)
    other = await desk_on(desk.stores)
    rename(folder, "东门", "正门")
    basis, reading = await other.folders._read(folder, lambda reader: reader.differences())
    await desk.change("gate-2", name="北门")
    with pytest.raises(ConfigMoved):
        await other.folders._save(reading, basis, LI_NA)
