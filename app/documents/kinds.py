"""What kind of document a file is: by its content, and among kinds of text by the suffix of its name."""

from __future__ import annotations

import os
import re
from typing import Literal, NamedTuple

from app.documents.encodings import is_text
from app.documents.faults import Fault, Limits, document_error
from app.sentences import Sentence

Kind = Literal[
    "pdf", "docx", "odt", "pptx", "odp", "xlsx", "ods", "epub", "rtf", "html", "eml",
    "csv", "json", "jsonl", "md", "rst", "org", "code", "txt",
]  # fmt: skip

HEAD_BYTES = 4096  # of a file's beginning, which tell most kinds
TAIL_BYTES = 1024 * 1024  # of an archive's end, where it lists what is in it

_SOURCE_CODE = (
    "py pyi ipy c h cc cpp cxx hpp hh cs java kt kts scala go rs swift m mm js mjs cjs jsx ts tsx vue "
    "svelte php rb pl pm lua r jl hs ml mli fs fsx ex exs erl clj cljs lisp el scm dart zig nim v vhd "
    "vhdl sv f f90 for pas ada adb asm s sh bash zsh fish ps1 bat cmd sql css scss sass less yaml yml "
    "toml ini cfg conf properties env xml xsd xsl xslt svg gradle cmake mk make dockerfile tf proto "
    "thrift graphql diff patch tex sty cls bib ltx po pot cu cuh glsl wgsl ipynb"
)
_KIND_OF_SUFFIX: dict[str, Kind] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".docm": "docx",
    ".dotx": "docx",
    ".odt": "odt",
    ".ott": "odt",
    ".pptx": "pptx",
    ".pptm": "pptx",
    ".ppsx": "pptx",
    ".odp": "odp",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".ods": "ods",
    ".epub": "epub",
    ".rtf": "rtf",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".eml": "eml",
    ".mht": "eml",
    ".mhtml": "eml",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".geojson": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "md",
    ".markdown": "md",
    ".rst": "rst",
    ".org": "org",
    ".txt": "txt",
    ".text": "txt",
    ".log": "txt",
    **{f".{suffix}": "code" for suffix in _SOURCE_CODE.split()},
}
SUPPORTED_SUFFIXES = tuple(_KIND_OF_SUFFIX)
_TEXTS = frozenset(("html", "eml", "csv", "json", "jsonl", "md", "rst", "org", "code", "txt"))

# Parts that a zip archive lists where it is one of these; each name follows its entry's 46 bytes.
_ENTRY = rb"PK\x01\x02.{42}"
_ARCHIVES: tuple[tuple[Kind, re.Pattern[bytes]], ...] = (
    ("docx", re.compile(_ENTRY + rb"word/document\d*\.xml", re.DOTALL)),
    ("xlsx", re.compile(_ENTRY + rb"xl/workbook\d*\.xml", re.DOTALL)),
    ("pptx", re.compile(_ENTRY + rb"ppt/presentation\d*\.xml", re.DOTALL)),
    ("epub", re.compile(_ENTRY + rb"META-INF/container\.xml", re.DOTALL)),
)
_OPEN_DOCUMENT = re.compile(_ENTRY + rb"content\.xml", re.DOTALL)
_BINARY_WORKBOOK = re.compile(_ENTRY + rb"xl/workbook\.bin", re.DOTALL)
_MIMETYPES: tuple[tuple[bytes, Kind], ...] = (
    (b"mimetypeapplication/epub+zip", "epub"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "odt"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "ods"),
    (b"mimetypeapplication/vnd.oasis.opendocument.presentation", "odp"),
)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What a file is, and what to do about it.
_OLD_OFFICE = {
    ".doc": (
        Sentence("an old Word file (.doc)"),
        Sentence("open it in Word or LibreOffice and save it as .docx"),
    ),
    ".xls": (
        Sentence("an old Excel file (.xls)"),
        Sentence("open it in Excel or LibreOffice and save it as .xlsx"),
    ),
    ".ppt": (
        Sentence("an old PowerPoint file (.ppt)"),
        Sentence("open it in PowerPoint or LibreOffice and save it as .pptx"),
    ),
    ".msg": (
        Sentence("an Outlook message (.msg)"),
        Sentence("open it in Outlook and save it as .eml or text"),
    ),
}
_OLD_OFFICE_ANY = (
    Sentence("an old Office file, or one with a password"),
    Sentence("open it there and save it as .docx, .xlsx or .pptx without"),
)
_BINARY_SHEETS = (
    Sentence("a binary Excel workbook (.xlsb)"),
    Sentence("open it in Excel or LibreOffice and save it as .xlsx"),
)
_UNPACK = Sentence("unpack it and add the files that are in it")
# How files that people mistake for documents begin.
_SIGNATURES = (
    (b"MZ", Sentence("a Windows program")),
    (b"\x7fELF", Sentence("a Linux program")),
    (b"\x89PNG", Sentence("a PNG picture")),
    (b"\xff\xd8\xff", Sentence("a JPEG picture")),
    (b"GIF8", Sentence("a GIF picture")),
    (b"RIFF", Sentence("a sound, video or picture")),
    (b"II*\0", Sentence("a TIFF picture")),
    (b"MM\0*", Sentence("a TIFF picture")),
    (b"ID3", Sentence("a sound")),
    (b"OggS", Sentence("a sound or video")),
    (b"\x1f\x8b", Sentence("a gzip archive")),
    (b"BZh", Sentence("a bzip2 archive")),
    (b"\xfd7zXZ\0", Sentence("an xz archive")),
    (b"7z\xbc\xaf\x27\x1c", Sentence("a 7z archive")),
    (b"Rar!\x1a", Sentence("a RAR archive")),
    (b"%!PS", Sentence("a PostScript file")),
    (b"SQLite format 3\0", Sentence("an SQLite database")),
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,1000}-->\s*)*<(?:!doctype html|html|head|body)",
    re.I | re.S,
)
_MAIL = re.compile(
    rb"(?:From |Return-Path:|Received:|Delivered-To:|Message-ID:|MIME-Version:|From:|Date:|Subject:|To:)",
    re.I,
)
_MAIL_FIELDS = re.compile(
    rb"^(?:From|To|Subject|Date|Message-ID|Received|MIME-Version|Content-Type):", re.I | re.M
)


