"""Which cameras go to which worker: pure, and the same answer for the same site."""

from __future__ import annotations

from dataclasses import dataclass

from camera_configs.models import CameraConfig
from gateway.desk.site_book import SiteBook


@dataclass(frozen=True, slots=True)
class Shard:
    """One worker's part: every camera whose turn it is when cameras are dealt out in the order in which they came.

    A camera keeps its turn for as long as it is configured, so nothing that happens to others moves it.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ValueError(f"shard {self.index} of {self.count} does not exist")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `INDEX/COUNT`, for example `0/4`.

        Raises:
            ValueError: Not of that form.
        """
        index, slash, count = text.partition("/")
        if not slash:
            raise ValueError(f"{text!r} is not INDEX/COUNT")
        return cls(int(index), int(count))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def worker_id(self) -> str:
        """The worker's name: stable over restarts."""
        return f"w{self.index}"

    def cameras(self, book: SiteBook) -> list[CameraConfig]:
        """Return this shard's enabled cameras, in order of id."""
        mine = (c for c in book.site.cameras if c.enabled and book.turn_of(c.id) % self.count == self.index)
        return sorted(mine, key=lambda camera: camera.id)


def shards(workers: int) -> list[Shard]:
    """Return one shard per worker; those that have no camera yet need no process."""
    return [Shard(i, workers) for i in range(workers)]
