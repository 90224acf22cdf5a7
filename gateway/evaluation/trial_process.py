"""A trial in a process of its own: `python -m gateway.evaluation.trial_process`, an order on stdin, lines on stdout.

Replaying clips takes minutes of a core and hundreds of megabytes; the process that serves people has neither to spare.
Each line is a JSON object: `{"done", "total"}` now and then, and last `{"result"}` or `{"error"}`. Nothing is saved but
a line in the register.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import cv2
from pydantic import BaseModel, ConfigDict, ValidationError

from camera_configs.documents import document_of
from camera_configs.models import CameraConfig, SiteConfig
from detectors.base import ModelLoadError
from gateway.clock import SystemClock
from gateway.errors import GridPatrolError
from gateway.evaluation.dry_run import Kept, Trial, dry_run, to_json
from gateway.evaluation.kept import Span, kept_events
from gateway.evaluation.pipeline import open_eyes
from gateway.evaluation.proposals import Proposal, Tried, judge, propose
from gateway.log import configure_logging
from storage.errors import StorageError
from storage.media import FolderMediaStore
from storage.records import Verdict
from storage.stores import open_stores

# The newest count: a camera that flags more than this in a span is not judged better by more.
MOST_REPLAYED = 100
NICENESS = 10  # people and cameras come first
_JUDGED = (Verdict.CONFIRMED, Verdict.REJECTED)


class TrialOrder(BaseModel):
    """What is to be tried, on what.

    Attributes:
        task: `dry_run`: the camera's rules as given; `proposals`: what verdicts suggest for them, each tried.
        site: With the one camera, as it is to be tried.
        detector: The deployment's, where the camera names none.
        present: The camera with the rules in force, for the control; None: it is not saved yet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Literal["dry_run", "proposals"]
    site: SiteConfig
    start: datetime
    end: datetime
    store_url: str
    media_path: Path
    models_path: Path
    detector: str
    timezone: str
    present: CameraConfig | None = None

    @property
    def camera(self) -> CameraConfig:
        """The camera to be tried."""
        return self.site.cameras[0]


Say = Callable[[dict[str, Any]], None]


async def carry_out(order: TrialOrder, say: Say) -> dict[str, Any]:
    """Return the outcome as plain data.

    Raises:
        GridPatrolError, StorageError, ModelLoadError: It could not be tried.
    """
    async with open_stores(order.store_url, migrate=False) as stores:
        media, span = FolderMediaStore(order.media_path), Span(order.start, order.end)
        kept = await kept_events(stores, media, order.camera.id, span, SystemClock())
    work = _dry_run if order.task == "dry_run" else _proposals
    return await asyncio.to_thread(work, order, kept, say)


def main() -> int:
    """Read an order, carry it out, and say what came of it."""
    configure_logging("console", "error", process="trial")
    cv2.setNumThreads(1)
    os.nice(NICENESS)
    try:
        order = TrialOrder.model_validate_json(sys.stdin.buffer.read())
        _say({"result": asyncio.run(carry_out(order, _say))})
    except ValidationError as exc:
        _say({"error": f"{exc.error_count()} fields of the order are wrong"})
        return 2
    except (GridPatrolError, StorageError, ModelLoadError) as exc:
        _say({"error": str(exc) or type(exc).__name__})
        return 1
    return 0


def _dry_run(order: TrialOrder, kept: Sequence[Kept], say: Say) -> dict[str, Any]:
    tried = kept[-MOST_REPLAYED:]
    outcome = dry_run(_trial(order, order.camera), tried, _counting(len(tried), say))
    return {**to_json(outcome), "left_out": len(kept) - len(tried)}


def _proposals(order: TrialOrder, kept: Sequence[Kept], say: Say) -> dict[str, Any]:
    judged = [k for k in kept if k.verdict in _JUDGED]
    found = propose(order.camera, judged)
    own = [[k for k in judged if k.event.rule_id == p.rule_id][-MOST_REPLAYED:] for p in found]
    count = _counting(sum(map(len, own)), say)
    tried = [(p, dry_run(_trial(order, p.camera), events, count)) for p, events in zip(found, own, strict=True)]
    return {"judged": len(judged), "proposals": [_plain(p, judge(outcome)) for p, outcome in tried]}


def _plain(proposal: Proposal, tried: Tried) -> dict[str, Any]:
    document = document_of(proposal.camera)
    return {
        "key": proposal.key,
        "rule_id": proposal.rule_id,
        "kind": proposal.kind.value,
        "before": proposal.before,
        "after": proposal.after,
        "area": proposal.area,
        "rejected": proposal.rejected,
        "spared": proposal.spared,
        "confirmed": proposal.confirmed,
        "tried": {"spared": tried.spared, "kept": tried.kept, "lost": tried.lost, "unknown": tried.unknown},
        "holds": tried.holds,
        "rules": document.get("rules", []),
        "zones": document.get("zones", []),
    }


def _trial(order: TrialOrder, camera: CameraConfig) -> Trial:
    eyes = open_eyes(camera.detector or order.detector, order.models_path)
    return Trial(order.site, camera, eyes, ZoneInfo(order.timezone), order.present)


def _counting(total: int, say: Say) -> Callable[[str], None]:
    done = 0

    def count(_: str) -> None:
        nonlocal done
        done += 1
        say({"done": done, "total": total})

    return count


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
