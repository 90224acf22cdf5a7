"""What of a device's events is taken in: motion, tampering and loss of signal, as a yes or no. Nothing else.

An allow-list: a topic that is not on it is dropped where it is parsed, and of one that is on it only the state and the
source are read. Topics about faces, plates and persons' attributes are counted apart, so that it shows that they came
and went nowhere.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.onvif.profiles import text_of


class HintKind(StrEnum):
    """What a device believes to see."""

    MOTION = "motion"
    TAMPER = "tamper"  # covered, turned, out of focus, blinded
    SIGNAL_LOSS = "signal_loss"


@dataclass(frozen=True, slots=True)
class SceneHint:
    """A device's opinion: a reason to look, never an event by itself.

    Attributes:
        at: By our clock: the device's time, corrected by its known offset; the time of reading where it gives none.
        source: Token of the video source or its configuration; empty where it gives none.
        initial: The state at the time of subscribing, not a change.
    """

    kind: HintKind
    active: bool
    at: datetime
    source: str = ""
    initial: bool = False


@dataclass(slots=True)
class TopicCounts:
    """What came and what became of it."""

    taken: int = 0
    identity: int = 0  # about who somebody is: dropped unread
    other: int = 0  # on no list: dropped unread
    unreadable: int = 0  # on the list, but without a state that can be read
    kinds: Counter[HintKind] = field(default_factory=Counter)


# Beginnings of topics without namespaces, lower case. Sources: ONVIF Imaging and Analytics service specifications; the
# topics of Samsung, and of devices that say VideoLoss, as seen in the issues of clients (home-assistant/core 66493).
_ALLOWED = {
    "videosource/motionalarm": HintKind.MOTION,
    "ruleengine/cellmotiondetector/motion": HintKind.MOTION,
    "ruleengine/motionregiondetector/motion": HintKind.MOTION,
    "videoanalytics/motiondetection": HintKind.MOTION,
    "videosource/imagetooblurry": HintKind.TAMPER,
    "videosource/imagetoodark": HintKind.TAMPER,
    "videosource/imagetoobright": HintKind.TAMPER,
    "videosource/globalscenechange": HintKind.TAMPER,
    "ruleengine/tamperdetector/tamper": HintKind.TAMPER,
    "videosource/signalloss": HintKind.SIGNAL_LOSS,
    "videosource/videoloss": HintKind.SIGNAL_LOSS,
    "videoencoder/videoloss": HintKind.SIGNAL_LOSS,
    "mediacontrol/videoloss": HintKind.SIGNAL_LOSS,
}
_IDENTITY = re.compile(
    r"fac(?:e|ial)|plate|licen[cs]e|\blpr\b|anpr|gender|\bage\b|recogni|identi|gait|attribute|people|person|human|body",
    re.IGNORECASE,
)
_STATE_NAMES = frozenset(
    {"state", "ismotion", "istamper", "motion", "tamper", "signalloss", "videoloss", "isvideoloss"}
)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_SOURCE_NAMES = frozenset({"source", "videosourcetoken", "videosourceconfigurationtoken", "videosource"})
_MAX_TOPIC = 300  # characters
# A time further off than this, after the clock's offset is taken out, is no time.
_BELIEVABLE = timedelta(hours=1)


def kind_of(topic: str) -> HintKind | None:
    """Return what a topic is about; None: it is not taken in."""
    name = _plain(topic)
    return next((kind for start, kind in _ALLOWED.items() if name == start or name.startswith(start + "/")), None)


def is_about_identity(topic: str) -> bool:
    """Say whether a topic is about who somebody is, or what they look like."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", topic[:_MAX_TOPIC])
    return _IDENTITY.search(words) is not None


def read_notification(raw: Any, now: datetime, clock_offset: timedelta, counts: TopicCounts) -> SceneHint | None:
    """Read one notification message as zeep made it of XML; None for whatever is not taken in, which is counted.

    Args:
        raw: A `NotificationMessage`.
        now: Our time.
        clock_offset: How far the device's clock is ahead.
        counts: Told what became of it.
    """
    topic = text_of(getattr(getattr(raw, "Topic", None), "_value_1", None))
    kind = kind_of(topic)
    if kind is None or is_about_identity(topic):
        counts.identity += is_about_identity(topic)
        counts.other += not is_about_identity(topic)
        return None
    message = getattr(getattr(raw, "Message", None), "_value_1", None)
    state = _state(message)
    if state is None:
        counts.unreadable += 1
        return None
    counts.taken += 1
    counts.kinds[kind] += 1
    initial = getattr(message, "PropertyOperation", None) == "Initialized"
    return SceneHint(kind, state, _at(message, now, clock_offset), _source(message), initial)


def _plain(topic: str) -> str:
    parts = topic[:_MAX_TOPIC].strip().split("/")
    return "/".join(part.rpartition(":")[2] for part in parts).lower()


def _items(message: Any, part: str) -> list[tuple[str, str]]:
    items = getattr(getattr(message, part, None), "SimpleItem", None) or []
    return [(text_of(getattr(i, "Name", None)).lower(), text_of(getattr(i, "Value", None))) for i in list(items)[:50]]


def _state(message: Any) -> bool | None:
    found = (_BOOLEANS.get(value.lower()) for name, value in _items(message, "Data") if name in _STATE_NAMES)
    return next((state for state in found if state is not None), None)


def _source(message: Any) -> str:
    return next((value for name, value in _items(message, "Source") if name in _SOURCE_NAMES), "")


def _at(message: Any, now: datetime, clock_offset: timedelta) -> datetime:
    told = getattr(message, "UtcTime", None)
    if not isinstance(told, datetime):
        return now
    try:
        at = (told if told.tzinfo is not None else told.replace(tzinfo=UTC)).astimezone(UTC) - clock_offset
    except (OverflowError, ValueError):
        return now
    return at if abs(at - now) <= _BELIEVABLE else now
