"""The JSON shapes of what cameras are configured with."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from gateway.web.config_models import BaseVersion, DifferenceView, Document, Reason
from gateway.web.models import Answer, Finding, Request

EntryId = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")]


class SiteEntry(Answer):
    """A region, a grid, an event type or a year of the calendar, as it is configured."""

    id: str
    version: int
    document: Document
    effective: dict[str, Any] | None = Field(description="An event type with what the shipped table says besides.")
    shipped: bool = Field(description="It comes with the program: taken away, it is as shipped again.")
    used_by: int = Field(description="Cameras that name it; of a region its grids.")


class SiteEntries(Answer):
    """All entries of a kind, in order of id."""

    items: list[SiteEntry]


class SaveEntry(Request):
    """An entry as it is to be, or null to take it away."""

    id: EntryId
    document: Document | None
    base_version: BaseVersion
    reason: Reason
    preview: bool = Field(default=False, description="Only say what would change, and what speaks against it.")


class SavedEntry(Answer):
    """What has changed, or would; `entry` is null where it is gone, or was only looked at."""

    entry: SiteEntry | None
    diff: list[DifferenceView]
    problems: list[Finding]
    warnings: list[Finding]
