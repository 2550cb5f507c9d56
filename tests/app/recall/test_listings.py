"""Lines that only point at other places, and rows of tables in words."""

from __future__ import annotations

import pytest

from app.recall.listings import asks_for_one, is_listing, listing_spans
from app.recall.tables import header_before, rows_in_words


def listed(text: str) -> list[str]:
    """The lines that are entries of contents or of an index."""
    spans = listing_spans(text)
    return [
        line
        for line in text.split("\n")
        if line and is_listing(spans, text.index(line), text.index(line) + len(line))
    ]


@pytest.mark.parametrize("leader", [" … ", " ........ ", " . . . . . ", "....", " ·········· ", " ______ "])
def test_lines_with_leaders_are_contents(leader: str) -> None:
    contents = f"1 Fees{leader}4\n1.1 Who pays what, and when{leader}xii\nAppendix B{leader}141"
    text = f"Contents\n\n{contents}\n\nThe fees are paid on the first of May."
    assert listed(text) == contents.split("\n")


def test_lines_whose_page_numbers_rise_are_contents() -> None:
    text = (
        "Chapter 1 The lamp 7\nChapter 2 The lens 12\n\nChapter 3 The stairs 12\nIndex 141\nIt has 186 steps."
    )
    assert listed(text) == text.replace("\n\n", "\n").split("\n")[:4]


def test_a_chapter_between_entries_with_leaders_and_a_wrapped_title() -> None:
    text = "4 Resources 15\n4.1 Lists … 15\n4.2 Repositories and the platform for\nworking together … 18"
    assert listed(text) == text.split("\n")


def test_a_table_of_contents_that_was_taken_for_a_table() -> None:
    text = "| About | 2 |\n|---|---|\n| About this manual | 3 |\n| Installation | 8 |\n| Basics | 11 |"
    assert listed(text) == text.split("\n")


def test_an_index_is_one() -> None:
    text = "anchor, 12, 45-47\nbell, 9\ncrane, weight of, 31, 33\ndavits, 102"
    assert listed(text) == text.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "The anchor weighs 90",
        "Height 44\nSteps 186\nRooms 7\nKeepers 3",  # figures, whose numbers do not rise
        "On Monday 4 men came, on Tuesday, 12\nand then nobody until May 9",
        "He waited … 12 days, and then … nothing.",
        "It was built in 1871.\nThe lamp was lit in 1872.\nThe last keeper left in 1990.",
        "\n",
        "",
    ],
)
def test_prose_and_figures_are_none(text: str) -> None:
    assert listing_spans(text) == ()


def test_questions_for_a_place_may_be_answered_by_contents() -> None:
    assert asks_for_one("On which page do the fees begin?") and asks_for_one("How many chapters are there?")
    assert not asks_for_one("What does the chapter on fees say?")


TABLE = """| Article | Least amount | Kept in |
|---|---|---|
| Flour | 45 kilograms | store |
| Matches |  | tin chest |"""


def test_rows_are_said_with_their_columns() -> None:
    said = "Article: Flour; Least amount: 45 kilograms; Kept in: store. Article: Matches; Kept in: tin chest."
    assert rows_in_words(TABLE) == said
    header, rows = TABLE.split("\n")[0], TABLE.split("\n", 2)[2]
    assert rows_in_words(rows, header) == said
    assert rows_in_words(rows) == "Flour; 45 kilograms; store. Matches; tin chest."
    assert (
        rows_in_words("| 2.8.0 | 2023-01-25 | The current release.")
        == "2.8.0; 2023-01-25; The current release."
    )
    assert rows_in_words("| x | is the absolute value.") == "x; is the absolute value."
    assert rows_in_words("| x is no row.") == ""
    assert header_before(TABLE, TABLE.index("| Matches")) == header
    assert header_before(f"Prose.\n{rows}", 20) == ""


def test_a_header_alone_says_its_columns_and_prose_nothing() -> None:
    assert rows_in_words("\n".join(TABLE.split("\n")[:2])) == "Article, Least amount, Kept in"
    assert rows_in_words("The stove is swept.") == ""
    assert rows_in_words(f"Prose.\n{TABLE}") == ""
    assert rows_in_words("| a \\| b | c. |") == "a | b; c."
