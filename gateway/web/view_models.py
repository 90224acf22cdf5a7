"""The JSON shapes of reference pictures and of what moved against them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from gateway.web.models import Answer, Query, Request

ReferenceId = Annotated[str, StringConstraints(pattern=r"^ref_[0-9a-f]{32}$")]
MAX_COMPARED = 16


def _references(text: str) -> str:
    if len(text.split(",")) > MAX_COMPARED:
        raise ValueError(f"at most {MAX_COMPARED} references")
    return text


class TakeReference(Request):
    """Which reference picture the new one takes the place of: how far apart they are is told."""

    instead_of: ReferenceId | None = None


class OffsetView(Answer):
    """Where a picture lies against a reference; shifts in shares of width (right) and height (down)."""

    reference: ReferenceId
    lies: Literal["in_place", "aside", "elsewhere", "unclear"]
    right: float
    down: float
    likeness: float


class TakenReference(Answer):
    """A reference picture that was kept; it counts once the saved configuration names it."""

    id: ReferenceId
    taken_at: datetime
    offset: OffsetView | None


class OffsetQuery(Query):
    """Reference pictures, separated by commas."""

    references: Annotated[str, AfterValidator(_references)] = Field(pattern=r"^ref_[0-9a-f]{32}(,ref_[0-9a-f]{32})*$")


class OffsetAnswer(Answer):
    """The present picture against each of them; those that are not kept are left out."""

    picture_at: datetime
    offsets: list[OffsetView]
