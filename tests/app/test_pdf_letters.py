"""Letters of PDF pages: right ones, each once, with their places. Every page is written by hand to show one fault."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from app.documents.readers.pdf.fragments import Fragment, PageFragments
from app.documents.readers.pdf.glyphs import Document, page_fragments
from tests.pdf_pages import (
    COURIER,
    HELVETICA,
    OnePage,
    composite_font,
    glyphwise,
    stream,
    to_unicode,
)


def shown(page: OnePage) -> PageFragments:
    return page_fragments(Document.of(page.data()), 0)


def texts(page: OnePage) -> list[str]:
    result = shown(page)
    for fragment in result.fragments:
        assert len(fragment.extents) == 2 * len(fragment.text)
    return [fragment.text for fragment in result.fragments]


def one(page: OnePage) -> Fragment:
    (fragment,) = shown(page).fragments
    return fragment


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


# -- directions --------------------------------------------------------------------------------------------------------


def test_hebrew_drawn_letter_by_letter_is_read_in_its_order_with_numbers_intact() -> None:
    logical = "הלחץ הוא 35 בר (Tank A) בשנת 2024."
    visual = ".2024 תנשב (Tank A) רב 35 אוה ץחלה"
    codes = {letter: number for number, letter in enumerate(sorted(set(visual)), start=1)}
    page = OnePage(
        glyphwise(visual, 20, 200, 12, codes, 6),
        [composite_font(b"Identity-H", to_unicode=20, width=500)],
        objects={20: to_unicode({number: letter for letter, number in codes.items()})},
    )

    assert one(page).text == logical
    assert one(page).direction == "rtl"
    assert max(one(page).extents) == one(page).extents[1]  # the first letter stands furthest right


def test_a_hyphen_parts_numbers_after_arabic_letters_alone() -> None:
    for word, number in (("رقم", "0800-1234"), ("מספר", "1234-0800")):
        visual = f"1234-0800 {word[::-1]}"
        codes = {letter: number for number, letter in enumerate(sorted(set(visual)), start=1)}
        page = OnePage(
            glyphwise(visual, 20, 200, 12, codes, 6),
            [composite_font(b"Identity-H", to_unicode=20, width=500)],
            objects={20: to_unicode({number: letter for letter, number in codes.items()})},
        )

        assert one(page).text == f"{word} {number}"


def test_arabic_forms_become_base_letters_in_reading_order() -> None:
    # As drawn from left to right: a number, then "سلام" in the forms of its letters, lam-alef being one glyph.
    visual = ["١", "٢", " ", "ﻡ", "ﻼ", "ﺳ"]
    codes = {letter: number for number, letter in enumerate(visual, start=1)}
    content = b" ".join(
        b"1 0 0 1 %d 200 Tm <%04x> Tj" % (20 + 6 * number, codes[letter])
        for number, letter in enumerate(visual)
        if letter != " "
    )
    page = OnePage(
        b"BT /F1 12 Tf %s ET" % content,
        [composite_font(b"Identity-H", to_unicode=20, width=500)],
        objects={20: to_unicode({number: letter for letter, number in codes.items()})},
    )

    assert one(page).text == "سلام ١٢"


@pytest.mark.parametrize("lam_alef", ["ﻼ", "لا"])
def test_lam_and_alef_of_one_glyph_keep_their_order(lam_alef: str) -> None:
    visual = ["م", lam_alef, "س"]
    codes = {letter: number for number, letter in enumerate(visual, start=1)}
    content = b" ".join(
        b"1 0 0 1 %d 200 Tm <%04x> Tj" % (20 + 6 * number, codes[letter])
        for number, letter in enumerate(visual)
    )
    page = OnePage(
        b"BT /F1 12 Tf %s ET" % content,
        [composite_font(b"Identity-H", to_unicode=20, width=500)],
        objects={20: to_unicode({number: letter for letter, number in codes.items()})},
    )

    assert one(page).text == "سلام"


def test_a_line_from_right_to_left_ends_without_the_space_before_a_dropped_letter() -> None:
    visual = "\u200b םולש"
    codes = {letter: number for number, letter in enumerate(sorted(set(visual)), start=1)}
    page = OnePage(
        glyphwise(visual, 20, 200, 12, codes, 6),
        [composite_font(b"Identity-H", to_unicode=20, width=500)],
        objects={20: to_unicode({number: letter for letter, number in codes.items()})},
    )

    assert texts(page) == ["שלום"]


def test_tightly_set_arabic_keeps_its_words() -> None:
    # Letters touch; words are a ninth of the size apart, as where a line is filled.
    visual = [*"بتكلا", None, *"أرقي", None, *"دلولا"]
    codes = {letter: number for number, letter in enumerate(sorted({v for v in visual if v}), start=1)}
    shows, x = [], 20.0
    for letter in visual:
        if letter is None:
            x += 12 / 9
            continue
        shows.append(b"1 0 0 1 %.3f 200 Tm <%04x> Tj" % (x, codes[letter]))
        x += 6
    page = OnePage(
        b"BT /F1 12 Tf %s ET" % b" ".join(shows),
        [composite_font(b"Identity-H", to_unicode=20, width=500)],
        objects={20: to_unicode({number: letter for letter, number in codes.items()})},
    )

    assert texts(page) == ["الولد يقرأ الكتب"]


def test_korean_words_are_parted_by_gaps_that_part_no_chinese_ones() -> None:
    for text, expected in (("압력은 표에", "압력은 표에"), ("压力 不得", "压力不得")):
        codes = {letter: number for number, letter in enumerate(sorted(set(text)), start=1)}
        shows, x = [], 20.0
        for letter in text:
            if letter == " ":
                x += 0.3 * 12
                continue
            shows.append(b"1 0 0 1 %.2f 200 Tm <%04x> Tj" % (x, codes[letter]))
            x += 12
        page = OnePage(
            b"BT /F1 12 Tf %s ET" % b" ".join(shows),
            [composite_font(b"Identity-H", to_unicode=20)],
            objects={20: to_unicode({number: letter for letter, number in codes.items()})},
        )

        assert texts(page) == [expected]


def test_japanese_drawn_letter_by_letter_downwards_is_one_line() -> None:
    text = "安全弁を閉じる。"
    codes = {letter: number for number, letter in enumerate(text, start=1)}
    content = b" ".join(
        b"1 0 0 1 300 %d Tm <%04x> Tj" % (250 - 12 * number, codes[letter])
        for number, letter in enumerate(text)
    )
    maps = {20: to_unicode({number: letter for letter, number in codes.items()})}
    for encoding in (b"Identity-V", b"Identity-H"):
        page = OnePage(
            b"BT /F1 12 Tf %s ET" % content, [composite_font(encoding, to_unicode=20)], objects=maps
        )

        assert one(page).text == text
        assert one(page).direction == "down"
        assert one(page).extents[0] < one(page).extents[-1]


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_page_that_is_turned_is_read_as_it_is_shown(turned: int) -> None:
    # The text is turned back, so that it stands upright on the page as shown.
    matrices = {
        0: b"1 0 0 1 20 200",
        90: b"0 1 -1 0 100 20",
        180: b"-1 0 0 -1 380 100",
        270: b"0 -1 1 0 300 280",
    }
    page = OnePage(b"BT /F1 12 Tf %s Tm (upright) Tj ET" % matrices[turned], entries=b"/Rotate %d" % turned)
    fragment = one(page)

    assert (shown(page).width, shown(page).height) == ((400, 300) if turned % 180 == 0 else (300, 400))
    assert (fragment.text, fragment.angle) == ("upright", 0)
    assert fragment.extents[0] == pytest.approx(20, abs=0.5)
    assert fragment.baseline == pytest.approx(100, abs=0.5)


@pytest.mark.parametrize(("matrix", "angle"), [(b"0 -1 1 0", 90), (b"-1 0 0 -1", 180), (b"0 1 -1 0", 270)])
def test_turned_text_tells_its_angle_and_place(matrix: bytes, angle: int) -> None:
    fragment = one(OnePage(b"BT /F1 12 Tf %s 200 150 Tm (turned words) Tj ET" % matrix))

    assert (fragment.text, fragment.angle) == ("turned words", angle)
    assert fragment.extents[0] == pytest.approx(200 if angle == 180 else 150, abs=0.5)
    assert fragment.baseline == pytest.approx(150 if angle == 180 else 200, abs=0.5)
    left, top, right, bottom = fragment.box
    assert left - 1 <= 200 <= right + 1
    assert top - 1 <= 150 <= bottom + 1


def test_slanted_text_is_one_fragment() -> None:
    fragment = one(OnePage(b"BT /F1 20 Tf 0.7071 0.7071 -0.7071 0.7071 100 100 Tm (DRAFT COPY) Tj ET"))

    assert (fragment.text, fragment.angle) == ("DRAFT COPY", 315)


def test_superscripts_and_subscripts_are_marked() -> None:
    page = OnePage(
        b"BT /F1 10 Tf 20 200 Td (x) Tj /F1 6 Tf 4 Ts (2) Tj /F1 10 Tf 0 Ts ( and H) Tj"
        b" /F1 6 Tf -2 Ts (2) Tj /F1 10 Tf 0 Ts (O) Tj ET"
    )

    assert [(part.text, part.raised) for part in shown(page).fragments] == [
        ("x", 0),
        ("2", 1),
        ("and H", 0),
        ("2", -1),
        ("O", 0),
    ]


# -- what cannot be seen -----------------------------------------------------------------------------------------------

_WORDS = b"BT /F1 10 Tf 20 200 Td (seen) Tj ET "


@pytest.mark.parametrize(
    "content",
    [
        b"BT /F1 10 Tf 3 Tr 20 100 Td (hidden) Tj ET",  # painted with nothing
        b"BT /F1 10 Tf 20 -50 Td (hidden) Tj ET",  # below the page
        b"BT /F1 10 Tf 500 100 Td (hidden) Tj ET",  # beside it
        b"BT /F1 10 Tf 20 100 Td (hidden) Tj ET 1 g 10 90 100 30 re f",  # painted over
        b"BT /F1 10 Tf 20 100 Td (hidden) Tj ET 0 g 10 90 100 30 re f",  # blacked out
        b"1 g BT /F1 10 Tf 20 100 Td (hidden) Tj ET",  # white on white
    ],
)
def test_what_cannot_be_seen_is_left_out_and_counted(content: bytes) -> None:
    page = OnePage(_WORDS + content)

    assert texts(page) == ["seen"]
    assert shown(page).invisible == len("hidden")


@pytest.mark.parametrize(
    "content",
    [
        b"0 g 10 90 100 30 re f 1 g BT /F1 10 Tf 20 100 Td (plain) Tj ET",  # white on black
        b"0.9 g 10 90 100 30 re f 0 g BT /F1 10 Tf 20 100 Td (plain) Tj ET",  # on a shade
        b"BT /F1 10 Tf 20 100 Td (plain) Tj ET /G gs 1 1 0 rg 10 90 100 30 re f",  # under a marker
        b"BT /F1 10 Tf 20 100 Td (plain) Tj ET 10 90 100 30 re S",  # in a frame
    ],
)
def test_what_can_be_seen_stays(content: bytes) -> None:
    page = OnePage(_WORDS + content, resources=b"/ExtGState << /G << /ca 0.4 >> >>")

    assert texts(page) == ["seen", "plain"]
    assert shown(page).invisible == 0


def test_text_that_is_painted_over_in_part_is_read_in_part() -> None:
    page = OnePage(b"BT /F1 10 Tf 20 100 Td (secret word stays) Tj ET 1 g 10 90 40 30 re f")

    assert texts(page) == ["word stays"]


def _jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("L", (40, 30), 200).save(file, "JPEG")
    return file.getvalue()


def test_the_text_layer_of_a_scan_is_read() -> None:
    picture = stream(
        _jpeg(),
        b"/Type /XObject /Subtype /Image /Width 40 /Height 30 /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Filter /DCTDecode",
    )
    over = OnePage(
        b"q 400 0 0 300 0 0 cm /I Do Q BT /F1 10 Tf 3 Tr 20 200 Td (read from the scan) Tj ET",
        resources=b"/XObject << /I 20 0 R >>",
        objects={20: picture},
    )
    under = replace(
        over, content=b"BT /F1 10 Tf 20 200 Td (read from the scan) Tj ET q 400 0 0 300 0 0 cm /I Do Q"
    )

    for page in (over, under):
        assert texts(page) == ["read from the scan"]
        assert shown(page).pictures == [(0, 0, 400, 300)]


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
