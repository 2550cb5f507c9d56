"""Paragraphs, lists, code, notes, words broken at line ends, and where every character stands."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.model import Box, Page
from app.documents.pdf_opening import open_document
from app.documents.readers.pdf.glyphs import Document, page_fragments
from app.documents.readers.pdf.layout import lay_out
from tests.app.layout_support import BOLD, CODE, PLAIN, Sheet, texts, wrapped

TEXT = (
    "The keeper of the light writes every evening what the wind did during the day and how much oil is left in the "
    "barrels below the stairs, and in the morning the boat takes the page to the harbour office."
)


def filled(*lines: str) -> list[str]:
    """The blocks' texts of a page with these lines under a full one."""
    return texts(Sheet().lines([*wrapped(TEXT, 90), "", *lines], 60, 100).blocks())[1:]


# -- paragraphs
# --------------------------------------------------------------------------------------------------------


def test_a_wrap_becomes_a_space_and_distance_and_indentation_part_paragraphs() -> None:
    lines = wrapped(TEXT, 90)
    spaced = Sheet().lines([*lines, "", *lines], 60, 100)
    assert texts(spaced.blocks()) == [TEXT, TEXT]
    indented = Sheet().lines([*lines, "  " + lines[0], *lines[1:], "  " + lines[0], *lines[1:]], 60, 100)
    assert texts(indented.blocks()) == [TEXT, TEXT, TEXT]


def test_a_short_last_line_ends_a_paragraph() -> None:
    lines = wrapped(TEXT + " So it was.", 90)
    assert texts(Sheet().lines([*lines, *lines], 60, 100).blocks()) == [TEXT + " So it was."] * 2


def test_wide_leading_is_no_distance_between_paragraphs() -> None:
    lines = wrapped(TEXT + " " + TEXT, 60)
    assert texts(Sheet().lines(lines, 60, 100, pitch=24).blocks()) == [TEXT + " " + TEXT]


def test_verse_and_addresses_keep_their_line_ends() -> None:
    verse = [
        "The wind went down, the sea was still,",
        "the lamp burnt low upon the hill,",
        "and no one came.",
    ]
    address = ["Anna Lind", "Harbour Office", "12 Quay Street", "Northport"]
    assert filled(*verse, "", *address) == ["\n".join(verse), "\n".join(address)]


def test_chinese_and_japanese_lines_are_joined_without_a_space() -> None:
    sheet = Sheet()
    for row, line in enumerate(
        (
            "この装置を起動する前に必ず安全弁を閉じて圧力計の値を確かめてくださ",
            "い。圧力が三十五バールを超えたときは直ちに電源を切り、責任者に連絡し",
            "てから装置の扉を開けてはなりません。",
        )
    ):
        sheet.put(line, 60, 100 + 14 * row, wide=1.0)
    (text,) = texts(sheet.blocks())
    assert " " not in text and "確かめてください。" in text and "連絡してから" in text


def test_a_superscript_is_no_digit_of_the_number_before_it() -> None:
    sheet = (
        Sheet()
        .put("The pump gives 10", 60, 100)
        .put("5", 145, 96, 6, raised=1)
        .put("pascal since 2024.", 151, 100)
    )
    assert texts(sheet.blocks()) == ["The pump gives 10⁵ pascal since 2024."]


