"""Every fault of the simulator as its clients meet it: bare sockets, PyAV, and plain HTTP."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import re
import struct
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import av
import av.error
import cv2
import numpy as np
import pytest

from gateway.simulator.clip import load_clip
from gateway.simulator.faults import parse_fault
from gateway.simulator.server import PathSpec
from tests.integration.simulator_rig import (
    PASSWORD,
    TIMEOUT_S,
    USERNAME,
    Packet,
    PlainClient,
    Running,
    pictures,
    serving,
)
from tests.unit.gateway.simulator.clips import Recording, encode

FPS = 25
GOP = 10
FRAME_TICKS = 3600
NTP_EPOCH_OFFSET_S = 2_208_988_800
# Of each path, by its name; the files of `switch` are put in below.
FAULTS: dict[str, tuple[str, ...]] = {
    "none": (),
    "stall": ("stall@0.5s+0.6s",),
    "half_open": ("half_open@0.5s",),
    "silent": ("silent@0s+0.5s",),
    "reset": ("reset@0.4s",),
    "end": ("end@0.4s",),
    "auth": ("auth@0.4s",),
    "busy": ("busy@0s+0.4s",),
    "not_found": ("not_found@0s+0.4s",),
    "refuse": ("refuse@0s+0.4s",),
    "loss": ("loss=20%",),
    "mid_gop_loss": ("mid_gop_loss@0.3s",),
    "reorder": ("reorder=30%",),
    "corrupt": ("corrupt=50%",),
    "garbage": ("garbage",),
    "udp": ("loss=3%", "reorder=10%", "garbage"),
    "slow": ("slow=25%@0.4s+0.8s",),
    "jitter": ("jitter=150",),
    "no_rtcp": ("no_rtcp",),
    "tiny_nals": ("tiny_nals=300",),
    "truncate": ("truncate",),
    "freeze": ("freeze@3s",),  # late: opening takes PyAV a while on a loaded machine
    "clock": ("clock_offset=-100", "clock_step=+40@0.2s"),
    "clock_rate": ("clock_rate=50000",),
    "pts_jump": ("pts_jump=-10@0.4s",),
    "pts_back": ("pts_back",),
    "pts_wrap": ("pts_wrap=0.5",),
    "snap_stale": ("snap_stale@0.3s",),
    "snap_slow": ("snap_slow=0.3",),
    "snap_other": ("snap_other",),
    "snap_error": ("snap_error",),
    "snap_truncated": ("snap_truncated",),
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A second each of small and larger H.264 and of H.265."""
    folder = tmp_path_factory.mktemp("clips")
    return {
        "small": encode(folder / "small.mp4", Recording(gop=GOP)),
        "large": encode(folder / "large.mp4", Recording(gop=GOP, size=(320, 180), noise=True)),
        "hevc": encode(folder / "hevc.mkv", Recording(codec="libx265", gop=GOP)),
    }


@pytest.fixture(scope="module")
def running(clips: dict[str, Path]) -> Iterator[Running]:
    """One server; the clock of each path's faults begins with its test."""
    switches = {
        "switch": (f"switch={clips['large']}@3s",),
        "switch_codec": (f"switch={clips['hevc']}@0.4s",),
        "snap_other_file": (f"snap_other={clips['large']}",),
    }
    heavy = {"loss", "reorder", "corrupt", "truncate"}  # several packets a picture
    specs = [
        PathSpec(
            name,
            clips["large" if name in heavy else "small"],
            faults=tuple(parse_fault(text)[1] for text in texts),
        )
        for name, texts in (FAULTS | switches).items()
    ]
    specs += [
        PathSpec("digest/cam", clips["small"], auth="digest", username=USERNAME, password=PASSWORD),
        PathSpec("offset", clips["small"], clock_offset_s=3600.0),
    ]
    with serving(specs, http_port=0) as server:
        yield server


def playing(running: Running, path: str) -> PlainClient:
    """A client that plays a path."""
    return PlainClient(running.server.url(path)).play()


def steps(packets: list[Packet]) -> list[int]:
    """Signed differences of the RTP times of pictures."""
    stamps = [group[0].timestamp for group in pictures(packets)]
    return [((b - a + 2**31) & 0xFFFFFFFF) - 2**31 for a, b in itertools.pairwise(stamps)]


