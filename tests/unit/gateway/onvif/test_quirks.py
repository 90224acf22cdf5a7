"""The quirks file is sound, and says of a device what is known of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway.onvif import quirks
from gateway.onvif.profiles import MediaProfile
from gateway.onvif.quirks import Effect, Quirk, Sign, all_quirks, effects_of, quirks_of, signs_of


def test_every_entry_has_words_and_a_source() -> None:
    """In both languages; ids are unique; each applies to something."""
    found = all_quirks()
    assert len({q.id for q in found}) == len(found) > 8
    for quirk in found:
        assert re.search(r"[\u4e00-\u9fff]", quirk.zh), quirk.id
        assert quirk.en
        assert str(quirk.source).startswith("https://")
        assert quirk.device is not None or quirk.sign is not None, quirk.id


def test_the_file_explains_all_words() -> None:
    """Whoever adds an entry finds every sign and effect there."""
    text = Path(quirks.__file__).with_name("quirks.yaml").read_text(encoding="utf-8")
    for word in [*Sign, *Effect]:
        assert word.value in text


@pytest.mark.parametrize("wrong", [{"device": "("}, {"sign": "bad_smell"}, {"colour": "red"}, {"source": "hearsay"}])
def test_wrong_entries_are_refused(wrong: dict[str, str]) -> None:
    """An expression that is none, an unknown sign or key, a source that nobody can look up."""
    entry = yaml.safe_load("{id: x, zh: 词, en: words, source: 'https://example.org'}")
    Quirk.model_validate(entry)
    with pytest.raises((ValidationError, re.error)):
        Quirk.model_validate(entry | wrong)


def test_devices_are_known_by_their_maker() -> None:
    """Case does not matter, and others are not meant."""
    assert {"hikvision_onvif_user", "hikvision_http_digest"} <= {q.id for q in quirks_of("HIKVISION", "DS-2CD2")}
    assert Effect.NO_UNSUBSCRIBE in effects_of(quirks_of("Yi Hack", "yi-hack"))
    assert Effect.NO_RENEW in effects_of(quirks_of("BOSCH", "FLEXIDOME"))
    assert quirks_of("GridPatrol", "Simulated camera") == []


def test_signs_bring_their_quirks() -> None:
    """What was seen counts, whoever made it."""
    assert [q.id for q in quirks_of("", "", {Sign.WRONG_HOST})] == ["wrong_host"]
    assert not Quirk(id="x", zh="", en="", source="https://example.org").applies("anything", set(Sign))  # type: ignore[arg-type]


def test_what_is_seen_of_a_device() -> None:
    """Clock, host, sizes, secrets, channels."""
    sound = MediaProfile("m", "m", source="1", width=1, height=1, stream_url="rtsp://h/1")
    odd = MediaProfile("x", "x", source="2", stream_url="rtsp://h/user=admin_password=abc_channel=1_stream=0.sdp")
    assert signs_of(0.4, [sound], rewritten=False) == set()
    assert signs_of(None, [sound], rewritten=True) == {Sign.CLOCK_UNTOLD, Sign.WRONG_HOST}
    assert signs_of(-172_800.0, [sound, odd], rewritten=False) == {
        Sign.CLOCK_WRONG,
        Sign.NO_SIZE,
        Sign.SECRET_IN_ADDRESS,
        Sign.MANY_SOURCES,
    }
