"""What the classes of a trained scene model mean: `NAME.types.yaml` beside the model, label by label.

    overflowing bin: bin_overflow
    stall: street_vending

Labels left out are not asked for. A label that is itself the id of an event type needs no line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from camera_configs.boundary import about_persons
from camera_configs.taxonomy import EVENT_TYPES
from detectors.base import ModelLoadError

SUFFIX = ".types.yaml"
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]{0,47}(\.[a-z][a-z0-9_]{0,47})?")


def read_types(file: Path | None, labels: Sequence[str]) -> dict[str, str]:
    """Return the event type of each label that stands for one.

    Args:
        file: The table; None or missing: labels that are ids of shipped event types stand for themselves.
        labels: The model's.

    Raises:
        ModelLoadError: The file cannot be read, names a label that the model does not have, or something that is no
            event type or about persons.
    """
    found = {label: label for label in labels if label in EVENT_TYPES}
    if file is None or not file.is_file():
        return found
    try:
        table = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        msg = f"{file.name}: cannot be read ({exc})"
        raise ModelLoadError(msg) from exc
    if not isinstance(table, dict):
        msg = f"{file.name}: must be a table, one `label: event_type` per line"
        raise ModelLoadError(msg)
    for label, event_type in table.items():
        _check(file.name, labels, label, event_type)
        found[label] = event_type
    return found


def _check(name: str, labels: Sequence[str], label: object, event_type: object) -> None:
    if label not in labels:
        msg = f"{name}: the model has no class {label!r}; it has: {', '.join(labels)}"
        raise ModelLoadError(msg)
    if not isinstance(event_type, str) or not _EVENT_TYPE.fullmatch(event_type):
        msg = f"{name}: {label}: {event_type!r} is not the id of an event type, for example bin_overflow"
        raise ModelLoadError(msg)
    if about_persons(event_type) or about_persons(str(label)):
        msg = f"{name}: {label}: {event_type}: GridPatrol looks at scenes, never at who somebody is"
        raise ModelLoadError(msg)
