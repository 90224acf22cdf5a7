"""A year's holidays and make-up days: refused where they cannot be meant, kept in order, written byte for byte."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from camera_configs.calendar import CalendarYear, WorkDays
from camera_configs.check import check
from camera_configs.documents import Key, models_of, site_of
from camera_configs.loader import load_site
from camera_configs.proposal import propose
from camera_configs.writer import site_files, write_folder
from tests.unit.camera_configs.folders import SOUND, write

YEAR = """\
calendar:
  - year: "2026"
    holidays: [2026-10-02, 2026-10-01]
    make_up_days: [2026-10-10]
"""


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("2026-10-10]", 4, "calendar[2026]", "not in 2026: 2027-10-10"),
        ("2026-10-02]", 4, "calendar[2026]", "off and made up at once: 2026-10-02"),
        ("2026-13-02]", 4, "calendar[2026].make_up_days", "valid date"),
        ("2026-10-10, 2026-10-10]", 4, "calendar[2026].make_up_days", "more than once: 2026-10-10"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, text: str, line: int, key: str, message: str
) -> None:
    """File, line and key, as for everything else."""
    given = text if "2027" not in message else "2027-10-10]"
    folder = write(tmp_path, {"site.yaml": SOUND, "days.yaml": YEAR.replace("2026-10-10]", given)})
    [problem] = check(folder).problems
    assert problem.file.name == "days.yaml"
    assert problem.line in {2, line}
    assert problem.key_path.startswith(key)
    assert message in problem.message


def test_unknown_keys_and_a_year_given_twice_are_refused(tmp_path: Path) -> None:
    """With the word that was probably meant, and the first place."""
    twice = write(tmp_path / "a", {"site.yaml": SOUND, "a.yaml": YEAR, "b.yaml": YEAR})
    assert [p.code for p in check(twice).problems] == ["used_twice"]
    other = write(tmp_path / "b", {"site.yaml": SOUND, "a.yaml": YEAR.replace("holidays", "holiday")})
    assert [p.hint for p in check(other).problems] == ["did you mean 'holidays'?"]
    number = write(tmp_path / "c", {"site.yaml": SOUND, "a.yaml": YEAR.replace('"2026"', "2026")})
    assert [p.hint for p in check(number).problems] == ["put it in quotes"]


def test_a_calendar_is_written_as_it_was_read(tmp_path: Path) -> None:
    """In order of days; a second round changes no byte."""
    site = load_site(write(tmp_path / "a", {"site.yaml": SOUND, "days.yaml": YEAR}))
    files = site_files(site)
    assert b'  - year: "2026"\n    holidays: ["2026-10-01", "2026-10-02"]\n' in files["calendar.yaml"]
    write_folder(tmp_path / "b", files)
    again = load_site(tmp_path / "b")
    assert again.calendar == site.calendar
    assert site_files(again) == files
    assert site_of(models_of(site)).calendar == site.calendar
    assert "1 calendar years" in check(tmp_path / "b").text()


def test_a_year_is_proposed_like_any_entry(tmp_path: Path) -> None:
    """Sound ones become models, others problems with their field."""
    present = models_of(load_site(write(tmp_path, {"site.yaml": SOUND})))
    key = Key("calendar", "2027")
    assert propose(present, {key: {"year": "2027", "holidays": ["2027-01-01"]}}).models[key] is not None
    problems = propose(present, {key: {"year": "2027", "holidays": ["never"]}}).problems
    assert [p.field_path for p in problems] == ["holidays[0]"]


def test_working_days() -> None:
    """A Thursday off, a Saturday made up, and the usual week."""
    days = WorkDays.of([CalendarYear(year="2026", holidays=(date(2026, 10, 1),), make_up_days=(date(2026, 10, 10),))])
    assert not days.works_on(date(2026, 10, 1))
    assert days.works_on(date(2026, 10, 10))
    assert days.works_on(date(2026, 9, 30))
    assert not days.works_on(date(2026, 9, 27))


def test_years_far_off_are_no_years() -> None:
    """A slip of the finger would otherwise hold for ever."""
    with pytest.raises(ValidationError):
        CalendarYear(year="1926")
