"""Options that several subcommands have, and what the system says of an address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gateway.errors import PortTaken
from gateway.supervise import leaves

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file of settings.", dir_okay=False)]


@contextmanager
def listening(host: str, port: int) -> Iterator[None]:
    """Translate what the system says of an address that cannot be listened on into `PortTaken`."""
    taken: list[BaseException] = []
    try:
        yield
    except* OSError as group:
        taken += leaves(group)
    if taken:
        words = getattr(taken[0], "strerror", None) or taken[0]
        raise PortTaken(f"cannot listen on {host}:{port}: {words}") from taken[0]
