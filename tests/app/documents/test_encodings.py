"""Bytes to text: every text comes out in its own letters, whatever encoding it was written in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.documents.encodings import (
    BinaryContent,
    UnknownEncoding,
    declared_encoding,
    decode,
    is_text,
    names,
    shown_name,
)
from app.documents.text import clean
from tests.app.documents.samples import TEXTS

LEGACY = [(language, encoding) for language, (_, encodings) in TEXTS.items() for encoding in encodings]
WIDE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


@settings(deadline=None)  # the first call loads tables
@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    try:
        text = decode(data).text
    except BinaryContent:
        return
    assert "\0" not in text
    clean(text).encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=100))
def test_utf8_comes_back_as_it_is(text: str) -> None:
    decoded = decode(text.encode("utf-8-sig"))
    assert decoded.text == text and decoded.encoding == ""


@pytest.mark.parametrize(("language", "encoding"), LEGACY)
@pytest.mark.parametrize("length", [60, 1_000])
def test_older_encodings_come_out_in_their_own_letters(language: str, encoding: str, length: int) -> None:
    text = TEXTS[language][0][:length].replace("€", "")
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert decoded.encoding  # what was assumed is said


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", WIDE)
def test_wide_encodings_with_and_without_a_mark(language: str, encoding: str) -> None:
    text = f"{TEXTS[language][0]}\n{TEXTS[language][0]}\n"
    assert decode(text.encode(encoding)).text == text


def test_evidence_from_far_inside_a_long_text() -> None:
    text = "All quiet tonight.\n" * 30_000 + TEXTS["Russian"][0] + "\n" + "All quiet.\n" * 1_000
    decoded = decode(text.encode("koi8-r"))
    assert decoded.text == text and decoded.encoding == "KOI8-R"


def test_evidence_behind_a_long_line_and_inside_one() -> None:
    for language, encoding in (("Russian", "cp1251"), ("Japanese", "cp932"), ("Chinese", "gb18030")):
        text = "x" * 3_000_000 + "\n" + TEXTS[language][0] * 100
        assert decode(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Größe 5 €".encode("cp1252"), "Größe 5 €"),  # three letters to go by
        ("ä".encode() * 50 + b"\xff", "ä" * 50 + "\ufffd"),  # UTF-8 with one bad byte is still UTF-8
        (b"pump started\n" * 50 + b"\0\0\0" + b"pump stopped\n", "pump started\n" * 50 + "pump stopped\n"),
        (b"before\n" * 20 + b"\0" * 4096 + b"after\n", "before\n" * 20 + "after\n"),  # never written: a crash
        (b"\x1b[31mred\x1b[0m alert", "\x1b[31mred\x1b[0m alert"),
        (b"", ""),
    ],
)
def test_odd_bytes(data: bytes, text: str) -> None:
    assert decode(data).text == text


@pytest.mark.parametrize(
    "data",
    [
        b"\x01\x02\x03 words",
        b"words" + b"\0\1" * 9,
        bytes(range(256)) * 20,
        b"\0" * 40 + b"\1\2\3",
        b"\xfe\xff" + b"\0\1" * 40,
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(BinaryContent):
        decode(data)


def test_the_beginning_of_a_file_tells_whether_it_may_be_text() -> None:
    assert is_text(TEXTS["Japanese"][0].encode()[:100])  # cut inside a letter
    assert is_text((TEXTS["Japanese"][0] + "\n").encode("utf-16-le") * 3)
    assert not is_text(b"\x7fELF\2\1\1" + b"\0\3\0\x3e" * 50)


def test_an_encoding_that_was_chosen_is_used_and_said() -> None:
    data = TEXTS["Russian"][0].encode("cp1251")
    decoded = decode(data, "Windows-1251")
    assert (decoded.text, decoded.encoding) == (TEXTS["Russian"][0], "Windows-1251")
    assert decode(data, "koi8-r").text != TEXTS["Russian"][0]
    for name in ("klingon", "rot13", "base64", "\0"):
        with pytest.raises(UnknownEncoding):
            decode(data, name)


def test_every_encoding_that_is_offered_is_known() -> None:
    offered = list(names())
    assert len(offered) == len(set(offered)) > 20
    for name in offered:
        decode(b"a\xe4 b", name)
    assert shown_name("cp1251") == "Windows-1251" and shown_name("iso8859-2") == "ISO-8859-2"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'<html><head><meta charset="Windows-1251">', "windows-1251"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=shift_jis'>", "shift_jis"),
        (b'<?xml version="1.0" encoding="ISO-8859-2"?><a/>', "iso-8859-2"),
        (b"<html><p>charset=koi8-r", ""),
    ],
)
def test_declared_encodings(data: bytes, name: str) -> None:
    assert declared_encoding(data) == name


def test_what_a_file_declares_is_followed_where_its_bytes_allow() -> None:
    short = "Öl"
    assert decode(short.encode("mac_roman"), declared="macintosh").text == short
    assert decode(short.encode(), declared="iso-8859-1").text == short  # it is UTF-8, whatever it says
    text = TEXTS["Japanese"][0]
    assert decode(text.encode("euc_jp"), declared="shift_jis").text == text  # nor can this be Shift JIS
    assert decode(text.encode("cp932"), declared="x-sjis").encoding == ""
