"""Letters of PDF pages: right ones, each once, with their places. Every page is written by hand to show one fault."""

from __future__ import annotations

import pytest

from tests.pdf_pages import COURIER, HELVETICA, OnePage, composite_font, shown, texts, to_unicode

# -- words -------------------------------------------------------------------------------------------------------------


def test_gaps_without_a_space_part_words() -> None:
    page = OnePage(b"BT /F1 11 Tf 20 200 Td [(The) -250 (valve) -222 (is) -180 (shut.)] TJ ET")

    assert texts(page) == ["The valve is shut."]


def test_kerning_parts_no_word() -> None:
    page = OnePage(b"BT /F1 11 Tf 20 200 Td [(A) 80 (V) 60 (A) -40 (T) 90 (AR)] TJ ET")

    assert texts(page) == ["AVATAR"]


def test_a_heading_whose_letters_are_set_apart_keeps_its_words() -> None:
    page = OnePage(b"BT /F1 14 Tf 3 Tc 20 200 Td [(SAFETY) -400 (RULES)] TJ ET")

    assert texts(page) == ["SAFETY RULES"]


def test_letters_in_even_steps_are_one_word() -> None:
    shows = b" ".join(
        b"1 0 0 1 %d 200 Tm (%c) Tj" % (20 + 8 * number, letter) for number, letter in enumerate(b"WARNING")
    )

    assert texts(OnePage(b"BT /F1 12 Tf %s ET" % shows)) == ["WARNING"]


def test_letters_as_wide_as_others_with_their_space_are_no_even_steps() -> None:
    # In Helvetica b, o and u are as wide as a t and a space.
    page = OnePage(b"BT /F1 10 Tf 20 200 Td [(about) -278 (the)] TJ ET")

    assert texts(page) == ["about the"]


def test_digits_in_even_steps_are_numbers_of_their_own() -> None:
    shows = b" ".join(b"1 0 0 1 %d 200 Tm (%d) Tj" % (20 + 12 * place, place % 10) for place in range(6))

    assert texts(OnePage(b"BT /F1 10 Tf %s ET" % shows, [COURIER])) == ["0 1 2 3 4 5"]


def test_a_letter_that_stands_lower_belongs_to_its_word() -> None:
    page = OnePage(
        b"BT /F1 12 Tf 1 0 0 1 20 200 Tm (The T) Tj 1 0 0 1 49.9 197.4 Tm (E) Tj 1 0 0 1 56.5 200 Tm (X book) Tj ET"
    )

    assert texts(page) == ["The TEX book"]


def test_a_letter_in_a_circle_is_one_sign() -> None:
    page = OnePage(
        b"BT /F1 12 Tf 1 0 0 1 20 200 Tm <0001> Tj /F2 8 Tf 1 0 0 1 24 201.5 Tm (c) Tj"
        b" /F2 12 Tf 1 0 0 1 36 200 Tm (2024) Tj ET",
        [composite_font(b"Identity-H", to_unicode=20), HELVETICA],
        objects={20: to_unicode({1: "◯"})},
    )

    assert " ".join(texts(page)) == "© 2024"


def test_what_several_glyphs_of_a_span_read_is_taken_once() -> None:
    # The second glyph is drawn higher up, as vowel signs are, with another letter between them in reading order.
    page = OnePage(
        b"BT /F1 12 Tf 1 0 0 1 20 200 Tm (o) Tj /Span << /ActualText <FEFF006600660069> >> BDC"
        b" 1 0 0 1 26.7 200 Tm (x) Tj 1 0 0 1 30 203 Tm (y) Tj EMC 1 0 0 1 36 200 Tm (ce) Tj ET"
    )

    assert texts(page) == ["office"]


def test_a_wide_gap_parts_fragments() -> None:
    page = OnePage(b"BT /F1 10 Tf 20 200 Td (left) Tj 200 0 Td (right) Tj ET")

    assert texts(page) == ["left", "right"]


def test_text_drawn_over_other_text_is_not_mixed_with_it() -> None:
    page = OnePage(b"BT /F1 10 Tf 20 200 Td (one long cell) Tj 40 0 Td (another) Tj ET")

    assert texts(page) == ["one long cell", "another"]


# -- letters drawn twice -----------------------------------------------------------------------------------------------


def test_a_line_struck_twice_is_read_once() -> None:
    page = OnePage(
        b"BT /F1 12 Tf 1 0 0 1 20 200 Tm (Safety rules) Tj 1 0 0 1 20.4 200 Tm (Safety rules) Tj ET"
    )

    assert texts(page) == ["Safety rules"]


