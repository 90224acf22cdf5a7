"""Train the fire and smoke detector: `python -m detectors.training.fire_smoke --data DIR --open DIR --out FILE`.

Everything random comes from the seed. The same seed, data, PyTorch and processor give the same weights but for the
order in which threads add numbers.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from detectors.onnx_model import DetectionOptions, OnnxDetector
from detectors.onnx_session import SessionOptions
from detectors.preprocess import Size
from detectors.training.batches import Draws, collate
from detectors.training.calibrate import fit
from detectors.training.examine import examine
from detectors.training.export import export
from detectors.training.held_out import load
from detectors.training.labelled import LABELS, Sample
from detectors.training.loss import Absence, loss_of
from detectors.training.network import FireSmokeNet

_WARM_UP = 200  # steps
_MAX_GRADIENT = 10.0  # norm
_DECAY = 0.03
_AVERAGE = 0.998  # of the weights that are exported, per step
_REPORT_EVERY = 50  # steps
_CALIBRATED = 600  # training pictures
_LEAST_SCORE = 0.002  # of boxes that calibration looks at
_THRESHOLD = 0.35  # confidence that counts as seen when examined; the gateway's default for rules


@dataclass(frozen=True, slots=True)
class Plan:
    """A training run.

    Attributes:
        size: Pixels of the training pictures. They show parts of pictures as often as whole ones, so that the network
            knows objects at the size that the larger `export_size` shows them in.
        export_size: Pixels of the exported network's input.
        steps: Batches.
        rate: Highest learning rate, reached after the warm-up and left along a cosine.
        examine_every: Steps between examinations of the held-out scenes; each also writes the model file.
        start: Weights of an earlier run to go on from; None: random ones.
        stop_at: Step after which to stop although the plan goes on; None: its end.
        smoky_share: See `Draws`.
        absence: See `Absence`.
    """

    size: Size
    export_size: Size
    steps: int
    batch: int
    rate: float
    seed: int
    threads: int
    workers: int
    examine_every: int
    start: Path | None = None
    stop_at: int | None = None
    smoky_share: float = 0.0
    absence: Absence = field(default_factory=Absence)


def train(samples: Sequence[Sample], examined: Sequence[Sample], plan: Plan, out: Path) -> FireSmokeNet:
    """Return the trained network (averaged weights); the file is written at every examination on the way."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    net: FireSmokeNet = FireSmokeNet().to(memory_format=torch.channels_last)
    if plan.start:
        net.load_state_dict(torch.load(plan.start, weights_only=True))
    average: FireSmokeNet = copy.deepcopy(net)
    count = (plan.stop_at or plan.steps) * plan.batch
    draws = Draws(samples, plan.size, count, plan.seed, plan.smoky_share)
    batches = DataLoader(draws, plan.batch, num_workers=plan.workers, collate_fn=collate, prefetch_factor=4)
    optimiser = torch.optim.AdamW(_groups(net), lr=plan.rate)
    started_s, lost = time.monotonic(), 0.0
    for step, (images, boxes, known) in enumerate(batches, 1):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _pace(step, plan.steps)
        lost += _step(net, optimiser, (images, boxes, known), plan.absence)
        _follow(average, net, step)
        if step % _REPORT_EVERY == 0:
            each_s = (time.monotonic() - started_s) / step
            _say(step=step, loss=round(lost / _REPORT_EVERY, 4), s_per_step=round(each_s, 2))
            lost = 0.0
        if step % plan.examine_every == 0:
            report(average, examined, plan, out)
    return average


def _step(net: Any, optimiser: Any, batch: tuple[Any, Any, Any], absence: Absence) -> float:
    images, boxes, known = batch
    net.train()
    pixels = images.float().div_(255).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits, distances = net(pixels)
    loss = loss_of(logits.float(), distances.float(), boxes, known, tuple(images.shape[2:]), absence=absence)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), _MAX_GRADIENT)
    optimiser.step()
    return float(loss.detach())


def _groups(net: Any) -> list[dict[str, Any]]:
    """Weights decay, biases and normalisation do not."""
    wide = [p for p in net.parameters() if p.ndim > 1]
    narrow = [p for p in net.parameters() if p.ndim <= 1]
    return [{"params": wide, "weight_decay": _DECAY}, {"params": narrow, "weight_decay": 0.0}]