# -- words broken at line ends
# -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "first", "second", "joined"),
    [
        ("The program is old.", "it calls the pro-", "gram again", "it calls the program again"),
        ("", "it is writ-", "ten down", "it is written down"),
        ("A well-known man.", "it is well-", "known here", "it is well-known here"),
        ("", "there are twenty-", "five of them", "there are twenty-five of them"),
        ("", "die Ein-", "und Ausgabe", "die Ein- und Ausgabe"),
        ("", "mit viel Hall-", "en im Raum", "mit viel Hallen im Raum"),
        ("We go to it.", "from pre-", "to postwar times", "from pre- to postwar times"),
        ("", "the blue self-", "closing valve", "the blue self-closing valve"),
        ("", "a self-", "less deed", "a selfless deed"),
        ("", "in den Jahren 2019-", "2024 waren", "in den Jahren 2019-2024 waren"),
        (
            "",
            "see https://example.org/long-",
            "name/page for it",
            "see https://example.org/long-name/page for it",
        ),
        ("", "the button EMERGENCY SHUT-", "DOWN is red", "the button EMERGENCY SHUT-DOWN is red"),
        ("", "the word is bro\u00ad", "ken here", "the word is broken here"),
        ("The lamp-glass is clean.", "he took the lamp-", "glass again", "he took the lamp-glass again"),
        ("", "by Smith-", "Jones himself", "by Smith-Jones himself"),
        ("", "the light\u2010", "house here", "the lighthouse here"),
        ("", "the rock -", "or the reef", "the rock - or the reef"),
        ("Der Kabelanschluss.", "für den Kabel-", "anschluss gilt", "für den Kabelanschluss gilt"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line(known: str, first: str, second: str, joined: str) -> None:
    filler = "x" * (80 - len(first))
    lines = [known, "", f"{filler} {first}", f"{second} {filler}"]
    assert f"{filler} {joined} {filler}" in filled(*lines)


def test_a_word_that_the_pages_end_breaks_is_whole_on_the_first() -> None:
    first = Sheet().lines([*wrapped(TEXT, 90)[:2], f"{'y' * 80} it is the pro-"], 60, 700)
    second = Sheet().lines(
        ["gram that was meant, and the text goes on here until the line is full at its end", "now."], 60, 60
    )
    pages = list(lay_out([first.page, second.page]))
    assert pages[0][-1].text.endswith("it is the program") and pages[0][-1].continues
    assert pages[1][0].text.startswith("that was meant")
    assert not pages[1][-1].continues


# -- kinds ---------------------------------------------------------------------------------------------------
# ----------


def test_headings_have_levels_by_size_and_by_number() -> None:
    sheet = Sheet().put("The harbour", 60, 60, 20, BOLD).put("1 Ships", 60, 100, 14, BOLD)
    sheet.lines(wrapped(TEXT, 90), 60, 130).put("1.2 Of the lights at sea", 60, 190, 12, BOLD)
    sheet.lines(wrapped(TEXT, 90), 60, 220)
    headings = [(block.text, block.level) for block in sheet.blocks() if block.kind == "heading"]
    assert headings == [("The harbour", 1), ("1 Ships", 1), ("1.2 Of the lights at sea", 2)]


def test_list_items_have_levels_and_their_lines() -> None:
    first, second, _ = wrapped(TEXT, 80)
    lines = [
        f"• {first}",
        f"  {second}",
        "• Second",
        "  – first of the second",
        "  – next of the second",
        "• Third",
    ]
    sheet = Sheet().lines([*wrapped(TEXT, 90), ""], 60, 100).lines(lines, 60, 160)
    items = [(block.text, block.level) for block in sheet.blocks() if block.kind == "list_item"]
    assert items == [
        (f"• {first} {second}", 1),
        ("• Second", 1),
        ("– first of the second", 2),
        ("– next of the second", 2),
        ("• Third", 1),
    ]


def test_numbered_items() -> None:
    assert filled("1. Close the valve.", "2. Wait for", "3. Open it.") == [
        "1. Close the valve.",
        "2. Wait for",
        "3. Open it.",
    ]


def test_code_keeps_indentation_gaps_and_blank_lines() -> None:
    code = ["def start(pump):", "    if pump.pressure > 35:", "        raise Limit", "", "    return pump"]
    sheet = (
        Sheet()
        .lines(wrapped(TEXT, 90), 60, 60)
        .lines(code, 80, 110, 9, CODE, 11)
        .lines(wrapped(TEXT, 90), 60, 190)
    )
    blocks = sheet.blocks()
    assert [block.kind for block in blocks] == ["paragraph", "code", "paragraph"]
    assert blocks[1].text == "\n".join(code)


def test_code_in_a_paragraph_stays_there() -> None:
    first, second, third = wrapped(TEXT, 80)
    sheet = (
        Sheet()
        .put(first, 60, 100)
        .put("/usr/share/doc/harbour/ledger/of/all/the/ships/that/came/in", 60, 112, font=CODE)
    )
    sheet.put(second, 60, 124).put(third, 60, 136)
    assert [block.kind for block in sheet.blocks()] == ["paragraph"]


def test_a_document_in_one_typewriter_font_is_text() -> None:
    assert texts(Sheet().lines(wrapped(TEXT, 60), 60, 100, font=CODE).blocks(), "paragraph") == [TEXT]


def test_captions_and_footnotes() -> None:
    sheet = Sheet().lines(wrapped(TEXT, 90), 60, 100).put("Figure 2: The light at night", 60, 160)
    sheet.lines(wrapped("A " + TEXT, 90), 60, 190).rule(60, 680, 160, 680.4)
    sheet.put("1", 60, 691, 6, raised=1).lines(
        wrapped("It was built in the year of the great storm, they say. " + TEXT, 100), 64, 694, 8, pitch=9
    )
    blocks = sheet.blocks()
    assert [block.kind for block in blocks] == ["paragraph", "caption", "paragraph", "footnote"]
    assert blocks[-1].text.startswith("¹It was built") or blocks[-1].text.startswith("¹ It was built")


# -- running heads
# -----------------------------------------------------------------------------------------------------


def _book(count: int) -> list[Sheet]:
    sheets = []
    for number in range(1, count + 1):
        sheet = Sheet().lines(
            wrapped(f"Page text {'abcdefghij'[number % 10] * 5} begins. {TEXT}", 90), 60, 100
        )
        left = number % 2 == 0
        sheet.put("The Harbour Book" if left else f"{number // 5 + 1} Ships", 60 if left else 400, 50)
        sheet.put(str(number), 60 if left else 530, 760)
        sheets.append(sheet)
    return sheets


def test_running_heads_and_page_numbers_are_known_on_left_and_right_pages() -> None:
    for blocks in lay_out([sheet.page for sheet in _book(14)]):
        assert [block.kind for block in blocks] == ["header", "paragraph", "footer"]


@pytest.mark.parametrize("number", ["- 3 -", "– iv –", "-12-"])
def test_a_number_between_dashes_is_a_page_number_though_it_stands_once(number: str) -> None:
    sheet = Sheet().lines(wrapped(TEXT, 80), 60, 100).put(number, 290, 760)
    assert [block.kind for block in sheet.blocks()] == ["paragraph", "footer"]


def test_a_table_head_that_every_page_repeats_stays() -> None:
    pages = []
    for number in range(6):
        sheet = Sheet().row(["Bolt", "Dry", "Oiled", "Reused"], (60, 160, 260, 360), 60)
        for row in range(8):
            sheet.row([f"M{row}{number}", f"{3 * row + number}", "", "8"], (60, 160, 260, 360), 74 + 14 * row)
        pages.append(sheet.page)
    for blocks in lay_out(pages):
        assert blocks[0].text.startswith("| Bolt | Dry | Oiled | Reused |")


def test_pages_come_out_while_others_are_still_to_be_read() -> None:
    taken = 0
    sheets = _book(30)

    def pages():  # type: ignore[no-untyped-def]
        nonlocal taken
        for sheet in sheets * 10:
            taken += 1
            yield sheet.page

    given = 0
    for _ in lay_out(pages()):
        given += 1
        assert taken - given <= 50
        if given == 1:
            assert taken < 20
    assert given == 300


# -- places
# ------------------------------------------------------------------------------------------------------------


def _sheet_of_everything() -> Sheet:
    sheet = (
        Sheet()
        .put("The harbour", 60, 60, 20, BOLD)
        .lines(wrapped(TEXT, 40), 60, 100)
        .lines(wrapped(TEXT, 40), 320, 100)
    )
    sheet.lines(["if wind > 8:", "    ring(bell)", "", "stay()"], 60, 200, font=CODE)
    sheet.row(["Bolt", "Dry|wet", "Oiled"], (60, 160, 260), 300).row(["M6", "", "8"], (60, 160, 260), 314)
    sheet.row(["M8", "22", "19"], (60, 160, 260), 328).lines(
        [f"{'x' * 70} the pro-", f"gram {'y' * 70}"], 60, 360
    )
    return sheet.turned("Depth in metres", 40, 400).down("安全弁は", 560, 300).right_to_left("הלחץ", 540, 500)


PAGE = Page(1, _sheet_of_everything().blocks())
GLYPHS: list[tuple[str, Box]] = []
for fragment in _sheet_of_everything().page.fragments:
    for _index, _letter in enumerate(fragment.text):
        low, high = fragment.extents[2 * _index : 2 * _index + 2]
        across = fragment.angle in (90, 270) or fragment.direction == "down"
        box = (
            (fragment.box[0], low, fragment.box[2], high)
            if across
            else (low, fragment.box[1], high, fragment.box[3])
        )
        GLYPHS.append((_letter, box))


def _covered(boxes: list[Box]) -> str:
    """The letters whose middle lies in one of the boxes, sorted."""
    found = []
    for letter, (left, top, right, bottom) in GLYPHS:
        x, y = (left + right) / 2, (top + bottom) / 2
        if any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in boxes):
            found.append(letter)
    return "".join(sorted(found)).replace(" ", "")


def test_the_page_of_all_kinds_has_all_kinds() -> None:
    kinds = {block.kind for block in PAGE.blocks}
    assert kinds == {"heading", "paragraph", "code", "table_row"}
    assert "the program" in PAGE.text and "Dry\\|wet" in PAGE.text


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PAGE.text)), st.integers(1, 60))
def test_marks_cover_exactly_the_letters_of_a_stretch(start: int, length: int) -> None:
    wanted = []
    for block, first, last in PAGE.spans(start, start + length):
        printed = {
            line.start + index
            for line in block.lines
            for index in range(line.end - line.start)
            if line.extents[2 * index] != line.extents[2 * index + 1]
        }
        wanted += [block.text[index] for index in range(first, last) if index in printed]
    assert _covered(PAGE.boxes(start, start + length)) == "".join(sorted(wanted)).replace(" ", "")


