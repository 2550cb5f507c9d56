"""Passages: sizes, borders, places, headings."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.documents import OutlineEntry
from app.documents.model import Block, Page
from app.recall import Passage, cut_passages
from app.recall.passages import LEAST_WORDS, MOST_WORDS
from app.recall.words import count_words
from tests.app.recall.support import pages, prose

SENTENCE = (
    "The keeper of the light winds the clockwork every four hours by night and writes it down. "  # 17 words
)


def cut(layout: tuple[Page, ...], outline: tuple[OutlineEntry, ...] = ()) -> list[Passage]:
    return list(cut_passages("d", layout, outline))


def check_places(layout: tuple[Page, ...], passages: list[Passage]) -> None:
    """Every piece is a stretch of its page, and no word of the pages is lost or there twice."""
    texts = {page.number: page.text for page in layout}
    for passage in passages:
        for piece in passage.pieces:
            length = piece.end - piece.start
            assert texts[piece.page][piece.start : piece.end] == passage.text[piece.at : piece.at + length]
    everything = [
        re.sub(r"\s", "", text) for text in ("".join(texts.values()), "".join(p.text for p in passages))
    ]
    assert everything[0] == everything[1]


def test_a_long_text_is_cut_at_sentence_ends_into_80_to_200_words() -> None:
    layout = prose(*[SENTENCE * 7 for _ in range(6)])
    passages = cut(layout)
    check_places(layout, passages)
    assert len(passages) > 2
    for passage in passages[:-1]:
        assert LEAST_WORDS <= count_words(passage.text) <= MOST_WORDS
        assert passage.text.rstrip().endswith(".")


@given(st.lists(st.text(alphabet="aB .\n!?1東。", max_size=300), max_size=5))
def test_nothing_is_lost_and_no_passage_is_too_long(texts: list[str]) -> None:
    layout = tuple(Page(n, (Block("paragraph", text),) if text else ()) for n, text in enumerate(texts, 1))
    passages = cut(layout)
    check_places(layout, passages)
    assert all(count_words(passage.text) <= MOST_WORDS + 1 for passage in passages)


def test_a_sentence_over_a_page_break_says_both_pages() -> None:
    layout = pages(
        [[("paragraph", "The lamp is lit before")], [("paragraph", "sunset. Then it burns.")]], ["iv", "v"]
    )
    (passage,) = cut(layout)
    assert (passage.first_page, passage.last_page, passage.label) == (1, 2, "iv-v")
    assert passage.text == "The lamp is lit before\nsunset. Then it burns."
    start = passage.text.index("before")
    assert passage.places(start, start + len("before\nsunset.")) == [(1, 16, 22), (2, 0, 7)]


def test_headings_make_a_path_and_begin_a_passage() -> None:
    blocks = [
        Block("heading", "1 Light", level=1),
        Block("paragraph", SENTENCE * 5),
        Block("heading", "1.1 Lens", level=2),
        Block("paragraph", SENTENCE * 5),
        Block("heading", "2 Fog", level=1),
        Block("paragraph", SENTENCE * 5),
    ]
    assert [passage.headings for passage in cut((Page(1, tuple(blocks)),))] == [
        ("1 Light",),
        ("1 Light", "1.1 Lens"),
        ("2 Fog",),
    ]


def test_without_headings_the_outline_tells_where_a_passage_stands() -> None:
    layout = pages([[("paragraph", SENTENCE * 6)], [("paragraph", SENTENCE * 6)]])
    outline = (OutlineEntry("Light", 1), OutlineEntry("Fog", 2))
    assert [passage.headings for passage in cut(layout, outline)] == [("Light",), ("Fog",)]


def test_rows_stay_whole_and_later_passages_know_the_first_row() -> None:
    rows = [
        f"Article {number} | {number} litres of something that is kept in the oil cellar"
        for number in range(60)
    ]
    passages = cut(pages([[("table_row", "Article | Amount"), *(("table_row", row) for row in rows)]]))
    assert len(passages) > 2
    assert all(passage.kind == "table" for passage in passages)
    assert [passage.header for passage in passages] == ["", *["Article | Amount"] * (len(passages) - 1)]
    assert [row for passage in passages for row in passage.text.split("\n")] == ["Article | Amount", *rows]


def test_code_is_kept_whole_where_it_fits() -> None:
    code = "\n".join(f"call_{number}(argument)" for number in range(60))
    passages = cut(pages([[("paragraph", SENTENCE * 6), ("code", code), ("paragraph", SENTENCE * 6)]]))
    assert code in passages[1].text
    assert passages[1].kind == "code"


def test_neighbours_joined_keep_their_places() -> None:
    layout = prose(*[SENTENCE * 7 for _ in range(4)])
    first, second, *_ = cut(layout)
    both = first.followed_by(second)
    at = both.text.index(second.text)
    assert both.places(at, at + 10) == second.places(0, 10)
    assert both.count == 2
