"""Letters of PDF pages that nobody sees are left out and counted; what can be seen stays."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image

from tests.pdf_pages import OnePage, shown, stream, texts

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
