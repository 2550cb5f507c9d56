"""What lies on a layer that is switched off is not in the text."""

from __future__ import annotations

from pathlib import Path

import pypdfium2 as pdfium
import pytest

from app.documents.readers.pdf.layers import HiddenLayers
from tests import pdf_extras, pdfs

_ON_AND_OFF = [b"<< /Type /OCG /Name (Shown) >>", b"<< /Type /OCG /Name (Draft) >>"]  # objects 6 and 7
_CONTENT = (
    pdf_extras.lines((50, 780, "The limit is 35 bar."))
    + b" /OC /L1 BDC "
    + pdf_extras.lines((50, 760, "Shown words."))
    + b" EMC /OC /L2 BDC "
    + pdf_extras.lines((50, 740, "Hidden words."))
    + b" EMC "
    + pdf_extras.lines((50, 720, "The end."))
)


def _layered(
    folder: Path,
    configuration: bytes,
    *,
    properties: bytes = b"/L1 6 0 R /L2 7 0 R",
    content: bytes = _CONTENT,
    objects: list[bytes] | None = None,
    resources: bytes = b"",
) -> bytes:
    return pdf_extras.one_page(
        folder,
        content,
        [*_ON_AND_OFF, *(objects or [])],
        catalog=b"/OCProperties << /OCGs [6 0 R 7 0 R] /D << %s >> >>" % configuration,
        resources=b"/Properties << %s >> %s" % (properties, resources),
    )


def _text(data: bytes) -> str:
    page = pdfium.PdfDocument(data)[0]
    HiddenLayers(data).hide(page, 0)
    return " ".join(page.get_textpage().get_text_range().split())


def test_words_of_a_layer_that_is_off_are_hidden(tmp_path: Path) -> None:
    data = _layered(tmp_path, b"/OFF [7 0 R]")
    layers = HiddenLayers(data)
    assert layers and layers.names == {"Draft"} and layers.hidden_properties(0) == {"/L2"}
    assert _text(data) == "The limit is 35 bar. Shown words. The end."


@pytest.mark.parametrize(
    ("configuration", "hidden"),
    [
        (b"", False),
        (b"/ON [7 0 R]", False),
        (b"/BaseState /OFF /ON [6 0 R]", True),
        (
            b"/AS [<< /Event /View /Category [/View] /OCGs [7 0 R] >>]",
            False,
        ),  # the layer has no wish of its own
    ],
)
def test_which_layers_are_off(tmp_path: Path, configuration: bytes, hidden: bool) -> None:
    data = _layered(tmp_path, configuration)
    assert bool(HiddenLayers(data)) is hidden
    assert ("Hidden words." in _text(data)) is not hidden


def test_a_layer_that_wants_to_be_printed_only(tmp_path: Path) -> None:
    data = _layered(tmp_path, b"/AS [<< /Event /View /Category [/View] /OCGs [7 0 R] >>]").replace(
        b"/Name (Draft) >>", b"/Name (Draft) /Usage << /View << /ViewState /OFF >> >> >>"
    )
    assert "Hidden words." not in _text(data)


@pytest.mark.parametrize(
    ("membership", "hidden"),
    [
        (b"/OCGs 7 0 R", True),
        (b"/OCGs [6 0 R 7 0 R]", False),
        (b"/OCGs [6 0 R 7 0 R] /P /AllOn", True),
        (b"/OCGs [6 0 R 7 0 R] /P /AnyOff", False),
        (b"/OCGs [6 0 R 7 0 R] /P /AllOff", True),
        (b"/VE [/Not 7 0 R]", False),
        (b"/VE [/And 6 0 R [/Not 6 0 R]]", True),
        (b"/VE [/Or 7 0 R 6 0 R]", False),
        (b"/OCGs []", False),
    ],
)
def test_groups_of_layers_follow_their_policy(tmp_path: Path, membership: bytes, hidden: bool) -> None:
    content = b"/OC /M BDC " + pdf_extras.lines((50, 700, "Perhaps.")) + b" EMC"
    data = _layered(
        tmp_path,
        b"/OFF [7 0 R]",
        properties=b"/M 8 0 R",
        content=content,
        objects=[b"<< /Type /OCMD %s >>" % membership],
    )
    assert _text(data) == ("" if hidden else "Perhaps.")


def test_a_form_that_is_drawn_on_a_layer_that_is_off(tmp_path: Path) -> None:
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >>"
    data = _layered(
        tmp_path,
        b"/OFF [7 0 R]",
        content=b"/W1 Do /W2 Do " + pdf_extras.lines((50, 700, "Words.")),
        objects=[
            pdf_extras.stream(pdf_extras.lines((50, 500, "Copy 3")), form + b" /OC 6 0 R"),
            pdf_extras.stream(pdf_extras.lines((50, 400, "DRAFT")), form + b" /OC 7 0 R"),
        ],
        resources=b"/XObject << /W1 8 0 R /W2 9 0 R >>",
    )
    assert sorted(_text(data).split()) == ["3", "Copy", "Words."]


def test_a_layer_inside_a_form(tmp_path: Path) -> None:
    form = (
        b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >>"
        b" /Properties << /L2 7 0 R >> >>"
    )
    inside = (
        b"/OC /L2 BDC "
        + pdf_extras.lines((50, 500, "DRAFT"))
        + b" EMC "
        + pdf_extras.lines((50, 400, "Form."))
    )
    data = _layered(
        tmp_path,
        b"/OFF [7 0 R]",
        properties=b"",
        content=b"/W1 Do",
        objects=[pdf_extras.stream(inside, form)],
        resources=b"/XObject << /W1 8 0 R >>",
    )
    assert _text(data) == "Form."


def test_a_file_without_layers_is_not_parsed_for_them(tmp_path: Path) -> None:
    data = pdfs.make_pdf(tmp_path / "plain.pdf", ["Words."]).read_bytes()
    layers = HiddenLayers(data)
    assert not layers and layers.hidden_properties(0) == frozenset()
    assert layers.hide(pdfium.PdfDocument(data)[0], 0) == 0


def test_layers_that_make_no_sense_do_no_harm(tmp_path: Path) -> None:
    data = _layered(tmp_path, b"/OFF 7 /AS (x)").replace(b"/OCGs [6 0 R 7 0 R]", b"/OCGs (no layers)    ")
    assert "Hidden words." in _text(data)
