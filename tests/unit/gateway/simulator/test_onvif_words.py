"""What devices say is well-formed XML, whatever names they are given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from defusedxml.ElementTree import fromstring

from gateway.simulator import onvif_words as words
from gateway.simulator.onvif_words import Notice, ProfileFacts

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
ODD = "<&\"'>门口"
FACTS = ProfileFacts(ODD, "H265", 1920, 1080, 24.9, 4096, 50)


@pytest.mark.parametrize(
    "message",
    [
        words.envelope(words.system_date_and_time(NOW)),
        words.envelope(words.device_information({"Manufacturer": ODD})),
        words.envelope(words.services({"tds": f"http://h/{ODD}"})),
        words.envelope(words.capabilities({"tds": "http://h/", "trt": "http://h/m", "tev": "http://h/e"})),
        words.envelope(words.profiles([FACTS], ptz=True)),
        words.envelope(words.media_uri("GetStreamUri", f"rtsp://h/?a=1&b={ODD}")),
        words.envelope(words.presets({ODD: ODD})),
        words.envelope(words.subscription("http://h/1", NOW, NOW)),
        words.envelope(words.renewed(NOW, NOW)),
        words.envelope(words.messages(NOW, NOW, [Notice("tns1:A/B", NOW, {ODD: ODD}, {"S": "1"})])),
        words.fault("ter:NotAuthorized", ODD),
        words.probe_match("urn:uuid:a", "urn:uuid:b", ODD, [ODD], ODD),
    ],
)
def test_everything_is_well_formed(message: bytes) -> None:
    """One envelope with one body, which is not empty."""
    body = fromstring(message).find(f"{{{words.SOAP_NS}}}Body")
    assert body is not None
    assert len(body) == 1


def test_a_profile_says_what_its_stream_is() -> None:
    """Rates in whole numbers, as devices have them."""
    text = words.profiles([FACTS], ptz=False)
    for part in ("<tt:Encoding>H265</tt:Encoding>", "<tt:Width>1920</tt:Width>", "<tt:FrameRateLimit>25<"):
        assert part in text
    assert "GovLength" not in text
    assert "PTZConfiguration" not in text


def test_moments_are_written_in_utc() -> None:
    """As devices write them."""
    assert words.stamp(NOW) == "2026-05-01T08:00:00Z"
