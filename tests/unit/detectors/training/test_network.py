from __future__ import annotations

import pytest
import torch

from detectors.training.network import STRIDES, ExportedNet, FireSmokeNet, cell_centres

CELLS = sum((64 // s) * (96 // s) for s in STRIDES)


def test_cells_lie_in_the_middle_of_their_strides() -> None:
    """The first cell of each level is half a stride from the corner; all levels follow each other."""
    centres, strides = cell_centres(64, 96)
    assert centres.shape == (CELLS, 2)
    assert [centres[strides == s][0].tolist() for s in STRIDES] == [[s / 2, s / 2] for s in STRIDES]
    assert centres[-1].tolist() == [80.0, 48.0]


def test_an_untrained_network_sees_next_to_nothing() -> None:
    """Its answers start near the prior of one in a hundred, with boxes of a positive size."""
    torch.manual_seed(0)
    with torch.no_grad():
        logits, distances = FireSmokeNet().eval()(torch.rand(2, 3, 64, 96))
    assert logits.shape == (2, CELLS, 2)
    assert distances.shape == (2, CELLS, 4)
    assert float(torch.sigmoid(logits).mean()) == pytest.approx(0.01, abs=0.01)
    assert float(distances.min()) > 0


def test_the_exported_answer_is_laid_out_as_yolov8() -> None:
    """Rows are centre x, centre y, width, height, fire, smoke; the centre lies where the distances put it."""
    torch.manual_seed(0)
    net = FireSmokeNet().eval()
    images = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        answer = ExportedNet(net, 64, 96)(images)
        logits, distances = net(images)
    assert answer.shape == (1, 6, CELLS)
    assert torch.allclose(answer[0, 4:].T, torch.sigmoid(logits[0]))
    left, top, right, bottom = distances[0, 0]
    wanted = torch.stack([4 + (right - left) / 2, 4 + (bottom - top) / 2, left + right, top + bottom])
    assert torch.allclose(answer[0, :4, 0], wanted)