def test_every_letter_but_dropped_hyphens_has_its_place_once() -> None:
    printed = []
    for block in PAGE.blocks:
        for line in block.lines:
            assert line.box[0] <= line.box[2] and line.end <= len(block.text)
            for index in range(line.end - line.start):
                if line.extents[2 * index] != line.extents[2 * index + 1]:
                    printed.append(block.text[line.start + index])
    wanted = sorted(letter for letter, _ in GLYPHS if letter != " ")
    wanted.remove("-")
    assert sorted(letter for letter in printed if letter != " ") == wanted


# -- real files, as fpdf2 writes them ----------------------------------------------------------------------------------


def test_pages_of_a_real_file(tmp_path: Path) -> None:
    paragraphs = [f"Page {number} of the book. {TEXT} {TEXT}" for number in range(1, 6)]
    document = FPDF(format="A4")
    for number, paragraph in enumerate(paragraphs, 1):
        document.add_page()
        document.set_font("helvetica", size=8)
        document.text(20, 12, "The Harbour Book")
        document.text(100, 290, str(number))
        document.set_y(30)
        document.set_font("times", size=11)
        document.multi_cell(0, 6, paragraph)
        document.ln(6)
        document.set_font("courier", size=9)
        document.multi_cell(0, 5, "if wind > 8:\n    ring(bell)")
        document.ln(6)
        with document.table(col_widths=(20, 20, 60), width=100) as table:
            for cells in (
                ("Bolt", "Dry", "What to do with it"),
                ("M6", "", "Clean it, oil it well and wait for an hour"),
            ):
                table.row(cells)
    path = tmp_path / "book.pdf"
    document.output(str(path))
    opened = open_document(path.read_bytes())
    letters = Document(opened.document, opened.data)
    pages = list(lay_out(page_fragments(letters, index) for index in range(len(letters))))
    for number, (blocks, paragraph) in enumerate(zip(pages, paragraphs, strict=True), 1):
        assert [(block.kind, block.text) for block in blocks] == [
            ("header", "The Harbour Book"),
            ("paragraph", paragraph),
            ("code", "if wind > 8:\n    ring(bell)"),
            ("table_row", "| Bolt | Dry | What to do with it |\n|---|---|---|"),
            ("table_row", "| M6 |  | Clean it, oil it well and wait for an hour |"),
            ("footer", str(number)),
        ]