def reports(packets: list[Packet]) -> list[tuple[float, int]]:
    """Wall clock (Unix seconds) and RTP time of the sender reports."""
    found = []
    for packet in packets:
        if packet.channel == 1 and packet.data[1] == 200:
            ntp, rtp = struct.unpack_from(">QI", packet.data, 8)
            found.append((ntp / 2**32 - NTP_EPOCH_OFFSET_S, rtp))
    return found


def longest_gap_s(packets: list[Packet]) -> float:
    """Between two arrivals."""
    return max(b.at_s - a.at_s for a, b in itertools.pairwise(packets))


def test_stall_keeps_the_connection_and_goes_on_with_a_keyframe(running: Running) -> None:
    """Nothing for 0.6 s while requests are answered; then parameter sets first."""
    with playing(running, "stall") as client:
        before = client.packets(0.7)
        assert client.ask("GET_PARAMETER")[0] == 200
        after = client.rtp(1.2)
    assert before
    assert after[0].at_s - before[-1].at_s > 0.4
    assert after[0].nal_type == 7


def test_half_open_says_nothing_any_more(running: Running) -> None:
    """Neither packets nor answers nor an end; a new connection is accepted and left alone too."""
    with playing(running, "half_open") as client:
        assert client.packets(0.6)
        client.packets(0.1)
        client.send("GET_PARAMETER")
        assert client.packets(0.5) == []
        assert client.ends(0.1) == "open"
        with PlainClient(client.url) as other:
            other.send("DESCRIBE")
            assert other.ends(0.3) == "open"


def test_silent_accepts_and_does_not_answer(running: Running) -> None:
    """Until it is over."""
    with PlainClient(running.server.url("silent")) as client:
        client.send("DESCRIBE")
        assert client.ends(0.6) == "open"
        assert client.ask("DESCRIBE")[0] == 200


def test_refuse_resets_who_asks(running: Running) -> None:
    """The port is shared, so it takes a request; other paths are served."""
    with PlainClient(running.server.url("refuse")) as client:
        client.send("OPTIONS")
        assert client.ends(TIMEOUT_S) == "reset"
    with PlainClient(running.server.url("none")) as client:
        assert client.ask("DESCRIBE")[0] == 200
    time.sleep(0.4)
    with PlainClient(running.server.url("refuse")) as client:
        assert client.ask("DESCRIBE")[0] == 200


def test_refuse_of_all_paths_resets_at_once(clips: dict[str, Path]) -> None:
    """Before anything is asked."""
    spec = PathSpec("cam", clips["small"], faults=(parse_fault("refuse")[1],))
    with serving([spec]) as running, PlainClient(running.server.url("cam")) as client:
        assert client.ends(TIMEOUT_S) == "reset"


@pytest.mark.parametrize(("path", "end"), [("reset", "reset"), ("end", "closed")])
def test_sessions_are_ended_once(running: Running, path: str, end: str) -> None:
    """With a reset, or with BYE and a good end; who comes after sees pictures."""
    with playing(running, path) as client:
        if path == "end":
            assert client.packets(1.0)[-1].data[1] == 203
        assert client.ends(TIMEOUT_S) == end
    with playing(running, path) as client:
        assert len(pictures(client.rtp(0.8))) > 10


def test_auth_fails_for_running_and_new_sessions(running: Running) -> None:
    """401 to the next request of a session, and to PyAV."""
    with playing(running, "auth") as client:
        client.packets(0.5)
        assert client.ask("GET_PARAMETER")[0] == 401
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(running.server.url("auth"), options={"rtsp_transport": "tcp"}, timeout=TIMEOUT_S)


@pytest.mark.parametrize(("path", "method", "status"), [("busy", "SETUP", 453), ("not_found", "DESCRIBE", 404)])
def test_refusals_that_pass(running: Running, path: str, method: str, status: int) -> None:
    """A status while it is in force, then pictures."""
    with PlainClient(running.server.url(path)) as client:
        assert client.ask(method, Transport="RTP/AVP/TCP;unicast")[0] == status
        client.packets(0.5)
        client.play()
        assert client.rtp(0.3)


def test_loss_leaves_gaps(running: Running) -> None:
    """About a fifth of the sequence numbers is missing."""
    with playing(running, "loss") as client:
        got = client.rtp(1.2)
    numbers = [p.sequence for p in got]
    expected = ((numbers[-1] - numbers[0]) & 0xFFFF) + 1
    assert 0.7 < len(numbers) / expected < 0.9


