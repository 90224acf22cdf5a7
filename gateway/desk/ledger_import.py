"""Importing a ledger: a file, a preview, then one version with all of it or nothing.

Files and jobs live in the memory of the front process, for a while: they hold passwords, and must not lie on a disk.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import structlog

from camera_configs.documents import Key, document_of
from camera_configs.models import CameraConfig, SiteConfig
from camera_configs.problems import Problem
from gateway.clock import Clock
from gateway.desk.ledger_fields import BY_ID, SECRET, plain, suggested
from gateway.desk.ledger_file import Ledger, read_ledger
from gateway.desk.ledger_rows import LedgerSite, RowError, RowRead, RowReader, Seals
from gateway.desk.versions import By, InvalidConfig, VersionDesk
from gateway.errors import GridPatrolError, NotFound
from storage.errors import StorageError
from storage.ids import new_id
from storage.protocols import Scope
from storage.protocols_desk import DeskStore

logger = structlog.get_logger(__name__)

# Long enough to look at a preview and ask a colleague; then the passwords are forgotten.
KEPT_FOR = timedelta(minutes=60)
FORGET_EVERY_S = 600.0
MAX_FILES = 4
MAX_JOBS = 16
# Jobs run one after the other: they cost a core for seconds.
MAX_WAITING = 8
# Some 50 ms of work: the event loop's other guests get their turn in between, and progress moves.
ROWS_AT_ONCE = 100
MAX_ERRORS = 500
MAX_SAMPLE = 20
SAMPLES_PER_COLUMN = 3
MAX_SAMPLE_CHARS = 60

_SECRET_HEADING = re.compile(r"密|口令|pass|pwd|secret|key", re.IGNORECASE)
_LOGIN = re.compile(r"://[^/\s]*@")

JobState = Literal["running", "ready", "importing", "done", "failed"]


class LedgerBusy(GridPatrolError):
    """Too many previews and imports wait already."""


class LedgerNotReady(GridPatrolError):
    """The preview is not finished, has been imported, or has errors that nobody said to skip."""


class Refused(GridPatrolError):
    """The configuration as a whole does not take the cameras.

    Attributes:
        problems: Camera id (or "") and what is wrong.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__(len(self.problems))


@dataclass(frozen=True, slots=True)
class Owner:
    """Who imports: the account's id, and the grids whose cameras it may add or change."""

    id: str
    scope: Scope


class SavesCameras(Protocol):
    """Saves many cameras as one version, or none of them."""

    async def __call__(self, cameras: Sequence[CameraConfig], author: str, reason: str) -> int | None:
        """Return the version, None when nothing changed; raises `Refused` and `StorageError`."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent, as its owner mapped it the last time."""

    id: str
    owner: str  # account id: nobody else may see it
    ledger: Ledger = field(repr=False)
    suggested: Mapping[str, str]  # field by heading
    until: datetime

    def samples(self, column: str) -> list[str]:
        """Return a column's first different cells; of one that may hold passwords nothing, of addresses no login."""
        if self.suggested.get(column) in SECRET or _SECRET_HEADING.search(column):
            return []
        index = self.ledger.columns.index(column)
        cells = (_LOGIN.sub("://***@", row.cells[index])[:MAX_SAMPLE_CHARS] for row in self.ledger.rows[:200])
        return list(itertools.islice(dict.fromkeys(filter(None, cells)), SAMPLES_PER_COLUMN))


@dataclass(slots=True)
class Job:
    """A preview, and the import it becomes. What may be imported is what its owner may see."""

    id: str
    scope: Scope
    upload: Upload
    mapping: Mapping[str, str]  # heading by field id
    defaults: Mapping[str, str]
    until: datetime
    total: int
    state: JobState = "running"
    done: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"new": 0, "changed": 0, "unchanged": 0})
    errors: list[RowError] = field(default_factory=list)
    errors_total: int = 0
    faulty_rows: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    version: int | None = None
    author: str = ""
    reason: str = ""
    skip_errors: bool = False
    # What the preview found against which site: while that is in force, it is not read again.
    read_against: SiteConfig | None = field(default=None, repr=False)
    found: list[CameraConfig] = field(default_factory=list, repr=False)

    def begin(self, state: JobState) -> None:
        """Count from the beginning."""
        self.state, self.done, self.errors_total, self.faulty_rows = state, 0, 0, 0
        self.counts = dict.fromkeys(self.counts, 0)
        self.errors.clear()
        self.sample.clear()
        self.found, self.read_against = [], None

    def take(self, read: RowRead) -> None:
        """Count what came of a row, and keep what must be saved."""
        self.note(read.errors)
        self.faulty_rows += bool(read.errors)
        if read.camera is not None:
            self.counts[read.change] += 1
            if read.change != "unchanged":
                self.found.append(read.camera)

    def note(self, errors: Iterable[RowError]) -> None:
        """Keep the first errors and count all."""
        for error in errors:
            self.errors_total += 1
            if len(self.errors) < MAX_ERRORS:
                self.errors.append(error)


