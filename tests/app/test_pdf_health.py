"""A text layer that is missing or wrong is told; text in any language raises no alarm."""

from __future__ import annotations

import random
import string
from array import array

import pytest

from app.documents.readers.pdf.fragments import Fragment, PageFragments
from app.documents.readers.pdf.health import (
    TROUBLES,
    document_warnings,
    page_health,
    wants_recognition,
    warning_code,
)
from tests import pdfs

_ENGLISH = pdfs.long_pages(1)[0]
_WHOLE_PAGE = (0.0, 0.0, 595.0, 842.0)

# The first article of the Universal Declaration of Human Rights.
_LANGUAGES = {
    "Welsh": "Genir pawb yn rhydd ac yn gydradd â'i gilydd mewn urddas a hawliau. Fe'u cynysgaeddir â rheswm a "
    "chydwybod, a dylai pawb ymddwyn y naill at y llall mewn ysbryd cymodlon.",
    "Polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni "
    "rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "Vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Mọi con người đều "
    "được tạo hóa ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình bằng hữu.",
    "Finnish": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu "
    "järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.",
    "Russian": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и "
    "совестью и должны поступать в отношении друг друга в духе братства.",
    "Greek": "Ὅλοι οἱ ἄνθρωποι γεννιοῦνται ἐλεύθεροι καὶ ἴσοι στὴν ἀξιοπρέπεια καὶ τὰ δικαιώματα. Εἶναι "
    "προικισµένοι "
    "µὲ λογικὴ καὶ συνείδηση, καὶ ὀφείλουν νὰ συµπεριφέρονται µεταξύ τους µὲ πνεῦµα ἀδελφοσύνης.",
    "Japanese": "すべての人間は、生まれながらにして自由であり、かつ、"
    "尊厳と権利とについて平等である。人間は、理性と良心とを"
    "授けられており、互いに同胞の精神をもって行動しなければならない。",
    "Arabic": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. "
    "وقد وهبوا عقلاً وضميراً وعليهم أن يعامل بعضهم بعضاً بروح الإخاء.",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन "
    "प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    "Thai": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ",
}


def _codes(text: str, page: PageFragments | None = None) -> list[str]:
    return [warning_code(sentence) for sentence in page_health(text, page)]


@pytest.mark.parametrize("language", _LANGUAGES)
def test_no_alarm_for_any_language(language: str) -> None:
    assert page_health(3 * _LANGUAGES[language]) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        _ENGLISH,
        _ENGLISH.upper(),
        'for (int index = 0; index < strlen(buffer); ++index) { printf("%s\\n", argv[index]); }\n' * 10,
        "deadbeef 0f3a9c77 MIIEpAIBAAKCAQEA7bq2 xk93Jf0aQ9zzPqRt4 9f86d081884c7d659a2feaa0c55ad015\n" * 20,
        "α = β + γΔt, where Δ is the change and µ the mean of x and y over Ω.\n" * 10,
        _LANGUAGES["Japanese"] + " Debian GNU/Linux " + _LANGUAGES["Russian"],
        "ɪntəˈnæʃənəl fəˈnɛtɪk ˈælfəbɛt is how linguists write what is spoken in any language. " * 5,
        "Der Donaudampfschifffahrtsgesellschaftskapitän las seiner Mannschaft an jedem Abend aus einem Buch vor. "
        * 5,
    ],
)
def test_no_alarm_for_what_books_hold(text: str) -> None:
    assert page_health(text) == []


