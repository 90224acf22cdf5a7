"""What `gridpatrol models ...` does, as plain functions; the command line itself is wired elsewhere.

Every function raises `ModelLoadError` with words for the person at the terminal; exit code 3.
"""

from __future__ import annotations

from pathlib import Path

from detectors.registry import ModelCard, ModelRegistry
from detectors.ultralytics_model import TrainingOptions

_SHOWN_LABELS = 8


def list_models(folder: Path) -> list[ModelCard]:
    """Return the cards of all models in the folder."""
    return ModelRegistry(folder).list()


def add_model(folder: Path, file: Path, name: str | None = None) -> ModelCard:
    """Check an ONNX file and copy it in."""
    return ModelRegistry(folder).add(file, name)


def fetch_model(folder: Path, name: str, size_px: int = 640) -> ModelCard:
    """Download published Ultralytics weights, export and add them; needs the optional YOLO part."""
    return ModelRegistry(folder).fetch(name, size_px)


def export_model(folder: Path, weights: Path, size_px: int = 640, name: str | None = None) -> ModelCard:
    """Export Ultralytics weights and add the result; needs the optional YOLO part."""
    return ModelRegistry(folder).export(weights, size_px, name)


def train_model(folder: Path, data: Path, options: TrainingOptions, name: str | None, types: Path | None) -> ModelCard:
    """Train on a data set of your own and add the result; needs the optional YOLO part.

    Args:
        folder: Of the models.
        data: In Ultralytics' layout.
        options: How to train.
        name: To keep it under; None: the data folder's.
        types: Table of event types by label, kept beside the model; None: labels that are event types are found.
    """
    registry = ModelRegistry(folder)
    card = registry.train(data, options, name)
    if types is not None:
        registry.set_types(card.name, types)
    return card


def map_model(folder: Path, name: str, table: Path) -> dict[str, str]:
    """Keep the table that says which event types a model's classes stand for, and return it."""
    return ModelRegistry(folder).set_types(name, table)


def describe_types(folder: Path, card: ModelCard) -> str:
    """Return one line: what a model's classes stand for, and which stand for nothing."""
    types = ModelRegistry(folder).types(card)
    if not types:
        return f"{card.name}: none of its classes stands for an event type; see `gridpatrol models map`"
    known = ", ".join(f"{label} = {event_type}" for label, event_type in sorted(types.items()))
    rest = sorted(set(card.labels) - set(types))
    return f"{card.name}: {known}" + (f"; not asked for: {', '.join(rest)}" if rest else "")


def remove_model(folder: Path, name: str) -> None:
    """Delete a model with all its files."""
    ModelRegistry(folder).remove(name)


def describe(card: ModelCard) -> str:
    """Return one line about a model: name, family, input, classes, licence, start of its hash."""
    labels = ", ".join(card.labels[:_SHOWN_LABELS])
    more = len(card.labels) - _SHOWN_LABELS
    if more > 0:
        labels += f" and {more} more"
    size = f"{card.input_width}x{card.input_height}"
    return f"{card.name}  {card.family}  {size}  [{labels}]  {card.licence or 'licence unknown'}  {card.sha256[:12]}"


def describe_all(cards: list[ModelCard]) -> str:
    """Return the listing, or what to do when there is none."""
    if not cards:
        return "No models yet. Add one with `gridpatrol models add FILE.onnx`; motion needs none."
    return "\n".join(describe(card) for card in cards)
