"""Where cameras may hang."""

from __future__ import annotations

import pytest

from gateway.desk import placement
from gateway.desk.placement import class_of, forbidden_in, legal_basis_of


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("宿舍", "dormitory"),
        ("学生宿舍302", "dormitory"),
        ("女更衣室内", "changing_room"),
        ("卫生间", "toilet"),
        ("东街公共厕所", "toilet"),
        ("酒店客房", "guest_room"),
        ("二楼包间", "private_dining_room"),
        ("母婴室", "nursing_room"),
        ("试衣间 3 号", "fitting_room"),
        ("浴室", "bath"),
        ("Toilet", "toilet"),
        ("staff locker-room 2", "changing_room"),
        ("WC", "toilet"),
    ],
)
def test_rooms_that_article_8_closes_are_refused(text: str, room: str) -> None:
    """In the words of ledgers, Chinese and English."""
    found = forbidden_in(text)
    assert found is not None
    assert found.id == room
    assert class_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "宿舍楼北侧",
        "公厕门口",
        "洗手间旁道路",
        "客房部走廊",
        "更衣室外",
        "outside the toilet",
        "restaurant",
        "",
        "东街 3 号",
    ],
)
def test_what_is_only_named_after_a_room_is_lawful(text: str) -> None:
    """A street is not a toilet because it passes one."""
    assert forbidden_in(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("道路", "public_road"), ("public_road", "public_road"), ("城市广场", "public_square"), ("河道", "waterside"),
     ("小区出入口", "community_outdoor"), ("月球", None), ("", None)],
)  # fmt: skip
def test_kinds_of_places_are_recognised(text: str, expected: str | None) -> None:
    """By id, by name, or by a word of it."""
    assert class_of(text) == expected


def test_legal_bases_are_recognised() -> None:
    """As an export writes them, and in short."""
    assert [legal_basis_of(c.zh) for c in placement.LEGAL_BASES] == [c.id for c in placement.LEGAL_BASES]
    assert [legal_basis_of(c.en) for c in placement.LEGAL_BASES] == [c.id for c in placement.LEGAL_BASES]
    assert legal_basis_of("单位内部") == "art9_site"
    assert legal_basis_of("随便") is None


def test_classes_are_those_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class added there and not here would be refused in every ledger."""
    placement.check_complete()
    monkeypatch.setitem(placement._FIELDS, "placement_class", placement.CLASSES[1:])
    with pytest.raises(ValueError, match="placement_class"):
        placement.check_complete()
