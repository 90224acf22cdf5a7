"""How the fields of records become columns: times, words of an enumeration, nested tuples, clip segments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.records import ClipSegment

E = TypeVar("E", bound=StrEnum)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in Python; TIMESTAMPTZ on PostgreSQL, sortable text in UTC on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: what they mean is unknown."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be kept")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC whatever the session's time zone is."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class EpochSecond(TypeDecorator[datetime]):
    """Aware UTC in whole seconds, kept as seconds since 1970 so that databases can add up and compare cheaply."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Refuse naive times, and parts of a second: they would be lost."""
        if value is None:
            return None
        if value.tzinfo is None or value.microsecond:
            raise ValueError("a time must have a zone and be of whole seconds")
        return (value - _EPOCH) // _SECOND

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Return UTC."""
        return None if value is None else _EPOCH + timedelta(seconds=value)


class Word(TypeDecorator[E], Generic[E]):
    """A member of a string enumeration, kept as its value."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: E | None, _dialect: Dialect) -> str | None:
        """Also check plain strings against the enumeration."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, _dialect: Dialect) -> E | None:
        """Return the member."""
        return None if value is None else self.words(value)

    def coerce_compared_value(self, _op: Any, _value: Any) -> TypeEngine[Any]:
        """Compare with members, not with raw text."""
        return self


class Tuples(TypeDecorator[tuple[Any, ...]]):
    """Tuples of tuples of plain values, kept as JSON arrays."""

    impl = JSON
    cache_ok = True

    def process_result_value(self, value: list[Any] | None, _dialect: Dialect) -> tuple[Any, ...] | None:
        """Turn lists back into tuples, at every depth."""
        return None if value is None else _frozen(value)


class Segments(TypeDecorator[tuple[ClipSegment, ...]]):
    """The segments of a clip, kept as a JSON array of objects."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[ClipSegment] | None, _dialect: Dialect) -> list[dict[str, Any]] | None:
        """Write times as ISO 8601."""
        if value is None:
            return None
        return [
            {"clip_start_s": s.clip_start_s, "duration_s": s.duration_s, "wall_start": s.wall_start.isoformat()}
            for s in value
        ]

    def process_result_value(
        self, value: list[dict[str, Any]] | None, _dialect: Dialect
    ) -> tuple[ClipSegment, ...] | None:
        """Read times back as aware UTC."""
        if value is None:
            return None
        return tuple(
            ClipSegment(s["clip_start_s"], s["duration_s"], datetime.fromisoformat(s["wall_start"]).astimezone(UTC))
            for s in value
        )


def _frozen(values: list[Any]) -> tuple[Any, ...]:
    return tuple(_frozen(v) if isinstance(v, list) else v for v in values)
