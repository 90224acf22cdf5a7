"""Declarations of endpoints."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.errors import SettingsError
from gateway.web.app import api_routes
from gateway.web.routes import check_routes


def test_endpoint_without_a_right_stops_the_start() -> None:
    """Default deny: a declaration whose right is missing is an error, not an open door."""
    routes = api_routes()
    careless = replace(routes[0], path="/new", access=None)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="declares no right"):
        check_routes([*routes, careless])
    with pytest.raises(SettingsError, match="twice"):
        check_routes([*routes, routes[0]])


@pytest.mark.parametrize("name", ["a/b", "..", "a.b", "a%", "ü", "", "x" * 81])
def test_ids_in_paths_look_like_ids(name: str) -> None:
    """Nothing that could mean something to a file system or a query passes the router."""
    (route,) = [route for route in api_routes() if route.path == "/evidence/{evidence_id}"]
    pattern = route.pattern.partition("{evidence_id:")[2].removesuffix("}")
    assert re.fullmatch(pattern, name) is None
    assert re.fullmatch(pattern, "evd_01kaq8x3m3f5v7d9k2p4r6t8w0")
