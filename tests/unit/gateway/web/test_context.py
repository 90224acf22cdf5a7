"""What is handed to the application."""

from __future__ import annotations

from tests.unit.gateway.web.house import CALLBACK_SECRET, House


async def test_context_shows_no_secret(house: House) -> None:
    """A context in a traceback or a log tells neither callback secrets nor camera passwords."""
    shown = repr(house.context)
    assert CALLBACK_SECRET not in shown
    assert "hidden-password" not in shown
