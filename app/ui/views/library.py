"""The library: a frame with search and sorting that stays, and the list that is drawn anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.conversation.events import ReadPhase, ReadState
from app.ui.views import markup as m
from app.ui.views.extras import Retake

if TYPE_CHECKING:
    from app.store import Document, DocumentUsage, Unreadable

ICON_SAVE = m.icon("M8 3v7M5 7l3 3 3-3M3 13h10")
SORT_NAMES = (("added", "last added"), ("name", "name"), ("used", "last used"), ("size", "size on disk"))
_KINDS = {"original": "file", "text": "text", "readings": "readings"}
CHATS_NAMED = 3


@dataclass(frozen=True)
class Row:
    """A document, what it takes, how far this chat has read it (None: it does not have it), and whether its text is
    being taken out again."""

    document: Document
    usage: DocumentUsage
    reading: ReadState | None = None
    retake: Retake | None = None


def frame() -> str:
    """What stays while the list is drawn anew."""
    options = "".join(f'<option value="{name}">{words}</option>' for name, words in SORT_NAMES)
    return (
        '<div class="library-tools"><h2>Library</h2>'
        f'<label class="search">{m.ICON_SEARCH}<input id="library-search" type="search" data-input="search-library"'
        ' placeholder="Name of a document" aria-label="Search the library by name" autocomplete="off"></label>'
        '<label class="sorting">Sorted by <select id="library-sort" data-input="sort-library">'
        f"{options}</select></label></div>"
    )


def listing(
    rows: Sequence[Row],
    unreadable: Sequence[Unreadable],
    nbytes: Mapping[str, int],
    *,
    everything: int,
    asking: str = "",
    renaming: str = "",
    freeing: bool = False,
) -> str:
    """All documents that fit the search, those that cannot be read, and what everything takes on the disk."""
    drawn = "".join(_row(row, row.document.id == asking, row.document.id == renaming) for row in rows)
    if not rows:
        nothing = "No document is called like this." if everything else "Documents appear here once added."
        drawn = f'<li class="quiet">{nothing}</li>'
    damaged = "".join(_damaged(one, one.id == asking) for one in unreadable)
    if damaged:
        damaged = f'<h3 class="sub">Cannot be read</h3><ul class="library-list">{damaged}</ul>'
    return f'{disk_use(nbytes, freeing=freeing)}<ul class="library-list" aria-label="Documents">{drawn}</ul>{damaged}'


def disk_use(nbytes: Mapping[str, int], *, freeing: bool) -> str:
    """One line: what everything takes, and the way to free what can be made again."""
    total = sum(nbytes.values())
    words = {"originals": "files", "text": "texts and chats", "readings": "readings"}
    parts = " · ".join(f"{words.get(kind, kind)} {m.size(count)}" for kind, count in nbytes.items())
    if freeing:
        action = (
            f"<span>Delete the readings of all documents ({m.size(nbytes['readings'])})? They are read again when they "
            "are next asked about.</span>"
            + m.button("Delete readings", "free-space", css="link danger")
            + m.button("Keep", "keep-readings")
        )
    elif nbytes["readings"]:
        action = m.button(
            "Free space", "ask-free-space", css="button small", title="Delete what documents were read into"
        )
    else:
        action = ""
    return f'<div class="disk-use"><span class="num"><b>{m.size(total)}</b> on this disk: {parts}</span>{action}</div>'


def _row(row: Row, asking: bool, renaming: bool) -> str:
    document = row.document
    if asking:
        return _asking(document.id, document.name, row.usage)
    name = _rename_field(document) if renaming else _open_button(document)
    facts = [
        m.plural(document.page_count, document.unit if document.unit != "lines" else "page"),
        m.size(row.usage.total),
        f"added {_day(document.added_at)}",
    ]
    if document.last_used_at is not None and document.last_used_at > document.added_at:
        facts.append(f"used {_day(document.last_used_at)}")
    kinds = ", ".join(
        f"{_KINDS.get(kind, kind)} {m.size(count)}" for kind, count in row.usage.nbytes.items() if count
    )
    line = (
        f'<div class="line facts"><span title="{m.text(kinds)}">{" · ".join(facts)}</span>{_state(row)}</div>'
    )
    return (
        f'<li class="library-row" data-document="{m.text(document.id)}"><div class="library-main">{name}{line}</div>'
        f'<div class="library-actions">{_buttons(row)}</div></li>'
    )


def _state(row: Row) -> str:
    """How far this chat has read it."""
    if row.retake is not None:
        pages = f" {row.retake.done:,} of {row.retake.total:,}" if row.retake.total else ""
        return f'<span class="num">{m.text(row.retake.doing)}{pages}</span>'
    if row.reading is None:
        return ""
    words = "read" if row.reading.phase is ReadPhase.DONE else f"read {m.percent(row.reading.fraction)}"
    return f'<span class="num in-chat">in this chat, {words}</span>'


def _open_button(document: Document) -> str:
    return (
        f'<button type="button" class="name open-page" data-action="open-page" data-page="1"'
        f' data-document="{m.text(document.id)}" title="Open {m.text(document.name)}">{m.text(document.name)}</button>'
    )


def _rename_field(document: Document) -> str:
    return (
        '<input class="rename" data-enter="rename-document" data-escape="cancel-rename-document"'
        f' data-document-id="{m.text(document.id)}" value="{m.text(document.name)}" maxlength="255"'
        f' aria-label="New name of {m.text(document.name)}">'
    )


def _buttons(row: Row) -> str:
    document = row.document
    one, name = {"document_id": document.id}, document.name
    add = _text_again(row)
    if row.reading is None and document.characters:
        add += m.button(
            "", "add-document", css="icon-button", icon=m.ICON_PLUS, title=f"Add {name} to this chat", **one
        )
    save = (
        _link(f"/originals/{document.id}", f"Save the file of {name}")
        if document.nbytes is not None
        else _link(f"/texts/{document.id}", f"Save the text of {name}")
    )
    rename = m.button(
        "", "ask-rename-document", css="icon-button", icon=m.ICON_PEN, title=f"Rename {name}", **one
    )
    delete = m.button(
        "", "ask-delete-document", css="icon-button", icon=m.ICON_BIN, title=f"Delete {name}", **one
    )
    return add + save + rename + delete


def _text_again(row: Row) -> str:
    """The offer to take the text out again where a better one may be had, or to end that."""
    document = row.document
    if row.retake is not None:
        return m.button(
            "", "cancel-retake", css="icon-button", icon=m.ICON_CLOSE, document_id=document.id,
            title=f"Cancel: leave {document.name} as it is",
        )  # fmt: skip
    if document.nbytes is None:
        return ""
    if document.kind == "pdf" and not document.characters:
        return m.button(
            "Recognise", "recognise", title=f"Recognise the text of {document.name}", document_id=document.id
        )
    if document.can_be_read_again:
        return m.button(
            "Read again",
            "take-newer",
            title=f"A better text of {document.name} may be had",
            document_id=document.id,
        )
    return ""


def _link(address: str, title: str) -> str:
    return (
        f'<a class="icon-button" href="{m.text(address)}" download aria-label="{m.text(title)}"'
        f' title="{m.text(title)}">{ICON_SAVE}</a>'
    )


def _asking(document_id: str, name: str, usage: DocumentUsage | None) -> str:
    """What deleting it would free, and which chats would be without it."""
    freed = f" That frees {m.size(usage.total)}: its file, text and readings." if usage is not None else ""
    chats = ""
    if usage is not None and usage.chats:
        named = ", ".join(f"“{title}”" for _, title in usage.chats[:CHATS_NAMED])
        more = len(usage.chats) - CHATS_NAMED
        also = f" and {more} more" if more > 0 else ""
        verb, rest = ("uses", "it keeps its") if len(usage.chats) == 1 else ("use", "they keep their")
        noun = "The chat" if len(usage.chats) == 1 else "The chats"
        chats = f" {noun} {named}{also} {verb} it; {rest} questions and answers."
    yes = m.button("Delete", "delete-document", css="link danger", document_id=document_id)
    no = m.button("Keep", "keep-document")
    return (
        f'<li class="library-row asking" data-document="{m.text(document_id)}"><span class="question">Delete '
        f"{m.text(name)}?{freed}{m.text(chats)}</span>{yes}{no}</li>"
    )


def _damaged(one: Unreadable, asking: bool) -> str:
    if asking:
        return _asking(one.id, one.name, None)
    delete = m.button(
        "", "ask-delete-document", css="icon-button", icon=m.ICON_BIN, title=f"Delete {one.name}",
        document_id=one.id,
    )  # fmt: skip
    save = _link(f"/texts/{one.id}", f"Save the text of {one.name}")
    return (
        f'<li class="library-row" data-document="{m.text(one.id)}"><div class="library-main">{m.name(one.name)}'
        f'<div class="line error">{m.text(one.reason)}</div></div>'
        f'<div class="library-actions">{save}{delete}</div></li>'
    )


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d}"
