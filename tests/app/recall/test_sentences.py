"""Sentences: where they end in several languages, and that offsets are right."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recall.sentences import split_sentences

CUT = [
    (
        "Mr. J. R. Smith lives in No. 5, e.g. here. He left.",
        ["Mr. J. R. Smith lives in No. 5, e.g. here.", "He left."],
    ),
    (
        'He said "Stop!" and left. In 1912. It is 3.5 m.',
        ['He said "Stop!" and left.', "In 1912.", "It is 3.5 m."],
    ),
    (
        "The U.S. Navy came. Take plan B. The rest waits.",
        ["The U.S. Navy came.", "Take plan B.", "The rest waits."],
    ),
    ("It was no. Then it was.", ["It was no.", "Then it was."]),
    ("Is it? Yes! “Good.” So be it.", ["Is it?", "Yes!", "“Good.”", "So be it."]),
    (
        "Am 3. Mai kam der 2. Versuch. Es gilt z. B. heute.",
        ["Am 3. Mai kam der 2. Versuch.", "Es gilt z. B. heute."],
    ),
    ("Es waren 12. Danach kam nichts. Vgl. Abb. 3.", ["Es waren 12.", "Danach kam nichts.", "Vgl. Abb. 3."]),
    (
        "M. Dupont dit « oui. » Puis rien... Ensuite ?",
        ["M. Dupont dit « oui. »", "Puis rien...", "Ensuite ?"],
    ),
    ("¿Quién es? El Sr. Ruiz. ¡Vaya!", ["¿Quién es?", "El Sr. Ruiz.", "¡Vaya!"]),
    ("弁は閉じる。次に「止まれ。」と言う！本当？", ["弁は閉じる。", "次に「止まれ。」と言う！", "本当？"]),
    ("# Head\nOne\nwraps. Two\n- a\n2. b", ["Head", "One\nwraps.", "Two", "a", "b"]),
    ("| a | b |\n| c | d |\nEnd", ["| a | b |", "| c | d |", "End"]),
    ("A line\n\nanother", ["A line", "another"]),
    ("It lifts 8 t [1]. It is old.[2] It works.", ["It lifts 8 t [1].", "It is old.[2]", "It works."]),
    ("", []),
    (" \n ", []),
]


@pytest.mark.parametrize(("text", "expected"), CUT)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in split_sentences(text)] == expected


@given(
    st.text(alphabet=st.sampled_from("aB .!?\n-*1|#。「」\"'»é\u00ad["), max_size=200) | st.text(max_size=100)
)
def test_sentences_stand_where_they_say(text: str) -> None:
    last = 0
    for start, end in split_sentences(text):
        assert last <= start < end <= len(text)
        assert text[start:end].strip() == text[start:end]
        last = end


@given(st.text(max_size=200))
def test_no_letter_is_lost_between_sentences(text: str) -> None:
    kept = "".join(text[start:end] for start, end in split_sentences(text))
    assert sorted(filter(str.isalpha, kept)) == sorted(filter(str.isalpha, _without_item_marks(text)))


def _without_item_marks(text: str) -> str:
    """Letters of "a) " at a line's start are marks of list items."""
    return re.sub(r"(^|[\n\x0c])(\s*)\(?[a-zA-Z]\)[ \t]+", r"\1\2", text)