def _exchanged(text: str) -> str:
    letters = list(string.ascii_lowercase)
    random.Random(1).shuffle(letters)
    mixed = "".join(letters)
    return text.translate(str.maketrans(string.ascii_letters, mixed + mixed.upper()))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_exchanged(_ENGLISH), "wrong-letters"),
        # Numbers of glyphs that were taken for characters: 29 less than what they mean.
        (
            "".join(chr(ord(letter) - 29) if "=" < letter < "\x7f" else letter for letter in _ENGLISH),
            "wrong-letters",
        ),
        # Numbers of Japanese glyphs as characters.
        (
            "".join(chr(0x250 + ord(letter) * 37 % 0x1000) for letter in _LANGUAGES["Japanese"] * 3),
            "wrong-letters",
        ),
        (_LANGUAGES["Russian"].encode("cp1251").decode("latin-1"), "wrong-letters"),
        (
            "Word \ufffd\ufffd\ufffd\ufffd and \ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd again. ",
            "unknown-letters",
        ),
        ("".join(chr(0xF000 + ord(letter)) for letter in _ENGLISH), "unknown-letters"),
        (_ENGLISH.replace(" ", ""), "no-spaces"),
        (_LANGUAGES["Russian"].replace(" ", "") * 3, "no-spaces"),
    ],
)
def test_a_wrong_text_layer_is_told(text: str, code: str) -> None:
    assert _codes(text) == [code]
    assert wants_recognition(page_health(text))


def test_letters_without_a_meaning_are_counted_by_whoever_reads_them() -> None:
    page = PageFragments(595, 842, unmapped=40)
    assert _codes("A few words are left of this page.", page) == ["unknown-letters"]
    assert _codes(_ENGLISH, PageFragments(595, 842, unmapped=3)) == []


@pytest.mark.parametrize(
    ("text", "pictures", "codes"),
    [
        ("", [_WHOLE_PAGE], ["no-text-layer"]),
        ("", [(0, 0, 595, 281), (0, 281, 595, 562), (0, 562, 595, 842)], ["no-text-layer"]),
        ("Page 7", [_WHOLE_PAGE], ["no-text-layer"]),
        ("", [], []),  # blank paper
        ("", [(100, 100, 200, 200)], []),  # a small picture
        (_ENGLISH, [_WHOLE_PAGE], []),  # a scan that was read
        ("Figure 7", [(0, 0, 595, 500)], []),
    ],
)
def test_scans(text: str, pictures: list[tuple[float, float, float, float]], codes: list[str]) -> None:
    fragment = Fragment(text, array("d"), (0, 0, 10, 10), 10, 10)
    assert _codes(text, PageFragments(595, 842, fragments=[fragment], pictures=pictures)) == codes


def test_the_document_says_on_which_pages() -> None:
    scan = page_health("", PageFragments(595, 842, pictures=[_WHOLE_PAGE]))
    found = dict.fromkeys((3, 4, 5, 6, 7), scan) | {9: page_health(_exchanged(_ENGLISH)), 10: []}
    recognise = "text recognition (OCR) may read what is printed."
    assert document_warnings(found) == [
        f"No text layer on pages 3-7: they are pictures, of which nothing was read; {recognise}",
        f"Wrong letters on page 9: the text layer of this page is not what is printed on it; {recognise}",
    ]
    assert [warning_code(sentence) for sentence in document_warnings(found)] == [
        "no-text-layer",
        "wrong-letters",
    ]
    assert document_warnings({1: [], 2: ["Something else."]}) == [] and warning_code("Something else.") == ""


def test_codes_and_beginnings_are_told_apart() -> None:
    starts = [trouble.start for trouble in TROUBLES]
    assert len({trouble.code for trouble in TROUBLES}) == len(TROUBLES)
    assert not any(one != other and one.startswith(other) for one in starts for other in starts)


def test_latin_letters_within_arabic_words_are_told() -> None:
    wrong = "بsم اü الrحmن الrحyم وبه الإعAنT الحdm ال@ي جعل جTn الrfدوx لعAbده الmؤمynن نzلا ويrsهم للأعAmل الAOلحT "
    right = (
        "حروفچینی یک هنر است و با سیستم WYSIWYG، نویسنده از LaTeX و PDF یا Word استفاده می‌کند تا متن خود را "
    )

    assert [warning_code(sentence) for sentence in page_health(wrong * 3)] == ["wrong-letters"]
    assert page_health(right * 5) == []


def test_names_of_programs_within_japanese_are_no_wrong_letters() -> None:
    names = "xsltproc docbook xmlto fop dblatex sgmltools jw dbtoepub xhtml pdftk qpdf psutils gtklp "
    japanese = "拡張可能スタイルシート言語のような文書を処理に利用可能な道具は沢山あります。"

    assert page_health((names + japanese * 3) * 6) == []
