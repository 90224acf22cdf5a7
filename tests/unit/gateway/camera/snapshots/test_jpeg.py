"""Tests of gateway.camera.snapshots.jpeg."""

from __future__ import annotations

import pytest

from gateway.camera.snapshots.jpeg import is_whole, read_header, same_picture
from tests.unit.gateway.camera.snapshots.pictures import jpeg, with_comment

JPEG = jpeg()


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"<html></html>", JPEG[:30], b"\xff\xd8\xff\xd9", b"\xff\xd8" * 99])
def test_what_is_no_jpeg_has_no_header(data: bytes) -> None:
    """Nor has one whose header is not all there."""
    assert read_header(data) is None


def test_a_size_that_cannot_be_true_is_no_picture() -> None:
    """Decoding it would take gigabytes: 65,500 px each way."""
    frame = JPEG.index(b"\xff\xc0")
    assert read_header(JPEG[: frame + 5] + b"\xff\xdc" * 2 + JPEG[frame + 9 :]) is None


@pytest.mark.parametrize("length", range(2, 700, 23))
def test_a_header_cut_anywhere_does_no_harm(length: int) -> None:
    """Reading ends where the data does."""
    header = read_header(JPEG[:length])
    assert header is None or (header.width, header.height) == (960, 540)


def test_the_size_is_read_past_other_segments() -> None:
    """Comments, fill bytes and tables come first."""
    commented = with_comment(JPEG, b"2026-01-05 12:00:00" * 99)
    filled = commented[:2] + b"\xff\xff" + commented[2:]
    for data in (JPEG, commented, filled):
        header = read_header(data)
        assert header is not None
        assert (header.width, header.height) == (960, 540)


def test_a_picture_is_whole_only_with_its_end() -> None:
    """Padding after the end is nothing to mind; an end long before it belongs to something else."""
    assert is_whole(JPEG)
    assert is_whole(JPEG + bytes(1000))
    assert not is_whole(JPEG[:-2])
    assert not is_whole(JPEG + bytes(10_000))


def test_another_comment_is_not_another_picture() -> None:
    """A frozen camera goes on writing the time into the header."""
    assert same_picture(with_comment(JPEG, b"12:00:00"), with_comment(JPEG, b"12:00:01"))
    assert not same_picture(JPEG, jpeg(grain=1))


def test_what_has_no_header_is_compared_whole() -> None:
    """Then only equal bytes are the same."""
    assert same_picture(b"x", b"x")
    assert not same_picture(b"x", JPEG)
