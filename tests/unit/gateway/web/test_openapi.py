"""The API's description: valid, complete, and silent about secrets."""

from __future__ import annotations

import json
from collections.abc import Callable

from openapi_spec_validator import validate

from gateway.web.app import api_routes, make_web_app
from gateway.web.routes import API
from tests.unit.gateway.web.house import Client, House


async def test_description_is_valid_and_complete(house: House, browser: Callable[[], Client]) -> None:
    """The OpenAPI document passes its validator and names exactly the routes that are served."""
    document = await (await browser().get(f"{API}/openapi.json")).json()
    validate(document)
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    served = {
        (route.method, route.resource.canonical)
        for route in make_web_app(house.context).router.routes()
        if route.resource is not None and route.resource.canonical.startswith(API)
    }
    assert described == {(m, p) for m, p in served if m != "HEAD"}
    assert len(described) == len(api_routes())


async def test_description_tells_no_secret(browser: Callable[[], Client]) -> None:
    """Nothing of password hashes, tokens of workers or media keys is in the API's shapes."""
    text = await (await browser().get(f"{API}/openapi.json")).text()
    shapes = json.loads(text)["components"]["schemas"]
    names = {name for shape in shapes.values() for name in shape.get("properties", {})}
    assert not names & {"password_hash", "media_key", "token_hash", "base_url", "body"}
