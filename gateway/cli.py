"""The `gridpatrol` command. Exit codes: 0 fine, 1 failed, 2 configuration or settings wrong, 3 model unusable."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from camera_configs.check import check as check_folder
from camera_configs.problems import ConfigError
from camera_configs.schema import json_schema
from detectors.base import ModelLoadError
from gateway import app, cli_config, cli_evaluate, cli_models
from gateway.access.accounts import NewAccount
from gateway.delivery.signing import Signer
from gateway.errors import GridPatrolError, SettingsError
from gateway.fleet.shards import Shard
from gateway.fleet.worker import run_worker
from gateway.log import configure_logging
from gateway.receiver.command import ReceiverOptions, run_receiver
from gateway.settings import load_settings
from gateway.simulator.command import paint, scenes_of, split_argument
from gateway.simulator.command import simulate as run_simulator
from gateway.simulator.credentials import Login
from gateway.simulator.faults import explained
from gateway.simulator.onvif_cameras import OnvifOptions
from gateway.supervise import leaves
from storage.errors import StorageError
from storage.records import Role

EXIT_FAILED = 1
EXIT_CONFIG = 2
EXIT_MODEL = 3


class Auth(StrEnum):
    """How a simulated camera wants its viewers to sign in."""

    BASIC = "basic"
    DIGEST = "digest"


class OnvifLogin(StrEnum):
    """How a simulated device wants its clients to sign in."""

    TOKEN = "token"  # noqa: S105  WS-UsernameToken
    HTTP = "http"


cli = typer.Typer(
    name="gridpatrol",
    help="Gateway between public video networks and grid management: flags scene events per grid, follows cases.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
accounts_cli = typer.Typer(help="Who may sign in.", no_args_is_help=True)
cli.add_typer(accounts_cli, name="accounts")
cli.add_typer(cli_models.models_cli, name="models")
cli.add_typer(cli_config.config_cli, name="config")
cli.command("evaluate")(cli_evaluate.run_evaluation)
cli.command("dry-run")(cli_evaluate.run_dry)

ConfigDir = Annotated[
    Path, typer.Option("--config", help="Folder of the site's YAML files.", exists=True, file_okay=False)
]
OptionalConfigDir = Annotated[
    Path | None, typer.Option("--config", help="Folder of the site's YAML files.", exists=True, file_okay=False)
]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file of settings.", dir_okay=False)]


@cli.command()
def run(config: OptionalConfigDir = None, settings: SettingsFile = None) -> None:
    """Run the gateway until SIGTERM or Ctrl-C: watch the cameras, serve the desks, deliver the cases.

    What has changed in the configuration folder since the last start is taken over first; without one, the cameras are
    those of the database.
    """
    loaded = load_settings(settings)
    configure_logging(loaded.log_format, loaded.log_level, process="front")
    asyncio.run(app.run_gateway(loaded, config))


@cli.command(hidden=True)
def worker(
    shard: Annotated[Shard, typer.Option(parser=Shard.parse)],
    data: Annotated[Path | None, typer.Option(help="Data folder; by it the worker is known again.")] = None,  # noqa: ARG001
    settings: SettingsFile = None,
) -> None:
    """Watch one shard of the cameras; started by the fleet, stops when its standard input closes."""
    loaded = load_settings(settings)
    configure_logging(loaded.log_format, loaded.log_level, process=shard.worker_id)
    asyncio.run(run_worker(loaded, shard))


@cli.command()
def check(folder: Annotated[Path, typer.Argument(help="Folder of the site's YAML files.")]) -> None:
    """Check a configuration folder; every problem is printed with file, line and key."""
    report = check_folder(folder)
    typer.echo(report.text())
    if not report.ok:
        raise typer.Exit(EXIT_CONFIG)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    typer.echo(json.dumps(json_schema(), ensure_ascii=False, indent=2))


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
    with _listening(host, port):
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


@contextmanager
def _listening(host: str, port: int) -> Iterator[None]:
    """Translate what the system says of an address that cannot be listened on."""
    taken: list[BaseException] = []
    try:
        yield
    except* OSError as group:
        taken += leaves(group)
    if taken:
        words = getattr(taken[0], "strerror", None) or taken[0]
        raise app.PortTaken(f"cannot listen on {host}:{port}: {words}") from taken[0]


@cli.command()
def receiver(
    callback: Annotated[str, typer.Option(help="Address to send answers to: …/api/v1/callbacks/ENDPOINT")],
    secret: Annotated[str, typer.Option(envvar="GRIDPATROL_RECEIVER_SECRET", help="whsec_… that signs deliveries.")],
    callback_secret: Annotated[
        str, typer.Option(envvar="GRIDPATROL_RECEIVER_CALLBACK_SECRET", help="whsec_… that signs answers.")
    ],
    host: str = "127.0.0.1",
    port: int = 8090,
    data: Annotated[Path, typer.Option(help="The platform's own database file.")] = Path(".gridpatrol/platform.db"),
    fail: Annotated[int, typer.Option(help="Answer 500 to the first N deliveries.")] = 0,
    stall: Annotated[float, typer.Option(help="Wait so many seconds before answering.")] = 0.0,
    answer_twice: Annotated[bool, typer.Option("--answer-twice", help="Send every answer twice.")] = False,
    lose_answer: Annotated[int, typer.Option(help="Store the first N deliveries but drop the connection.")] = 0,
    step_s: Annotated[float, typer.Option(help="Seconds between a case's steps.")] = 5.0,
) -> None:
    """Run the reference governance platform: verifies, stores, shows and answers."""
    configure_logging("console", "info", process="receiver")
    for each in (secret, callback_secret):
        Signer((each,))  # says in words what is wrong with it
    options = ReceiverOptions(
        host=host,
        port=port,
        data=data,
        secret=secret,
        callback_url=callback,
        callback_secret=callback_secret,
        fail=fail,
        stall=stall,
        answer_twice=answer_twice,
        lose_answer=lose_answer,
        step_s=step_s,
    )
    with _listening(host, port):
        asyncio.run(run_receiver(options))


@accounts_cli.command("add")
def add_account(
    name: Annotated[str, typer.Argument(help="Sign-in name.")],
    role: Annotated[Role, typer.Option()],
    display_name: Annotated[str, typer.Option()] = "",
    grid: Annotated[list[str] | None, typer.Option(help="Grid in scope; may be given more than once.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Region code prefix in scope.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Create an account with a random password, which is printed once and kept nowhere."""
    wanted = NewAccount(name, display_name or name, role, tuple(grid or ()), tuple(region or ()))
    password = asyncio.run(app.add_account(load_settings(settings), wanted))
    typer.echo(f"{name} {password}")


def _fail(words: object, code: int) -> NoReturn:
    print(f"gridpatrol: {words}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


def main() -> None:
    """Run the command; an error that a person can act on is one message and an exit code, never a traceback."""
    try:
        cli()
    except ConfigError as exc:
        _fail(exc, EXIT_CONFIG)
    except SettingsError as exc:
        _fail(exc, EXIT_CONFIG)
    except ModelLoadError as exc:
        _fail(exc, EXIT_MODEL)
    except (GridPatrolError, StorageError) as exc:
        _fail(exc, EXIT_FAILED)