def test_mid_gop_loss_is_one_group_without_its_rest(running: Running) -> None:
    """Between two keyframes nothing, with a gap in the numbers; once."""
    with playing(running, "mid_gop_loss") as client:
        groups = pictures(client.rtp(2.4))
    keys = [i for i, group in enumerate(groups) if group[0].nal_type == 7]
    # The clip of 25 pictures has groups of 10, 10 and 5.
    sizes = [b - a for a, b in itertools.pairwise(keys)]
    assert sizes.count(1) == 1
    assert set(sizes) == {1, 5, 10}


def test_reorder_swaps_neighbours(running: Running) -> None:
    """Nothing is lost, something is out of order."""
    with playing(running, "reorder") as client:
        numbers = [p.sequence for p in client.rtp(0.8)]
    jumps = {(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)}
    assert 0xFFFF in jumps
    assert jumps <= {1, 2, 3, 0xFFFF, 0xFFFE}


def test_corrupt_packets_differ_from_the_file(running: Running, clips: dict[str, Path]) -> None:
    """About half of them; their numbers and sizes are right."""
    sound = payloads(clips["large"])
    with playing(running, "corrupt") as client:
        got = client.rtp(1.0)
    broken = sum(p.data[12:] not in sound for p in got)
    assert 0.4 < broken / len(got) < 0.6
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(got)} == {1}
    assert {len(p.data) - 12 for p in got} <= {len(payload) for payload in sound}


def payloads(file: Path) -> set[bytes]:
    """All RTP payloads of a file."""
    units = [u.packets for u in load_clip(file).units]
    return {
        unit.layout[start + 16 : end]
        for unit in units
        for start, end in zip(unit.starts, (*unit.starts[1:], len(unit.layout)), strict=True)
    }


def test_bad_udp_line_still_shows_pictures(running: Running) -> None:
    """Losses, swaps and stray datagrams at once; PyAV sees most of it."""
    options = {"rtsp_transport": "udp", "reorder_queue_size": "50"}
    with av.open(running.server.url("udp"), options=options, timeout=TIMEOUT_S) as container:
        assert len(list(itertools.islice(container.demux(video=0), 30))) == 30


def test_garbage_lies_between_packets(running: Running) -> None:
    """Who looks for the next packet finds all of them."""
    with playing(running, "garbage") as client:
        got = client.rtp(0.8)
    assert len(client.skipped) > 100
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(got)} == {1}


