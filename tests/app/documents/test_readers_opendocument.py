"""OpenDocument files: texts, spreadsheets, presentations."""

from __future__ import annotations

from pathlib import Path

from app.documents import Extracted, extract
from tests.app.documents.office import blocks, pack
from tests.app.documents_support import nothing_left_running  # noqa: F401  (a fixture that is always used)

ODF = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = "".join(
    f' xmlns:{name}="{ODF}{name}:1.0"' for name in ("office", "text", "table", "style", "presentation")
)
SPACES += f' xmlns:draw="{ODF}drawing:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def opened(path: Path, kind: str, body: str, styles: str = "") -> Extracted:
    names = {"text": "text", "spreadsheet": "spreadsheet", "presentation": "presentation"}
    content = (
        f"<office:document-content{SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    mimetype = f"application/vnd.oasis.opendocument.{names[kind]}"
    return extract(pack(path, {"mimetype": mimetype, "content.xml": content}))


def test_an_open_document_text(tmp_path: Path) -> None:
    styles = (
        "<text:list-style style:name='L'><text:list-level-style-number "
        "text:level='1' style:num-format='a' style:num-suffix=')'/>"
        "</text:list-style><style:style style:name='T9'>"
        "<style:text-properties text:display='none'/></style:style>"
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion>"
        "<text:p>gone</text:p></text:deletion></text:changed-region>"
        "</text:tracked-changes><text:h text:outline-level='2'>Pump</text:h>"
        "<text:p>The<text:s text:c='2'/>tank<text:span "
        "text:style-name='T9'>no</text:span><text:note><text:note-citation>1"
        "</text:note-citation><text:note-body><text:p>At sea.</text:p></text:note-body></text:note>"
        "<office:annotation><dc:creator>Anna</dc:creator><text:p>Sure?</text:p></office:annotation>.</text:p>"
        "<text:list text:style-name='L'><text:list-item><text:p>one</text:p></text:list-item>"
        "<text:list-item><text:p>two</text:p></text:list-item></text:list>"
    )
    extracted = opened(tmp_path / "a.odt", "text", body, styles)
    assert blocks(extracted) == [
        ("heading", "Pump"),
        ("paragraph", "The  tank[1]."),
        ("footnote", "[1] At sea."),
        ("comment", "Anna: Sure?"),
        ("list_item", "a) one"),
        ("list_item", "b) two"),
    ]
    assert len(extracted.warnings) == 2


def test_printed_pages_of_an_open_document_are_kept(tmp_path: Path) -> None:
    row = "<table:table-row><table:table-cell><text:p>{}</text:p></table:table-cell></table:table-row>"
    end = "<text:soft-page-break/>"
    body = (
        f"<text:p>One {end}two</text:p>{end}<text:p>three</text:p>"
        f"<table:table>{row.format('a')}{row.format('b')}{end}{row.format('c')}</table:table>"
    )
    extracted = opened(tmp_path / "a.odt", "text", body)
    assert extracted.unit == "page"
    assert extracted.pages == ("One", "two", "three\n\n| a |\n|---|\n| b |", "| c |")


def test_an_open_document_spreadsheet(tmp_path: Path) -> None:
    def cell(text: str, more: str = "") -> str:
        return f"<table:table-cell {more}>{f'<text:p>{text}</text:p>' if text else ''}</table:table-cell>"

    body = (
        "<table:table table:name='Öl'><table:table-row>" + cell("Name") + cell("Preis") + "</table:table-row>"
        "<table:table-row>" + cell("Anna", "table:number-rows-spanned='2'") + cell("1,50 €") + "</table:table-row>"
        "<table:table-row><table:covered-table-cell/>" + cell("2,50 €") + "</table:table-row>"
        "<table:table-row table:visibility='collapse'>" + cell("hidden") + "</table:table-row>"
        "<table:table-row table:number-rows-repeated='1048000'>" + cell("", "table:number-columns-repeated='1024'")
        + "</table:table-row></table:table><table:table table:name='H' table:style-name='ta2'><table:table-row>"
        + cell("secret") + "</table:table-row></table:table>"
    )  # fmt: skip
    styles = "<style:style style:name='ta2'><style:table-properties table:display='false'/></style:style>"
    extracted = opened(tmp_path / "a.ods", "spreadsheet", body, styles)
    assert extracted.pages == ("| Name | Preis |\n|---|---|\n| Anna | 1,50 € |\n| Anna | 2,50 € |",)
    assert extracted.layout[0].label == "Öl, rows 1-3"
    assert extracted.warnings == ("Hidden sheets are left out: H.", "1 hidden row is left out.")


def test_an_open_document_presentation(tmp_path: Path) -> None:
    body = (
        "<draw:page draw:name='p1'><draw:frame><draw:text-box>"
        "<text:p>Below</text:p></draw:text-box></draw:frame>"
        "<draw:frame presentation:class='title'><draw:text-box>"
        "<text:p>Title</text:p></draw:text-box></draw:frame>"
        "<presentation:notes><draw:frame><draw:text-box><text:p>Slowly.</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
    )
    extracted = opened(tmp_path / "a.odp", "presentation", body)
    assert blocks(extracted) == [("heading", "Title"), ("paragraph", "Below"), ("comment", "Notes: Slowly.")]
    assert extracted.layout[0].label == "slide 1"
