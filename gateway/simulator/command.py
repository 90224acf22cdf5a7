"""What `gridpatrol simulate` does: serve files and painted scenes as cameras until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from gateway.errors import GridPatrolError
from gateway.simulator.credentials import Login
from gateway.simulator.faults import BadFault, FaultSpec, parse_fault
from gateway.simulator.onvif_cameras import OnvifOptions, onvif_devices
from gateway.simulator.onvif_server import OnvifServer
from gateway.simulator.painter import painted_scene, scene_path
from gateway.simulator.server import PathSpec, RtspServer

SCENE_PREFIX = "scene:"
OPEN_TO_ALL = Login()
# A minute of it is painted in some ten seconds of one core, and still good to look at.
SCENE_SIZE = (640, 360)  # px
SCENE_FPS = 8
SCENE_SECONDS = 60.0


class BadPathArgument(GridPatrolError):
    """A path is not given as `name=FILE` or `name=scene:SCENE`."""


def simulate(  # noqa: PLR0913 - the command has as many options
    paths: Sequence[str],
    host: str = "127.0.0.1",
    port: int = 8554,
    *,
    loop: bool = True,
    login: Login = OPEN_TO_ALL,
    scenes_dir: Path | None = None,
    faults: Sequence[str] = (),
    http_port: int | None = None,
    onvif: OnvifOptions | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Serve until SIGTERM or SIGINT; blocks, and must be called in the main thread.

    Args:
        paths: `name=FILE`, or `name=scene:SCENE` with a key of `scenes.SCENES`.
        login: What all paths demand.
        scenes_dir: Where painted scenes are kept; default: a folder of the user's for temporary files.
        faults: As `faults.GRAMMAR` has it; a FILE may be `scene:SCENE` too.
        http_port: Where snapshots are served; None: nowhere.
        onvif: Every path is an ONVIF device too, found by WS-Discovery; None: none is.
        say: Told one line for each path once it can be opened, one for its snapshots, one for its device.

    Raises:
        BadPathArgument, BadFault, ClipError, SceneUnknown: An argument is wrong.
        OSError: The port is taken.
    """
    folder = scenes_dir or Path(tempfile.gettempdir()) / "gridpatrol-scenes"
    sources = [split_argument(path) for path in paths]
    scripts = faults_of(faults, [name for name, _ in sources])
    files = [str(fault.file) for script in scripts.values() for fault in script if fault.file is not None]
    paint(scenes_of([*(source for _, source in sources), *files]), folder, SCENE_SECONDS, say)
    found = partial(_file, folder=folder, seconds=SCENE_SECONDS)
    specs = [
        PathSpec(
            name,
            found(source),
            loop,
            login.kind,
            login.username,
            login.password,
            faults=tuple(f if f.file is None else replace(f, file=found(str(f.file))) for f in scripts[name]),
        )
        for name, source in sources
    ]
    run_simulator(specs, host, port, say, http_port=http_port, onvif=onvif)


def faults_of(faults: Iterable[str], paths: Sequence[str]) -> dict[str, tuple[FaultSpec, ...]]:
    """Read the faults of each path; one without a path is of all. Raises `BadFault`."""
    scripts: dict[str, tuple[FaultSpec, ...]] = dict.fromkeys(paths, ())
    for text in faults:
        path, fault = parse_fault(text)
        if path is not None and path not in scripts:
            raise BadFault(f"fault {text!r}: there is no path {path!r}; there are: {' '.join(paths)}")
        for name in scripts if path is None else (path,):
            scripts[name] += (fault,)
    return scripts


def scenes_of(sources: Iterable[str]) -> list[str]:
    """Return the names of the scenes among the sources."""
    return [source.removeprefix(SCENE_PREFIX) for source in sources if source.startswith(SCENE_PREFIX)]


def paint(
    scenes: Iterable[str], folder: Path, seconds: float = SCENE_SECONDS, say: Callable[[str], object] = print
) -> None:
    """Paint those of the scenes that the folder does not hold yet, side by side on all cores; blocks.

    Raises:
        SceneUnknown: No scene of that name.
    """
    look = partial(scene_path, folder=folder, seconds=seconds, size=SCENE_SIZE, fps=SCENE_FPS)
    names = [name for name in dict.fromkeys(scenes) if not look(name).exists()]
    if not names:
        return
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for name, _ in zip(names, pool.map(partial(_painted, folder, seconds), names), strict=True):
            say(f"scene ready: {name}")


def run_simulator(
    specs: Sequence[PathSpec],
    host: str = "127.0.0.1",
    port: int = 8554,
    say: Callable[[str], object] = print,
    *,
    http_port: int | None = None,
    onvif: OnvifOptions | None = None,
) -> None:
    """Serve these paths until SIGTERM or SIGINT; as `simulate`."""
    server = RtspServer(specs, host, port, http_port=http_port)
    urls = [server.url] if http_port is None else [server.url, server.snapshot_url]
    devices = None if onvif is None else partial(_serve_devices, server, specs, host, onvif, say)
    asyncio.run(_serve(server, lambda: [url(spec.path) for spec in specs for url in urls], say, devices))


def split_argument(argument: str) -> tuple[str, str]:
    """Return the name and the source of a path argument; raises `BadPathArgument`."""
    name, equals, source = argument.partition("=")
    if not (name.strip("/") and equals and source):
        raise BadPathArgument(f"{argument!r} is not name=FILE or name={SCENE_PREFIX}SCENE")
    return name.strip("/"), source


def _file(source: str, *, folder: Path, seconds: float) -> Path:
    if not source.startswith(SCENE_PREFIX):
        return Path(source)
    return _painted(folder, seconds, source.removeprefix(SCENE_PREFIX))


def _painted(folder: Path, seconds: float, name: str) -> Path:
    file, _ = painted_scene(name, folder, seconds=seconds, size=SCENE_SIZE, fps=SCENE_FPS)
    return file


async def _serve_devices(
    server: RtspServer, specs: Sequence[PathSpec], host: str, options: OnvifOptions, say: Callable[[str], object]
) -> None:
    """Serve the paths as ONVIF devices, as soon as it is known where their streams are."""
    await server.ready.wait()
    devices = OnvifServer(onvif_devices(server, specs, options), host, options.first_port)
    async with asyncio.TaskGroup() as group:
        group.create_task(devices.run(), name="onvif-server")
        group.create_task(
            _tell(devices, lambda: [devices.url(name) for name in devices.devices], say), name="onvif-urls"
        )


async def _serve(
    server: RtspServer,
    urls: Callable[[], Sequence[str]],
    say: Callable[[str], object],
    devices: Callable[[], Coroutine[object, object, None]] | None,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run(), name="rtsp-server")
        telling = group.create_task(_tell(server, urls, say), name="rtsp-urls")
        serving = [group.create_task(devices(), name="onvif")] if devices is not None else []
        await stop.wait()
        for task in (running, telling, *serving):
            task.cancel()


async def _tell(
    server: RtspServer | OnvifServer, urls: Callable[[], Sequence[str]], say: Callable[[str], object]
) -> None:
    await server.ready.wait()
    for url in urls():
        say(url)
    with contextlib.suppress(OSError):  # nobody reads our output: not a reason to stop serving
        sys.stdout.flush()
