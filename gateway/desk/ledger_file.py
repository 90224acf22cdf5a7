"""Camera ledgers as files: read from XLSX or CSV within bounds, written so that no cell is a formula."""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from gateway.desk.ledger_fields import meant_by
from gateway.errors import GridPatrolError

MAX_FILE_BYTES = 32 << 20
# A workbook is a ZIP: what it unpacks to is bounded before anything is unpacked.
MAX_UNPACKED_BYTES = 512 << 20
MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELL_CHARS = 2_000
# Ledgers begin with a title, a unit and a date before the headings come.
HEADING_WITHIN_ROWS = 10
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Format = Literal["xlsx", "csv"]
# A number larger than this has lost digits in the spreadsheet: 20-digit codes typed as numbers.
EXACT_UP_TO = 2**53
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class LedgerFileError(GridPatrolError):
    """The file as a whole cannot be read.

    Attributes:
        code: `not_a_ledger`, `too_large`, `too_many_rows`, `too_many_columns`, `cell_too_long`, `encoding`, `empty`,
            `no_headings` or `same_heading`.
        row: Counted from 1 as spreadsheets do; None: the whole file.
        column: Heading or letter; None: the whole row.
    """

    def __init__(self, file: str, code: str, row: int | None = None, column: str | None = None) -> None:
        self.file, self.code, self.row, self.column = file, code, row, column
        super().__init__(file, code, row, column)

    def __str__(self) -> str:
        place = f", row {self.row}" if self.row else ""
        return f"{self.file}{place}: {self.code}" + (f" ({self.column})" if self.column else "")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row as text, cells in the order of the columns; never shown: one of them may be a password."""

    number: int  # as the spreadsheet counts
    cells: tuple[str, ...]

    def __repr__(self) -> str:
        return f"LedgerRow(number={self.number})"


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a file holds."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[LedgerRow, ...]

    def __repr__(self) -> str:
        return f"Ledger(name={self.name!r}, columns={len(self.columns)}, rows={len(self.rows)})"


def read_ledger(content: bytes, name: str) -> Ledger:
    """Return headings and rows of a file; XLSX or CSV shows in its first bytes. Blocks; empty rows are left out.

    Raises:
        LedgerFileError: Not a ledger, or larger than anybody's.
    """
    if len(content) > MAX_FILE_BYTES:
        raise LedgerFileError(name, "too_large")
    lines = _xlsx_rows(content, name) if content[:4] == b"PK\x03\x04" else _csv_rows(content, name)
    return _ledger(name, _bounded(name, lines))


def _ledger(name: str, lines: Iterator[tuple[int, list[str]]]) -> Ledger:
    first = list(itertools.islice(lines, HEADING_WITHIN_ROWS))
    if not first:
        raise LedgerFileError(name, "empty")
    at = max(range(len(first)), key=lambda n: (sum(meant_by(cell) is not None for cell in first[n][1]), -n))
    number, headings = first[at]
    while headings and not headings[-1]:
        headings.pop()
    named = [cell or f"#{index + 1}" for index, cell in enumerate(headings)]
    twice = next((cell for cell in named if named.count(cell) > 1), None)
    if twice is not None:
        raise LedgerFileError(name, "same_heading", number, twice)
    if not any(headings):
        raise LedgerFileError(name, "no_headings", number)
    rows = [*first[at + 1 :], *lines]
    return Ledger(name, tuple(named), tuple(LedgerRow(n, _fitted(cells, len(named))) for n, cells in rows))


def _fitted(cells: list[str], width: int) -> tuple[str, ...]:
    return tuple((cells + [""] * (width - len(cells)))[:width])


def _bounded(name: str, lines: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    count = 0
    for number, cells in lines:
        if not any(cells):
            continue
        count += 1
        if count > MAX_ROWS:
            raise LedgerFileError(name, "too_many_rows", number)
        if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
            raise LedgerFileError(name, "too_many_columns", number)
        for index, cell in enumerate(cells):
            if len(cell) > MAX_CELL_CHARS:
                raise LedgerFileError(name, "cell_too_long", number, f"#{index + 1}")
        yield number, cells


def _xlsx_rows(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED_BYTES:
                raise LedgerFileError(name, "too_large")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as exc:
        raise LedgerFileError(name, "not_a_ledger") from exc
    try:
        sheet = book.worksheets[0] if book.worksheets else None
        if sheet is None:
            raise LedgerFileError(name, "empty")
        sheet.reset_dimensions()  # what a file says of its size is often wrong
        yield from _cells_of(sheet, name)
    finally:
        book.close()


def _cells_of(sheet: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield number, [_text(cell) for cell in cells]
    except (KeyError, ValueError, IndexError, TypeError, SyntaxError, zipfile.BadZipFile) as exc:
        raise LedgerFileError(name, "not_a_ledger") from exc


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_UP_TO:
        return str(int(value))
    if isinstance(value, int) and abs(value) >= EXACT_UP_TO:
        return repr(float(value))  # looks as damaged as it is
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return unescaped(str(value).strip())


def _csv_rows(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content, name)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num, [unescaped(cell.strip()) for cell in cells]
    except csv.Error as exc:
        raise LedgerFileError(name, "not_a_ledger", reader.line_num) from exc


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise LedgerFileError(name, "not_a_ledger")
        return text
    raise LedgerFileError(name, "encoding")


def escaped(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; plain numbers stay as they are."""
    if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "'"} and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def unescaped(text: str) -> str:
    """Undo `escaped`, so that an exported ledger comes back as it was."""
    return text[1:] if text[:1] == "'" and escaped(text[1:]) == text else text


Cell = str | int | float | None


def write_ledger(kind: Format, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a file of these rows. Blocks. CSV is UTF-8 with a mark, so that Excel reads Chinese."""
    return _as_xlsx(headings, rows) if kind == "xlsx" else _as_csv(headings, rows)


def _as_csv(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> str:
    return escaped(cell) if isinstance(cell, str) else "" if cell is None else str(cell)


def _as_xlsx(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Cameras")
    sheet.freeze_panes = "A2"
    sheet.append(list(headings))
    for row in rows:
        sheet.append([_xlsx_cell(sheet, cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xlsx_cell(sheet: Any, cell: Cell) -> Any:
    if not isinstance(cell, str):
        return cell
    text = escaped(_NOT_IN_XML.sub("", cell))
    if text.isdigit() or text[:1] == "'":  # codes of 20 digits stay text
        made = WriteOnlyCell(sheet, value=text)
        made.data_type = "s"
        return made
    return text
