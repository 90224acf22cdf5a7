"""What processes and the machine use is read as the kernel means it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scripts.benches import machine
from scripts.benches.machine import MachineMeter, MachineUse, ProcessMeter, Span, say, use_of

# Starts a child that waits as well, and says so.
PARENT = """
import subprocess, sys
program = "import sys; print(1, flush=True); sys.stdin.read()"
child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_process_that_has_ended_has_no_use() -> None:
    """Rather an error than a zero that looks like a good figure."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        use_of(process.pid)


def test_children_count() -> None:
    """Of ffmpeg per camera, most of the work is done in children."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert machine.descendants(process.pid) == [child]
        both, one = use_of(process.pid), use_of(child)
        assert both.rss_mb > one.rss_mb > 1
        assert both.threads >= 2
        assert both.descriptors > one.descriptors > 0


def test_work_and_threads_of_this_process_are_seen() -> None:
    """CPU time grows with work, threads with threads."""
    meter, before = ProcessMeter(os.getpid()), use_of(os.getpid())
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    while (span := meter.read()).cpu_s < 0.05:
        sum(range(10_000))
    assert use_of(os.getpid()).threads == before.threads + 1
    stop.set()
    thread.join()
    assert span.wall_s > 0


def test_shares_of_the_machine_come_from_what_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Idle and waiting for disks is not busy; stolen time is told apart."""
    monkeypatch.setattr(machine, "PROC", tmp_path)
    (tmp_path / "stat").write_text("cpu  100 0 100 1000 0 0 0 0 0 0\n")
    meter = MachineMeter()
    (tmp_path / "stat").write_text("cpu  130 0 110 1040 10 0 0 10 0 0\n")
    assert meter.read() == MachineUse(busy=0.5, stolen=0.1)


@pytest.mark.parametrize(("use", "word"), [(MachineUse(0.5, 0.2), "stolen"), (MachineUse(0.99, 0.0), "full")])
def test_doubtful_stretches_say_why(use: MachineUse, word: str) -> None:
    """Neighbours may spoil a figure; a sound stretch gives no words."""
    assert word in use.doubt
    assert not MachineUse(0.5, 0.01).doubt


def test_cores_are_cpu_seconds_per_second() -> None:
    """Two cores busy for half the time are one core."""
    assert Span(wall_s=10.0, cpu_s=5.0, rss_mb=1.0).cores == 0.5


def test_the_last_line_is_one_json_object_with_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """What a program reads, beside what a person needs to judge it."""
    say({"bench": "x", "ratio": 0.5})
    found = json.loads(capsys.readouterr().out)
    assert found["bench"] == "x"
    assert {"machine", "cores", "load_1min"} <= set(found)
