"""Tests of gateway.camera.snapshots.probe."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.client import Snapshot
from gateway.camera.snapshots.jpeg import read_header
from gateway.camera.snapshots.probe import GAP_S, SNAPSHOTS, Trouble, Verdict, Yardstick, judge, probe
from gateway.clock import FakeClock
from gateway.errors import CameraError, CameraSilent, StreamCorrupt
from gateway.types import Luma
from tests.unit.gateway.camera.snapshots.pictures import jpeg, jpeg_of, view, with_comment

OPEN = PrivacyMask()


def luma(seed: int, size: tuple[int, int] = (960, 540), light: float = 1.0) -> Luma:
    """Return the stream's keyframe of a place."""
    return np.asarray(cv2.cvtColor(view(seed, size, light=light), cv2.COLOR_BGR2GRAY), np.uint8)


def verdict(
    pictures: Sequence[bytes], reference: Luma | None = None, *, took_s: float = 0.2, cadence_s: float = 10.0
) -> Verdict:
    """Judge pictures that came a second apart."""
    found = []
    for number, picture in enumerate(pictures):
        header = read_header(picture)
        assert header is not None
        found.append(Snapshot(picture, float(number), took_s, header.width, header.height))
    return judge(found, Yardstick("cam", cadence_s, OPEN, reference))


def grainy(seed: int = 1, size: tuple[int, int] = (960, 540), light: float = 1.0) -> list[bytes]:
    """Return three snapshots of a place, each with its own noise."""
    return [jpeg(seed, size, grain=number, light=light) for number in (1, 2, 3)]


def test_the_same_picture_three_times_is_stale() -> None:
    """Also where the header tells another time each time."""
    for pictures in ([jpeg()] * 3, [with_comment(jpeg(), b"12:00:%02d" % n) for n in range(3)]):
        found = verdict(pictures)
        assert found.trouble is Trouble.STALE
        assert "one and the same picture" in found.detail


def test_a_clock_in_a_still_picture_is_proof_of_life() -> None:
    """A wall without noise, and a second that passes."""
    pictures = []
    for second in range(3):
        picture = view(1)
        cv2.putText(picture, f"12:00:0{second}", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2)
        pictures.append(jpeg_of(picture))
    assert verdict(pictures).sound


@pytest.mark.parametrize(
    ("took_s", "cadence_s", "sound"), [(1.6, 60, False), (1.4, 60, True), (0.6, 2, False), (0.4, 2, True)]
)
def test_slow_is_measured_by_the_clock_and_by_the_cadence(took_s: float, cadence_s: float, sound: bool) -> None:
    """Half a second is much where a look is due every two."""
    found = verdict(grainy(), took_s=took_s, cadence_s=cadence_s)
    assert found.sound is sound
    assert found.trouble in {None, Trouble.SLOW}


def test_a_stamp_is_too_small() -> None:
    """Below 320 px things cannot be told."""
    found = verdict(grainy(size=(176, 144)))
    assert found.trouble is Trouble.FAILED
    assert "176 x 144" in found.detail


def test_another_view_is_refused() -> None:
    """The zones were drawn in the stream's."""
    found = verdict(grainy(1), luma(2))
    assert found.trouble is Trouble.DIFFERENT
    assert not found.compared


def test_another_section_is_refused() -> None:
    """A square cut out of a wide picture."""
    assert verdict(grainy(1, (540, 540)), luma(1)).trouble is Trouble.DIFFERENT


def test_a_black_snapshot_of_a_lit_place_is_refused() -> None:
    """The stream shows something, the snapshot nothing."""
    black = [jpeg_of(np.random.default_rng(n).integers(0, 9, (540, 960, 3), np.uint8)) for n in range(3)]
    assert verdict(black, luma(1)).trouble is Trouble.DIFFERENT
    assert verdict(black, np.zeros((540, 960), np.uint8)).sound  # night over both


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (704, 576)])
@pytest.mark.parametrize("light", [0.3, 1.0])
def test_the_same_view_is_sound_in_any_size_and_light(size: tuple[int, int], light: float) -> None:
    """The stretched heritage size included."""
    found = verdict(grainy(1, size), luma(1, light=light))
    assert found == Verdict(None, "", 0.2, size, compared=True)


def test_a_mask_counts_on_both_sides() -> None:
    """The stream's keyframe comes masked; the same view is recognised all the same."""
    mask = PrivacyMask([((0.0, 0.0), (0.6, 0.0), (0.6, 1.0), (0.0, 1.0))])
    reference = luma(1)
    mask.paint(reference)
    found = [Snapshot(picture, 0.0, 0.1, 960, 540) for picture in grainy()]
    assert judge(found, Yardstick("cam", 10.0, mask, reference)).compared


def test_without_a_reference_nothing_is_compared() -> None:
    """And the verdict says so."""
    found = verdict(grainy())
    assert found.sound
    assert not found.compared


class Script:
    """A camera whose snapshots are given."""

    def __init__(self, clock: FakeClock, script: Sequence[bytes | CameraError]) -> None:
        self.clock = clock
        self.script = list(script)
        self.asked_s: list[float] = []

    async def fetch(self) -> Snapshot:
        self.asked_s.append(self.clock.monotonic())
        found = self.script.pop(0)
        if isinstance(found, CameraError):
            raise found
        return Snapshot(found, self.clock.monotonic(), 0.1, 960, 540)


class RunningClock(FakeClock):
    """Passes as soon as somebody waits."""

    async def sleep(self, seconds: float) -> None:
        await self.advance(seconds)


async def test_a_probe_takes_three_snapshots_apart() -> None:
    """Further than a printed clock's second."""
    clock = RunningClock()
    camera = Script(clock, grainy())
    assert (await probe(camera, Yardstick("cam", 10.0, OPEN), clock)).sound
    assert camera.asked_s == pytest.approx([n * GAP_S for n in range(SNAPSHOTS)])


@pytest.mark.parametrize("error", [CameraSilent("cam", "says nothing"), StreamCorrupt("cam")])
async def test_a_camera_that_fails_once_fails_the_probe(error: CameraError) -> None:
    """With the camera's own words, or the name of the trouble where it has none."""
    clock = RunningClock()
    found = await probe(Script(clock, [jpeg(), error]), Yardstick("cam", 10.0, OPEN), clock)
    assert found == Verdict(Trouble.FAILED, error.detail or error.state)


async def test_a_picture_that_cannot_be_decoded_fails_the_probe() -> None:
    """Whole by its markers, damaged inside."""
    damaged = jpeg(grain=4)
    damaged = damaged[: len(damaged) // 2] + damaged[-2:]
    clock = RunningClock()
    found = await probe(Script(clock, [*grainy()[:2], damaged]), Yardstick("cam", 10.0, OPEN), clock)
    assert found.trouble is Trouble.FAILED
