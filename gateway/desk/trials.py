"""Trials of a camera's rules on the clips kept of it: one at a time, in a process of its own, for as long as allowed.

What the process does is `gateway.evaluation.trial_process`; this file only starts it, listens to it and ends it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NoReturn

import structlog

from camera_configs.documents import document_of
from camera_configs.models import CameraConfig, SiteConfig
from gateway.errors import GridPatrolError, NotFound
from gateway.settings import Settings
from storage.ids import new_id

logger = structlog.get_logger(__name__)

TRIAL_TIMEOUT_S = 1_800.0  # a hundred clips of 20 s on a busy core, those not flagged shown twice
END_TIMEOUT_S = 5.0
MAX_WAITING = 8  # more are refused: each may take minutes
MAX_KEPT = 32  # finished ones that are still told of
MAX_LINE_BYTES = 8 * 1024 * 1024  # the result is one line
COMMAND = (sys.executable, "-m", "gateway.evaluation.trial_process")

Task = Literal["dry_run", "proposals"]
State = Literal["waiting", "running", "done", "failed"]


class TrialsBusy(GridPatrolError):
    """Too many trials wait."""


class TrialFailed(GridPatrolError):
    """The process said that it could not, or said nothing."""


@dataclass(slots=True, eq=False)
class Trial:
    """One trial, as far as it has come.

    Attributes:
        owner: Account id; nobody else may ask for it.
        done: Clips replayed, of `total`; 0 of 0 until known.
        result: Of the process; None until done.
        error: For people; "" unless failed.
    """

    id: str
    owner: str
    camera_id: str
    task: Task
    order: Mapping[str, Any] = field(repr=False)
    state: State = "waiting"
    done: int = 0
    total: int = 0
    result: Mapping[str, Any] | None = None
    error: str = ""


class TrialDesk:
    """Takes orders and carries them out, one after the other, while `run` is awaited.

    Args:
        settings: Of this deployment: where database, clips and models are.
        command: Program and arguments.
        timeout_s: What a trial may take.
    """

    def __init__(
        self, settings: Settings, command: Sequence[str] = COMMAND, timeout_s: float = TRIAL_TIMEOUT_S
    ) -> None:
        self._settings = settings
        self._command = command
        self._timeout_s = timeout_s
        self._trials: OrderedDict[str, Trial] = OrderedDict()
        self._waiting: asyncio.Queue[Trial] = asyncio.Queue(MAX_WAITING)

    def order(
        self, owner: str, task: Task, site: SiteConfig, camera: CameraConfig, span: tuple[datetime, datetime]
    ) -> Trial:
        """Put a trial in line.

        Args:
            owner: Account id.
            task: `dry_run` or `proposals`.
            site: To which the camera belongs.
            camera: As it is to be tried; it need not be saved.
            span: Events that began in it (aware).

        Raises:
            TrialsBusy: Too many wait.
        """
        trial = Trial(new_id("trial"), owner, camera.id, task, self._order(task, site, camera, span))
        try:
            self._waiting.put_nowait(trial)
        except asyncio.QueueFull:
            raise TrialsBusy from None
        while len(self._trials) >= MAX_KEPT + MAX_WAITING:
            self._trials.popitem(last=False)
        self._trials[trial.id] = trial
        return trial

    def trial(self, trial_id: str, owner: str) -> Trial:
        """Return a trial of this owner; raises `NotFound`."""
        trial = self._trials.get(trial_id)
        if trial is None or trial.owner != owner:
            raise NotFound(trial_id)
        return trial

    async def run(self) -> NoReturn:
        """Carry out trials until cancelled; one under way is then ended."""
        while True:
            trial = await self._waiting.get()
            trial.state = "running"
            try:
                trial.result = await self._carry_out(trial)
                trial.state = "done"
            except TrialFailed as exc:
                trial.state, trial.error = "failed", str(exc)
                logger.warning("trial failed", camera=trial.camera_id, task=trial.task, error=trial.error)

    async def _carry_out(self, trial: Trial) -> Mapping[str, Any]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=MAX_LINE_BYTES,
            )
        except OSError as exc:
            raise TrialFailed(f"cannot be started: {exc.strerror}") from exc
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._listen(process, trial)
        except TimeoutError as exc:
            raise TrialFailed(f"took longer than {self._timeout_s / 60:.0f} min") from exc
        finally:
            await _end(process)

    async def _listen(self, process: asyncio.subprocess.Process, trial: Trial) -> Mapping[str, Any]:
        assert process.stdin is not None  # noqa: S101 - asked for
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(json.dumps(trial.order).encode())
            await process.stdin.drain()
            process.stdin.close()
            async for line in process.stdout:
                said = json.loads(line)
                if "result" in said:
                    result: Mapping[str, Any] = said["result"]
                    return result
                if "error" in said:
                    raise TrialFailed(said["error"])
                trial.done, trial.total = said["done"], said["total"]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise TrialFailed("the process broke off") from exc
        raise TrialFailed("the process broke off")

    def _order(
        self, task: Task, site: SiteConfig, camera: CameraConfig, span: tuple[datetime, datetime]
    ) -> dict[str, Any]:
        settings, (start, end) = self._settings, span
        return {
            "task": task,
            "site": {
                "regions": [region.model_dump(mode="json") for region in site.regions],
                "grids": [site.grid(grid_id).model_dump(mode="json") for grid_id in camera.grids],
                "event_types": [spec.model_dump(mode="json") for spec in site.event_types],
                "calendar": [year.model_dump(mode="json") for year in site.calendar],
                "cameras": [_without_logins(camera)],
            },
            "start": start.isoformat(),
            "end": end.isoformat(),
            "store_url": settings.store_url,
            "media_path": str(settings.media_path),
            "models_path": str(settings.models_path),
            "detector": settings.detector,
            "timezone": settings.timezone,
            "present": None if (present := site.find_camera(camera.id)) is None else _without_logins(present),
        }


def _without_logins(camera: CameraConfig) -> dict[str, Any]:
    """Return the camera's document without user names and passwords: recordings need none."""
    document = document_of(camera)
    document.pop("onvif", None)
    places = [*document["streams"], *([document["snapshot"]] if document.get("snapshot") else [])]
    for place in places:
        for name in ("username", "password_env", "password_sealed"):
            place.pop(name, None)
    return document


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    async with asyncio.timeout(END_TIMEOUT_S):
        await process.wait()
