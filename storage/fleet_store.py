"""Workers, and the health of the cameras they watch."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from storage.change_store import Note, note
from storage.engine import Database
from storage.mapping import CAMERA_STATES, WORKERS
from storage.records import CameraState, WorkerRecord
from storage.tables import camera_states, workers


class SqlFleetStore:
    """Camera states and workers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_states(self, states: Sequence[CameraState]) -> None:
        """Insert or replace; a change is noted only where the state's name is another than before."""
        if not states:
            return
        # In one order everywhere, so that two workers never wait for each other's rows.
        ordered = sorted(states, key=lambda s: s.camera_id)
        ids = [s.camera_id for s in ordered]
        known = select(camera_states.c.camera_id, camera_states.c.state).where(camera_states.c.camera_id.in_(ids))
        async with self._database.write() as conn:
            before = {row.camera_id: row.state for row in await conn.execute(known)}
            await CAMERA_STATES.put(conn, *ordered)
            moved = [s for s in ordered if before.get(s.camera_id) is not s.state]
            await note(conn, [Note("camera", s.camera_id, None) for s in moved])

    async def states(self) -> dict[str, CameraState]:
        """Return the latest state per camera id."""
        async with self._database.read() as conn:
            found = await CAMERA_STATES.all(conn, CAMERA_STATES.select().order_by(camera_states.c.camera_id))
        return {s.camera_id: s for s in found}

    async def states_of(self, camera_ids: Sequence[str]) -> dict[str, CameraState]:
        """Return the latest states of these cameras."""
        query = CAMERA_STATES.select().where(camera_states.c.camera_id.in_(camera_ids))
        async with self._database.read() as conn:
            return {state.camera_id: state for state in await CAMERA_STATES.all(conn, query)}

    async def register(self, worker: WorkerRecord) -> None:
        """Insert or replace a worker; done again as its heartbeat."""
        async with self._database.write() as conn:
            await WORKERS.put(conn, worker)

    async def unregister(self, worker_id: str, run_id: str) -> None:
        """Remove a worker if it is still that run; the run that replaced it stays."""
        same = (workers.c.worker_id == worker_id) & (workers.c.run_id == run_id)
        async with self._database.write() as conn:
            await conn.execute(delete(workers).where(same))

    async def workers(self) -> list[WorkerRecord]:
        """Return all registered workers by id."""
        async with self._database.read() as conn:
            return await WORKERS.all(conn, WORKERS.select().order_by(workers.c.worker_id))
