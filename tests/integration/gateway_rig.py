"""A whole deployment in processes of its own: simulated cameras, gateway and reference platform, seen from outside."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import av
import numpy as np
from playwright.async_api import Page, async_playwright, expect

ROOT = Path(__file__).resolve().parents[2]
READY_TIMEOUT_S = 120.0  # a migration, a model and the first connections on a loaded machine
STOP_TIMEOUT_S = 30.0  # the gateway's drain and its workers' come first
REQUEST_TIMEOUT_S = 20.0
PAGE_TIMEOUT_MS = 30_000
POLL_S = 0.2
SCENE_FPS = 10
SCENE_PX = (320, 180)
SCENE_S = 9.0
BLOCK_S = 3.0  # how long the block is in the picture in each round
LOG_TAIL_LINES = 120
BROWSER_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def free_port() -> int:
    """Return a TCP port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def write_scene(path: Path, first_s: float = 4.0) -> Path:
    """Encode a still, textured ground over which, from `first_s` on, a bright block moves; to be played in a loop."""
    ground = np.random.default_rng(1).integers(60, 120, (*SCENE_PX[::-1], 3), np.uint8)
    with av.open(str(path), "w") as output:
        options = {"g": str(SCENE_FPS), "bf": "0", "preset": "veryfast"}
        video = output.add_stream("libx264", rate=SCENE_FPS, options=options)
        assert isinstance(video, av.VideoStream)
        (video.width, video.height), video.pix_fmt = SCENE_PX, "yuv420p"
        for index in range(round(SCENE_S * SCENE_FPS)):
            picture = ground.copy()
            since_s = (index / SCENE_FPS - first_s) % SCENE_S
            if since_s < BLOCK_S:
                left = round(since_s / BLOCK_S * (SCENE_PX[0] - 60))
                picture[60:130, left : left + 60] = 240
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path


