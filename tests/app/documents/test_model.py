"""Pages, blocks and places: text and offsets belong together, and everything survives its JSON."""

from __future__ import annotations

import json

import pytest

from app.documents import Block, Line, OutlineEntry, Page
from app.documents.model import block_from_json, block_to_json, heading_path, page_from_json, page_to_json

# "Close the valve": one line of 15 characters, 10 points each, 20 points from the left and 100 from the top.
_WORDS = "Close the valve"
_LINE = Line(0, (20, 100, 170, 112), tuple(20.0 + 10 * (i // 2 + i % 2) for i in range(2 * len(_WORDS))))
_PAGE = Page(
    3,
    (
        Block("header", "The manual"),
        Block("heading", "Safety", level=2),
        Block("paragraph", _WORDS, box=(20, 100, 170, 112), lines=(_LINE,)),
        Block("table_row", "| a | b |"),
        Block("table_row", "|  | 22 |"),
        Block("paragraph", ""),
        Block("footer", "3"),
    ),
    label="iii",
    width=595.0,
    height=842.0,
    warnings=("One picture has no text.",),
)


def test_the_text_is_the_blocks_less_running_heads() -> None:
    assert _PAGE.text == "Safety\n\nClose the valve\n\n| a | b |\n|  | 22 |"


def test_every_block_stands_where_the_page_says() -> None:
    for block, start in zip(_PAGE.blocks, _PAGE.starts, strict=True):
        if start is None:
            assert block.kind in ("header", "footer") or not block.text
        else:
            assert _PAGE.text[start : start + len(block.text)] == block.text


def test_a_stretch_of_text_is_found_on_the_page() -> None:
    start = _PAGE.text.index("the")
    assert _PAGE.boxes(start, start + 3) == [(80, 100, 110, 112)]
    assert [block.text[a:b] for block, a, b in _PAGE.spans(start, len(_PAGE.text) - 5)] == [
        "the valve",
        "| a | b |",
        "|  |",
    ]


def test_vertical_lines_are_marked_from_top_to_bottom() -> None:
    line = Line(2, (50, 10, 60, 40), (10, 20, 20, 30, 30, 40), vertical=True)
    assert line.part(0, 3) == (50, 10, 60, 20)
    assert line.part(3, 9) == (50, 20, 60, 40)
    assert line.part(0, 2) is None


def test_right_to_left_lines_are_marked_whichever_way_they_run() -> None:
    assert Line(0, (0, 0, 30, 9), (20, 30, 10, 20, 0, 10)).part(0, 2) == (10, 0, 30, 9)


def test_pages_survive_their_json() -> None:
    assert page_from_json(json.loads(json.dumps(page_to_json(_PAGE)))) == _PAGE


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "poem"},
        {"origin": "guess"},
        {"text": 3},
        {"box": [1, 2]},
        {"lines": [[14, 0, [0] * 4, [0] * 4]]},
    ],
)
def test_what_is_no_block_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        block_from_json(block_to_json(Block("paragraph", _WORDS)) | change)


def test_the_headings_a_page_lies_under() -> None:
    outline = (
        OutlineEntry("One", 1),
        OutlineEntry("One A", 2, 2),
        OutlineEntry("Two", 5),
        OutlineEntry("Two A", 7, 2),
    )
    assert heading_path(outline, 1) == ("One",)
    assert heading_path(outline, 4) == ("One", "One A")
    assert heading_path(outline, 6) == ("Two",)
    assert heading_path(outline, 99) == ("Two", "Two A")
    assert heading_path((), 1) == ()
