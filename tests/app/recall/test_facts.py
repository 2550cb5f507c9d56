"""What is read as the same: numbers, dates, times and codes in their spellings."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.recall.codes import find_codes
from app.recall.dates import find_dates, find_times
from app.recall.facts import Fact
from app.recall.index import TextIndex
from app.recall.numbers import find_numbers
from app.recall.numerals import read_cjk, read_numeral
from app.recall.sources import Source, mended
from app.recall.units import same_unit, unit_after
from app.recall.words import fold

WORDS = [
    ("english", "fifteen", 15),
    ("english", "twenty one", 21),
    ("english", "a dozen", 12),
    ("english", "two thousand and six", 2006),
    ("english", "three million two hundred thousand", 3_200_000),
    ("english", "fifteen hundred", 1500),
    ("german", "einundzwanzig", 21),
    ("german", "zehntausendfünfhundertzweiundneunzig", 10592),
    ("german", "zwei Millionen dreihunderttausend", 2_300_000),
    ("french", "quatre vingt dix neuf", 99),
    ("french", "soixante et onze", 71),
    ("french", "mille neuf cent douze", 1912),
    ("spanish", "treinta y uno", 31),
    ("spanish", "ciento treinta y cinco mil", 135_000),
]


@pytest.mark.parametrize(("language", "said", "value"), WORDS)
def test_numbers_in_words(language: str, said: str, value: int) -> None:
    words = [fold(word) for word in said.split()]
    numeral = read_numeral(words, 0, language)
    assert numeral is not None
    assert (numeral.value, numeral.stop) == (value, len(words))


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("三十五", 35),
        ("一九一二", 1912),
        ("二千二十六", 2026),
        ("一万五百九十二", 10592),
        ("三点五", Fraction(7, 2)),
    ],
)
def test_cjk_numerals(said: str, value: Fraction) -> None:
    assert read_cjk(said) == value


@given(st.integers(1, 999_999))
def test_german_compounds_are_read_as_they_are_built(number: int) -> None:
    numeral = read_numeral([_german(number)], 0, "german")
    assert numeral is not None and numeral.value == number


def _german(number: int) -> str:
    units = [
        "",
        "ein",
        "zwei",
        "drei",
        "vier",
        "funf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
        "elf",
        "zwolf",
    ]
    tens = ["zwanzig", "dreissig", "vierzig", "funfzig", "sechzig", "siebzig", "achtzig", "neunzig"]
    if number >= 1000:
        return f"{_german(number // 1000)}tausend{_german(number % 1000) if number % 1000 else ''}"
    if number >= 100:
        return f"{units[number // 100]}hundert{_german(number % 100) if number % 100 else ''}"
    if number < 13:
        return units[number]
    if number < 20:
        return {16: "sechzehn", 17: "siebzehn"}.get(number, f"{units[number - 10]}zehn")
    ten = tens[number // 10 - 2]
    return f"{units[number % 10]}und{ten}" if number % 10 else ten


SAME = [
    ("15", "fifteen"),
    ("1,000", "1.000"),
    ("1,000", "1 000"),
    ("1000", "one thousand"),
    ("0.5", "0,5"),
    ("0.5", "½"),
    ("1½", "1.5"),
    ("3rd", "third"),
    ("0.8", "four fifths"),
    ("5%", "5 percent"),
    ("5 %", "five per cent"),
    ("10,592 kg", "10592 kilograms"),
    ("12 m", "twelve metres"),
    ("20 °C", "20 degrees Celsius"),
    ("3.5 million", "3,500,000"),
    ("Chapter IV", "chapter 4"),
    ("$5", "5 dollars"),
    ("-5 °C", "−5 °C"),
    ("26 November 2026", "2026-11-26"),
    ("26 November 2026", "Nov. 26th, 2026"),
    ("26 November 2026", "26.11.2026"),
    ("26 November 2026", "26. November 2026"),
    ("26 November 2026", "le 26 novembre 2026"),
    ("26 November 2026", "2026年11月26日"),
    ("7:30 p.m.", "19:30"),
    ("19h30", "19.30 Uhr"),
    ("35 bar", "弁は三十五 bar"),
    ("35 kg", "弁は35kgの"),
    ("on Monday", "am Montag"),
    ("on Wednesday", "mittwochs"),
    ("size_t", "a `size_t`"),
    ("SN-48213", "part sn-48213"),
    ("/etc/fstab", "in /etc/fstab."),
    ("--with-x", "with `--with-x`"),
    ("a@b.example", "to a@b.example"),
]


def _facts(text: str) -> list[Fact]:
    numbers = list(find_numbers(text, "english"))
    return [*find_dates(text), *find_times(text), *find_codes(text), *numbers]


def _index(text: str) -> TextIndex:
    return TextIndex([Source("d", "d", 1, "1", text)], "english")


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_thing_are_found(one: str, other: str) -> None:
    for said, text in ((one, other), (other, one)):
        assert _index(f"Here it is: {text} and so on.").find(_facts(said)[0]), (said, text)


DIFFERENT = [
    ("15", "16"),
    ("5 kg", "5 pounds"),
    ("5 kg", "5 men"),
    ("8,000 kg", "8 t"),  # what is converted is not what the text says
    ("0.5", "0.05"),
    ("-5 °C", "15 °C"),
    ("26 November 2026", "27 November 2026"),
    ("26 November 2026", "26 November 2025"),
    ("26 November 2026", "November 2026"),
    ("7:30 p.m.", "7:30 a.m."),
    ("size_t", "ssize_t"),
    ("SN-48213", "SN-48218"),
    ("--with-x", "--with-xy"),
    ("/etc/fstab", "/etc/fstab2"),
]


@pytest.mark.parametrize(("said", "text"), DIFFERENT)
def test_other_things_are_not_found(said: str, text: str) -> None:
    assert not _index(f"Here it is: {text} and so on.").find(_facts(said)[0])


def test_a_table_says_its_unit_in_the_head() -> None:
    fact = next(find_numbers("22 kg", "english"))
    assert _index("Bolt | Weight (kg)\nM8 | 22").find(fact)
    assert not _index("Bolt | Length (mm)\nM8 | 22").find(fact)


def test_units() -> None:
    assert unit_after("5 kilograms", 1) == ("kg", 11)
    assert unit_after("5 in the morning", 1) == ("", 1)
    assert same_unit("pound", "GBP") and not same_unit("kg", "lb")


def test_words_broken_at_a_line_end_keep_all_offsets() -> None:
    text = "The light-\nhouse is 15 m high."
    assert mended(text) == "The lighthouse   is 15 m high."
    assert len(mended(text)) == len(text)


@given(
    st.text(alphabet=st.sampled_from("01259.,-/ :%€$½hmM°C'abIVM_@`\n三十五年"), max_size=80)
    | st.text(max_size=80)
)
@example("¹0_")  # a digit to Python that is none to a regular expression
def test_facts_lie_in_the_text(text: str) -> None:
    for fact in _facts(text):
        assert 0 <= fact.start < fact.end <= len(text)
        assert fact.keys
