"""A site written and read again is the same site, byte for byte and value for value."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from camera_configs.documents import models_of, site_of
from camera_configs.loader import load_site, read_draft
from camera_configs.models import SiteConfig
from camera_configs.problems import Problem
from camera_configs.writer import ForeignFiles, scalar, site_files, write_folder
from camera_configs.yaml_source import read_yaml
from tests.unit.camera_configs.folders import EXAMPLE_SITE, SOUND, write
from tests.unit.camera_configs.site_makers import TEMPTING, sites


def in_order(site: SiteConfig) -> SiteConfig:
    """Return the site as it is after any round trip: entries in order of id."""
    return site_of(models_of(site))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(sites())
def test_every_site_survives_the_files(site: SiteConfig) -> None:
    """Export, load, export: an equal site, the same bytes."""
    files = site_files(site)
    with tempfile.TemporaryDirectory() as name:
        write_folder(Path(name), files)
        draft = read_draft(Path(name))
        assert draft.problems == []
        again = load_site(Path(name))
    same = in_order(again) == in_order(site)  # a difference would be megabytes of words
    assert same
    assert site_files(again) == files


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@example("no")
@example("\x85")
def test_every_text_reads_back(text: str) -> None:
    """By our own strict reader and, as far as quotes go, by any other."""
    written = f"key: {scalar(text)}\nlist: [{scalar(text)}, x]\n"
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.yaml"
        path.write_bytes(written.encode())
        found = read_yaml(path, problems)
    assert problems == []
    assert found is not None
    assert found.plain() == {"key": text, "list": [text, "x"]}
    assert yaml.safe_load(written)["key"] == text


@pytest.mark.parametrize("text", TEMPTING)
def test_tempting_words_stay_words(text: str) -> None:
    """Also for readers of YAML 1.1, for which `no` is a boolean."""
    assert yaml.safe_load(scalar(text)) == text


def test_plain_words_need_no_quotes() -> None:
    """What people read and compare is not full of them."""
    for text in ("东街 3 号消防通道", "rtsp://127.0.0.1:8554/weir-1", "public_road", "维护公共安全：防溺水"):
        assert scalar(text) == text


def test_example_survives_and_says_where_things_stand(tmp_path: Path) -> None:
    """Cameras lie in the file of the grid that owns their events."""
    site = load_site(EXAMPLE_SITE)
    files = site_files(site)
    assert "cameras/qingxi-river.yaml" in files
    assert list(files) == sorted(files)
    write_folder(tmp_path, files)
    same = in_order(load_site(tmp_path)) == in_order(site)
    assert same


def test_empty_site_can_be_written_and_read(tmp_path: Path) -> None:
    """An empty system is one, too."""
    write_folder(tmp_path, site_files(SiteConfig(regions=(), grids=(), cameras=())))
    assert load_site(tmp_path).cameras == ()


def test_only_what_changed_is_touched_and_what_is_gone_removed(tmp_path: Path) -> None:
    """Other files stay as they are, byte for byte and not written again."""
    site = load_site(EXAMPLE_SITE)
    write_folder(tmp_path, site_files(site))
    (tmp_path / "README.md").write_text("ours")
    assert write_folder(tmp_path, site_files(site)) == []
    fewer = site.model_copy(update={"cameras": site.cameras[:1]})
    assert "cameras/hewan-1.yaml" in write_folder(tmp_path, site_files(fewer))
    assert (tmp_path / "README.md").exists()
    assert len(load_site(tmp_path).cameras) == 1


def test_files_of_people_are_never_overwritten(tmp_path: Path) -> None:
    """A folder that somebody wrote by hand is left alone, whole."""
    write(tmp_path, {"site.yaml": SOUND})
    with pytest.raises(ForeignFiles, match=r"site\.yaml"):
        write_folder(tmp_path, {"regions.yaml": b"x"})
    assert (tmp_path / "site.yaml").read_text() == SOUND
    assert not (tmp_path / "regions.yaml").exists()


def test_plain_password_is_not_written(tmp_path: Path) -> None:
    """It stays where it was: an export is for other eyes."""
    secret = SOUND.replace("rtsp://10.0.0.5/gate", 'rtsp://10.0.0.5/gate, password: "hidden-word"')
    site = load_site(write(tmp_path, {"a.yaml": secret}))
    assert b"hidden-word" not in b"".join(site_files(site).values())
