"""Which stream is the main one and which the sub, of what devices tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from gateway.onvif.profiles import MAX_PROFILES, MAX_TEXT, MediaProfile, choose_roles, read_profiles


def profile(token: str, width: int = 0, height: int = 0, **changes: Any) -> MediaProfile:
    given: dict[str, Any] = {"codec": "h264", "stream_url": f"rtsp://h/{token}", "source": "s", **changes}
    return MediaProfile(token, token, width=width, height=height, **given)


def roles(*profiles: MediaProfile) -> dict[str, str | None]:
    return {p.token: p.role for p in choose_roles(profiles)}


def test_largest_is_main_and_a_middling_one_is_sub() -> None:
    """Whatever their order; a third is neither."""
    found = roles(profile("c", 352, 288), profile("a", 704, 576), profile("b", 2560, 1440))
    assert found == {"a": "sub", "b": "main", "c": None}


def test_a_substream_that_is_too_large_is_better_than_none() -> None:
    """And one that is too small as well."""
    assert roles(profile("a", 3840, 2160), profile("b", 1920, 1080)) == {"a": "main", "b": "sub"}
    assert roles(profile("a", 1920, 1080), profile("b", 176, 144)) == {"a": "main", "b": "sub"}


def test_what_cannot_be_watched_has_no_role() -> None:
    """JPEG streams, and profiles without stream."""
    assert roles(profile("a", 1920, 1080, stream_url=None), profile("j", 3840, 2160, codec="mjpeg")) == {
        "a": None,
        "j": None,
    }
    assert roles() == {}


def test_every_channel_of_a_recorder_has_its_own() -> None:
    """A recorder's largest channel is not everybody's main stream."""
    found = roles(
        profile("1m", 1920, 1080, source="1"),
        profile("1s", 640, 360, source="1"),
        profile("2m", 1280, 720, source="2"),
    )
    assert found == {"1m": "main", "1s": "sub", "2m": "main"}


def test_a_first_profile_of_unknown_size_is_main() -> None:
    """H.265 is not told of by this version of the media service; its substream often is."""
    assert roles(profile("m", codec=""), profile("s", 704, 576)) == {"m": "main", "s": "sub"}
    assert roles(profile("m", codec=""), profile("s", codec="")) == {"m": "main", "s": "sub"}


def test_reading_an_answer() -> None:
    """Names become ours; what is missing or absurd becomes zero."""
    encoder = SimpleNamespace(
        Encoding="H.265",
        Resolution=SimpleNamespace(Width=2560, Height=1440),
        RateControl=SimpleNamespace(FrameRateLimit=25, BitrateLimit=2_147_483_647),
    )
    raw = SimpleNamespace(token="t", Name=None, VideoEncoderConfiguration=encoder, PTZConfiguration=SimpleNamespace())
    bare = SimpleNamespace(token="u", Name="x" * 999)
    nameless = SimpleNamespace(Name="no token")
    first, second = read_profiles([raw, bare, nameless])
    assert (first.codec, first.width, first.fps, first.bitrate_kbps, first.movable) == ("hevc", 2560, 25.0, 0, True)
    assert first.name == "t"
    assert (second.codec, second.pixels, second.movable, len(second.name)) == ("", 0, False, MAX_TEXT)


def test_answers_are_bounded() -> None:
    """Nothing, and thousands."""
    assert read_profiles(None) == []
    assert len(read_profiles([SimpleNamespace(token=str(i)) for i in range(5_000)])) == MAX_PROFILES
    odd = SimpleNamespace(
        token="t", VideoEncoderConfiguration=SimpleNamespace(Resolution=SimpleNamespace(Width="wide"))
    )
    assert read_profiles([odd])[0].width == 0
