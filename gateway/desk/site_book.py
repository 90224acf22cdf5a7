"""The site in force, as this process knows it: renewed from the database, entry by entry."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from pydantic import BaseModel, ValidationError

from camera_configs.documents import Entry, Key, model_of, models_of, site_of
from camera_configs.models import CameraConfig, SiteConfig
from gateway.clock import Clock
from storage.errors import StoreUnavailable
from storage.protocols_config import ConfigStore
from storage.records_config import ConfigEntry, ConfigNews

logger = structlog.get_logger(__name__)

# One cheap query a second: a saved change reaches every process well within the 5 s that are promised.
POLL_S = 1.0
# From so many entries on they are read beside the event loop: one takes some 0.1 ms.
MANY = 100


@dataclass(frozen=True, slots=True)
class Renewal:
    """What another version brought: entries that came or changed, and those that are gone."""

    version: int
    changed: frozenset[Key]
    removed: frozenset[Key]


class SiteBook:
    """One site, replaced as a whole and at once; readers take `site` and keep it for as long as they work.

    Attributes:
        site: As it is now.
        version: Which version that is, 0 before the first.
        models: The same by key; of shipped event types only those that the site changed.
    """

    def __init__(self, store: ConfigStore | None = None, site: SiteConfig | None = None) -> None:
        """Begin with an empty site, or the one given; nothing is read before `renew`."""
        self._store = store
        self.version = 0
        self.models: Mapping[Key, BaseModel] = {} if site is None else models_of(site)
        self.site = site_of(self.models) if site is None else site
        self._versions: dict[Key, int] = dict.fromkeys(self.models, 0)
        self._digests: dict[Key, str] = {}
        ids = sorted(key.id for key in self.models if key.kind == "camera")
        self._turns = {camera_id: turn for turn, camera_id in enumerate(ids)}
        self._renewing = asyncio.Lock()
        self._news = asyncio.Event()

    def version_of(self, key: Key) -> int:
        """Return the version that wrote an entry, 0 where there is none."""
        return self._versions.get(key, 0)

    def digest_of(self, key: Key) -> str | None:
        """Return the digest of an entry's document, None where there is none; see `digest`."""
        return self._digests.get(key)

    def turn_of(self, camera_id: str) -> int:
        """Return which camera it was when it came: by it cameras are dealt out to workers, once and for all.

        Raises:
            KeyError: No such camera.
        """
        return self._turns[camera_id]

    async def renew(self) -> Renewal | None:
        """Read what is new; None when nothing is. Two at once follow one another.

        Raises:
            StoreUnavailable: The site stays as it is.
        """
        if self._store is None:
            return None
        async with self._renewing:
            if await self._store.newest() == self.version:
                return None
            news = await (self._store.since(self.version) if self.version else self._store.current())
            if news.version == self.version:
                return None
            return await self._take(news)

    async def run(self, clock: Clock) -> None:
        """Renew until cancelled; an outage is survived."""
        while True:
            try:
                await self.renew()
            except StoreUnavailable as exc:
                logger.warning("configuration cannot be read", error=str(exc))
            await clock.sleep(POLL_S)

    async def changed(self) -> None:
        """Wait for the next renewal."""
        await self._news.wait()

    async def _take(self, news: ConfigNews) -> Renewal:
        entries = news.entries
        few = len(entries) < MANY
        read = _read(entries) if few else await asyncio.to_thread(_read, entries)
        removed = frozenset(key for each in news.removed if (key := _key(each.kind, each.id)) in self.models)
        models = {key: model for key, model in self.models.items() if key not in removed} | read
        site = site_of(models) if few else await asyncio.to_thread(site_of, models)
        self._note(entries, removed)
        self.models, self.site, self.version = models, site, news.version
        turned, self._news = self._news, asyncio.Event()
        turned.set()
        return Renewal(news.version, frozenset(read), removed)

    def _note(self, entries: Iterable[ConfigEntry], removed: Iterable[Key]) -> None:
        for entry in entries:
            key = _key(entry.kind, entry.id)
            self._versions[key], self._digests[key] = entry.version, digest(entry.document)
            if entry.kind == "camera":
                self._turns[entry.id] = entry.turn
        for key in removed:
            self._versions.pop(key, None)
            self._digests.pop(key, None)
            if key.kind == "camera":
                self._turns.pop(key.id, None)


def _key(kind: str, entry_id: str) -> Key:
    return Key(kind, entry_id)  # type: ignore[arg-type]  # what is kept was written by this program


def _read(entries: Iterable[ConfigEntry]) -> dict[Key, BaseModel]:
    """Return the models; a camera that this program cannot read, for another one wrote it, is left out and named."""
    with _collection_paused():
        return _read_each(entries)


def _read_each(entries: Iterable[ConfigEntry]) -> dict[Key, BaseModel]:
    found: dict[Key, BaseModel] = {}
    for entry in entries:
        key = _key(entry.kind, entry.id)
        try:
            found[key] = _model(key, entry.document)
        except ValidationError as exc:
            if key.kind != "camera":
                raise
            places = ["/".join(map(str, e["loc"])) for e in exc.errors(include_input=False, include_url=False)]
            logger.error("camera left out: its configuration is of another version", camera=key.id, fields=places)  # noqa: TRY400
    return found


def _model(key: Key, document: str) -> BaseModel:
    if key.kind == "camera":  # as `model_of`, in half the time
        return CameraConfig.model_validate_json(document)
    return model_of(Entry(key, json.loads(document)))


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Keep the garbage collector from going through 15,000 growing cameras again and again: half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def digest(document: str) -> str:
    """Return what a canonical document is compared by."""
    return hashlib.sha256(document.encode()).hexdigest()


def standing(site: SiteConfig) -> SiteBook:
    """Return a book of a site that never changes."""
    return SiteBook(site=site)


def enabled_cameras(site: SiteConfig) -> list[CameraConfig]:
    """Return the cameras that are to be watched."""
    return [camera for camera in site.cameras if camera.enabled]
