"""Messages to the world, claimed under a lease."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.case_store import take_step
from storage.change_store import Note, note
from storage.column_types import UtcTime
from storage.engine import Database
from storage.errors import RecordConflict
from storage.ids import new_id
from storage.mapping import CASES, DELIVERIES
from storage.records import Case, CaseState, CaseStep, Delivery, DeliveryState
from storage.tables import cases, deliveries, due_at, undelivered

# Longer than any platform's case number; what is longer is no number but a mistake of the receiver.
CASE_NUMBER_MAX_CHARS = 200


class SqlOutboxStore:
    """Deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, now: datetime, lease_s: float, limit: int) -> list[Delivery]:
        """Lease what has been due for longest; a delivery put back for later queues behind those due before it."""
        due = (
            select(deliveries.c.id)
            .where(undelivered, due_at <= literal(now, UtcTime()))
            .order_by(due_at, deliveries.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        leased = {"state": DeliveryState.LEASED, "lease_until": now + timedelta(seconds=lease_s)}
        claimed = (
            update(deliveries)
            .where(deliveries.c.id.in_(select(due.c.id)))
            .values(**leased, attempts=deliveries.c.attempts + 1)
            .returning(*DELIVERIES.select().selected_columns)
        )
        async with self._database.write() as conn:
            found = DELIVERIES.read(await conn.execute(claimed))
        return sorted(found, key=lambda d: (d.not_before, d.id))

    async def succeeded(self, delivery_id: str, at: datetime, status: int, answer: dict[str, Any]) -> None:
        """Note that the receiver has it, and take the case number it gave; repeating changes nothing.

        A case that is still opened is accepted with its number. A case that has a number keeps it.
        """
        async with self._database.write() as conn:
            delivery = await DELIVERIES.get(conn, delivery_id, lock=True)
            if delivery.state is DeliveryState.DELIVERED:
                return
            await _settle(conn, delivery_id, DeliveryState.DELIVERED, status, "", delivered_at=at)
            case = await CASES.get(conn, delivery.case_id, lock=True)
            notes = [Note("delivery", delivery_id, case.grid_id)]
            number = _case_number(answer)
            if number is not None and case.number is None:
                await _number(conn, case, number, delivery, at)
                notes.append(Note("case", case.id, case.grid_id))
            await note(conn, notes, at)

    async def retry(self, delivery_id: str, not_before: datetime, status: int | None, error: str) -> None:
        """Put a leased delivery back; one that is delivered or dead by now is left alone."""
        async with self._database.write() as conn:
            delivery = await DELIVERIES.get(conn, delivery_id, lock=True)
            if delivery.state is DeliveryState.LEASED:
                await _settle(conn, delivery_id, DeliveryState.PENDING, status, error, not_before=not_before)

    async def dead(self, delivery_id: str, status: int | None, error: str) -> None:
        """Give it up, unless somebody else has delivered it in the meantime."""
        async with self._database.write() as conn:
            delivery = await DELIVERIES.get(conn, delivery_id, lock=True)
            if delivery.state not in {DeliveryState.DELIVERED, DeliveryState.DEAD}:
                await _settle(conn, delivery_id, DeliveryState.DEAD, status, error)
                await note(conn, [await _delivery_note(conn, delivery)])

    async def replay(self, delivery_id: str, now: datetime) -> None:
        """Make a dead delivery pending again.

        Raises:
            RecordConflict: It is not dead.
        """
        fresh = {"state": DeliveryState.PENDING, "attempts": 0, "not_before": now, "lease_until": None}
        async with self._database.write() as conn:
            delivery = await DELIVERIES.get(conn, delivery_id, lock=True)
            if delivery.state is not DeliveryState.DEAD:
                raise RecordConflict(delivery_id)
            await conn.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**fresh))
            await note(conn, [await _delivery_note(conn, delivery)], now)

    async def get(self, delivery_id: str) -> Delivery:
        """Return a delivery."""
        async with self._database.read() as conn:
            return await DELIVERIES.get(conn, delivery_id)

    async def for_case(self, case_id: str) -> list[Delivery]:
        """Return the deliveries of a case, oldest first."""
        query = DELIVERIES.select().where(deliveries.c.case_id == case_id)
        async with self._database.read() as conn:
            return await DELIVERIES.all(conn, query.order_by(deliveries.c.created_at, deliveries.c.id))

    async def depth(self) -> dict[str, int]:
        """Return the number of deliveries per state, all states."""
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        async with self._database.read() as conn:
            found = {state.value: number for state, number in await conn.execute(query)}
        return {state.value: found.get(state.value, 0) for state in DeliveryState}

    async def next_due(self) -> datetime | None:
        """Return when the next claim could find something, None when nothing waits."""
        query = select(due_at).where(undelivered).order_by(due_at, deliveries.c.id).limit(1)
        async with self._database.read() as conn:
            found: datetime | None = await conn.scalar(query)
            return found


async def _settle(
    conn: AsyncConnection, delivery_id: str, state: DeliveryState, status: int | None, error: str, **more: datetime
) -> None:
    values = {"state": state, "lease_until": None, "last_status": status, "last_error": error, **more}
    await conn.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**values))


async def _delivery_note(conn: AsyncConnection, delivery: Delivery) -> Note:
    grid_id = await conn.scalar(select(cases.c.grid_id).where(cases.c.id == delivery.case_id))
    return Note("delivery", delivery.id, grid_id)


def _case_number(answer: dict[str, Any]) -> str | None:
    number = answer.get("case_number")
    if not isinstance(number, str) or not number.isprintable():
        return None
    number = number.strip()
    return number if 0 < len(number) <= CASE_NUMBER_MAX_CHARS else None


async def _number(conn: AsyncConnection, case: Case, number: str, delivery: Delivery, at: datetime) -> None:
    if case.state is not CaseState.OPENED:
        await conn.execute(update(cases).where(cases.c.id == case.id).values(number=number))
        return
    actor = f"platform:{delivery.endpoint_id}"
    step = CaseStep(new_id("step"), case.id, CaseState.ACCEPTED, at, actor, source_id=delivery.id)
    await take_step(conn, case, step, number)