def test_slow_falls_behind_and_catches_up(running: Running) -> None:
    """A quarter of the pictures while it is slow, all of them afterwards, none missing."""
    with playing(running, "slow") as client:
        begun_s = time.monotonic()
        groups = pictures(client.rtp(1.6))
    slow = [g for g in groups if 0.5 < g[0].at_s - begun_s < 1.1]
    assert len(slow) <= 8
    assert len(groups) >= 35
    assert {(b[0].timestamp - a[0].timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(groups)} == {FRAME_TICKS}


def test_jitter_is_late_by_chance(running: Running) -> None:
    """Gaps of more than two frames, no picture missing."""
    with playing(running, "jitter") as client:
        got = client.rtp(1.5)
    assert longest_gap_s(got) > 0.08
    assert set(steps(got)) == {FRAME_TICKS}


def test_no_rtcp(running: Running) -> None:
    """Pictures and no report."""
    with playing(running, "no_rtcp") as client:
        assert {p.channel for p in client.packets(0.4)} == {0}


def test_tiny_nals_come_before_each_picture(running: Running) -> None:
    """300 SEI units each, which PyAV survives."""
    with playing(running, "tiny_nals") as client:
        groups = pictures(client.rtp(0.4))
    assert {sum(p.nal_type == 6 for p in group) for group in groups} >= {300}
    assert decoded(running, "tiny_nals", 10) == [(160, 90)] * 10


def test_truncate_halves_pictures(running: Running, clips: dict[str, Path]) -> None:
    """Each has half as many packets as the file's picture, the marker on the last, no gap in the numbers."""
    with playing(running, "truncate") as client:
        got = client.rtp(0.6)
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in itertools.pairwise(got)} == {1}
    sizes = [len(unit.packets.starts) for unit in load_clip(clips["large"]).units]
    assert {len(group) for group in pictures(got)} <= {(size + 1) // 2 for size in sizes}
    assert min(sizes) > 2


def test_freeze_shows_one_picture(running: Running) -> None:
    """The moving column stands still; time goes on."""
    columns: list[int] = []
    stamps: list[int] = []
    with av.open(running.server.url("freeze"), options={"rtsp_transport": "tcp"}, timeout=TIMEOUT_S) as container:
        for frame in itertools.islice(container.decode(video=0), 250):
            columns.append(int(frame.to_ndarray(format="gray").mean(axis=0).argmax()))
            stamps.append(frame.pts or 0)
            if len(columns) > 30 and len(set(columns[-15:])) == 1:
                break
    assert len(set(columns)) > 4
    assert len(set(columns[-15:])) == 1
    assert stamps == sorted(set(stamps))


def decoded(running: Running, path: str, count: int) -> list[tuple[int, int]]:
    """Sizes of the first pictures that PyAV decodes."""
    with av.open(running.server.url(path), options={"rtsp_transport": "tcp"}, timeout=TIMEOUT_S) as container:
        return [(f.width, f.height) for f in itertools.islice(container.decode(video=0), count)]


def test_switch_changes_the_size_on_the_way(running: Running) -> None:
    """No reconnect, RTP time goes on; PyAV shows the new size."""
    sizes = decoded(running, "switch", 110)
    assert sizes[0] == (160, 90)
    assert sizes[-1] == (320, 180)


def test_switch_keeps_rtp_time(running: Running) -> None:
    """A plain client sees steps of about one frame throughout."""
    with playing(running, "switch_codec") as client:
        before = client.rtp(1.2)
        assert client.ends(TIMEOUT_S) == "closed"
    assert set(steps(before)) == {FRAME_TICKS}
    with PlainClient(running.server.url("switch_codec")) as client:
        assert "H265/90000" in client.ask("DESCRIBE")[1]
    assert decoded(running, "switch_codec", 5) == [(160, 90)] * 5


def test_wall_clock_is_off_and_steps(running: Running) -> None:
    """The first report is 100 s behind; after the step a new viewer is told 60 s."""
    ((first_s, _),) = reports_of(running, "clock")
    assert first_s - time.time() == pytest.approx(-100, abs=1)
    time.sleep(0.2)
    ((second_s, _),) = reports_of(running, "clock")
    assert second_s - time.time() == pytest.approx(-60, abs=1)


def reports_of(running: Running, path: str) -> list[tuple[float, int]]:
    """What a new viewer is told at its beginning."""
    with playing(running, path) as client:
        return reports(client.packets(0.15))


def test_clock_rate_moves_both_clocks(running: Running) -> None:
    """5 % fast: two reports tell more time than has passed, in RTP and in wall-clock time alike."""
    ((first_s, first_rtp),) = reports_of(running, "clock_rate")
    begun_s = time.monotonic()
    time.sleep(1.0)
    ((second_s, second_rtp),) = reports_of(running, "clock_rate")
    passed_s = second_s - first_s
    assert passed_s / (time.monotonic() - begun_s) == pytest.approx(1.05, abs=0.03)
    assert ((second_rtp - first_rtp) & 0xFFFFFFFF) / 90_000 == pytest.approx(passed_s, abs=0.01)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("pts_jump", {FRAME_TICKS, FRAME_TICKS - 900_000}), ("pts_back", {3600, 3600 - 45_000, 3600 + 45_000})],
)
def test_rtp_time_goes_wrong(running: Running, path: str, expected: set[int]) -> None:
    """Once for good, or now and then."""
    with playing(running, path) as client:
        assert set(steps(client.rtp(1.0))) == expected


def test_rtp_time_wraps(running: Running) -> None:
    """Within a second, without a seam for PyAV."""
    with playing(running, "pts_wrap") as client:
        got = client.rtp(1.0)
    stamps = [p.timestamp for p in got]
    assert max(stamps) > 2**32 - 45_001
    assert min(stamps) < 90_000
    assert set(steps(got)) == {FRAME_TICKS}