def test_letters_struck_twice_one_by_one_are_read_once() -> None:
    shows = b" ".join(
        b"1 0 0 1 %.1f 200 Tm (%c) Tj" % (20 + 8 * number + shift, letter)
        for number, letter in enumerate(b"ALLOW")
        for shift in (0, 0.3)
    )

    assert texts(OnePage(b"BT /F1 12 Tf %s ET" % shows)) == ["ALLOW"]


def test_a_shadow_is_read_once() -> None:
    page = OnePage(b"BT 0.7 g /F1 20 Tf 1 0 0 1 21 199 Tm (Pump) Tj 0 g 1 0 0 1 20 200 Tm (Pump) Tj ET")

    assert texts(page) == ["Pump"]


# -- what letters stand for --------------------------------------------------------------------------------------------


def test_accents_drawn_before_their_letters_are_joined_to_them() -> None:
    # \250 is the diaeresis, \264 the acute accent, \270 the cedilla; each is moved back over its letter.
    page = OnePage(b"BT /F1 10 Tf 20 200 Td [(M\250) 443 (uller, J\264) 443 (er, Fran\270) 416 (cois)] TJ ET")

    assert texts(page) == ["Müller, Jér, François"]


def test_names_of_glyphs_stand_for_their_letters() -> None:
    font = (
        b"<< /Type /Font /Subtype /TrueType /BaseFont /ABCDEF+X /FirstChar 1 /LastChar 126 /Widths [%s]"
        b" /Encoding << /Differences [1 /f_i /T_h /uni00660069 /one.oldstyle /a.sc /t_t.liga] >> /FontDescriptor"
        b" << /Type /FontDescriptor /FontName /ABCDEF+X /Flags 4 /FontBBox [0 -200 1000 800] /ItalicAngle 0"
        b" /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >> >>" % (b"550 " * 126)
    )
    page = OnePage(b"BT /F1 10 Tf 20 200 Td (\1nal \2e \3ve \4 \5b bo\6le) Tj ET", [font])

    assert texts(page) == ["final The five 1 ab bottle"]
    assert shown(page).unmapped == 0


def test_what_an_author_says_that_glyphs_stand_for_is_believed() -> None:
    page = OnePage(
        b"BT /F1 10 Tf 20 200 Td (the stop is ) Tj /Span << /ActualText (red) >> BDC (xyz) Tj EMC ( now) Tj ET"
    )

    assert texts(page) == ["the stop is red now"]


def test_a_ligature_that_is_mapped_to_nothing_is_what_its_author_says() -> None:
    mapping = {1: "\0"} | {code: chr(code) for code in range(32, 127)}
    font = (
        b"<< /Type /Font /Subtype /TrueType /BaseFont /ABCDEF+X /FirstChar 1 /LastChar 126 /Widths [%s]"
        b" /ToUnicode 20 0 R >>" % (b"500 " * 126)
    )
    page = OnePage(
        b"BT /F1 12 Tf 20 200 Td (o) Tj /Span << /ActualText (ff) >> BDC (\1) Tj EMC ( the o) Tj"
        b" /Span << /ActualText (ff) >> BDC (\1) Tj EMC (set) Tj ET",
        [font],
        objects={20: to_unicode(mapping, digits=2)},
    )

    assert texts(page) == ["off the offset"]


@pytest.mark.parametrize(
    ("cmap", "ordering", "codec", "text"),
    [
        ("90ms-RKSJ-H", "Japan1", "cp932", "安全弁を閉じる。"),
        ("90msp-RKSJ-H", "Japan1", "cp932", "安全弁を閉じる。"),
        ("90pv-RKSJ-H", "Japan1", "shift_jis", "安全弁を閉じる。"),
        ("EUC-H", "Japan1", "euc_jp", "安全弁を閉じる。"),
        ("UniJIS-UTF16-H", "Japan1", "utf-16-be", "安全弁を閉じる。"),
        ("UniJIS-UCS2-H", "Japan1", "utf-16-be", "安全弁を閉じる。"),
        ("UniJIS-UTF8-H", "Japan1", "utf-8", "安全弁を閉じる。"),
        ("KSCms-UHC-H", "Korea1", "cp949", "안전 밸브를 닫는다."),
        ("KSC-EUC-H", "Korea1", "euc_kr", "안전 밸브를 닫는다."),
        ("UniKS-UCS2-H", "Korea1", "utf-16-be", "안전밸브를닫는다"),
        ("GBK-EUC-H", "GB1", "gbk", "必须关闭安全阀。"),
        ("GBKp-EUC-H", "GB1", "gbk", "必须关闭安全阀。"),
        ("GB-EUC-H", "GB1", "gb2312", "必须关闭安全阀。"),
        ("UniGB-UCS2-H", "GB1", "utf-16-be", "必须关闭安全阀。"),
        ("B5pc-H", "CNS1", "big5", "安全閥必須關閉。"),
        ("ETen-B5-H", "CNS1", "big5", "安全閥必須關閉。"),
        ("UniCNS-UTF16-H", "CNS1", "utf-16-be", "安全閥必須關閉。"),
    ],
)
def test_encodings_of_eastern_languages(cmap: str, ordering: str, codec: str, text: str) -> None:
    content = b"BT /F1 12 Tf 20 200 Td <%s> Tj ET" % text.encode(codec).hex().encode()
    page = OnePage(content, [composite_font(cmap.encode(), ordering.encode())])

    assert "".join(texts(page)).replace(" ", "") == text.replace(" ", "")
    assert shown(page).unmapped == 0


