"""Finds the subcommand. Exit codes: 0 fine, 1 failed, 2 configuration or settings wrong, 3 model unusable."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from camera_configs.problems import ConfigError
from detectors.base import ModelLoadError
from gateway.errors import GridPatrolError, SettingsError
from storage.errors import StorageError

EXIT_FAILED = 1
EXIT_CONFIG = 2
EXIT_MODEL = 3
# A worker or a simulated camera must not spend seconds and megabytes on what only the front process needs.
COMMANDS = {
    "run": "gateway.cli.run",
    "worker": "gateway.cli.worker",
    "check": "gateway.cli.check",
    "schema": "gateway.cli.schema",
    "config": "gateway.cli.config",
    "accounts": "gateway.cli.accounts",
    "models": "gateway.cli.models",
    "evaluate": "gateway.cli.evaluate",
    "dry-run": "gateway.cli.dry_run",
    "simulate": "gateway.cli.simulate",
    "receiver": "gateway.cli.receiver",
}


class LateCommands(TyperGroup):
    """Imports a subcommand's module when it is called, or when all are listed; its `cli` is the command."""

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        """Return the command of a name, or None."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = get_command(importlib.import_module(module).cli)
        assert isinstance(command, TyperCommand | TyperGroup)  # noqa: S101 - typer makes no others
        return command


cli = typer.Typer(name="gridpatrol", cls=LateCommands, pretty_exceptions_enable=False, add_completion=False)


@cli.callback(no_args_is_help=True)
def gridpatrol() -> None:
    """Gateway between public video networks and grid management: flags scene events per grid, follows cases."""


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
