"""One entry against its type: pydantic's findings, in words for people and with their places."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from camera_configs.boundary import forbidden_place
from camera_configs.drafts import Item, Loc, M
from camera_configs.problems import Problem, likely

_CHOICES = {"literal_error", "enum"}


def check_item(model: type[M], item: Item, problems: list[Problem]) -> M | None:
    """Return the entry as its type; add each thing that does not fit to `problems` and return None."""
    try:
        return model.model_validate(item.tree.plain())
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
        problems.extend(_problem(model, item, error) for error in errors if not _echo(error, errors))
        return None


def _echo(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """Pydantic also calls a list too short when its only entry is faulty; the entry's own fault says it all."""
    loc = error["loc"]
    inner = (other["loc"] for other in errors if len(other["loc"]) > len(loc))
    return error["type"] == "too_short" and any(other[: len(loc)] == loc for other in inner)


def _problem(model: type[BaseModel], item: Item, error: ErrorDetails) -> Problem:
    loc, kind = error["loc"], error["type"]
    if kind == "missing":
        return item.problem(loc, "is missing", code="missing")
    if kind == "extra_forbidden":
        return item.problem(loc, "is not a known key", likely(str(loc[-1]), _keys_at(model, loc[:-1])), "unknown_key")
    if kind in _CHOICES:
        return _not_a_choice(item, loc, error)
    return item.problem(loc, *_words(error), kind)


def _not_a_choice(item: Item, loc: Loc, error: ErrorDetails) -> Problem:
    value, expected = str(error["input"]), error.get("ctx", {})["expected"]
    reason = forbidden_place(value) if loc[-1] == "placement_class" else None
    if reason:
        return item.problem(loc, reason, code="forbidden_place")
    choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
    return item.problem(loc, f"{value!r} is not one of {', '.join(choices)}", likely(value, choices), "not_a_choice")


def _words(error: ErrorDetails) -> tuple[str, str]:
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        return "must be text", "put it in quotes"
    if error["type"] == "string_pattern_mismatch":
        return f"does not have the form {error.get('ctx', {})['pattern']}", ""
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if message == "should be less than or equal to 90":
        return message, "longitude comes first, then latitude"
    return message, ""


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    for part in loc:
        if isinstance(part, str):
            inner = _model_in(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
