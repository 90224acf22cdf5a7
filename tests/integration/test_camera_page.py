"""Five kinds of camera trouble and one good camera, side by side in one gateway: each shows its own state."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.integration.gateway_rig import PAGE_TIMEOUT_MS, Rig, Visitor, moment, stored_moment, until, write_scene

pytestmark = pytest.mark.unpaced

STATE_WITHIN_S = 15.0  # the promise: a camera's trouble has its name within this time
RETRIES_TIMEOUT_S = 150.0
LEAST_RETRIES = 3
# The pauses there would be without jitter, after refused credentials and after anything else.
UNSHAKEN_S = {float(base << doublings) for base in (1, 30) for doublings in range(10)} | {60.0, 600.0}
USER, RIGHT, WRONG = "viewer", "r1ght-Pa55:w@rd", "wr0ng-Pa55:w@rd"
# What the page must say, in the words of its Chinese edition.
STATES = {
    "dead": ("unreachable", "主机不可达"),
    "good": ("online", "在线"),
    "locked": ("auth_failed", "密码错误"),
    "mute": ("silent", "无响应"),
    "resetting": ("reset", "连接被重置"),
    "sound": ("not_video", "不是视频流"),
}
FAULTY = sorted(set(STATES) - {"good"})
SOUND_ONLY = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n"


@contextmanager
def peer(behave: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server whose connections all behave alike; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    with suppress(OSError):
                        behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            thread.join()


@contextmanager
def dead_host() -> Iterator[int]:
    """A port at which connection attempts vanish: its queue is full, so that the kernel drops them."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def say_nothing(_: socket.socket) -> None:
    """Leave the connection open."""


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def describe_sound(connection: socket.socket) -> None:
    """Answer every request; the description holds a sound track only."""
    while request := connection.recv(4096):
        cseq = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq"))
        body = SOUND_ONLY if request.startswith(b"DESCRIBE") else b""
        head = b"RTSP/1.0 200 OK\r\n%b\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n" % cseq
        kind = b"Content-Type: application/sdp\r\n" if body else b""
        connection.sendall(head + kind + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def camera(camera_id: str, port: int, **stream: str) -> dict[str, Any]:
    """A camera with one rule, so that it is looked at."""
    return {
        "id": camera_id,
        "name": camera_id,
        "streams": [{"url": f"rtsp://127.0.0.1:{port}/{camera_id}", **stream}],
        "zones": [{"id": "z", "name": "z", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
        "rules": [{"id": "enter", "type": "zone_intrusion", "zone": "z"}],
    }


@dataclass
class Seen:
    """What the API has told of the cameras' states."""

    first_at: dict[str, float] = field(default_factory=dict)  # when the awaited state was first shown
    others: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # states shown after that
    # By camera: pause until the next try, by number of failed tries.
    pauses_s: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    next_tries: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    looks: list[int] = field(default_factory=list)  # of the good camera

    def take(self, cameras: list[Mapping[str, Any]]) -> None:
        for shown in cameras:
            camera_id, state = shown["id"], shown["state"]
            if state["state"] == STATES[camera_id][0]:
                self.first_at.setdefault(camera_id, time.time())
            elif camera_id in self.first_at:
                self.others[camera_id].add(state["state"])
            if state["next_try_at"] is not None:
                pause_s = moment(state["next_try_at"]) - moment(state["updated_at"])
                self.pauses_s[camera_id].setdefault(state["attempts"], pause_s)
                self.next_tries[camera_id].add(state["next_try_at"])
            if camera_id == "good":
                self.looks.append(state["looks"])

    def all_named(self) -> bool:
        return set(self.first_at) == set(STATES)

    def all_tried_again(self) -> bool:
        """Quick troubles several times; a refused password is tried again only after half a minute."""
        return all(len(self.pauses_s[i]) >= (2 if i == "locked" else LEAST_RETRIES) for i in FAULTY)


async def watch(visitor: Visitor, seen: Seen, enough: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Ask the API for the cameras until it has told enough."""

    async def told_enough() -> bool:
        seen.take((await visitor.get("/cameras"))["items"])
        return enough()

    await until(told_enough, timeout_s, what)


def began_at(rig: Rig) -> dict[str, float]:
    """When each camera's worker began to watch, in seconds since 1970."""
    rows = rig.rows("SELECT camera_ids, started_at FROM workers")
    return {i: stored_moment(row["started_at"]) for row in rows for i in json.loads(row["camera_ids"])}


def check_retries(seen: Seen) -> None:
    """Tries are counted one by one, each has its own moment, and no camera keeps to the bare doubling."""
    for camera_id in FAULTY:
        pauses_s = seen.pauses_s[camera_id]
        assert max(pauses_s) > min(pauses_s) >= 1, camera_id
        assert len(seen.next_tries[camera_id]) >= len(pauses_s), camera_id
        assert {round(pause_s, 3) for pause_s in pauses_s.values()} - UNSHAKEN_S, f"{camera_id} pauses without jitter"


async def check_page(page: Page, rig: Rig) -> list[str]:
    """The camera list shows the words of each state; return everything that pages showed."""
    await page.goto(f"{rig.address}/cameras")
    texts = []
    for camera_id, (state, words) in STATES.items():
        item = page.get_by_test_id("camera-item").filter(has=page.get_by_text(camera_id, exact=True))
        chip = item.get_by_test_id("camera-state")
        await expect(chip).to_have_attribute("data-state", state, timeout=PAGE_TIMEOUT_MS)
        await expect(chip).to_contain_text(words)
    texts.append(await page.content())
    for camera_id, (state, words) in STATES.items():
        await page.goto(f"{rig.address}/cameras/{camera_id}")
        chip = page.get_by_test_id("camera-state").first
        await expect(chip).to_have_attribute("data-state", state, timeout=PAGE_TIMEOUT_MS)
        await expect(chip).to_contain_text(words)
        texts.append(await page.content())
    return texts


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.usefixtures("built_pages")
async def test_each_trouble_has_its_own_state_and_the_others_go_on(rig: Rig, chromium: str) -> None:
    """Wrong password, dead host, mute host, stream without video, resetting port; and one that works."""
    scene = await asyncio.to_thread(write_scene, rig.folder / "scene.mp4")
    rig.environment |= {"RIGHT_PASSWORD": RIGHT, "WRONG_PASSWORD": WRONG}
    with dead_host() as dead, peer(say_nothing) as mute, peer(reset) as resetting, peer(describe_sound) as sound:
        rig.configure(
            [
                camera("good", rig.rtsp_port, username=USER, password_env="RIGHT_PASSWORD"),
                camera("locked", rig.rtsp_port, username=USER, password_env="WRONG_PASSWORD"),
                camera("dead", dead, username=USER, password_env="RIGHT_PASSWORD"),
                camera("mute", mute, username=USER, password_env="RIGHT_PASSWORD"),
                camera("resetting", resetting, username=USER, password_env="RIGHT_PASSWORD"),
                camera("sound", sound, username=USER, password=WRONG),
            ],
            log_level="debug",
        )
        await rig.add_operator()
        login = ["--user", f"{USER}:{RIGHT}", "--auth", "digest"]
        await rig.simulate(f"good={scene}", f"locked={scene}", options=login)
        gateway = await rig.gateway().start()
        await rig.ready()
        async with rig.visitor() as visitor, rig.page(chromium) as page:
            seen = Seen()
            await watch(visitor, seen, seen.all_named, RETRIES_TIMEOUT_S, "each camera's own state")
            began = began_at(rig)
            took_s = {camera_id: round(at - began[camera_id], 1) for camera_id, at in seen.first_at.items()}
            sys.stdout.write(f"seconds until each state was shown: {took_s}\n")
            assert max(took_s.values()) <= STATE_WITHIN_S, took_s
            await watch(visitor, seen, seen.all_tried_again, RETRIES_TIMEOUT_S, "every camera tried again")
            check_retries(seen)
            texts = await check_page(page, rig)
            looks = len(seen.looks), seen.looks[-1]
            await watch(visitor, seen, lambda: seen.looks[-1] > looks[1], RETRIES_TIMEOUT_S, "looks growing")
            for camera_id in STATES:
                await visitor.get(f"/cameras/{camera_id}")
        assert dict(seen.others) == {}, "a state changed"
        assert seen.looks == sorted(seen.looks)
        shown = "\n".join([*visitor.heard, *texts, gateway.said])
        encoded = [base64.b64encode(f"{USER}:{word}".encode()).decode() for word in (RIGHT, WRONG)]
        assert [secret for secret in (RIGHT, WRONG, *encoded) if secret in shown] == []
