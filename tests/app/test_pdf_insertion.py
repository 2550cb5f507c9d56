"""Form values and comments find their place among the blocks of a page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.documents.model import Block, BlockKind, Box, Line, Page
from app.documents.readers.pdf.insertion import Extra, insert_at_place

_WIDTH = 6.0  # of each character
_HEIGHT = 10.0


def _line(x: float, y: float, text: str, start: int = 0) -> Line:
    extents = [
        place for index in range(len(text)) for place in (x + _WIDTH * index, x + _WIDTH * (index + 1))
    ]
    return Line(start, (x, y, x + _WIDTH * len(text), y + _HEIGHT), tuple(extents))


def _block(*lines: tuple[float, float, str], between: str = "\n", kind: BlockKind = "paragraph") -> Block:
    text, made = "", []
    for x, y, words in lines:
        text += between if text else ""
        made.append(_line(x, y, words, len(text)))
        text += words
    box = (
        min(line.box[0] for line in made),
        min(line.box[1] for line in made),
        max(line.box[2] for line in made),
        max(line.box[3] for line in made),
    )
    return Block(kind, text, box=box, lines=tuple(made))


def _value(text: str, box: Box, label: str = "", tick: bool = False) -> Extra:
    block = Block("form", text, box=box, lines=(Line(0, box, (box[0], box[2]) * len(text)),))
    return Extra(block, label, tick)


def _comment(text: str, box: Box) -> Extra:
    return Extra(Block("comment", text, box=box, lines=(Line(0, box, (box[0], box[2]) * len(text)),)))


def _text(blocks: Sequence[Block], *extra: Extra) -> str:
    page = Page(1, tuple(insert_at_place(blocks, extra)))
    for block in page.blocks:
        for line in block.lines:
            assert 0 <= line.start <= line.end <= len(block.text)
    return page.text


_NAME = _value("Anna Lind", (150, 50, 350, 62), "name")
_SERIAL = _value("SN-48213", (150, 70, 350, 82))
_TICKED = _value("Yes", (150, 90, 160, 101), tick=True)
_FILLED = "Name: Anna Lind\nSerial number: SN-48213\nApproved: Yes"


def test_values_stand_behind_their_labels_whether_these_are_one_block_or_three() -> None:
    places = [(50, 50, "Name:"), (50, 70, "Serial number:"), (50, 90, "Approved:")]
    apart = [_block(place) for place in places]
    for blocks in (apart, [_block(*places)], [_block(*places, between=" ")]):
        assert _text(blocks, _NAME, _SERIAL, _TICKED) == _FILLED
        assert {block.kind for block in insert_at_place(blocks, [_NAME, _SERIAL, _TICKED])} == {"form"}


def test_a_label_without_a_value_stays_what_it_is() -> None:
    blocks = [_block((50, 50, "Name:"), (50, 70, "Serial number:"))]
    result = insert_at_place(blocks, [_NAME])
    assert [(block.kind, block.text) for block in result] == [
        ("form", "Name: Anna Lind"),
        ("paragraph", "Serial number:"),
    ]


def test_the_value_can_be_marked_in_its_own_box() -> None:
    (block,) = insert_at_place([_block((50, 50, "Name:"))], [_NAME])
    start = block.text.index("Anna")
    assert block.boxes(start, start + 4) == [(150, 50, 350, 62)]
    assert block.boxes(0, 5) == [(50, 50, 80, 62)]


def test_two_fields_of_one_line_and_what_was_printed_to_be_written_over() -> None:
    line = "Name: ______________  Date: __________"
    blocks = [_block((50, 50, line))]
    name = _value("Anna", (50 + 6 * 6, 49, 50 + 6 * 20, 61))
    date = _value("2 May", (50 + 6 * 28, 49, 50 + 6 * 38, 61))
    assert _text(blocks, name, date) == "Name: Anna  Date: 2 May"


def test_a_value_in_the_middle_of_a_sentence() -> None:
    first, second = (50, 50, "I am                 years old and live"), (50, 62, "in a house by the sea.")
    gap = _block(first, second, between=" ")
    value = _value("41", (50 + 6 * 6, 49, 50 + 6 * 20, 61))
    assert _text([gap], value) == "I am 41 years old and live in a house by the sea."


@pytest.mark.parametrize(
    ("line", "boxes", "text"),
    [
        ("   I agree", [(50, True)], "[Yes] I agree"),
        ("    Married     Single", [(50, False), (50 + 6 * 13, True)], "[No] Married [Yes] Single"),
        ("Approved:      Refused:", [(50 + 6 * 10, True), (50 + 6 * 24, False)], "Approved: Yes Refused: No"),
    ],
)
def test_boxes_to_be_ticked_have_their_words_before_or_behind(
    line: str, boxes: list[tuple[float, bool]], text: str
) -> None:
    stripped = line.lstrip()
    block = _block((50 + _WIDTH * (len(line) - len(stripped)), 50, stripped))
    ticks = [_value("Yes" if ticked else "No", (x, 50, x + 10, 60), tick=True) for x, ticked in boxes]
    assert " ".join(_text([block], *ticks).split()) == text


def test_a_value_with_nothing_beside_it_is_called_by_its_label() -> None:
    blocks = [_block((50, 50, "A heading")), _block((50, 300, "A last line"))]
    value = _value("Anna Lind", (50, 100, 350, 112), "Full name")
    assert _text(blocks, value) == "A heading\n\nFull name: Anna Lind\n\nA last line"
    assert _text([], value) == "Full name: Anna Lind"


def test_comments_follow_the_line_they_stand_beside() -> None:
    blocks = [
        _block((50, 50, "The limit is 40 bar.")),
        _block((50, 100, "The limit is tested.")),
        _block((50, 150, "The test is written down.")),
    ]
    margin = _comment("[Comment] How often?", (20, 98, 40, 114))
    box = _comment("Corrected: 35 bar", (200, 48, 400, 64))
    reply = _comment("[Reply] Twice a year.", (20, 98, 40, 114))
    assert _text(blocks, margin, reply, box).split("\n\n") == [
        "The limit is 40 bar.",
        "Corrected: 35 bar",
        "The limit is tested.",
        "[Comment] How often?",
        "[Reply] Twice a year.",
        "The test is written down.",
    ]


def test_a_comment_above_everything_comes_first() -> None:
    assert _text([_block((50, 300, "Words."))], _comment("Draft", (50, 20, 200, 40))) == "Draft\n\nWords."


def test_a_value_in_another_column_does_not_stray() -> None:
    left = _block((50, 50, "Name:"), (50, 70, "Town:"))
    right = _block((350, 50, "Born:"), (350, 70, "Died:"))
    values = [
        _value("Anna", (90, 50, 200, 62)),
        _value("1970", (390, 50, 500, 62)),
        _value("Ulm", (90, 70, 200, 82)),
    ]
    assert _text([left, right], *values) == "Name: Anna\nTown: Ulm\nBorn: 1970\n\nDied:"


def test_blocks_without_lines_or_boxes_are_left_in_order() -> None:
    blocks = [Block("paragraph", "One."), Block("paragraph", "Two.")]
    assert _text(blocks, _comment("Note.", (0, 0, 10, 10))) == "One.\n\nTwo.\n\nNote."
    assert insert_at_place(blocks, []) == blocks
