"""Which cameras go to which worker: pure, and the same answer for the same site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from camera_configs.models import CameraConfig


@dataclass(frozen=True, slots=True)
class Shard:
    """One worker's part: every camera whose turn it is when cameras are dealt out in order of id."""

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

    def cameras(self, cameras: Sequence[CameraConfig]) -> list[CameraConfig]:
        """Return this shard's enabled cameras."""
        enabled = sorted((c for c in cameras if c.enabled), key=lambda c: c.id)
        return enabled[self.index :: self.count]


def shards(camera_count: int, workers: int) -> list[Shard]:
    """Return one shard per worker, never more than there are cameras, at least one."""
    count = max(1, min(workers, camera_count))
    return [Shard(i, count) for i in range(count)]
