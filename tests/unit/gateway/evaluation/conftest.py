from __future__ import annotations

from pathlib import Path

import pytest

from gateway.evaluation.evaluate import Evaluation, evaluate
from gateway.evaluation.pipeline import Eyes
from gateway.evaluation.truth import load_truth
from tests.unit.gateway.evaluation.making import CROSSINGS_S, EVENTS, RULE, entry, write_clip, write_truth


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one recording."""
    folder = tmp_path_factory.mktemp("recordings")
    write_clip(folder / "clip.mp4", CROSSINGS_S)
    return folder


@pytest.fixture(scope="session")
def evaluation(recordings: Path) -> Evaluation:
    """Evaluate a truth that is wrong in two ways, and one that cannot be met, on one recording with a privacy mask.

    The first crossing is a hit, the second is missing in the truth, and the third never was.
    """
    crowd = {**RULE, "id": "r2", "type": "crowding", "min_count": 3}
    told = [EVENTS[0], {**EVENTS[0], "start_s": 9.0, "end_s": 12.0}, {**EVENTS[0], "rule": "r2", "type": "crowding"}]
    mask = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]
    wrong = entry(events=told, setup={"rules": [RULE, crowd], "masks": [mask]})
    truth = write_truth(recordings, wrong, entry("./clip.mp4", hard="to be reported apart"))
    return evaluate(load_truth(truth, recordings), Eyes(), stopwatch_s=iter((0.0, 4.0)).__next__)
