"""Event types and grids in words."""

from __future__ import annotations

from tests.unit.gateway.web.house import House, SignedIn


async def test_unready_type_is_told(house: House, signed_in: SignedIn) -> None:
    """Taxonomy and rules agree on what can be recognised here."""
    types = {t["id"]: t for t in await (await (await signed_in("grid-worker")).get("/api/v1/taxonomy")).json()}
    assert (types["fire_lane_blocked"]["available"], types["smoke_fire"]["available"]) == (True, False)
    assert types["smoke_fire"]["deadline"]["zh"]


async def test_grids_in_scope(signed_in: SignedIn) -> None:
    """Outlines and names of one's own grids; all for who covers everything."""
    mine = await (await (await signed_in("grid-worker")).get("/api/v1/grids")).json()
    everyone = await (await (await signed_in("admin")).get("/api/v1/grids")).json()
    assert ([g["id"] for g in mine], [g["id"] for g in everyone]) == (["east"], ["east", "west"])
