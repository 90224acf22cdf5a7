"""Which column is which field."""

from __future__ import annotations

import pytest

from gateway.desk.ledger_fields import FIELDS, meant_by, plain, suggested
from gateway.desk.ledger_words import _WORDS, choose, worded


@pytest.mark.parametrize(
    ("heading", "field"),
    [("*经度（°）", "lon"), ("设备 编码", "code"), ("Main Stream URL", "main_url"), ("监控点位类型", "placement"),
     ("口令", "password"), ("备注", None), ("", None)],
)  # fmt: skip
def test_headings_are_understood_without_their_decoration(heading: str, field: str | None) -> None:
    """Stars, units and spaces are how people write forms."""
    assert meant_by(heading) == field


def test_no_two_fields_have_one_name() -> None:
    """Neither in Chinese nor in English, or an export would come back into another field."""
    for words in ({plain(f.zh): f.id for f in FIELDS}, {plain(f.en): f.id for f in FIELDS}):
        assert len(words) == len(FIELDS)
        assert all(meant_by(word) == field for word, field in words.items())


def test_what_was_chosen_the_last_time_goes_first() -> None:
    """Also that a column was left out on purpose; a field is never suggested twice."""
    columns = ["设备名称", "名称", "备注", "经度"]
    assert suggested(columns, {}) == {"设备名称": "name", "经度": "lon"}
    remembered = {"名称": "name", "备注": "purpose", "经度": ""}
    assert suggested(columns, remembered) == {"名称": "name", "备注": "purpose"}
    assert suggested(columns, {"名称": "no_such_field"}) == {"设备名称": "name", "经度": "lon"}


def test_every_error_is_worded_in_both_languages() -> None:
    """A word without its translation would show as a code."""
    params = dict.fromkeys(("row", "low", "high", "name", "why", "zh", "en", "article", "choices", "column"), "X")
    for code in _WORDS:
        assert worded(code, "zh-CN", params)
        assert worded(code, "en", params).isascii()
    assert choose("zh-CN", "是", "yes") == "是"
    assert choose("en", "是", "yes") == "yes"
