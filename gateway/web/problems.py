"""Errors as RFC 9457 problem documents, with words that the user interface translates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from pydantic import ValidationError

from camera_configs.problems import Problem as ConfigProblem
from gateway.desk.versions import InvalidConfig
from gateway.errors import AccessDenied, GridPatrolError, NotFound
from gateway.web import models
from storage.errors import InvalidCursor, RecordConflict, RecordNotFound, StorageError, StoreUnavailable
from storage.records_config import StaleConfig

CONTENT_TYPE = "application/problem+json"
# A locked or restarting database is usually back by then.
RETRY_AFTER_S = 2


class ProblemRaised(GridPatrolError):
    """An answer that is not the one asked for, ready to be sent."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[models.FieldProblem] = (),
        problems: Sequence[models.Finding] | None = None,
        version: int | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors)
        self.problems = None if problems is None else list(problems)
        self.version = version
        super().__init__(status, code, detail)


class SignInRequired(ProblemRaised):
    """No session, or one that has ended."""

    def __init__(self) -> None:
        super().__init__(401, "sign_in_required")


_MEANINGS: tuple[tuple[type[Exception], int, str], ...] = (
    (AccessDenied, 403, "access_denied"),
    (NotFound, 404, "not_found"),
    (RecordNotFound, 404, "not_found"),
    (RecordConflict, 409, "conflict"),
    (InvalidCursor, 422, "invalid"),
    (StoreUnavailable, 503, "unavailable"),
    (StorageError, 503, "unavailable"),
)
_HTTP_CODES = {404: "not_found", 405: "invalid", 413: "invalid", 400: "invalid"}


def meaning_of(exc: Exception) -> ProblemRaised | None:
    """Return what a typed error means to a client, None for one that nobody foresaw."""
    if isinstance(exc, ProblemRaised):
        return exc
    if isinstance(exc, InvalidConfig):
        first = exc.problems[0]
        return ProblemRaised(422, "invalid", f"{first.key_path}: {first.message}", problems=findings(exc.problems))
    if isinstance(exc, StaleConfig):
        return ProblemRaised(409, "conflict", version=max(exc.versions.values()))
    if isinstance(exc, web.HTTPException) and exc.status >= 400:
        headers = {"Allow": exc.headers["Allow"]} if "Allow" in exc.headers else {}
        return ProblemRaised(exc.status, _HTTP_CODES.get(exc.status, "invalid"), headers=headers)
    for kind, status, code in _MEANINGS:
        if isinstance(exc, kind):
            headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else {}
            return ProblemRaised(status, code, headers=headers)
    return None


def findings(problems: Iterable[ConfigProblem]) -> list[models.Finding]:
    """Return what the check of a document found, as the interface shows it beside its fields."""
    return [
        models.Finding(field=p.field_path, message=p.message + (f" ({p.hint})" if p.hint else ""), code=p.code)
        for p in problems
    ]


def invalid(exc: ValidationError) -> ProblemRaised:
    """Name the fields that are wrong; never repeats what was sent, which may be a password."""
    problems = exc.errors(include_url=False, include_context=False, include_input=False)
    errors = [
        models.FieldProblem(field=".".join(str(part) for part in problem["loc"]) or "body", message=problem["msg"])
        for problem in problems
    ]
    return ProblemRaised(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors)


def wrong_field(field: str, message: str) -> ProblemRaised:
    """Return 422 for one field that is well formed and yet cannot be."""
    problem = models.FieldProblem(field=field, message=message)
    return ProblemRaised(422, "invalid", f"{field}: {message}", errors=[problem])


def demand_version(asked: int, kept: int) -> None:
    """Refuse (409) a change of another version than the one that is kept."""
    if asked != kept:
        raise ProblemRaised(409, "conflict", f"it has version {kept} now")


def respond(problem: ProblemRaised) -> web.Response:
    """Return the problem document as a response."""
    document = models.Problem(
        type="about:blank",
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        code=problem.code,
        detail=problem.detail,
        errors=problem.errors,
        problems=problem.problems,
        version=problem.version,
    )
    return web.Response(
        status=problem.status,
        text=document.model_dump_json(exclude_none=True),
        content_type=CONTENT_TYPE,
        headers={**problem.headers, "Cache-Control": "no-store"},
    )
