"""Tests of gateway.evaluation.gallery: a page that stands alone, in both languages, with nothing that is masked."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from gateway.evaluation.evaluate import Evaluation
from gateway.evaluation.gallery import WIDTH_PX, Language, pictures, to_html
from gateway.evaluation.scoring import judge

EMPTY = {"meta", "img", "br", "rect"}


class Balanced(HTMLParser):
    """Checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN", ("漏报", "人员聚集", "需要目标识别模型")), ("en", ("missed", "false alarm"))]
)
def test_the_page_speaks_either_language(language: Language, words: tuple[str, ...], evaluation: Evaluation) -> None:
    """Each word of a person's, and tags that close."""
    page = to_html(evaluation, language)
    assert f'<html lang="{language}">' in page
    assert all(word in page for word in words)
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []


def test_the_page_needs_nothing_else(evaluation: Evaluation) -> None:
    """Every picture is in it; no address leads anywhere."""
    page = to_html(evaluation)
    assert page.count('src="data:image/jpeg;base64,') == 3
    assert not re.search(r'(?:src|href)="(?!data:)', page)


def test_the_page_is_the_same_every_time(evaluation: Evaluation) -> None:
    """No date, no duration of the work."""
    assert to_html(evaluation) == to_html(replace(evaluation, wall_s=99.0))


def test_pictures_show_the_moment_with_masks_painted(evaluation: Evaluation) -> None:
    """Black where nothing must be seen, the block where it crosses."""
    shown = pictures(evaluation.results[0])
    assert len(shown) == 3
    for each in shown:
        assert each.jpeg is not None
        picture = cv2.imdecode(np.frombuffer(each.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape[1] == WIDTH_PX
        assert picture[20:40, 20:60].mean() < 10
    false_alarm = base64.b64encode(next(s.jpeg or b"" for s in shown if not s.finding.missed)).decode()
    assert false_alarm in to_html(evaluation)


def test_without_mistakes_the_page_says_so(evaluation: Evaluation) -> None:
    """No empty gallery."""
    clean = replace(evaluation, results=tuple(r for r in evaluation.results if r.clip.hard))
    clean = replace(clean, results=tuple(replace(r, clip=replace(r.clip, hard="")) for r in clean.results))
    assert "没有漏报，也没有误报。" in to_html(clean)


def test_words_from_a_truth_file_are_no_markup(evaluation: Evaluation) -> None:
    """A clip may be called what it likes."""
    result = evaluation.results[0]
    named = replace(result, clip=replace(result.clip, file="<script>"), judgement=judge((), (), result.clip.terms))
    page = to_html(replace(evaluation, results=(named,)))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
