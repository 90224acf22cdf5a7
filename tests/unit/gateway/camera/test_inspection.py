"""Tests of gateway.camera.inspection."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.camera.decoder import KeyframeDecoders, PrivacyMask
from gateway.camera.gate import ActivityGate, DecodeRequest, GatePolicy
from gateway.camera.inspection import Inspection
from gateway.camera.packets import StoredPayload
from gateway.camera.ring import PacketRing
from gateway.errors import StreamCorrupt
from gateway.types import Frame, FrameOrigin, Outcome, Packet, VideoFormat
from tests.unit.gateway.camera.scripts import GOP, read_clip, write_clip

EVERY_SECOND = GatePolicy(armed=True, cadence_s=1.0)


class Rig:
    """Ring, gate and inspection wired as the watcher wires them, with work done at once."""

    def __init__(
        self, video: VideoFormat, moving_from_s: float, *, glance: bool, policy: GatePolicy = EVERY_SECOND
    ) -> None:
        self.video = video
        self.frames: list[Frame] = []
        self.outcomes: list[Outcome] = []
        self.moving_from_s = moving_from_s
        self.ring = PacketRing()
        self.gate = ActivityGate(policy, self.ring)
        self.inspection = Inspection(
            "cam",
            self.gate,
            KeyframeDecoders(),
            self.analyse,
            self.outcomes.append,
            PrivacyMask(),
            glance=(lambda f: f.at_s >= moving_from_s) if glance else None,
        )

    def analyse(self, frame: Frame) -> Outcome:
        self.frames.append(frame)
        return Outcome(frame.at_s, moving=frame.at_s >= self.moving_from_s, occupied=False)

    def play(self, packets: list[Packet]) -> list[float]:
        """Feed packets and return the moments analysed, rounded to a hundredth."""
        for packet in packets:
            self.ring.append(packet)
            for request in self.gate.offer(packet):
                self.inspection.work(request, self.video)
        return [round(f.at_s, 2) for f in self.frames]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[VideoFormat, list[Packet]]:
    """Four seconds of H.264 with a keyframe each second."""
    return read_clip(write_clip(tmp_path_factory.mktemp("clips") / "a.mp4", 4.0))


def test_a_quiet_camera_has_its_keyframes_analysed(clip: tuple[VideoFormat, list[Packet]]) -> None:
    """One look per second, nothing else."""
    rig = Rig(clip[0], moving_from_s=99.0, glance=False)
    assert rig.play(clip[1]) == [0.0, 1.0, 2.0, 3.0]
    assert [o.at_s for o in rig.outcomes] == [f.at_s for f in rig.frames]


def test_a_look_that_moves_is_followed_by_a_burst(clip: tuple[VideoFormat, list[Packet]]) -> None:
    """From 2.0 s on five frames a second, none of them twice, in order of time."""
    rig = Rig(clip[0], moving_from_s=1.5, glance=False)
    moments = rig.play(clip[1])
    assert moments[:3] == [0.0, 1.0, 2.0]
    assert all(b - a == pytest.approx(0.2, abs=0.001) for a, b in pairwise(moments[2:]))
    assert {f.origin for f in rig.frames[3:]} == {FrameOrigin.BURST}


def test_a_glance_lets_the_analysis_see_how_it_began(clip: tuple[VideoFormat, list[Packet]]) -> None:
    """The keyframe at 2.0 s moves: the second before it is analysed first, in order, and it only once."""
    rig = Rig(clip[0], moving_from_s=1.5, glance=True)
    moments = rig.play(clip[1])
    assert moments[:7] == [0.0, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0]
    assert all(b > a for a, b in pairwise(moments))


def test_patient_rules_see_each_keyframe_once_from_before_the_change(clip: tuple[VideoFormat, list[Packet]]) -> None:
    """Looked at every 3 s: the look at 3.0 s shows something, so those at 1 and 2 s are analysed first."""
    patient = GatePolicy(armed=True, cadence_s=3.0, dwell_s=60.0)
    rig = Rig(clip[0], moving_from_s=1.5, glance=True, policy=patient)
    assert rig.play(clip[1]) == [0.0, 1.0, 2.0, 3.0]
    assert rig.gate.bursts == 0


def test_patient_rules_decode_no_keyframe_twice_while_something_moves(
    clip: tuple[VideoFormat, list[Packet]],
) -> None:
    """Nothing was passed over: what was glanced at is analysed at once."""
    patient = GatePolicy(armed=True, cadence_s=1.0, dwell_s=60.0)
    rig = Rig(clip[0], moving_from_s=1.0, glance=True, policy=patient)
    assert rig.play(clip[1]) == [0.0, 1.0, 2.0, 3.0]
    assert rig.gate.looks == 4


def test_nothing_is_analysed_back_in_time(clip: tuple[VideoFormat, list[Packet]]) -> None:
    """A look that waited behind a burst which has passed it is left out."""
    rig = Rig(clip[0], moving_from_s=0.0, glance=False)
    rig.play(clip[1])
    count = rig.inspection.frames
    rig.inspection.work(DecodeRequest(FrameOrigin.LOOK, (clip[1][GOP],)), clip[0])
    assert rig.inspection.frames == count


def test_a_new_format_gets_a_new_decoder(clip: tuple[VideoFormat, list[Packet]], tmp_path: Path) -> None:
    """A camera that comes back with another codec is decoded with that codec."""
    rig = Rig(clip[0], moving_from_s=0.0, glance=False)
    rig.play(clip[1][:30])
    video, packets = read_clip(write_clip(tmp_path / "b.mp4", 1.0, codec="libx265", size=(192, 128)))
    later = [Packet(p.payload, p.pts, p.dts, p.time_base, p.keyframe, p.size, p.at_s + 10) for p in packets]
    rig.video = video
    rig.inspection.work(DecodeRequest(FrameOrigin.BURST, tuple(later), restart=True), video)
    assert rig.frames[-1].luma.shape == (128, 192)


def test_keyframes_that_cannot_be_decoded_are_counted(clip: tuple[VideoFormat, list[Packet]]) -> None:
    """A stream of which nothing can be seen is a fault of the camera's."""
    video, packets = clip
    rig = Rig(video, moving_from_s=99.0, glance=False)
    torn = replace(packets[0], payload=StoredPayload(bytes(packets[0].size)))
    with pytest.raises(StreamCorrupt):
        rig.play([torn])
    assert rig.inspection.undecodable == 1
