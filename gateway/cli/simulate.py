"""`gridpatrol simulate`: cameras that are not there."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import listening
from gateway.simulator.command import paint, scenes_of, split_argument
from gateway.simulator.command import simulate as run_simulator
from gateway.simulator.credentials import Login
from gateway.simulator.faults import explained
from gateway.simulator.onvif_cameras import OnvifOptions

cli = typer.Typer(add_completion=False)


class Auth(StrEnum):
    """How a simulated camera wants its viewers to sign in."""

    BASIC = "basic"
    DIGEST = "digest"


class OnvifLogin(StrEnum):
    """How a simulated device wants its clients to sign in."""

    TOKEN = "token"  # noqa: S105  WS-UsernameToken
    HTTP = "http"


@cli.command(epilog="\n\n".join(explained()))
def simulate(
    paths: Annotated[list[str], typer.Argument(help="NAME=FILE.mp4 or NAME=scene:SCENE, one per simulated camera.")],
    host: str = "127.0.0.1",
    port: int = 8554,
    cache: Annotated[Path, typer.Option(help="Folder of painted scenes.")] = Path(".gridpatrol/scenes"),
    user: Annotated[str, typer.Option(help="NAME:PASSWORD demanded of every viewer.")] = "",
    auth: Annotated[Auth, typer.Option(help="How viewers must sign in, where --user is given.")] = Auth.DIGEST,
    once: Annotated[bool, typer.Option("--once", help="Play once and end, instead of looping.")] = False,
    render_only: Annotated[bool, typer.Option("--render-only", help="Paint the scenes and stop.")] = False,
    fault: Annotated[
        list[str] | None, typer.Option(help="What goes wrong, see below; may be given more than once.")
    ] = None,
    http_port: Annotated[int | None, typer.Option(help="Serve snapshots there: GET /snapshot/NAME.")] = None,
    onvif: Annotated[
        int | None,
        typer.Option(help="Be ONVIF devices too, from this port on (0: any); NAME-sub is the substream of NAME."),
    ] = None,
    onvif_login: Annotated[OnvifLogin, typer.Option(help="How ONVIF clients must sign in.")] = OnvifLogin.TOKEN,
    onvif_clock: Annotated[float, typer.Option(help="Seconds by which the devices' clocks are ahead.")] = 0.0,
    onvif_host: Annotated[str | None, typer.Option(help="A wrong host that the devices believe to have.")] = None,
) -> None:
    """Serve video files and painted scenes as RTSP cameras, and as ONVIF devices."""
    if render_only:
        paint(scenes_of(source for _, source in map(split_argument, paths)), cache)
        return
    with listening(host, port):
        run_simulator(
            paths,
            host,
            port,
            loop=not once,
            login=_login(user, auth),
            scenes_dir=cache,
            faults=fault or (),
            http_port=http_port,
            onvif=None if onvif is None else OnvifOptions(onvif, onvif_login.value, onvif_clock, onvif_host),
        )


def _login(user: str, auth: Auth) -> Login:
    name, colon, password = user.partition(":")
    if user and not (name and colon):
        raise typer.BadParameter("not NAME:PASSWORD", param_hint="--user")
    return Login(auth.value, name, password) if user else Login()
