"""What every configuration model is built from."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"),
    Field(description="Lower-case letters, digits, '-' and '_'; used in addresses and file names."),
]
RegionCode = Annotated[
    str,
    StringConstraints(pattern=r"^\d{12}$"),
    Field(description="12-digit statistical region code: county 6, street or town 3, community or village 3."),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Severity(StrEnum):
    """How soon somebody must look: S1 immediate, S4 routine."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"


class ConfigModel(BaseModel):
    """Base of all configuration: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