def test_character_numbers_of_a_known_collection_need_no_map() -> None:
    # Of Adobe-Japan1; each is as wide as high, although the collection has narrow ones for the same letters.
    numbers = {"あ": 843, "い": 845, "う": 847, "え": 849, "く": 856, "け": 858, "こ": 860}
    codes = b"".join(b"%04x" % number for number in numbers.values())
    page = OnePage(
        b"BT /F1 12 Tf 20 200 Td <%s> Tj ET" % codes,
        [composite_font(b"Identity-H", b"Japan1", widths=b"231 632 500")],
    )

    assert texts(page) == ["".join(numbers)]


def test_letters_without_a_meaning_are_counted() -> None:
    codes = {1: "\ue123", 2: "a"}
    page = OnePage(
        b"BT /F1 12 Tf 20 200 Td <000100020001> Tj ET",
        [composite_font(b"Identity-H", to_unicode=20)],
        objects={20: to_unicode(codes)},
    )

    assert shown(page).unmapped == 2


def test_ligatures_forms_and_bullets_become_plain_letters() -> None:
    codes = {1: "ﬁ", 2: "\uf0b7", 3: "⽇", 4: "e", 5: "\u0301"}
    page = OnePage(
        b"BT /F1 12 Tf 20 200 Td <00020001000300040005> Tj ET",
        [composite_font(b"Identity-H", to_unicode=20)],
        objects={20: to_unicode(codes)},
    )

    assert "".join(texts(page)) == "•fi日é"


# -- fonts, rules ------------------------------------------------------------------------------------------------------


def test_a_font_is_monospaced_by_its_widths() -> None:
    widths = b"525 " * 95
    font = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /ABCDEF+Plain /FirstChar 32 /LastChar 126 /Widths [%s]"
        b" /Encoding /WinAnsiEncoding >>" % widths
    )
    page = OnePage(
        b"BT /F1 9 Tf 20 250 Td (prose, mill) Tj /F2 9 Tf 0 -20 Td (code, mill) Tj /F3 9 Tf 0 -20 Td (row, mill) Tj ET",
        [HELVETICA, COURIER, font],
    )
    result = shown(page)

    assert [result.fonts[part.font].monospaced for part in result.fragments] == [False, True, True]


def test_rules_are_told() -> None:
    page = OnePage(b"20 100 m 220 100 l S 30 150 100 0.5 re f 200 200 100 50 re S 0.9 g 20 20 60 60 re f")
    rules = shown(page).rules

    assert len(rules) == 2 + 4  # the filled square is no rule
    assert all(min(right - left, bottom - top) <= 2 for left, top, right, bottom in rules)
    assert any(top <= 200 <= bottom and right - left >= 199 for left, top, right, bottom in rules)


def test_letters_that_happen_to_stand_over_their_likes_are_kept() -> None:
    # A text runs into the next one, whose p is drawn over its p.
    page = OnePage(
        b"BT /F2 10 Tf 1 0 0 1 20 200 Tm (picture-map) Tj 1 0 0 1 75.5 200 Tm (xprograms) Tj ET",
        [HELVETICA, COURIER],
    )

    assert sorted(texts(page)) == ["picture-map", "xprograms"]


def test_pages_are_read_again_for_a_bounded_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    font = (
        b"<< /Type /Font /Subtype /Type1 /BaseFont /X /FirstChar 1 /LastChar 1 /Widths [600]"
        b" /Encoding << /Differences [1 /f_i] >> >>"
    )
    page = OnePage(
        b"BT /F1 12 Tf 20 200 Td (the ) Tj /F2 12 Tf (\1) Tj /F1 12 Tf (nal word) Tj ET", [HELVETICA, font]
    )
    assert texts(page) == ["the final word"]

    monkeypatch.setattr("app.documents.readers.pdf.lost._MOST_SECONDS", -1.0)
    assert "final" not in texts(page)[0]
