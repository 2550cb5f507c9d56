"""Letters of PDF pages in other directions: from right to left, downwards, turned, slanted, raised."""

from __future__ import annotations

import pytest

from tests.pdf_pages import OnePage, composite_font, glyphwise, one, shown, texts, to_unicode


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
