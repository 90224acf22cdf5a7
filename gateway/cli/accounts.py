"""`gridpatrol accounts`: who may sign in."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.access.accounts import NewAccount
from gateway.app import add_account as make_account
from gateway.cli.options import SettingsFile
from gateway.settings import load_settings
from storage.records import Role

cli = typer.Typer(name="accounts", add_completion=False, help="Who may sign in.", no_args_is_help=True)


@cli.callback()
def accounts() -> None:
    """Who may sign in."""


@cli.command("add")
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
    password = asyncio.run(make_account(load_settings(settings), wanted))
    typer.echo(f"{name} {password}")
