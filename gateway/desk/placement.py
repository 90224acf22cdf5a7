"""Where a camera hangs and why it may: the classes of places, those the law forbids, and the words people use for them.

State Council Order 799 (公共安全视频图像信息系统管理条例), articles 7 to 9 and 13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import get_args

from camera_configs.models import LegalCard

ARTICLE = "第八条"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose from, in both languages; `words` are what ledgers write for it."""

    id: str
    zh: str
    en: str
    words: tuple[str, ...] = ()


CLASSES = (
    Choice("public_road", "公共道路", "Public road", ("道路", "公路", "路口", "街道", "卡口", "road", "street")),
    Choice("public_square", "广场", "Public square", ("广场", "车站", "square", "plaza")),
    Choice("park_green", "公园绿地", "Park or green space", ("公园", "绿地", "景区", "park", "green")),
    Choice("waterside", "水域岸边", "Waterside", ("水域", "河道", "水库", "湖", "岸", "堤", "water", "river", "dam")),
    Choice("forest", "林区", "Forest", ("林", "山", "forest", "wood")),
    Choice("community_outdoor", "社区室外", "Community, outdoors", ("社区", "小区", "村", "community", "village")),
    Choice("site_perimeter", "单位周界", "Perimeter of a site", ("周界", "围墙", "大门", "perimeter", "fence")),
    Choice("facility", "公共设施", "Facility", ("设施", "站房", "停车场", "垃圾", "泵站", "facility", "station")),
)

FORBIDDEN = (
    Choice("guest_room", "客房", "Guest room", ("客房", "guest room", "hotel room")),
    Choice("private_dining_room", "包间", "Private dining room", ("包间", "包厢", "private dining", "private room")),
    Choice(
        "dormitory",
        "宿舍",
        "Dormitory or rest room of staff",
        ("宿舍", "寝室", "卧室", "员工休息室", "休息室", "dormitory", "dorm", "bedroom", "staff room", "rest room"),
    ),
    Choice("bath", "浴室", "Bath", ("浴室", "澡堂", "淋浴间", "桑拿房", "bathroom", "bathhouse", "shower", "sauna")),
    Choice("toilet", "卫生间", "Toilet", ("卫生间", "洗手间", "厕所", "公厕", "盥洗室", "toilet", "lavatory",
                                        "restroom", "washroom", "wc")),
    Choice("changing_room", "更衣室", "Changing room", ("更衣室", "更衣间", "changing room", "locker room",
                                                     "dressing room")),
    Choice("nursing_room", "母婴室", "Nursing room", ("母婴室", "哺乳室", "nursing room", "nursery room")),
    Choice("fitting_room", "试衣间", "Fitting room", ("试衣间", "试衣室", "fitting room")),
)  # fmt: skip

LEGAL_BASES = (
    Choice("art7_gov", "第七条：政府部门建设", "Article 7: built by the government", ("政府", "公安", "gov")),
    Choice(
        "art7_operator",
        "第七条：公共场所经营管理单位建设",
        "Article 7: built by the operator of a public place",
        ("经营", "管理单位", "operator"),
    ),
    Choice(
        "art9_site", "第九条：单位内部建设", "Article 9: a site's own", ("单位内部", "内部", "自建", "第九条", "site")
    ),
)

# A word for a closed room counts where the text ends with it, or goes on inside it: 更衣室, 女更衣室内, 宿舍302. What
# is merely named after one is lawful: 宿舍楼北侧, 公厕门口.
_INSIDE = r"(?:内部|内|里|中)?[\s\d#号A-Za-z-]*$"
_ENGLISH_OUTSIDE = re.compile(r"outside|outdoor|entrance|exit|near|opposite|front|behind|corridor|gate|road|street")


def _room(words: tuple[str, ...]) -> re.Pattern[str]:
    chinese = "|".join(w for w in words if not w.isascii())
    english = "|".join(w.replace(" ", r"[\s_-]?") for w in words if w.isascii())
    return re.compile(rf"(?:{chinese}){_INSIDE}|(?<![a-z])(?:{english})s?(?![a-z])")


_ROOMS = [(choice, _room(choice.words)) for choice in FORBIDDEN]


def forbidden_in(text: str) -> Choice | None:
    """Return the place forbidden by article 8 that a name, an address or a class speaks of; None: of none."""
    words = text.strip().casefold()
    for choice, pattern in _ROOMS:
        found = pattern.search(words)
        if found and not (found[0].isascii() and _ENGLISH_OUTSIDE.search(words)):
            return choice
    return None


def class_of(text: str) -> str | None:
    """Return the class of place that a ledger's word means, None when it is none we know (or a forbidden one)."""
    return None if forbidden_in(text) else _chosen(text, CLASSES)


def legal_basis_of(text: str) -> str | None:
    """Return the legal basis that a ledger's word means, None when it is none we know."""
    return _chosen(text, LEGAL_BASES)


def _chosen(text: str, choices: tuple[Choice, ...]) -> str | None:
    wanted = text.strip().casefold()
    for choice in choices:
        if wanted in {choice.id, choice.zh, choice.en.casefold()}:
            return choice.id
    return next((c.id for c in choices for word in c.words if word in wanted), None) if wanted else None


def check_complete() -> None:
    """Refuse to be imported with a class that the configuration does not know, or without one that it does.

    Raises:
        ValueError: The two have come apart.
    """
    known = {field: set(get_args(LegalCard.model_fields[field].annotation)) for field in _FIELDS}
    for field, choices in _FIELDS.items():
        if known[field] != {choice.id for choice in choices}:
            raise ValueError(f"{field} here and in the configuration differ")


_FIELDS = {"placement_class": CLASSES, "legal_basis": LEGAL_BASES}
check_complete()