class _Found(NamedTuple):
    """kind: None where the bytes alone tell none. content: what they look like, in words, "" for text.
    remedy: what to do about a kind that cannot be read."""

    kind: Kind | None
    content: str = ""
    remedy: str = ""


def detect_kind(head: bytes, tail: bytes, name: str, limits: Limits) -> Kind:
    """What a file is: `head` and `tail` are its first and last bytes, `name` gives its suffix.

    Raises DocumentError for what cannot be read, saying what it is.
    """
    suffix = os.path.splitext(name)[1].lower()
    said = _KIND_OF_SUFFIX.get(suffix)
    # Readers accept a PDF whose header comes late; in a file of another name that is text which speaks about PDFs.
    if head.lstrip(b"\xef\xbb\xbf\r\n\t \0").startswith(b"%PDF-") or (
        said == "pdf" and b"%PDF-" in head[:1024]
    ):
        return "pdf"
    kind, content, remedy = _by_content(head, tail, suffix)
    if said == "pdf":
        raise document_error(Fault.NOT_A_PDF, name, limits, detail=content or Sentence("plain text"))
    if kind is not None:
        # A page of HTML under another name of text (a template, a listing of a tutorial) is that text.
        return said if said in _TEXTS and said != "txt" and kind in ("html", "eml") else kind
    if remedy:
        raise document_error(
            Fault.OTHER_KIND,
            name,
            limits,
            detail=Sentence("{content}; {remedy}", content=content, remedy=remedy),
        )
    if content:
        raise document_error(Fault.BINARY, name, limits, detail=content)
    return said if said in _TEXTS else "txt"


def _by_content(head: bytes, tail: bytes, suffix: str) -> _Found:
    if head.startswith(b"PK\x03\x04"):
        return _archive(head, tail, suffix)
    if head.startswith(_OLE):
        return _Found(None, *_OLD_OFFICE.get(suffix, _OLD_OFFICE_ANY))
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"{\\rtf"):
        return _Found("rtf", Sentence("an RTF document"))
    for signature, description in _SIGNATURES:
        # Letters alone may begin a sentence ("MZ is the mark of ...").
        if head.startswith(signature) and (not signature.isalnum() or not is_text(head)):
            return _Found(None, description)
    if head[257:262] == b"ustar":
        return _Found(None, Sentence("a tar archive"), _UNPACK)
    if not is_text(head):
        return _Found(None, Sentence("binary data"))
    if _HTML.match(head.lstrip(b"\xef\xbb\xbf")):
        return _Found("html", Sentence("a web page (HTML)"))
    if _MAIL.match(head) and len({field.lower() for field in _MAIL_FIELDS.findall(head)}) >= 3:
        return _Found("eml", Sentence("an e-mail"))
    return _Found(None)


def _archive(head: bytes, tail: bytes, suffix: str) -> _Found:
    for mark, kind in _MIMETYPES:
        if mark in head[:200]:
            return _Found(kind, _NAMES[kind])
    for kind, part in _ARCHIVES:
        if part.search(tail):
            return _Found(kind, _NAMES[kind])
    if _OPEN_DOCUMENT.search(tail):  # its type is packed, or missing: the reader sees what it is
        said = _KIND_OF_SUFFIX.get(suffix, "odt")
        return _Found(said if said in ("ods", "odp") else "odt", _NAMES["odt"])
    if _BINARY_WORKBOOK.search(tail):
        return _Found(None, *_BINARY_SHEETS)
    return _Found(None, Sentence("a zip archive"), _UNPACK)


_NAMES: dict[Kind, str] = {
    "docx": Sentence("a Word document"),
    "xlsx": Sentence("an Excel workbook"),
    "pptx": Sentence("a PowerPoint presentation"),
    "epub": Sentence("an EPUB book"),
    "odt": Sentence("an OpenDocument text"),
    "ods": Sentence("an OpenDocument spreadsheet"),
    "odp": Sentence("an OpenDocument presentation"),
}
