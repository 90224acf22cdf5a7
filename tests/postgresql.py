"""A PostgreSQL server of our own on a free port, and fresh databases copied from a migrated template."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_TIMEOUT_S = 60  # initdb on a busy machine takes ten
TEMPLATE = "gp_template"
USER = "postgres"


@dataclass(frozen=True)
class PostgresServer:
    """A running server; connections from this machine need no password."""

    bin_dir: Path
    port: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """Return the address as a user would write it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0", name: str | None = None) -> str:
        """Create a database and return its name."""
        name = name or f"gp_test_{next(self._numbers)}"
        self._client("createdb", "-T", template, name)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._client("dropdb", "--force", name)

    def execute(self, database: str, statement: str) -> str:
        """Run a statement past the stores and return what psql prints."""
        return self._client("psql", "-tAc", statement, database)

    def _client(self, program: str, *arguments: str) -> str:
        command = [str(self.bin_dir / program), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, *arguments]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=START_TIMEOUT_S)
        return done.stdout


def binaries() -> Path | None:
    """Return the folder of the newest server installed, None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parent.parent.name))
    return found[-1].parent if found else None


@contextmanager
def running_server(bin_dir: Path) -> Iterator[PostgresServer]:
    """Start a server without durability (its data is thrown away) and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="gp-postgresql-"))
    data, port = folder / "data", _free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    try:
        _server(bin_dir / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        _server(bin_dir / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
        yield PostgresServer(bin_dir, port)
    finally:
        if (data / "postmaster.pid").exists():
            _server(bin_dir / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _server(*command: str | Path) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:  # the server refuses to run as root
        words = ["su", USER, "-s", "/bin/bash", "-c", shlex.join(words)]
    # Not captured through a pipe: the server would inherit it and keep it open.
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, timeout=START_TIMEOUT_S, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