def _pace(step: int, steps: int) -> float:
    """Return the share of the highest rate: up in a line, down along a cosine to a hundredth."""
    warm_up = min(_WARM_UP, steps // 10 + 1)
    if step < warm_up:
        return step / warm_up
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up)))) / 2


def _follow(average: Any, net: Any, step: int) -> None:
    """Move the averaged weights towards the present ones; `state_dict` hands them out without their gradients."""
    keep = min(_AVERAGE, step / (step + 10))
    for mine, theirs in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if mine.dtype.is_floating_point:
            mine.lerp_(theirs, 1 - keep)
        else:
            mine.copy_(theirs)


def report(net: FireSmokeNet, examined: Sequence[Sample], plan: Plan, out: Path) -> None:
    """Write the model file, and print how it does on the held-out scenes."""
    export(net, out, plan.export_size, f"GridPatrol fire and smoke detector, seed {plan.seed}, {plan.steps} steps")
    torch.save(net.state_dict(), out.with_suffix(".pt"))
    options, session = DetectionOptions(min_confidence=0.05), SessionOptions(threads=plan.threads, use_gpu=False)
    detector = OnnxDetector(out, options=options, session=session)
    for score in examine(detector, examined, _THRESHOLD) if examined else ():
        _say(**asdict(score), f1=score.f1)


def calibrate(net: FireSmokeNet, samples: Sequence[Sample], plan: Plan, out: Path) -> None:
    """Change the last layer so that scores keep their order and mean what `detectors.training.calibrate` says."""
    session = SessionOptions(threads=plan.threads, use_gpu=False)
    detector = OnnxDetector(out, options=DetectionOptions(_LEAST_SCORE), session=session)
    some = [samples[int(i)] for i in torch.randperm(len(samples), generator=torch.Generator().manual_seed(plan.seed))]
    some = some[:_CALIBRATED]
    found = detector.detect([s.image for s in some])
    with torch.no_grad():
        for kind, label in enumerate(LABELS):
            mapping = fit(kind, found, some)
            net.classes.weight[kind] *= mapping.scale
            net.classes.bias[kind] = net.classes.bias[kind] * mapping.scale + mapping.shift
            _say(calibrated=label, **asdict(mapping))


def _say(**fields: object) -> None:
    rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in fields.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")
    sys.stdout.flush()


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m detectors.training.fire_smoke", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with images/ and labels/")
    parser.add_argument("--open", type=Path, required=True, help="folder with the open recordings")
    parser.add_argument("--out", type=Path, required=True, help="ONNX file to write; weights go beside it as .pt")
    parser.add_argument("--start", type=Path, help="weights (.pt) of an earlier run to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--stop-at", type=int, help="stop after this step although the schedule goes on")
    parser.add_argument("--smoky-share", type=float, default=0.3, help="draws forced to start from labelled smoke")
    parser.add_argument("--absence", type=float, nargs=2, default=(1.5, 1.5), help="weight and power of false sights")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--size", type=int, nargs=2, default=(160, 256), help="height and width, multiples of 32")
    parser.add_argument("--export-size", type=int, nargs=2, default=(224, 384), help="of the exported input")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that prepare pictures")
    parser.add_argument("--examine-every", type=int, default=600)
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    """Train, examine, export."""
    asked = _arguments(words)
    plan = Plan(
        Size(*asked.size),
        Size(*asked.export_size),
        asked.steps,
        asked.batch,
        asked.rate,
        asked.seed,
        asked.threads,
        asked.workers,
        asked.examine_every,
        asked.start,
        asked.stop_at,
        asked.smoky_share,
        Absence(*asked.absence),
    )
    samples, examined = load(asked.data, asked.open)
    _say(train=len(samples), examined=len(examined))
    net = train(samples, examined, plan, asked.out)
    if plan.stop_at is None:
        report(net, (), plan, asked.out)
        calibrate(net, samples, plan, asked.out)
    report(net, examined, plan, asked.out)


if __name__ == "__main__":
    main()
