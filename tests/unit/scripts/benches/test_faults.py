"""The bench puts faults in at the right time, and counts what was told of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gateway.analysis.health import fault_types as fault
from scripts.benches import faults as bench
from scripts.benches.faults import AFTER_S, FAULTY_S, LOOK_EVERY_S, SOUND_S, Trial, scenario, to_and_fro, trial
from scripts.benches.injected import INJECTORS, STRENGTHS
from tests.unit.gateway.analysis.health.street import street

LOOKS = [street(n) for n in range(8)]


def test_recordings_go_to_and_fro() -> None:
    """No picture twice in a row, no jump."""
    order = to_and_fro(3)
    assert [next(order) for _ in range(7)] == [0, 1, 2, 1, 0, 1, 2]


@pytest.mark.parametrize("kind", [fault.BLACK, fault.FROZEN])
def test_a_trial_is_sound_faulty_and_sound_again(kind: str) -> None:
    """The fault is there exactly as long as it should be."""
    frames = list(scenario(LOOKS, kind, 2))
    assert len(frames) == (SOUND_S + FAULTY_S + AFTER_S) / LOOK_EVERY_S
    same = [np.array_equal(a.luma, b.luma) for a, b in pairwise(frames)]
    first, last = int(SOUND_S / LOOK_EVERY_S), int((SOUND_S + FAULTY_S) / LOOK_EVERY_S)
    assert not any(same[: first - 1])
    assert all(same[first : last - 1])
    assert not any(same[last:])


def test_a_fault_that_is_there_is_told_and_nothing_else() -> None:
    """In a painted street."""
    assert trial("street", LOOKS, fault.COVERED, 2) == Trial("street", fault.COVERED, 2, True, (), ())


def test_a_fault_that_is_not_there_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told of only because it was put in."""
    monkeypatch.setattr(bench, "INJECTORS", {fault.COVERED: lambda picture, _strength, _look: picture})
    assert trial("street", LOOKS, fault.COVERED, 2) == Trial("street", fault.COVERED, 2, False, (), ())


@pytest.mark.parametrize("kind", sorted(INJECTORS))
def test_stronger_changes_more(kind: str) -> None:
    """Of the very same look, which is left as it was."""
    before = LOOKS[0].copy()
    change = [np.abs(INJECTORS[kind](LOOKS[0], s, 3).astype(int) - before).mean() for s in range(len(STRENGTHS))]
    assert np.array_equal(LOOKS[0], before)
    assert change == sorted(change)
    assert change[0] > 0


def test_without_recordings_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And does not measure nothing."""
    monkeypatch.setenv("GRIDPATROL_MEDIA", "nowhere")
    assert bench.run([]) == bench.MEDIA_MISSING
    assert "GRIDPATROL_MEDIA" in capsys.readouterr().err
