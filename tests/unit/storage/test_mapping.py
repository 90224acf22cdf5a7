"""Records and tables fit each other."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import pytest

from storage import config_store, count_tables, desk_tables, mapping, patrol_tables, tables
from storage.mapping import Mapped

MODULES = (mapping, config_store, count_tables, desk_tables, patrol_tables)
ALL = {m.table.name: m for module in MODULES for m in vars(module).values() if isinstance(m, Mapped)}

INSIDE = {"events": {"concluded"}, "case_steps": {"seq"}, "patrol_plans": {"rounds_until"}}


@pytest.mark.parametrize("mapped", ALL.values(), ids=ALL)
def test_every_field_has_its_column(mapped: Mapped[Any]) -> None:
    """Fields and columns bear the same names; what only the table has is named here."""
    inside = {
        "events": {"concluded"},
        "case_steps": {"seq"},
        "patrol_plans": {"rounds_until"},
        "foot_plans": {"made_until"},
    }.get(mapped.table.name, set())
    assert {c.name for c in mapped.table.columns} == set(mapped.names) | inside


@pytest.mark.parametrize("mapped", ALL.values(), ids=ALL)
def test_fields_that_may_be_none_have_columns_that_may(mapped: Mapped[Any]) -> None:
    """Neither does the database refuse a sound record, nor does it keep an unsound one."""
    for field in fields(mapped.record):
        assert mapped.table.c[field.name].nullable == ("None" in str(field.type)), field.name
        assert mapped.table.c[field.name].default is None, "defaults belong to the record"
        assert field.default is MISSING or mapped.table.c[field.name].server_default is None


def test_every_table_has_its_record() -> None:
    """But for the audit register, whose detail is kept as the text that was hashed, and for what only stores read."""
    inside = {"audit_entries", "review_counts", "verdict_receipts", "config_files", "config_imports", "ledger_headings"}
    assert set(ALL) == set(tables.metadata.tables) - inside
