"""The 80 COCO class names in their usual order, and how they group into what a scene rule may ask for."""

from __future__ import annotations

from typing import Final, Literal

SceneLabel = Literal["person", "vehicle", "nonmotor", "animal"]

COCO_80: Final[tuple[str, ...]] = tuple(
    """person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light|fire hydrant|stop sign|parking meter|
bench|bird|cat|dog|horse|sheep|cow|elephant|bear|zebra|giraffe|backpack|umbrella|handbag|tie|suitcase|frisbee|skis|
snowboard|sports ball|kite|baseball bat|baseball glove|skateboard|surfboard|tennis racket|bottle|wine glass|cup|fork|
knife|spoon|bowl|banana|apple|sandwich|orange|broccoli|carrot|hot dog|pizza|donut|cake|chair|couch|potted plant|bed|
dining table|toilet|tv|laptop|mouse|remote|keyboard|cell phone|microwave|oven|toaster|sink|refrigerator|book|clock|
vase|scissors|teddy bear|hair drier|toothbrush""".replace("\n", "").split("|")
)

# Detectors flip between car, bus and truck on one and the same vehicle, so a rule never tells them apart.
_GROUPS: Final[dict[SceneLabel, tuple[str, ...]]] = {
    "person": ("person", "people", "pedestrian"),
    "vehicle": ("vehicle", "car", "bus", "truck", "train", "van", "tricycle"),
    "nonmotor": ("nonmotor", "bicycle", "motorcycle", "bike", "motorbike", "e-bike"),
    "animal": (
        *("animal", "bird", "cat", "dog", "horse", "sheep", "cow"),
        *("elephant", "bear", "zebra", "giraffe", "pig", "goat"),
    ),
}
_SCENE: Final[dict[str, SceneLabel]] = {name: group for group, names in _GROUPS.items() for name in names}


def scene_label(name: str) -> SceneLabel | None:
    """Return the scene class a model's label belongs to, None for labels that no rule asks for.

    Upper and lower case and surrounding blanks do not matter.
    """
    return _SCENE.get(name.strip().lower())
