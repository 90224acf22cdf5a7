"""An outbox in memory, with a switch for an unreachable database."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from storage.errors import RecordConflict, RecordNotFound, StoreUnavailable
from storage.records import Delivery, DeliveryState


@dataclass
class MemoryOutbox:
    """Keeps deliveries by id; the same rules of claiming as the real one."""

    rows: dict[str, Delivery] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    unavailable: bool = False

    def add(self, delivery: Delivery) -> None:
        self.rows[delivery.id] = delivery

    def _check(self) -> None:
        if self.unavailable:
            raise StoreUnavailable("switched off by the test")

    def _get(self, delivery_id: str) -> Delivery:
        self._check()
        if delivery_id not in self.rows:
            raise RecordNotFound(delivery_id)
        return self.rows[delivery_id]

    async def claim(self, now: datetime, lease_s: float, limit: int) -> list[Delivery]:
        self._check()
        due = [d for d in sorted(self.rows.values(), key=lambda d: (d.created_at, d.id)) if _due_at(d) <= now]
        claimed = [
            replace(
                d, state=DeliveryState.LEASED, attempts=d.attempts + 1, lease_until=now + timedelta(seconds=lease_s)
            )
            for d in due[:limit]
        ]
        self.rows.update({d.id: d for d in claimed})
        return claimed

    async def succeeded(self, delivery_id: str, at: datetime, status: int, answer: dict[str, Any]) -> None:
        row = self._get(delivery_id)
        self.rows[delivery_id] = replace(
            row, state=DeliveryState.DELIVERED, delivered_at=at, last_status=status, lease_until=None, last_error=""
        )
        self.answers[delivery_id] = answer

    async def retry(self, delivery_id: str, not_before: datetime, status: int | None, error: str) -> None:
        row = self._get(delivery_id)
        self.rows[delivery_id] = replace(
            row,
            state=DeliveryState.PENDING,
            not_before=not_before,
            lease_until=None,
            last_status=status,
            last_error=error,
        )

    async def dead(self, delivery_id: str, status: int | None, error: str) -> None:
        row = self._get(delivery_id)
        self.rows[delivery_id] = replace(
            row, state=DeliveryState.DEAD, lease_until=None, last_status=status, last_error=error
        )

    async def replay(self, delivery_id: str, now: datetime) -> None:
        row = self._get(delivery_id)
        if row.state is not DeliveryState.DEAD:
            raise RecordConflict(delivery_id)
        self.rows[delivery_id] = replace(row, state=DeliveryState.PENDING, attempts=0, not_before=now)

    async def get(self, delivery_id: str) -> Delivery:
        return self._get(delivery_id)

    async def for_case(self, case_id: str) -> list[Delivery]:
        self._check()
        return sorted((d for d in self.rows.values() if d.case_id == case_id), key=lambda d: (d.created_at, d.id))

    async def depth(self) -> dict[str, int]:
        self._check()
        return {state.value: sum(d.state is state for d in self.rows.values()) for state in DeliveryState}

    async def next_due(self) -> datetime | None:
        self._check()
        return min(
            (_due_at(d) for d in self.rows.values() if d.state in {DeliveryState.PENDING, DeliveryState.LEASED}),
            default=None,
        )


_NEVER = datetime.max.replace(tzinfo=UTC)


def _due_at(delivery: Delivery) -> datetime:
    if delivery.state is DeliveryState.PENDING:
        return delivery.not_before
    if delivery.state is DeliveryState.LEASED and delivery.lease_until is not None:
        return delivery.lease_until
    return _NEVER
