"""EPUB books: chapters in the order of the spine, called by the book's own table of contents."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.documents.encodings import BinaryContent, declared_encoding, decode
from app.documents.faults import Fault
from app.documents.model import Block
from app.documents.readers import Parsed, Refused, Request
from app.documents.readers.archive import Archive, Element, parse_xml, resolve
from app.documents.readers.markup import blocks_of, parse_html, title_of
from app.documents.readers.paging import Pager
from app.sentences import Sentence

_XHTML = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")


@dataclass
class _Book:
    """spine: the parts that hold the chapters. titles: of a part as a whole, and of anchors in it."""

    spine: list[str]
    titles: dict[str, str] = field(default_factory=dict)


def read(data: bytes, request: Request) -> Parsed:
    """The chapters of a book. Raises Refused for one that is damaged, encrypted or has no text."""
    archive = Archive(data)
    book = _open(archive)
    pager = Pager(request.limits)
    missing: list[str] = []
    no_text = 0
    for part in book.spine:
        if part not in archive:
            missing.append(part)
            continue
        root = _parse(archive.read(part))
        if root is None:
            no_text += 1
            continue
        blocks = blocks_of(root)
        title = book.titles.get(part) or _first_heading(blocks) or title_of(root)
        if not blocks:
            continue
        pager.start_part(title)
        if title and not any(block.kind == "heading" for block in blocks):
            pager.list_part(title)
        pager.add_all(blocks)
    pages = pager.finish()
    warnings = (
        [Sentence("{count} of the chapters that the book lists are not in the file.", count=len(missing))]
        if missing
        else []
    )
    if no_text:
        warnings.append(
            Sentence("{count} of the chapters hold something else than text and are left out.", count=no_text)
        )
    return Parsed(
        len(pages), iter(pages), unit="chapter", outline=lambda: pager.outline, warnings=lambda: warnings
    )


def _open(archive: Archive) -> _Book:
    try:
        container = archive.read_xml("META-INF/container.xml")
        roots = [element.get("full-path", "") for element in container.iter("{*}rootfile")]
        package_name = next(name for name in roots if name in archive)
        package = archive.read_xml(package_name)
    except (KeyError, StopIteration) as error:
        raise Refused(Fault.BROKEN, detail=Sentence("its list of chapters is missing")) from error
    if "META-INF/encryption.xml" in archive and _is_locked(archive, package_name):
        raise Refused(Fault.ENCRYPTED)
    items = {item.get("id"): item for item in package.iter("{*}item")}
    spine = []
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and item.get("media-type", _XHTML[0]) in _XHTML:
            if "nav" in item.get("properties", "").split():
                continue  # the table of contents itself, which the outline is
            spine.append(resolve(package_name, item.get("href", "")))
    if not spine:
        raise Refused(Fault.BROKEN, detail=Sentence("its list of chapters is empty"))
    book = _Book(list(dict.fromkeys(spine)))
    for item in items.values():
        name = resolve(package_name, item.get("href", ""))
        if name not in archive:
            continue
        if "nav" in item.get("properties", "").split():
            nav = _parse(archive.read(name))
            if nav is not None:
                _take_nav(book, name, nav)
        elif item.get("media-type") == "application/x-dtbncx+xml":
            _take_ncx(book, name, parse_xml(archive.read(name), recover=True))
    return book


def _is_locked(archive: Archive, package_name: str) -> bool:
    """Whether chapters are encrypted; fonts often are, which does not matter."""
    locked = [
        element.get("URI", "")
        for element in archive.read_xml("META-INF/encryption.xml").iter("{*}CipherReference")
    ]
    return package_name in locked or any(
        name.lower().endswith((".xhtml", ".html", ".htm")) for name in locked
    )


def _take_nav(book: _Book, name: str, root: Element) -> None:
    for nav in root.iter("{*}nav", "nav"):
        kind = nav.get("{http://www.idpf.org/2007/ops}type") or nav.get("role") or "toc"
        if "toc" in kind:
            for link in nav.iter("{*}a", "a"):
                _name(book, name, link.get("href", ""), "".join(link.itertext()))


def _take_ncx(book: _Book, name: str, root: Element) -> None:
    for point in root.iter("{*}navPoint"):
        label, content = point.find("{*}navLabel"), point.find("{*}content")
        if label is not None and content is not None:
            _name(book, name, content.get("src", ""), "".join(label.itertext()))


def _name(book: _Book, base: str, target: str, title: str) -> None:
    """The first title that leads into a part is that of the part."""
    title = " ".join(title.split())
    if title:
        book.titles.setdefault(resolve(base, target), title)


def _first_heading(blocks: list[Block]) -> str:
    return next((block.text for block in blocks if block.kind == "heading"), "")


def _parse(data: bytes) -> Element | None:
    """A chapter: XHTML as it should be, or what a browser would make of it; None where it is no text."""
    try:
        return parse_xml(data)
    except Refused:
        pass
    try:
        return parse_html(decode(data, declared=declared_encoding(data)).text)
    except BinaryContent:
        return None
