from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from detectors.onnx_model import OnnxDetector
from detectors.onnx_session import SessionOptions, open_session
from detectors.preprocess import Size
from detectors.training.export import export
from detectors.training.network import ExportedNet, FireSmokeNet

SIZE = Size(64, 96)
# PyTorch 2.13 warns that this exporter will go; the newer one needs one more package and writes the same operators.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def net() -> FireSmokeNet:
    torch.manual_seed(0)
    net: FireSmokeNet = FireSmokeNet().eval()
    return net


@pytest.fixture(scope="module")
def file(net: FireSmokeNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "fire_smoke.onnx"
    export(net, path, SIZE, "made for a test")
    return path


def test_the_file_answers_as_the_network_does(net: FireSmokeNet, file: Path) -> None:
    """Weights are rounded to 16 bits, so answers differ by little; the batch may have any size."""
    images = torch.rand(3, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = ExportedNet(net, 64, 96)(images).numpy()
    (answer,) = open_session(file, SessionOptions(use_gpu=False)).run(images.numpy(), {})
    assert answer.shape == wanted.shape
    assert np.abs(answer[:, 4:] - wanted[:, 4:]).max() < 0.01
    assert np.abs(answer[:, :4] - wanted[:, :4]).max() < 0.5


def test_the_file_is_recognised_and_says_what_it_is(file: Path) -> None:
    """It loads as any model does: labels and licence are in it."""
    detector = OnnxDetector(file)
    assert (detector.family, detector.labels, detector.licence) == ("yolov8", ("fire", "smoke"), "Apache-2.0")
    assert detector.size == SIZE


def test_the_file_is_half_the_size_of_its_weights(net: FireSmokeNet, file: Path) -> None:
    """Two bytes a weight and a little for the graph: far below 6 MB."""
    weights = sum(p.numel() for p in net.parameters())
    assert file.stat().st_size < 2.2 * weights