def moment(text: str) -> float:
    """Return a time of the API as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


async def until(
    holds: Callable[[], bool | Awaitable[bool]], timeout_s: float = READY_TIMEOUT_S, what: str = ""
) -> None:
    """Wait until something holds; the time limit only ends a test that has failed."""
    due = time.monotonic() + timeout_s
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < due, f"not within {timeout_s:.0f} s: {what or holds}"
        await asyncio.sleep(POLL_S)


class Program:
    """One of the gateway's commands as a process that can be killed and started again; its words go to a log."""

    def __init__(self, log: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.log = log
        self._arguments = arguments
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> Program:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", *self._arguments),
                env=self._environment,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def said(self) -> str:
        """Everything it has said so far, over all its starts."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    async def wait(self) -> int:
        """Wait until it ends by itself; return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def end(self, how: signal.Signals) -> None:
        """Send a signal and wait for the end, which is forced when it takes too long."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@dataclass
class Visitor:
    """Somebody signed in over HTTP; remembers every answer in words."""

    session: aiohttp.ClientSession
    csrf_token: str = ""
    heard: list[str] = field(default_factory=list)

    async def get(self, path: str, **query: str) -> Any:
        """Return an answer's JSON; anything but 2xx is raised as `aiohttp.ClientError`."""
        async with self.session.get(f"/api/v1{path}", params=query) as answer:
            self.heard.append(await answer.text())
            assert answer.status != 401, "the session was lost"
            answer.raise_for_status()
            return json.loads(self.heard[-1])

    async def post(self, path: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        async with self.session.post(f"/api/v1{path}", json=body, headers={"X-CSRF-Token": self.csrf_token}) as answer:
            self.heard.append(await answer.text())
            return answer.status, json.loads(self.heard[-1])

    async def fetch(self, address: str, **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        """Return status, body and headers of any address of the gateway."""
        async with self.session.get(address, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers.copy()

    async def every(self, path: str, **query: str) -> list[Any]:
        """Return the items of all pages of a list."""
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["next_cursor"]
        return found


class Rig:
    """One deployment below a folder; `deployment` stops all that was started here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        self.data = folder / "data"
        self.web_port, self.platform_port, self.rtsp_port = free_port(), free_port(), free_port()
        self.environment: dict[str, str] = {}
        self.passwords: dict[str, str] = {}
        self.programs: list[Program] = []
        self.front: Program | None = None
        self._secrets = [_webhook_secret(), _webhook_secret()]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def platform(self) -> str:
        return f"http://127.0.0.1:{self.platform_port}"

    def configure(self, cameras: Sequence[Mapping[str, Any]], **settings: Any) -> None:
        """Write a site of one grid with these cameras, and the gateway's settings."""
        self.site.mkdir()
        region, grid = {"code": "620702001001", "name": "r"}, {"id": "g1", "code": "62070200100101", "name": "g1"}
        grids = [{**grid, "region_code": region["code"]}]
        site = {"regions": [region], "grids": grids, "cameras": [{**_LEGAL, **camera} for camera in cameras]}
        (self.site / "site.yaml").write_text(json.dumps(site))  # JSON is YAML, and has no anchors
        values = {"data_dir": str(self.data), "port": self.web_port, **settings}
        toml = "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        sending, answering = self._secrets
        toml += f'[[endpoints]]\nid = "platform"\nurl = "{self.platform}/webhook"\n'
        toml += f'secret = "{sending}"\ncallback_secret = "{answering}"\n'
        (self.folder / "settings.toml").write_text(toml)

    def program(self, name: str, *arguments: str) -> Program:
        """Return a program that is stopped with the rig; not yet started."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GRIDPATROL_")}
        environment |= {
            "GRIDPATROL_SETTINGS": str(self.folder / "settings.toml"),
            "GRIDPATROL_RECEIVER_SECRET": self._secrets[0],
            "GRIDPATROL_RECEIVER_CALLBACK_SECRET": self._secrets[1],
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }
        made = Program(self.folder / f"{name}.log", arguments, environment)
        self.programs.append(made)
        return made

    async def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it said; it must succeed."""
        program = await self.program(f"command-{len(self.programs)}", *arguments).start()
        assert await program.wait() == 0, program.said
        return program.said

    async def simulate(self, *paths: str, options: Sequence[str] = (), port: int = 0) -> Program:
        """Serve cameras and wait until they can be opened."""
        port = port or self.rtsp_port
        program = self.program(f"simulator-{port}", "simulate", *paths, "--port", str(port), *options)
        await program.start()
        await until(lambda: not program.running or f":{port}/" in program.said, what="the simulator")
        assert program.running, program.said
        return program

    def receiver(self, *options: str) -> Program:
        """Return the reference platform, not yet started."""
        callback = f"{self.address}/api/v1/callbacks/platform"
        return self.program(
            *("receiver", "receiver", "--port", str(self.platform_port), "--data", str(self.folder / "platform.db")),
            *("--callback", callback, *options),
        )

    def gateway(self) -> Program:
        """Return the gateway, not yet started."""
        self.front = self.program("gateway", "run", "--config", str(self.site))
        return self.front

    async def add_operator(self, name: str = "operator") -> None:
        said = await self.run("accounts", "add", name, "--role", "operator", "--region=", "--display-name", name)
        self.passwords[name] = said.split()[-1]

    async def ready(self) -> None:
        """Wait until the gateway says that it is."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:

            async def answers() -> bool:
                assert self.front is not None
                assert self.front.running, "the gateway ended"
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.address}/readyz") as answer:
                        return answer.status == 200
                return False

            await until(answers, what="the gateway")

    @asynccontextmanager
    async def visitor(self, name: str = "operator") -> AsyncIterator[Visitor]:
        """Sign in over HTTP for the length of the block."""
        timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
        jar = aiohttp.CookieJar(unsafe=True)  # the gateway is at an address, not at a name
        async with aiohttp.ClientSession(self.address, timeout=timeout, cookie_jar=jar) as session:
            visitor = Visitor(session)
            status, answer = await visitor.post("/session", {"name": name, "password": self.passwords[name]})
            assert status == 200, answer
            visitor.csrf_token = answer["csrf_token"]
            yield visitor

    @asynccontextmanager
    async def page(self, chromium: str, name: str = "operator") -> AsyncIterator[Page]:
        """Sign in with a browser for the length of the block."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=list(BROWSER_ARGUMENTS))
            page = await browser.new_page(locale="zh-CN", viewport={"width": 1440, "height": 900})
            page.set_default_timeout(PAGE_TIMEOUT_MS)
            await page.goto(f"{self.address}/sign-in")
            await page.get_by_test_id("sign-in-name").fill(name)
            await page.get_by_test_id("sign-in-password").fill(self.passwords[name])
            await page.get_by_test_id("sign-in-submit").click()
            await expect(page).not_to_have_url(f"{self.address}/sign-in", timeout=PAGE_TIMEOUT_MS)
            try:
                yield page
            finally:
                await browser.close()

    async def cases(self) -> list[dict[str, Any]]:
        """Return what the platform has stored."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.platform}/cases.json") as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Read the gateway's database from outside."""
        address = f"file:{self.data / 'gridpatrol.db'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=REQUEST_TIMEOUT_S)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()

    def workers(self) -> dict[int, str]:
        """Return the shards of this deployment's living worker processes, by process id."""
        found: dict[int, str] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                if "worker" in words and str(self.data) in words:
                    found[int(folder.name)] = words[words.index("--shard") + 1]
        return found

    async def stop(self) -> None:
        """Stop everything in good order; workers of a gateway that was killed stop by themselves."""
        async with asyncio.TaskGroup() as group:
            for program in self.programs:
                group.create_task(program.end(signal.SIGTERM))
        due = time.monotonic() + STOP_TIMEOUT_S
        while self.workers() and time.monotonic() < due:  # noqa: ASYNC110  # processes, not tasks
            await asyncio.sleep(POLL_S)
        for pid in self.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def show_logs(self) -> None:
        """Print the end of every log: pytest keeps it to itself unless the test fails."""
        for log in sorted({program.log for program in self.programs if program.log.exists()}):
            lines = log.read_text("utf-8", "replace").splitlines()
            tail = [line for line in lines if not line.endswith("status=200")][-LOG_TAIL_LINES:]
            sys.stdout.write("\n".join([f"--- {log.name}", *tail, ""]))


_LEGAL: Mapping[str, Any] = {
    "grids": ["g1"],
    "position": {"lon": 100.4, "lat": 38.9, "place": "p"},
    "legal": {
        "purpose": "test",
        "legal_basis": "art7_gov",
        "installer_unit": "test",
        "placement_class": "public_road",
        "signage_confirmed": True,
    },
}


def stored_moment(text: str) -> float:
    """Return a time as SQLite keeps it (UTC, without saying so) as seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@asynccontextmanager
async def deployment(folder: Path) -> AsyncIterator[Rig]:
    """Give a deployment for the length of the block; its logs are printed at the end."""
    rig = Rig(folder)
    try:
        yield rig
    finally:
        await rig.stop()
        rig.show_logs()
