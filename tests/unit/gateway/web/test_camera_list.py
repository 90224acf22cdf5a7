"""Pages cut from thousands of cameras."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.desk.camera_index import CameraIndex
from gateway.desk.pulse import Columns, Snapshot
from gateway.web.camera_list import filtered, page_of
from storage.errors import InvalidCursor
from storage.records import CameraStateName
from tests.unit.gateway.desk.county import NOW, brief, camera, county

ONLINE, SILENT = CameraStateName.ONLINE, CameraStateName.SILENT


def snapshot(*gone: str) -> Snapshot:
    index = CameraIndex(county(*(camera(f"c{n}") for n in range(7) if f"c{n}" not in gone)))
    briefs = {f"c{n}": brief(f"c{n}", SILENT if n % 2 else ONLINE, ago_s=n // 2) for n in range(6)}
    return Snapshot(index, NOW, briefs, Columns.of(index, briefs.values()), {}, (), {})


def pages(sort: str, size: int) -> str:
    now, cursor, found = snapshot(), None, ""
    for _ in range(9):
        page, cursor = page_of(now, np.ones(7, np.bool_), sort, cursor, size)
        found += "".join(now.index.ids[n][1:] for n in page)
        if cursor is None:
            break
    return found


@pytest.mark.parametrize("cursor", ["x", "WyJjYW1lcmFzIHNpbmNlIiwieCIsImEiXQ"])
def test_a_cursor_that_this_list_did_not_give_out_is_refused(cursor: str) -> None:
    """Of another order, or of nobody."""
    with pytest.raises(InvalidCursor):
        page_of(snapshot(), np.ones(7, np.bool_), "since", cursor, 3)


@pytest.mark.parametrize("size", [1, 2, 7, 50])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [("id", "0123456"), ("-id", "6543210"), ("state", "1356024"), ("-state", "4206531"), ("since", "4523016"),
     ("-since", "6103254")],
)  # fmt: skip
def test_every_camera_is_on_one_page(sort: str, expected: str, size: int) -> None:
    """In whichever order, whatever the size; ties are in order of id. Nothing is known of the last camera."""
    assert pages(sort, size) == expected


def test_a_page_goes_on_behind_a_camera_that_is_gone() -> None:
    """It was the last one shown."""
    _, cursor = page_of(snapshot(), np.ones(7, np.bool_), "since", None, 3)
    later = snapshot("c2")
    page, _ = page_of(later, np.ones(6, np.bool_), "since", cursor, 50)
    assert [later.index.ids[n] for n in page] == ["c3", "c0", "c1", "c6"]


def test_states_filter() -> None:
    """Without any, everyone is meant."""
    now, everyone = snapshot(), np.ones(7, np.bool_)
    assert filtered(now, everyone, []).sum() == 7
    assert filtered(now, everyone, [SILENT]).sum() == 3
    assert filtered(now, everyone, [SILENT, CameraStateName.CONNECTING]).sum() == 4
