"""Records as shown: names in words, and as many queries for fifty items as for one."""

from __future__ import annotations

import pytest

from gateway.web.views import Places, account_names, actor_name
from tests.unit.gateway.web.house import House, town


def test_things_no_longer_configured_are_shown_by_id() -> None:
    """An old event of a removed camera can still be read."""
    places = Places(town())
    assert (places.camera_name("cam-gone"), places.place("cam-gone")) == ("cam-gone", "")
    assert (places.grid_name("gone"), places.zone_name("cam-gone", "z")) == ("gone", "z")
    assert places.zone_name("cam-east", None) is None


@pytest.mark.parametrize(
    ("actor", "expected"), [("acc_1", "王芳"), ("platform:plat", "plat"), ("auto", "auto"), ("acc_gone", "acc_gone")]
)
def test_actors_are_named(actor: str, expected: str) -> None:
    """People by name, platforms by endpoint, rules as `auto`."""
    assert actor_name(actor, {"acc_1": "王芳"}) == expected


async def test_nobody_to_name_asks_nothing(house: House) -> None:
    """No query for names when no name is needed."""
    assert await account_names(house.stores, [None, ""]) == {}
    assert await account_names(house.stores, ["acc_admin", "acc_gone"]) == {"acc_admin": "admin 同志"}
