"""The JSON shapes of ledgers, placement and grids at a position."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from gateway.web.models import Answer, Key, Query, Request

FieldId = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")]
Heading = Annotated[str, StringConstraints(max_length=2_000)]
Cell = Annotated[str, StringConstraints(max_length=2_000)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Code = Annotated[str, StringConstraints(pattern=r"^\d{0,12}$")]


class ColumnView(Answer):
    """A column of a file; of one that holds passwords no samples are shown."""

    name: str
    samples: list[str]
    suggested: str | None


class FieldView(Answer):
    """A field of the camera ledger."""

    id: str
    zh: str
    en: str
    required: bool


class LedgerFileView(Answer):
    """A file that was read."""

    file_id: str
    columns: list[ColumnView]
    rows: int
    fields: list[FieldView]


class FileQuery(Query):
    """The file's name, for messages."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = "ledger"


class PreviewRequest(Request):
    """Which column is which field, and what stands in for empty cells of new cameras.

    `mapping`: heading by field. `defaults`: cell by field; addresses may hold `{ip}`.
    """

    mapping: dict[FieldId, Heading] = Field(max_length=100)
    defaults: dict[FieldId, Cell] = Field(default_factory=dict, max_length=100)


class JobRef(Answer):
    """A job that was begun."""

    job_id: str


class RowErrorView(Answer):
    """What is wrong with a row; `message` in the language of the account, `value` never of a field with secrets."""

    row: int
    column: str | None
    field: str | None
    code: str
    message: str
    value: str | None


class JobView(Answer):
    """How far a preview or an import is. `version`: what the import became; None: nothing had changed."""

    state: Literal["running", "ready", "importing", "done", "failed"]
    done: int
    total: int
    new: int
    changed: int
    unchanged: int
    errors: list[RowErrorView]
    errors_total: int
    faulty_rows: int
    sample: list[dict[str, Any]]
    version: int | None


class ImportRequest(Request):
    """Why, and whether rows with errors are left out."""

    reason: Reason
    skip_errors: bool = False


class ExportQuery(Query):
    """Which cameras, as what."""

    format: Literal["xlsx", "csv"] = "xlsx"
    grid_id: Key | None = None
    region_code: Code = ""


class PositionQuery(Query):
    """A position in WGS-84."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class GridsAtView(Answer):
    """Grids around a position; the first would own a camera's events."""

    grid_ids: list[str]


class ChoiceView(Answer):
    """Something to choose from."""

    id: str
    zh: str
    en: str


class ForbiddenView(ChoiceView):
    """A place where no camera may look, and the article that says so."""

    article: str


class PlacementView(Answer):
    """Where cameras may hang, where not, and on what legal basis."""

    classes: list[ChoiceView]
    forbidden: list[ForbiddenView]
    legal_bases: list[ChoiceView]