class LedgerDesk:
    """Takes files, previews and imports them. `run` must be running for jobs to move.

    Args:
        store: Remembers what headings mean.
        site: The site as it is now.
        save: See `SavesCameras`.
        seals: For passwords.
        clock: For forgetting.
    """

    def __init__(
        self, store: DeskStore, site: Callable[[], SiteConfig], save: SavesCameras, seals: Seals, clock: Clock
    ) -> None:
        self._store, self._site, self._save, self._seals, self._clock = store, site, save, seals, clock
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: asyncio.Queue[Job] = asyncio.Queue(MAX_WAITING)

    async def run(self) -> None:
        """Work on jobs, one after the other, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(FORGET_EVERY_S):
                    job = await self._waiting.get()
            except TimeoutError:
                self._forget()
                continue
            await self._work_on(job)

    async def take(self, content: bytes, name: str, owner: str) -> Upload:
        """Read a file and keep it for its owner.

        Raises:
            LedgerFileError: It cannot be read.
        """
        ledger = await asyncio.to_thread(read_ledger, content, name)
        remembered = await self._store.headings()
        upload = Upload(
            new_id("led"), owner, ledger, suggested(ledger.columns, remembered), self._clock.now() + KEPT_FOR
        )
        self._forget()
        while len(self._uploads) >= MAX_FILES:
            self._uploads.popitem(last=False)
        self._uploads[upload.id] = upload
        return upload

    def preview(self, file_id: str, owner: Owner, mapping: Mapping[str, str], defaults: Mapping[str, str]) -> Job:
        """Begin to read a file's rows against the site; nothing is saved.

        Args:
            file_id: From `take`.
            owner: Who asks.
            mapping: Heading by field id.
            defaults: Cell by field id, for rows that leave it empty.

        Raises:
            NotFound: No such file of this owner (any more).
            KeyError: The mapping names a field or a heading that does not exist.
            LedgerBusy: Too many jobs wait.
        """
        self._forget()
        upload = self._uploads.get(file_id)
        if upload is None or upload.owner != owner.id:
            raise NotFound(file_id)
        unknown = [
            *(mapping.keys() | defaults.keys()) - BY_ID.keys(),
            *set(mapping.values()) - {*upload.ledger.columns},
        ]
        if unknown:
            raise KeyError(min(unknown))
        until = self._clock.now() + KEPT_FOR
        rows = len(upload.ledger.rows)
        job = Job(new_id("job"), owner.scope, upload, dict(mapping), dict(defaults), until, rows)
        self._queue(job)
        while len(self._jobs) >= MAX_JOBS:
            self._jobs.popitem(last=False)
        self._jobs[job.id] = job
        return job

    def job(self, job_id: str, owner: str) -> Job:
        """Return a job of this owner; raises `NotFound`."""
        job = self._jobs.get(job_id)
        if job is None or job.upload.owner != owner:
            raise NotFound(job_id)
        return job

    def begin_import(self, job: Job, author: str, reason: str, *, skip_errors: bool) -> None:
        """Begin to save what the preview showed.

        Raises:
            LedgerNotReady: There is no finished preview, or it has errors and `skip_errors` was not said.
            LedgerBusy: Too many jobs wait.
        """
        if job.state != "ready" or (job.errors_total and not skip_errors):
            raise LedgerNotReady(job.id)
        job.author, job.reason, job.skip_errors = author, reason, skip_errors
        job.until = self._clock.now() + KEPT_FOR
        self._queue(job)
        job.state = "importing"

    def _queue(self, job: Job) -> None:
        try:
            self._waiting.put_nowait(job)
        except asyncio.QueueFull as exc:
            raise LedgerBusy from exc

    def _forget(self) -> None:
        now = self._clock.now()
        for file_id in [u.id for u in self._uploads.values() if u.until < now]:
            del self._uploads[file_id]
        for job_id in [j.id for j in self._jobs.values() if j.until < now and j.state not in {"running", "importing"}]:
            del self._jobs[job_id]

    async def _work_on(self, job: Job) -> None:
        importing = job.state == "importing"
        try:
            if job.read_against is not self._site():
                await self._read(job)
            if importing:
                await self._save_all(job)
            else:
                job.state = "ready"
        except Refused as exc:
            job.note(_site_errors(job, exc))
            job.state = "failed"
        except (StorageError, GridPatrolError) as exc:
            logger.warning("ledger import failed", job=job.id, error=type(exc).__name__)
            job.state = "failed"

    async def _read(self, job: Job) -> None:
        """Find the cameras that are new or changed, read against the site as it is now."""
        job.begin(job.state)
        site = self._site()
        columns = {name: job.upload.ledger.columns.index(heading) for name, heading in job.mapping.items()}
        known = await asyncio.to_thread(LedgerSite.of, site)
        reader = RowReader(known, columns, job.defaults, self._seals, job.scope)
        for start in range(0, job.total, ROWS_AT_ONCE):
            rows = job.upload.ledger.rows[start : start + ROWS_AT_ONCE]
            for read in await asyncio.to_thread(reader.read_all, rows):
                job.take(read)
            job.done = min(start + ROWS_AT_ONCE, job.total)
        job.sample = [_shown(camera) for camera in job.found[:MAX_SAMPLE]]
        job.read_against = site

    async def _save_all(self, job: Job) -> None:
        if job.errors_total and not job.skip_errors:  # the site has changed since the preview
            job.state = "failed"
            return
        job.version = await self._save(job.found, job.author, job.reason)
        meant = {plain(heading): "" for heading in job.upload.ledger.columns}
        meant |= {plain(heading): name for name, heading in job.mapping.items()}
        await self._store.remember_headings(meant, self._clock.now())
        self._uploads.pop(job.upload.id, None)
        job.upload = replace(job.upload, ledger=replace(job.upload.ledger, rows=()))
        job.found, job.read_against = [], None
        job.state = "done"
        logger.info("ledger imported", version=job.version, **job.counts, skipped=job.faulty_rows)


def saver(desk: VersionDesk) -> SavesCameras:
    """Return what saves cameras as one version of the configuration."""

    async def save(cameras: Sequence[CameraConfig], author: str, reason: str) -> int | None:
        documents = await asyncio.to_thread(_documents, cameras)
        try:
            version = await desk.save(documents, {}, By(author, reason), tokens=True)
        except InvalidConfig as exc:
            raise Refused([(_camera_of(problem), problem.message) for problem in exc.problems]) from exc
        return None if version is None else version.id

    return save


def _documents(cameras: Sequence[CameraConfig]) -> dict[Key, dict[str, Any]]:
    return {Key("camera", camera.id): document_of(camera) for camera in cameras}


def _camera_of(problem: Problem) -> str:
    found = re.match(r"cameras\[([^\]]*)\]", problem.key_path)
    return found[1] if found else ""


def _shown(camera: CameraConfig) -> dict[str, Any]:
    """Return a camera's document without anything secret; that a password is kept is said by `true`."""
    document = document_of(camera)
    for source in (*document.get("streams", ()), document.get("snapshot") or {}, document.get("onvif") or {}):
        if "password_sealed" in source:
            source["password_sealed"] = True
    return document


def _site_errors(job: Job, refused: Refused) -> list[RowError]:
    rows: dict[str, int] = {}
    for name in ("code", "id"):
        if name in job.mapping:
            index = job.upload.ledger.columns.index(job.mapping[name])
            rows |= {row.cells[index].lower(): row.number for row in job.upload.ledger.rows if row.cells[index]}
    return [RowError(rows.get(camera_id, 0), None, "site", {"why": why}) for camera_id, why in refused.problems]
