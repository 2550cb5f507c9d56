"""The pure functions behind the documents: cleaning, cutting into pages, and undoing the wraps of
printed lines."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.documents.text import clean, cut_pages, split_pages, tidy_lines

ANY_TEXT = st.text(st.characters(codec=None), max_size=400)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


# Cleaning


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
        ("N\bNA\bAM\bME\bE and _\bo_\bf", "NAME and of"),  # bold and underlined by a typewriter's way
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


@given(st.text(st.sampled_from("ab. \n"), max_size=600), st.integers(4, 60))
def test_cuts_know_the_lines_before_them(text: str, target: int) -> None:
    cuts = list(cut_pages(text, target))
    assert [start for start, _, _ in cuts] == [0, *(end for _, end, _ in cuts[:-1])] and cuts[-1][1] == len(
        text
    )
    assert all(lines == text.count("\n", 0, start) for start, _, lines in cuts)


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
