"""Keyframes become JPEGs once, and the book does not grow beyond its limit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import cv2
import numpy as np
import pytest

from gateway.simulator.clip import Clip, load_clip
from gateway.simulator.pictures import NoPicture, PictureBook, jpeg_of
from gateway.simulator.rtp import cut
from tests.unit.gateway.simulator.clips import Recording, encode


@pytest.fixture(scope="module", params=["libx264", "libx265"])
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A second with keyframes at 0, 10 and 20."""
    folder: Path = tmp_path_factory.mktemp("clips")
    return load_clip(encode(folder / "a.mkv", Recording(codec=request.param)))


def shown(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Decode, grey."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.mark.parametrize("nals", [[b"\x65nonsense"], [b"\x09\x10"]])
def test_what_is_no_picture(nals: list[bytes]) -> None:
    """An error of ours, whatever the decoder says."""
    with pytest.raises(NoPicture):
        jpeg_of("h264", cut("h264", nals))


def test_jpeg_is_the_keyframe(film: Clip) -> None:
    """The bright column stands where it is in that picture; turned, on the other side."""
    for index in film.keyframes:
        picture = shown(jpeg_of(film.codec, film.units[index].packets))
        assert picture.shape == (90, 160)
        assert picture.mean(axis=0)[index * 3 : index * 3 + 8].mean() > 180
        turned = shown(jpeg_of(film.codec, film.units[index].packets, turned=True))
        assert np.abs(turned[::-1, ::-1].astype(int) - picture).mean() < 3


async def test_each_is_made_once(film: Clip) -> None:
    """However many ask at the same time."""
    book = PictureBook()
    got = await asyncio.gather(*(book.jpeg(film, 0) for _ in range(5)))
    assert len(set(got)) == 1
    assert book.made == 1
    await book.jpeg(film, 0, turned=True)
    assert book.made == 2


async def test_the_longest_unused_gives_way(film: Clip) -> None:
    """At the limit; one that was asked for again stays."""
    one = await PictureBook().jpeg(film, 0)
    book = PictureBook(limit_bytes=round(len(one) * 2.5))
    await book.jpeg(film, 0)
    await book.jpeg(film, 10)
    await book.jpeg(film, 0)
    await book.jpeg(film, 20)
    assert book.made == 3
    await book.jpeg(film, 0)
    assert book.made == 3
    await book.jpeg(film, 10)
    assert book.made == 4


async def test_a_limit_below_one_picture(film: Clip) -> None:
    """Still gives the picture."""
    book = PictureBook(limit_bytes=1)
    assert await book.jpeg(film, 0)
    assert await book.jpeg(film, 10)
