"""The names of a model's classes: from the model file, from a file beside it, or COCO's when there are 80."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from detectors.base import ModelLoadError
from detectors.coco import COCO_80

LABEL_SUFFIXES = (".labels.txt", ".labels.yaml", ".labels.yml")

# The boundary of the product: scenes only. A model that tells people or plates apart is refused whole.
_REFUSED = re.compile(
    r"(?<![a-z])(faces?|gait|(licen[cs]e|number|car)[ _-]?plates?)(?![a-z])|人脸|车牌|步态", re.IGNORECASE
)


def labels_of(path: Path, metadata: Mapping[str, str], classes: int | None) -> tuple[str, ...]:
    """Return one label per class: `NAME.labels.txt` or `.yaml` beside the file first, then the file's own metadata.

    Args:
        path: The model file.
        metadata: Its custom metadata; Ultralytics writes `names`.
        classes: How many classes its answer holds, None when its shape does not tell.

    Raises:
        ModelLoadError: No names, names that do not fit the answer, or names outside what this gateway may look for.
    """
    labels = _beside(path) or _from_metadata(path, metadata)
    if labels is None and classes == len(COCO_80):
        labels = COCO_80
    if labels is None:
        msg = f"{path.name}: its class names are unknown; put {path.stem}.labels.txt beside it, one name per line"
        raise ModelLoadError(msg)
    if classes is not None and len(labels) != classes:
        msg = f"{path.name}: {len(labels)} class names for {classes} classes; correct {path.stem}.labels.txt"
        raise ModelLoadError(msg)
    check_boundary(path.name, labels)
    return labels


def label_file(path: Path) -> Path | None:
    """Return the labels file beside a model, None when there is none."""
    return next((f for f in (path.with_name(path.stem + s) for s in LABEL_SUFFIXES) if f.is_file()), None)


def _beside(path: Path) -> tuple[str, ...] | None:
    found = label_file(path)
    if found is None:
        return None
    try:
        text = found.read_text("utf-8")
        if found.suffix == ".txt":
            return tuple(line.strip() for line in text.splitlines() if line.strip())
        return _names(yaml.safe_load(text))
    except (OSError, ValueError, yaml.YAMLError) as exc:
        msg = f"{found.name}: not a list of class names ({exc})"
        raise ModelLoadError(msg) from exc


def _from_metadata(path: Path, metadata: Mapping[str, str]) -> tuple[str, ...] | None:
    text = metadata.get("names")
    if not text:
        return None
    try:
        return _names(ast.literal_eval(text))
    except (ValueError, SyntaxError) as exc:
        msg = f"{path.name}: its metadata `names` cannot be read; put {path.stem}.labels.txt beside it"
        raise ModelLoadError(msg) from exc


def _names(value: object) -> tuple[str, ...]:
    """Accept a list, a mapping of index to name, or a mapping that holds either under `names`."""
    if isinstance(value, dict) and "names" in value:
        value = value["names"]
    if isinstance(value, dict):
        indices = sorted(int(k) for k in value)
        if indices != list(range(len(indices))):
            raise ValueError("class numbers must run from 0 without a gap")
        by_index = {int(k): str(v) for k, v in value.items()}
        return tuple(by_index[i] for i in indices)
    if isinstance(value, (list, tuple)):
        return tuple(str(v) for v in value)
    raise ValueError("neither a list nor a mapping")


def check_boundary(file: str, labels: tuple[str, ...]) -> None:
    """Refuse models that look for what is outside the boundary of the product.

    Raises:
        ModelLoadError: A label names faces, plates or gait.
    """
    refused = [label for label in labels if _REFUSED.search(label)]
    if refused:
        msg = f"{file}: looks for {', '.join(refused)}; GridPatrol watches scenes, never who someone is"
        raise ModelLoadError(msg)
