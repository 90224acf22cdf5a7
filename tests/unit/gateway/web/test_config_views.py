"""What an account with a part of the grids learns of versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from camera_configs.documents import Key
from gateway.access.rights import RIGHTS, Principal
from gateway.web.config_models import Save
from gateway.web.config_views import entry_view, grids_of, site_answer, touches_in_scope, version_detail
from storage.protocols import Scope
from storage.records import Account, Role
from storage.records_config import ConfigChange, ConfigTouch, ConfigVersion
from tests.unit.gateway.web.house import House

VERSION = ConfigVersion(3, datetime(2026, 11, 22, tzinfo=UTC), "li-na", "why", "0" * 64, 3, 2)
ACCOUNT = Account("acc", "li-na", "李娜", Role.OPERATOR, ("east",), (), "", VERSION.at)
EAST = Principal(ACCOUNT, RIGHTS[Role.OPERATOR], Scope(frozenset({"east"})))
ALL = Principal(ACCOUNT, RIGHTS[Role.OPERATOR], Scope(None))


def change(kind: str, entry_id: str, **documents: object) -> ConfigChange:
    before, after = (json.dumps(documents[k]) if k in documents else None for k in ("before", "after"))
    return ConfigChange(3, kind, entry_id, before, after)


def test_differences_of_foreign_grids_are_not_shown() -> None:
    """A camera that was or is in the own grid is; regions and event types are for who sees everything."""
    changes = [
        change("camera", "a", before={"id": "a", "grids": ["west"]}, after={"id": "a", "grids": ["east"]}),
        change("camera", "b", after={"id": "b", "grids": ["west"]}),
        change("grid", "east", before={"id": "east"}),
        change("region", "620000000000", after={"code": "620000000000"}),
    ]
    assert [(d.id, d.action) for d in version_detail(VERSION, changes, EAST).diff] == [
        ("a", "changed"),
        ("east", "removed"),
    ]
    assert len(version_detail(VERSION, changes, ALL).diff) == 4


async def test_lists_name_only_what_is_there_and_in_scope(house: House) -> None:
    """The ids of other people's cameras stay with them."""
    touched = [ConfigTouch(3, "camera", i, "changed") for i in ("cam-east", "cam-west", "gone")]
    assert [t.entry_id for t in touches_in_scope(touched, house.context, EAST)] == ["cam-east"]
    assert len(touches_in_scope(touched, house.context, ALL)) == 3


async def test_site_and_entries(house: House) -> None:
    """Grids of the scope with their versions; a camera without its password."""
    answer = site_answer(house.context, EAST)
    assert [g.id for g in answer.grids] == ["east"]
    key = Key("camera", "cam-east")
    model = house.context.book.models[key]
    assert "password" not in str(entry_view(house.context, key, model).document)
    assert grids_of(model) == ("east",)
    assert grids_of(None) == ()


def test_reasons_are_trimmed() -> None:
    """A reason of spaces would be none."""
    assert Save(document={}, base_version=0, reason=" why ").reason == "why"
