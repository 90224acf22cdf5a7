"""How values become columns, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Dialect
from sqlalchemy.engine import make_url

from storage.column_types import EpochSecond, Segments, Tuples, UtcTime, Word
from storage.records import CaseState, ClipSegment

DIALECTS: list[Dialect] = [make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql+asyncpg")]
CHINA = timezone(timedelta(hours=8))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_naive_times_are_refused(dialect: Dialect) -> None:
    """Nobody knows which hour a time without a zone means."""
    with pytest.raises(ValueError, match="zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), dialect)  # noqa: DTZ001


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_times_come_back_in_utc(dialect: Dialect) -> None:
    """Local time goes in, the same moment in UTC comes out; None stays None."""
    kind, noon = UtcTime(), datetime(2026, 1, 1, 12, tzinfo=CHINA)
    found = kind.process_result_value(kind.process_bind_param(noon, dialect), dialect)
    assert found == noon
    assert found is not None
    assert found.tzinfo is UTC
    assert kind.process_bind_param(None, dialect) is kind.process_result_value(None, dialect) is None


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)])  # noqa: DTZ001
def test_what_seconds_cannot_hold_is_refused(moment: datetime) -> None:
    """A part of a second would be lost without a word."""
    with pytest.raises(ValueError, match="whole seconds"):
        EpochSecond().process_bind_param(moment, DIALECTS[0])


def test_seconds_since_1970_come_back_as_utc() -> None:
    """The same moment; None stays None."""
    kind, noon = EpochSecond(), datetime(2026, 1, 1, 12, tzinfo=CHINA)
    assert kind.process_bind_param(noon, DIALECTS[0]) == int(noon.timestamp())
    found = kind.process_result_value(int(noon.timestamp()), DIALECTS[0])
    assert found == noon
    assert found is not None
    assert found.tzinfo is UTC
    assert kind.process_bind_param(None, DIALECTS[0]) is None
    assert kind.process_result_value(None, DIALECTS[0]) is None


def test_words_outside_the_enumeration_are_refused() -> None:
    """A word that a newer program wrote is an error here, not a silent string."""
    kind = Word(CaseState)
    with pytest.raises(ValueError, match="evaluated"):
        kind.process_result_value("evaluated", DIALECTS[0])
    assert kind.process_result_value("filed", DIALECTS[0]) is CaseState.FILED


def test_tuples_at_every_depth() -> None:
    """Records are frozen to the bottom."""
    assert Tuples().process_result_value([[0.1, [2]], "x"], DIALECTS[0]) == ((0.1, (2,)), "x")


def test_segments_keep_their_wall_time() -> None:
    """The moment survives, whatever zone it was given in."""
    kind, segment = Segments(), ClipSegment(1.5, 2.0, datetime(2026, 1, 1, 12, tzinfo=CHINA))
    stored = kind.process_bind_param([segment], DIALECTS[0])
    (found,) = kind.process_result_value(stored, DIALECTS[0]) or ()
    assert found == segment
    assert found.wall_start.tzinfo is UTC
