"""What may not be watched at all: places closed by law, and anything about who somebody is."""

from __future__ import annotations

import re

# Article 8 of the Regulations on Public Security Video Image Information Systems (State Council Order 799).
_FORBIDDEN_PLACES = {
    "a guest room": {"guest_room", "hotel_room", "客房"},
    "a private dining room": {"private_dining", "private_dining_room", "private_room", "包间", "包厢"},
    "a dormitory or rest room": {"dormitory", "dorm", "bedroom", "staff_room", "rest_room", "staff_rest_room", "宿舍"},
    "a bath": {"bath", "bathroom", "bathhouse", "shower", "shower_room", "sauna", "浴室", "公共浴室"},
    "a toilet": {"toilet", "restroom", "washroom", "lavatory", "wc", "卫生间", "厕所"},
    "a changing room": {"changing_room", "locker_room", "dressing_room", "更衣室"},
    "a nursing room": {"nursing_room", "nursery_room", "哺乳室", "母婴室"},
    "a fitting room": {"fitting_room", "试衣间"},
}
_PLACE_NAMES = {alias: place for place, aliases in _FORBIDDEN_PLACES.items() for alias in aliases}

# Whole words only: "surface_damage" is no face, "steel_plate_loose" no number plate.
_PERSON_WORDS = re.compile(
    r"(?:^|[._-])(?:faces?|facial|anpr|alpr|lpr|re_?id|gait|watch_?list|black_?list|identity|identif\w*|"
    r"emotions?|gender|age|ethnic\w*|demograph\w*|attributes?|loiter\w*|tailing|stalking|"
    r"(?:licen[cs]e|number|car|vehicle)_?plates?)(?:$|[._-])|^plates?(?:$|_re|_number)"
    r"|人脸|面部|车牌|号牌|步态|身份|黑名单|重点人员|徘徊|尾随"
)

BOUNDARY = (
    "GridPatrol flags scenes and never who somebody is: no faces, plates, gait, attributes, watch lists or "
    "following of persons; such an event type does not exist and cannot be added"
)


def forbidden_place(placement_class: str) -> str | None:
    """Return why a camera may not hang there, naming the article; None when no article forbids it by name."""
    place = _PLACE_NAMES.get(placement_class.strip().lower().replace("-", "_").replace(" ", "_"))
    if place is None:
        return None
    return (
        f"no camera may look into {place}: article 8 of State Council Order 799 "
        "(公共安全视频图像信息系统管理条例第八条) forbids it"
    )


def about_persons(event_type: str) -> bool:
    """Say whether an event type is about who somebody is rather than what happens."""
    return _PERSON_WORDS.search(event_type.lower()) is not None
