"""Names of reference pictures, and what the sweep leaves alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from camera_configs.models import PresetConfig
from storage.reference_pictures import picture_id, picture_key, with_references


def test_a_picture_is_named_by_its_content() -> None:
    """The same picture has the same name, and the configuration takes it."""
    name = picture_id(b"jpeg")
    assert name == picture_id(b"jpeg") != picture_id(b"other")
    assert re.fullmatch(r"ref_[0-9a-f]{32}", name)
    assert PresetConfig(id="a", name="a", references=(name,)).references == (name,)
    assert picture_key("gate-1", name) == f"references/gate-1/{name}.jpg"


async def test_the_sweep_spares_references_of_cameras_that_exist() -> None:
    """Pictures of a camera that is gone are orphans; other files are asked of as before."""
    asked: list[Sequence[str]] = []

    async def known(keys: Sequence[str]) -> set[str]:
        asked.append(keys)
        return {"2026/1/clip.mp4"}

    keys = ["references/gate-1/ref_1.jpg", "references/gone/ref_2.jpg", "2026/1/clip.mp4", "2026/1/orphan.mp4"]
    spared = await with_references(known, lambda: ["gate-1"])(keys)
    assert spared == {"references/gate-1/ref_1.jpg", "2026/1/clip.mp4"}
    assert asked == [keys]
