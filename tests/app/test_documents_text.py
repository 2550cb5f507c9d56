"""The pure functions behind the documents: decoding, cleaning, cutting into pages, and undoing the wraps of
printed lines."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.readers.pdf.reflow import Line, reflow
from app.documents.text import BinaryContent, clean, decode, split_pages, tidy_lines

ANY_TEXT = st.text(st.characters(codec=None), max_size=400)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


# Decoding and cleaning


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data)
    except BinaryContent:
        return
    clean(text).encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100))
def test_utf8_comes_back_as_it_is(text: str) -> None:
    assert decode(text.encode("utf-8-sig")) == text


@given(ANY_TEXT)
def test_cleaned_text_is_readable_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")  # no lone surrogates
    assert not [
        character
        for character in cleaned
        if unicodedata.category(character) == "Cc" and character not in "\n\t"
    ]
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("eﬃcient ﬂow, ﬁve", "efficient flow, five"),
        ("m² ½ ①", "m² ½ ①"),  # what compatibility forms would change
        ("cafe\u0301", "café"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("one\ftwo", "one\n\ntwo"),
        ("10\u00a0kg\u2009or so", "10 kg or so"),
        ("light\u00adhouse", "lighthouse"),
        ("zero\u200bwidth \ufeffmark", "zerowidth mark"),
        ("می\u200cخواهم 👩\u200d🚒", "می\u200cخواهم 👩\u200d🚒"),  # joiners belong to the word
        ("\uf0b7 item", "• item"),
        ("tab\tand\0 NUL \udc80", "tab\tand NUL "),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_tidy_lines_keeps_indentation_and_columns() -> None:
    assert tidy_lines("\n\n  a   b  \n\n\n\n\tc\n \n") == "  a   b\n\n\tc"


# Pages


@given(st.text(st.sampled_from("ab. \n"), max_size=600), st.integers(4, 60))
def test_pages_hold_all_the_text_in_order(text: str, target: int) -> None:
    pages = list(split_pages(text, target))
    assert without_space("".join(pages)) == without_space(text)
    assert all(page.strip() and len(page) <= target + target // 2 for page in pages)
    position = 0
    for page in pages:  # each is a piece of the text as it stands
        position = text.index(page, position) + len(page)


def test_pages_end_at_the_best_border_there_is() -> None:
    paragraphs = "one two.\n\n" * 20
    assert set(split_pages(paragraphs, 30)) == {"one two.\n\none two.\n\none two.", "one two.\n\none two."}
    lines = "one two\n" * 20
    assert all(page.endswith("two") for page in split_pages(lines, 30))
    sentences = "Some words here. " * 20
    assert all(page.endswith("here.") for page in split_pages(sentences, 40))
    words = "words " * 50
    assert all(set(page.split()) == {"words"} for page in split_pages(words, 20))
    assert list(split_pages("x" * 100, 40)) == ["x" * 40, "x" * 60]


def test_two_million_characters_are_cut_in_seconds() -> None:
    text = "word " * 400_000
    started = time.process_time()
    pages = list(split_pages(tidy_lines(clean(text))))
    assert time.process_time() - started < 3
    assert len(pages) > 600


# Wraps

WIDE = "The keeper of the light winds the clockwork every four hours and writes the time into the log"


def printed(*rows: str, x: float = 50, pitch: float = 14, size: float = 10) -> list[Line]:
    """Lines one below the other; "" leaves room."""
    return [Line(text, x, 800 - pitch * row, size) for row, text in enumerate(rows) if text]


def test_a_wrap_becomes_a_space_and_a_paragraph_a_blank_line() -> None:
    assert reflow(printed(WIDE, "of the station.", "", WIDE, "again.")) == (
        f"{WIDE} of the station.\n\n{WIDE} again."
    )


def test_without_positions_lines_that_are_not_full_end_there() -> None:
    lines = [Line(text) for text in (WIDE, WIDE, "to the end.", WIDE)]
    assert reflow(lines) == f"{WIDE} {WIDE} to the end.\n{WIDE}"


@pytest.mark.parametrize(
    ("end", "start", "joined"),
    [
        ("in the light-", "house at night", "in the lighthouse at night"),
        ("in the light\u00ad", "house at night", "in the lighthouse at night"),
        ("in the light\u2010", "house at night", "in the lighthouse at night"),
        ("a well-", "known rock", "a well-known rock"),
        ("by Smith-", "Jones himself", "by Smith-Jones himself"),
        ("in 1914-", "18 or so", "in 1914- 18 or so"),
        ("the rock -", "or the reef", "the rock - or the reef"),
    ],
)
def test_broken_words_are_joined_sensibly(end: str, start: str, joined: str) -> None:
    filler = WIDE[: 80 - len(end)].rstrip()
    assert reflow(printed(f"{filler} {end}", f"{start} {WIDE[:70]}")) == f"{filler} {joined} {WIDE[:70]}"


def test_a_hyphen_seen_elsewhere_on_the_page_is_kept() -> None:
    text = reflow(printed(f"The lamp-glass is clean. {WIDE[:60]} lamp-", f"glass again {WIDE[:60]}"))
    assert "lamp-glass again" in text and "lampglass" not in text


def test_headings_lists_tables_and_verse_keep_their_lines() -> None:
    heading = Line("The light", 50, 840, 18)
    assert reflow([heading, *printed(WIDE, "it goes on.")]) == f"The light\n\n{WIDE} it goes on."
    bullets = printed(f"• {WIDE}", f"• {WIDE}", f"2. {WIDE}")
    assert reflow(bullets) == f"• {WIDE}\n• {WIDE}\n2. {WIDE}"
    table = ["Oil 12 340 7.5", "Wicks 3 41 0.5", "Matches 120 9 0.1"]
    assert reflow(printed(*table)) == "\n".join(table)
    verse = ["O hear us when we cry", "for those in peril", "on the sea"]
    assert reflow(printed(*verse)) == "\n".join(verse)


def test_columns_of_a_row_stay_apart() -> None:
    rows = [Line(text, 50, 800 - 14 * row, 10, has_cells=True) for row, text in enumerate((WIDE, WIDE))]
    assert reflow(rows) == f"{WIDE}\n{WIDE}"
    assert reflow(printed("Name      Station        Years")) == "Name  Station  Years"


def test_code_keeps_its_lines() -> None:
    code = [Line(text, 50, 800 - 12 * row, 9, monospaced=True) for row, text in enumerate((WIDE, WIDE))]
    assert reflow(code) == f"{WIDE}\n{WIDE}"


def test_text_goes_on_in_the_next_column() -> None:
    left = printed(*[WIDE[:40]] * 4, "and the sentence goes on and", x=50)
    right = printed("into the next column of the page.", WIDE[:40], x=300)
    assert "goes on and into the next" in reflow([*left, *right])


@given(st.lists(ANY_TEXT, max_size=8), st.data())
@settings(max_examples=60)
def test_no_letter_is_lost(texts: list[str], data: st.DataObject) -> None:
    number = st.none() | st.floats(0, 900)
    lines = [Line(text, data.draw(number), data.draw(number), data.draw(number)) for text in texts]
    reflowed = reflow(lines)
    letters = "".join(clean(text) for text in texts)
    assert sorted(re.sub(r"[\s\-\u2010]", "", reflowed)) == sorted(re.sub(r"[\s\-\u2010]", "", letters))
    assert not re.search(r"\n{3}|[ \t]\n", reflowed)
