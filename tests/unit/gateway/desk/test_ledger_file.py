"""Camera ledgers as files."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from gateway.desk import ledger_file
from gateway.desk.ledger_file import LedgerFileError, LedgerRow, escaped, read_ledger, unescaped, write_ledger

HEADINGS = ["设备编码", "设备名称", "经度", "密码"]


def as_csv(*rows: list[str], encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def as_xlsx(*rows: list[Any]) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def refused(content: bytes) -> LedgerFileError:
    with pytest.raises(LedgerFileError) as caught:
        read_ledger(content, "台账.xlsx")
    return caught.value


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04 not really", "not_a_ledger"),
        (b"", "empty"),
        (b"\xff\xfe\x00\xd8\x00", "encoding"),
        (b"a,b\nx\0y,z\n", "not_a_ledger"),
        (b"\x81", "encoding"),
        (b'a,b\n"' + b"x" * 200_000, "not_a_ledger"),
        (as_csv(["名称", "名称"], ["a", "b"]), "same_heading"),
        (as_csv(["名称"], ["x" * 2_001]), "cell_too_long"),
        (as_csv(["名称"] + [f"c{n}" for n in range(200)]), "too_many_columns"),
    ],
)
def test_what_is_no_ledger_is_refused_with_a_word(content: bytes, code: str) -> None:
    """Named by file, and by row where there is one."""
    exc = refused(content)
    assert exc.code == code
    assert "台账.xlsx" in str(exc)


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    """A document of another kind."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("word/document.xml", "<w/>")
    assert refused(out.getvalue()).code == "not_a_ledger"


def test_files_and_their_content_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The size as sent, what it unpacks to, and the number of rows."""
    book = as_xlsx(HEADINGS, ["1", "a", 118.1, ""])
    monkeypatch.setattr(ledger_file, "MAX_UNPACKED_BYTES", 1_000)
    assert refused(book).code == "too_large"
    monkeypatch.setattr(ledger_file, "MAX_ROWS", 3)
    exc = refused(as_csv(HEADINGS, *[["1", "a", "2", ""]] * 3))
    assert (exc.code, exc.row) == ("too_many_rows", 4)
    monkeypatch.setattr(ledger_file, "MAX_FILE_BYTES", 10)
    assert refused(b"x" * 11).code == "too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_read_in_the_encodings_people_have(encoding: str) -> None:
    """Excel in China writes GB18030, and UTF-16 when asked for Unicode."""
    ledger = read_ledger(as_csv(HEADINGS, ["1", "路口", "118.1", ""], encoding=encoding), "x.csv")
    assert ledger.columns == tuple(HEADINGS)
    assert ledger.rows == (LedgerRow(2, ("1", "路口", "118.1", "")),)


def test_a_title_above_the_headings_and_empty_rows_are_passed_over() -> None:
    """Rows keep the numbers that the spreadsheet shows."""
    content = as_xlsx(["莒县视频监控一机一档"], [], ["填报单位", "公安局"], HEADINGS, [], ["1", "路口", 118.5, "x"])
    ledger = read_ledger(content, "x")
    assert ledger.columns == tuple(HEADINGS)
    assert ledger.rows == (LedgerRow(6, ("1", "路口", "118.5", "x")),)


def test_ten_rows_and_more_are_all_read() -> None:
    """None is lost between looking for the headings and reading on."""
    rows = [[str(n), f"路口{n}", "118.1", ""] for n in range(25)]
    ledger = read_ledger(as_csv(HEADINGS, *rows), "x")
    assert [row.cells[0] for row in ledger.rows] == [str(n) for n in range(25)]


def test_short_and_long_rows_fit_the_headings() -> None:
    """Missing cells are empty; a column without a heading has a number."""
    ledger = read_ledger(as_csv(["名称", "", "经度"], ["a"], ["b", "x", "1", "beyond"]), "x")
    assert ledger.columns == ("名称", "#2", "经度")
    assert [row.cells for row in ledger.rows] == [("a", "", ""), ("b", "x", "1")]


def test_numbers_of_a_spreadsheet_come_as_people_see_them() -> None:
    """A whole number without a point; a code that has lost digits looks it."""
    ledger = read_ledger(as_xlsx(HEADINGS, [34020000001320000001, True, 118.0, 7]), "x")
    code, flag, lon, other = ledger.rows[0].cells
    assert "e+" in code
    assert (flag, lon, other) == ("true", "118", "7")


def test_nothing_that_is_shown_holds_a_cell() -> None:
    """A row may hold a password, and representations reach logs."""
    ledger = read_ledger(as_csv(HEADINGS, ["1", "路口", "118.1", "hidden"]), "x")
    assert "hidden" not in repr(ledger) + repr(ledger.rows)


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x", "@sum", "\tx", "'=1"])
def test_a_formula_is_written_as_text_and_comes_back(text: str) -> None:
    """In both formats; a spreadsheet that opens it computes nothing."""
    assert unescaped(escaped(text)) == text
    book = load_workbook(io.BytesIO(write_ledger("xlsx", ["名称", "编码"], [[text, "00123"]])))
    cell = book.worksheets[0]["A2"]
    assert cell.data_type != "f"
    assert not str(cell.value).startswith(("=", "+", "-", "@"))
    assert book.worksheets[0]["B2"].value == "00123"
    lines = write_ledger("csv", ["名称"], [[text]]).decode("utf-8-sig")
    assert not any(line.lstrip('"').startswith(("=", "+", "-", "@")) for line in lines.splitlines())
    if text != "\tx":  # spaces around a cell are nobody's
        for kind in ("xlsx", "csv"):
            (row,) = read_ledger(write_ledger(kind, ["名称", "x"], [[text, "1"]]), "x").rows
            assert row.cells[0] == text


def test_numbers_stay_numbers() -> None:
    """A western longitude is no formula."""
    assert escaped("-12.5") == "-12.5"
    assert write_ledger("csv", ["a", "b"], [[-12.5, None]]).decode("utf-8-sig").splitlines()[1] == "-12.5,"
    book = load_workbook(io.BytesIO(write_ledger("xlsx", ["a"], [[-12.5], ["x\x07y"]])))
    assert [row[0].value for row in book.worksheets[0].iter_rows(min_row=2)] == [-12.5, "xy"]
