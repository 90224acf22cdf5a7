"""The county that the desk is measured with."""

from __future__ import annotations

from gateway.desk.grids_at import GridsAt
from gateway.desk.ledger_fields import suggested
from scripts.benches.desk import HEADINGS, grids, ledger_rows


def test_every_camera_stands_in_its_grid() -> None:
    """And no two have one code or address."""
    rows = list(ledger_rows(500))
    located = GridsAt(grids(500))
    for number, row in enumerate(rows):
        assert located.at(float(row[3]), float(row[4])) == [f"g{number // 15:04}"]
    assert len({row[0] for row in rows}) == len({row[5] for row in rows}) == 500
    assert all(len(str(row[0])) == 20 for row in rows)


def test_the_ledger_is_understood_without_help() -> None:
    """All headings but the maker's."""
    assert set(HEADINGS) - set(suggested(HEADINGS, {})) == {"设备厂商"}
