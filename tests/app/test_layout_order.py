"""Reading order: columns, notes at the side, turned writing, other directions."""

from __future__ import annotations

import pytest

from app.documents.readers.pdf.layout import lay_out
from tests.app.layout_support import BOLD, Sheet, texts, wrapped

LEFT = (
    "The harbour office keeps a ledger of every ship that comes in, and the clerk writes the hour, the wind and the "
    "name of the master into it before the anchor has touched the ground. Nobody else may write in the ledger."
)
RIGHT = (
    "Every evening the keeper of the light carries oil up the stairs, trims the four wicks and winds the clockwork "
    "that turns the lens. When fog comes in he rings the bell twice a minute until it has gone out to sea again."
)


@pytest.mark.parametrize("pitch", [12.0, 13.0])
def test_columns_that_are_drawn_row_by_row(pitch: float) -> None:
    sheet = Sheet()
    left, right = wrapped(LEFT, 40), wrapped(RIGHT, 40)
    for row, (one, other) in enumerate(zip(left, right, strict=False)):
        sheet.put(one, 60, 100 + 12 * row).put(other, 320, 100 + pitch * row)
    for row, line in enumerate(left[len(right) :], len(right)):
        sheet.put(line, 60, 100 + 12 * row)
    for row, line in enumerate(right[len(left) :], len(left)):
        sheet.put(line, 320, 100 + pitch * row)
    assert texts(sheet.blocks()) == [LEFT, RIGHT]


def test_three_columns_under_a_heading_that_goes_over_all_of_them() -> None:
    sheet = Sheet()
    sheet.put("News from the harbour, the light and the mill", 60, 80, 20, BOLD)
    parts = [LEFT, RIGHT, "A " + LEFT]
    for column, part in enumerate(parts):
        sheet.lines(wrapped(part, 28), 60 + 165 * column, 120)
    assert texts(sheet.blocks()) == ["News from the harbour, the light and the mill", *parts]


def test_text_across_the_page_between_columns() -> None:
    sheet = Sheet()
    sheet.lines(wrapped(LEFT, 40), 60, 100).lines(wrapped(RIGHT, 40), 320, 100)
    across = (
        "Between the two parts of the page this sentence runs from one margin to the other, and goes on in a second "
        "line of its own."
    )
    sheet.lines(wrapped(across, 90), 60, 190)
    sheet.lines(wrapped("B " + LEFT, 40), 60, 240).lines(wrapped("C " + RIGHT, 40), 320, 240)
    assert texts(sheet.blocks()) == [LEFT, RIGHT, across, "B " + LEFT, "C " + RIGHT]


def test_a_paragraph_goes_on_in_the_next_column() -> None:
    lines = wrapped(LEFT + " " + RIGHT, 40)
    half = next(index for index in range(5, len(lines)) if not lines[index - 1].endswith("."))
    sheet = Sheet().lines(lines[:half], 60, 100).lines(lines[half:], 320, 100)
    assert texts(sheet.blocks()) == [LEFT + " " + RIGHT]


def test_paragraphs_that_are_drawn_out_of_order() -> None:
    sheet = Sheet()
    sheet.lines(wrapped(RIGHT, 90), 60, 300).lines(wrapped(LEFT, 90), 60, 100)
    assert texts(sheet.blocks()) == [LEFT, RIGHT]


def test_a_note_at_the_side_is_no_part_of_the_lines_beside_it() -> None:
    sheet = Sheet()
    sheet.lines(wrapped(LEFT, 70), 60, 100, pitch=14)
    sheet.lines(
        wrapped("Oil is dear this winter and must be saved wherever it can be", 18), 440, 102, 7.0, pitch=9
    )
    blocks = texts(sheet.blocks())
    assert blocks == [LEFT, "Oil is dear this winter and must be saved wherever it can be"]


def test_a_turned_label_stands_apart_and_a_turned_page_is_read_as_it_is_held() -> None:
    label = Sheet().lines(wrapped(LEFT, 90), 60, 100).turned("Depth in metres", 40, 400)
    assert texts(label.blocks()) == [LEFT, "Depth in metres"]
    for angle, xs in ((90, (500, 488, 476, 464)), (270, (100, 112, 124, 136))):
        page = Sheet()
        lines = wrapped(LEFT, 70)
        for x, line in zip(xs, lines, strict=False):
            page.turned(line, x, 80 if angle == 90 else 700, angle)
        (block,) = page.blocks()
        assert block.text == LEFT
        assert all(line.vertical for line in block.lines)


def test_vertical_japanese_is_read_from_the_right() -> None:
    sheet = Sheet()
    sheet.down("安全弁は起動前に閉じること圧力計の値を", 500, 100).down(
        "確かめてから電源を入れてください。", 484, 100
    )
    sheet.down("12", 290, 760, 8)
    assert "安全弁は起動前に閉じること圧力計の値を確かめてから電源を入れてください。" in texts(sheet.blocks())


def test_columns_from_right_to_left() -> None:
    first = (
        "הלחץ המרבי במיכל הוא שלושים וחמישה בר ואין לפתוח את השסתום "
        "לפני שהלחץ ירד אל מתחת לחמישה בר בלבד כי המים חמים מאוד."
    )
    second = (
        "לאחר מכן יש לחכות עד שהמנורה הירוקה נדלקת "
        "ורק אז מותר לסובב את הגלגל שמאלה ולפתוח את הדלת של המיכל הראשי לאט לאט."
    )
    sheet = Sheet()
    for row, (right, left) in enumerate(zip(wrapped(first, 40), wrapped(second, 40), strict=False)):
        sheet.right_to_left(left, 280, 100 + 12 * row).right_to_left(right, 540, 100 + 12 * row)
    assert texts(sheet.blocks()) == [first, second]


def test_an_empty_page_has_no_blocks() -> None:
    assert list(lay_out([Sheet().page, Sheet().put("Two", 60, 100).page, Sheet().page]))[::2] == [(), ()]


def test_an_index_in_two_columns_is_read_down_the_columns() -> None:
    names = [
        "anchor",
        "barometer",
        "bell",
        "chain",
        "clock",
        "compass",
        "engine",
        "flag",
        "fog",
        "gauge",
        "harbour",
    ]
    names += ["hatch", "hull", "keel", "kettle", "ladder", "lantern", "lens", "log", "mast"]
    sheet = Sheet()
    for row, name in enumerate(names):
        sheet.put(f"{name}, {row + 12}", 60, 100 + 12 * row).put(f"z{name}, {row + 40}", 310, 100 + 12 * row)
    sheet.put(
        "The end of the index and of this book, which was printed in a small town by the sea in spring.",
        60,
        700,
    )
    everything = "\n".join(texts(sheet.blocks()))
    assert everything.index("mast, 31") < everything.index("zanchor, 40")
