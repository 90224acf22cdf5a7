"""The demonstration: a simulated site, the gateway and a reference platform as separate processes."""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "camera_configs" / "examples" / "site"
# Which painted scene each camera of the example site shows.
SCENES = {
    "east-street-3": "fire_lane",
    "weir-1": "weir",
    "square-1": "square",
    "south-slope-2": "forest",
    "market-1": "covered",
    "school-gate-1": "rain",
    "river-bend-2": "weir",
    "community-gate-5": "night",
}
ACCOUNTS = (
    ("admin", "admin", "系统管理员", ()),
    ("operator", "operator", "综治中心值守", ("--region=",)),
    ("worker", "grid_worker", "东街网格员", ("--grid=dongjie-1",)),
)
READY_TIMEOUT_S = 90.0  # eight first connections and a migration on a slow machine
STOP_TIMEOUT_S = 25.0  # the gateway's own drain and its workers' come first
POLL_S = 0.2


@dataclass(frozen=True)
class Demo:
    """Where everything of one demonstration lies and listens."""

    folder: Path
    web_port: int
    rtsp_port: int
    platform_port: int

    @property
    def address(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def platform(self) -> str:
        """The reference platform's address."""
        return f"http://127.0.0.1:{self.platform_port}"

    @property
    def settings(self) -> Path:
        """The gateway's settings file, with this demonstration's own secrets."""
        return self.folder / "gridpatrol.toml"


def free_port(wanted: int) -> int:
    """Return the wanted port of this machine if nobody has it, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def webhook_secret() -> str:
    """Return a new Standard Webhooks secret."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def private_text(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def prepare(demo: Demo) -> None:
    """Copy the example site with this demonstration's camera port, and write settings with fresh secrets."""
    config = demo.folder / "site"
    shutil.rmtree(config, ignore_errors=True)
    shutil.copytree(SITE, config)
    for file in config.rglob("*.yaml"):
        file.write_text(file.read_text().replace("127.0.0.1:8554", f"127.0.0.1:{demo.rtsp_port}"))
    sending, answering = demo_secrets(demo.folder / "secrets.txt")
    private_text(
        demo.settings,
        f'data_dir = "{demo.folder}"\nport = {demo.web_port}\n\n'
        f'[[endpoints]]\nid = "platform"\nurl = "{demo.platform}/webhook"\n'
        f'secret = "{sending}"\ncallback_secret = "{answering}"\n',
    )


def demo_secrets(file: Path) -> tuple[str, str]:
    """Return the two secrets shared with the platform; made once, so that a restarted demo still fits its platform."""
    if not file.exists():
        private_text(file, f"{webhook_secret()}\n{webhook_secret()}\n")
    sending, answering = file.read_text().split()
    return sending, answering


def gridpatrol(*arguments: str) -> list[str]:
    """Return the command line of the gateway's own program."""
    return [sys.executable, "-m", "gateway", *arguments]


def environment(demo: Demo) -> dict[str, str]:
    """Return the environment of the demonstration's processes."""
    return {**os.environ, "GRIDPATROL_SETTINGS": str(demo.settings), "PYTHONUNBUFFERED": "1"}


@asynccontextmanager
async def running(name: str, command: Sequence[str], demo: Demo) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process for the length of the block, its output in a log file; stop it in good order."""
    with (demo.folder / f"{name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *command, env=environment(demo), cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            await stop(process)


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask a process to stop, and kill it when it does not."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def answers(url: str, process: asyncio.subprocess.Process) -> None:
    """Wait until an address answers 200.

    Raises:
        SystemExit: Its process ended, or it took too long.
    """
    due = time.monotonic() + READY_TIMEOUT_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while time.monotonic() < due:
            if process.returncode is not None:
                sys.exit(f"{url}: its process ended with exit code {process.returncode}; see the logs")
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url) as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(POLL_S)
    sys.exit(f"{url} did not answer within {READY_TIMEOUT_S:.0f} s; see the logs")


async def run_program(demo: Demo, *arguments: str) -> str:
    """Run one of the gateway's commands to its end and return what it printed.

    Raises:
        SystemExit: It failed; its words are shown.
    """
    process = await asyncio.create_subprocess_exec(
        *gridpatrol(*arguments), env=environment(demo), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"gridpatrol {' '.join(arguments)} failed with exit code {process.returncode}")
    return printed.decode()


async def make_accounts(demo: Demo) -> dict[str, str]:
    """Create the accounts at the first start; return their passwords by name.

    A demonstration keeps them in a file that only this user can read; a real deployment shows each only once.
    """
    file = demo.folder / "accounts.txt"
    if not file.exists():
        lines = []
        for name, role, display, options in ACCOUNTS:
            printed = await run_program(
                *(demo, "accounts", "add", name, "--role", role, "--display-name", display, *options)
            )
            lines.append(f"{name} {printed.split()[-1]}\n")
        private_text(file, "".join(lines))
    return dict(line.split() for line in file.read_text().splitlines())


@asynccontextmanager
async def started(demo: Demo) -> AsyncIterator[dict[str, str]]:
    """Run simulator, platform and gateway for the length of the block; yields the accounts' passwords."""
    scenes = [f"{camera}=scene:{scene}" for camera, scene in SCENES.items()]
    sending, answering = demo_secrets(demo.folder / "secrets.txt")
    os.environ["GRIDPATROL_RECEIVER_SECRET"] = sending
    os.environ["GRIDPATROL_RECEIVER_CALLBACK_SECRET"] = answering
    async with AsyncExitStack() as stack:

        async def run(name: str, *arguments: str) -> asyncio.subprocess.Process:
            return await stack.enter_async_context(running(name, gridpatrol(*arguments), demo))

        cache = str(ROOT / ".gridpatrol" / "scenes")
        print("painting the simulated cameras' scenes (first time: about a minute)", flush=True)
        await run_program(demo, "simulate", *scenes, "--cache", cache, "--render-only")
        await run("simulator", "simulate", *scenes, "--port", str(demo.rtsp_port), "--cache", cache)
        platform = await run(
            *("platform", "receiver", "--port", str(demo.platform_port), "--data", str(demo.folder / "platform.db")),
            *("--callback", f"{demo.address}/api/v1/callbacks/platform"),
        )
        passwords = await make_accounts(demo)
        gateway = await run("gateway", "run", "--config", str(demo.folder / "site"))
        await answers(f"{demo.platform}/cases.json", platform)
        await answers(f"{demo.address}/readyz", gateway)
        yield passwords


def welcome(demo: Demo, passwords: dict[str, str]) -> None:
    """Print where to look and how to sign in."""
    print(f"\nGridPatrol          {demo.address}")
    print(f"reference platform  {demo.platform}")
    print(f"simulated cameras   rtsp://127.0.0.1:{demo.rtsp_port}/NAME  ({', '.join(SCENES)})")
    print("\naccount     password        for")
    for name, role, display, _ in ACCOUNTS:
        print(f"{name:<11} {passwords[name]:<15} {display} ({role})")
    print(
        f"\nlogs and data: {demo.folder}\nthe first flagged event comes within a minute; Ctrl-C stops everything",
        flush=True,
    )


async def demonstrate(demo: Demo, *, check: bool) -> None:
    """Run the demonstration, until a signal or until the walk-through is done."""
    prepare(demo)
    begun = time.monotonic()
    async with started(demo) as passwords:
        if check:
            from demo_check import walk

            await walk(demo, passwords, started_s=time.monotonic(), prepared_in_s=time.monotonic() - begun)
            return
        welcome(demo, passwords)
        stopped = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        await stopped.wait()
        print("stopping")


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="walk through it in a browser, without a person")
    parser.add_argument(
        "--port", type=int, default=8080, help="of the web interface (another is taken if it is in use)"
    )
    parser.add_argument("--data", type=Path, help="folder to keep the demonstration in (default: .gridpatrol/demo)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridpatrol-demo-") as fresh:
        folder = options.data or (Path(fresh) if options.check else ROOT / ".gridpatrol" / "demo")
        folder.mkdir(parents=True, exist_ok=True)
        ports = free_port(options.port), free_port(8554), free_port(8090)
        asyncio.run(demonstrate(Demo(folder.absolute(), *ports), check=options.check))


if __name__ == "__main__":
    main()
