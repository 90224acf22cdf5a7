"""`gridpatrol receiver`: the reference governance platform."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import listening
from gateway.delivery.signing import Signer
from gateway.log import configure_logging
from gateway.receiver.command import ReceiverOptions, run_receiver

cli = typer.Typer(add_completion=False)


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
    with listening(host, port):
        asyncio.run(run_receiver(options))
