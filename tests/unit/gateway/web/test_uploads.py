"""Files as bodies: bounded whatever the sender says of their length."""

from __future__ import annotations

from typing import Any

from gateway.web.uploads import MAX_FILE_BYTES
from tests.unit.gateway.web.house import House, SignedIn


async def test_file_of_unknown_length_is_bounded_too(house: House, signed_in: SignedIn) -> None:
    """A sender that does not say how much comes is cut off at the same bound."""
    item = await house.add_event()
    client = await signed_in("grid-worker")

    async def endless() -> Any:
        for _ in range(MAX_FILE_BYTES // 65_536 + 2):
            yield bytes(65_536)

    answer = await client.post(
        f"/api/v1/review/{item.id}/notes?client_id=letter-1", data=endless(), headers={"Content-Type": "image/png"}
    )
    assert answer.status == 413
