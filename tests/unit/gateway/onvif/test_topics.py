"""Motion, tampering and loss of signal are taken in; whatever is about persons is dropped where it is parsed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.onvif.topics import HintKind, TopicCounts, is_about_identity, kind_of, read_notification

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
NO_OFFSET = timedelta(0)


def notification(topic: str, data: dict[str, str], source: dict[str, str] | None = None, **changes: Any) -> Any:
    def items(given: dict[str, str]) -> Any:
        return SimpleNamespace(SimpleItem=[SimpleNamespace(Name=n, Value=v) for n, v in given.items()])

    message = SimpleNamespace(
        UtcTime=changes.get("at", NOW),
        PropertyOperation=changes.get("operation", "Changed"),
        Source=items(source or {}),
        Data=items(data),
    )
    return SimpleNamespace(Topic=SimpleNamespace(_value_1=topic), Message=SimpleNamespace(_value_1=message))


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("tns1:VideoSource/MotionAlarm", HintKind.MOTION),
        ("tns1:RuleEngine/CellMotionDetector/Motion", HintKind.MOTION),
        ("tns1:VideoAnalytics/tnssamsung:MotionDetection", HintKind.MOTION),
        ("tns1:VideoSource/ImageTooDark/ImagingService", HintKind.TAMPER),
        ("tns1:VideoSource/GlobalSceneChange/AnalyticsService", HintKind.TAMPER),
        (" tns1:RuleEngine/TamperDetector/Tamper ", HintKind.TAMPER),
        ("tns1:VideoSource/SignalLoss", HintKind.SIGNAL_LOSS),
        ("tns1:MediaControl/VideoLoss", HintKind.SIGNAL_LOSS),
    ],
)
def test_topics_that_are_taken_in(topic: str, kind: HintKind) -> None:
    """Whatever their prefix and whoever tells."""
    assert kind_of(topic) is kind
    assert not is_about_identity(topic)


@pytest.mark.parametrize(
    "topic",
    [
        "tns1:RuleEngine/FaceDetector/Face",
        "tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent/FaceRecognition",
        "tns1:RuleEngine/MyRuleDetector/FaceDetect",
        "tns1:VideoAnalytics/FacialFeatures",
        "tns1:RuleEngine/LicensePlateDetector/Plate",
        "tns1:RuleEngine/LPR/Result",
        "tns1:VideoAnalytics/ANPRResult",
        "tns1:RuleEngine/HumanAttribute/Gender",
        "tns1:RuleEngine/PeopleDetector/People",
        "tns1:VideoAnalytics/Person/Age",
    ],
)
def test_topics_about_persons_are_dropped_and_counted(topic: str) -> None:
    """Unread: no text of theirs is kept anywhere."""
    counts = TopicCounts()
    raw = notification(topic, {"State": "true", "Name": "somebody"})
    assert read_notification(raw, NOW, NO_OFFSET, counts) is None
    assert (counts.identity, counts.taken, counts.other) == (1, 0, 0)
    assert "somebody" not in repr(counts)


@pytest.mark.parametrize(
    "topic", ["tns1:Device/Trigger/Relay", "tns1:RuleEngine/CountAggregation/Counter", "", "/", ":"]
)
def test_other_topics_are_dropped(topic: str) -> None:
    """What is on no list."""
    counts = TopicCounts()
    assert read_notification(notification(topic, {"State": "true"}), NOW, NO_OFFSET, counts) is None
    assert (counts.identity, counts.other) == (0, 1)


def test_a_person_under_an_allowed_topic_is_dropped_too() -> None:
    """An allowed beginning does not open the door to what stands behind it."""
    counts = TopicCounts()
    raw = notification("tns1:VideoSource/MotionAlarm/FaceRecognition", {"State": "true"})
    assert read_notification(raw, NOW, NO_OFFSET, counts) is None
    assert counts.identity == 1


def test_only_state_and_source_are_read() -> None:
    """Whatever else a device adds goes nowhere."""
    counts = TopicCounts()
    raw = notification(
        "tns1:RuleEngine/CellMotionDetector/Motion",
        {"ObjectName": "somebody", "IsMotion": "true"},
        {"VideoSourceConfigurationToken": "vsc", "Rule": "MyRule"},
    )
    hint = read_notification(raw, NOW, NO_OFFSET, counts)
    assert hint is not None
    assert (hint.kind, hint.active, hint.source, hint.initial) == (HintKind.MOTION, True, "vsc", False)
    assert "somebody" not in repr(hint)
    assert counts.kinds == {HintKind.MOTION: 1}


@pytest.mark.parametrize(("value", "active"), [("true", True), ("1", True), ("False", False), ("0", False)])
def test_states(value: str, active: bool) -> None:
    """As XML writes them, and as devices do."""
    raw = notification("tns1:VideoSource/SignalLoss", {"State": value}, operation="Initialized")
    hint = read_notification(raw, NOW, NO_OFFSET, TopicCounts())
    assert hint is not None
    assert (hint.active, hint.initial) == (active, True)


@pytest.mark.parametrize(
    "raw",
    [
        notification("tns1:VideoSource/MotionAlarm", {"State": "maybe"}),
        notification("tns1:VideoSource/MotionAlarm", {}),
        notification("tns1:VideoSource/MotionAlarm", {"Count": "1"}),
        SimpleNamespace(Topic=SimpleNamespace(_value_1="tns1:VideoSource/MotionAlarm"), Message=None),
    ],
)
def test_a_state_that_cannot_be_read_is_counted(raw: Any) -> None:
    """Never guessed."""
    counts = TopicCounts()
    assert read_notification(raw, NOW, NO_OFFSET, counts) is None
    assert counts.unreadable == 1


def test_nothing_at_all_is_no_topic() -> None:
    """What zeep makes of a notification without content."""
    counts = TopicCounts()
    assert read_notification(None, NOW, NO_OFFSET, counts) is None
    assert counts.other == 1


@pytest.mark.parametrize(
    ("told", "offset", "at"),
    [
        (NOW - timedelta(seconds=3), NO_OFFSET, NOW - timedelta(seconds=3)),
        (NOW - timedelta(days=2, seconds=3), timedelta(days=-2), NOW - timedelta(seconds=3)),
        ((NOW - timedelta(seconds=3)).replace(tzinfo=None), NO_OFFSET, NOW - timedelta(seconds=3)),
        (NOW - timedelta(days=2), NO_OFFSET, NOW),
        (datetime.max.replace(tzinfo=UTC), timedelta(days=-2), NOW),
        ("yesterday", NO_OFFSET, NOW),
        (None, NO_OFFSET, NOW),
    ],
)
def test_times_are_put_on_our_clock(told: Any, offset: timedelta, at: datetime) -> None:
    """The offset is taken out; what is beyond belief gives way to the time of reading."""
    raw = notification("tns1:VideoSource/MotionAlarm", {"State": "true"}, at=told)
    hint = read_notification(raw, NOW, offset, TopicCounts())
    assert hint is not None
    assert hint.at == at