class Shots:
    """A plain HTTP client for snapshots, on one connection."""

    def __init__(self, running: Running, path: str) -> None:
        parts = urlsplit(running.server.snapshot_url(path))
        assert parts.hostname is not None
        self.path = parts.path
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)

    def __enter__(self) -> Shots:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def get(self, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask once more."""
        self.connection.request("GET", self.path, headers=headers)
        response = self.connection.getresponse()
        return response, response.read()

    def picture(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """The decoded picture of a good answer."""
        response, body = self.get()
        assert response.status == 200
        assert response.headers["Content-Type"] == "image/jpeg"
        return np.asarray(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def column(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    """Where the bright column stands."""
    return int(picture.mean(axis=0).argmax())


def test_snapshots_are_of_the_present(running: Running) -> None:
    """Without any viewer, on one connection; the bytes always differ, the picture moves on."""
    with Shots(running, "none") as shots:
        bodies = {shots.get()[1] for _ in range(3)}
        columns: set[int] = set()
        until_s = time.monotonic() + TIMEOUT_S
        while len(columns) < 2 and time.monotonic() < until_s:
            columns.add(column(shots.picture()))
    assert len(bodies) == 3
    assert len(columns) == 2


def test_snapshots_are_cheap_once_made(running: Running) -> None:
    """A hundred on one connection are served from three encoded keyframes."""
    with Shots(running, "none") as shots:
        for _ in range(100):
            assert shots.get()[0].status == 200


def test_snapshot_date_is_the_camera_s(running: Running) -> None:
    """An hour ahead."""
    with Shots(running, "offset") as shots:
        date = parsedate_to_datetime(shots.get()[0].headers["Date"])
    assert date.timestamp() - time.time() == pytest.approx(3600, abs=2)


def test_snapshot_wants_the_path_s_password(running: Running) -> None:
    """Digest as over RTSP, the nonce good for the next requests too."""
    with Shots(running, "digest/cam") as shots:
        response, _ = shots.get()
        assert response.status == 401
        given = dict(re.findall(r'(\w+)="([^"]*)"', response.headers["WWW-Authenticate"]))
        secret = md5(f"{USERNAME}:{given['realm']}:{PASSWORD}")
        answer = md5(f"{secret}:{given['nonce']}:{md5(f'GET:{shots.path}')}")
        fields = {"username": USERNAME, **given, "uri": shots.path, "response": answer}
        header = "Digest " + ", ".join(f'{k}="{v}"' for k, v in fields.items())
        assert [shots.get(Authorization=header)[0].status for _ in range(2)] == [200, 200]
        assert shots.get(Authorization=header.replace(answer, md5("no")))[0].status == 401


def md5(text: str) -> str:
    """Hex."""
    return hashlib.md5(text.encode()).hexdigest()


def test_snapshot_of_nothing(running: Running) -> None:
    """404 for another path, 405 for another method."""
    with Shots(running, "none") as shots:
        shots.connection.request("GET", "/snapshot/other")
        response = shots.connection.getresponse()
        response.read()
        assert response.status == 404
        shots.connection.request("POST", shots.path, body=b"x")
        assert shots.connection.getresponse().status == 405


def test_snapshots_go_stale(running: Running) -> None:
    """The same bytes for longer than the clip's groups."""
    with Shots(running, "snap_stale") as shots:
        first = shots.get()[1]
        time.sleep(0.4)
        stale = shots.get()[1]
        time.sleep(0.5)
        assert shots.get()[1] == stale
    assert stale != first


def test_snapshots_are_slow(running: Running) -> None:
    """By what was asked for."""
    with Shots(running, "snap_slow") as shots:
        begun_s = time.monotonic()
        shots.picture()
    assert time.monotonic() - begun_s >= 0.3


def test_snapshots_of_another_view(running: Running) -> None:
    """Upside down of the path's own, or of another file."""
    with Shots(running, "snap_other") as shots:
        assert shots.picture().shape == (90, 160)
    with Shots(running, "snap_other_file") as shots:
        assert shots.picture().shape == (180, 320)


def test_snapshots_that_fail(running: Running) -> None:
    """500; or a whole answer with half a picture."""
    with Shots(running, "snap_error") as shots:
        assert shots.get()[0].status == 500
    with Shots(running, "snap_truncated") as shots:
        response, body = shots.get()
    assert len(body) == int(response.headers["Content-Length"])
    assert body.startswith(b"\xff\xd8")
    assert not body.endswith(b"\xff\xd9")