_WORDS = st.lists(
    st.tuples(
        st.text("abcxyzABC019", min_size=1, max_size=14),
        st.integers(0, 8),
        st.integers(1, 60),
        st.sampled_from((6.0, 10.0, 10.0, 10.0, 18.0)),
        st.sampled_from((PLAIN, BOLD, CODE)),
        st.sampled_from((0, 0, 0, 1, -1)),
    ),
    max_size=60,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_WORDS, min_size=1, max_size=3), st.booleans())
def test_no_letter_is_lost(pages: list[list[tuple[str, int, int, float, int, int]]], ruled: bool) -> None:
    sheets = []
    for words in pages:
        sheet = Sheet()
        for text, column, row, size, font, raised in words:
            sheet.put(text, 20 + 60 * column, 12 * row, size, font, raised)
        if ruled:
            for place in range(0, 600, 100):
                sheet.rule(20, place, 520, place + 0.5).rule(place, 20, place + 0.5, 520)
        sheets.append(sheet)
    for words, blocks in zip(pages, lay_out([sheet.page for sheet in sheets]), strict=True):
        shown = unicodedata.normalize("NFKC", "".join(block.text for block in blocks))
        wanted = "".join(word[0] for word in words)
        assert sorted(re.sub(r"[\s|-]", "", shown)) == sorted(wanted)
