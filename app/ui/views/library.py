"""The library: a frame with search and sorting that stays, and the list that is drawn anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.conversation.events import ReadPhase, ReadState
from app.ui.views import markup as m
from app.ui.views.extras import Retake, doing_words
from app.ui.words.common import COMMON
from app.ui.words.documents import DOCUMENTS
from app.ui.words.library import LIBRARY

if TYPE_CHECKING:
    from app.store import Document, DocumentUsage, Unreadable

ICON_SAVE = m.icon("M8 3v7M5 7l3 3 3-3M3 13h10")
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
    w = LIBRARY()
    options = "".join(f'<option value="{name}">{m.text(words)}</option>' for name, words in w.sort.items())
    return (
        f'<div class="library-tools"><h2>{m.text(w.heading)}</h2>'
        f'<label class="search">{m.ICON_SEARCH}<input id="library-search" type="search" data-input="search-library"'
        f' placeholder="{m.text(w.name_placeholder)}" aria-label="{m.text(w.search_label)}" autocomplete="off"></label>'
        f'<label class="sorting">{m.text(w.sorted_by)} <select id="library-sort" data-input="sort-library">'
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
    w = LIBRARY()
    drawn = "".join(_row(row, row.document.id == asking, row.document.id == renaming) for row in rows)
    if not rows:
        nothing = w.none_called if everything else w.appear_here
        drawn = f'<li class="quiet">{nothing}</li>'
    damaged = "".join(_damaged(one, one.id == asking) for one in unreadable)
    if damaged:
        damaged = f'<h3 class="sub">{m.text(w.cannot_be_read)}</h3><ul class="library-list">{damaged}</ul>'
    label = m.text(w.documents)
    return f'{disk_use(nbytes, freeing=freeing)}<ul class="library-list" aria-label="{label}">{drawn}</ul>{damaged}'


def disk_use(nbytes: Mapping[str, int], *, freeing: bool) -> str:
    """One line: what everything takes, and the way to free what can be made again."""
    w, total = LIBRARY(), m.size(sum(nbytes.values()))
    parts = " · ".join(f"{w.disk.get(kind, kind)} {m.size(count)}" for kind, count in nbytes.items())
    if freeing:
        question = w.ask_delete_readings.format(size=m.size(nbytes["readings"]))
        action = (
            f"<span>{m.text(question)}</span>"
            + m.button(w.delete_readings, "free-space", css="link danger")
            + m.button(COMMON().keep, "keep-readings")
        )
    elif nbytes["readings"]:
        action = m.button(w.free_space, "ask-free-space", css="button small", title=w.free_space_title)
    else:
        action = ""
    taken = w.on_this_disk_html.format(size=total, parts=m.text(parts))
    cancel = ' data-cancel="keep-readings"' if freeing else ""
    return f'<div class="disk-use"{cancel}><span class="num">{taken}</span>{action}</div>'


def _row(row: Row, asking: bool, renaming: bool) -> str:
    w, document = LIBRARY(), row.document
    if asking:
        return _asking(document.id, document.name, row.usage)
    name = _rename_field(document) if renaming else _open_button(document)
    facts = [
        COMMON().units[document.unit](document.page_count),
        m.size(row.usage.total),
        w.added.format(day=_day(document.added_at)),
    ]
    if document.last_used_at is not None and document.last_used_at > document.added_at:
        facts.append(w.used.format(day=_day(document.last_used_at)))
    kinds = ", ".join(
        f"{w.kind.get(kind, kind)} {m.size(count)}" for kind, count in row.usage.nbytes.items() if count
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
    w = LIBRARY()
    if row.retake is not None:
        doing = doing_words(row.retake.doing)
        if row.retake.total:
            done, total = m.count(row.retake.done), m.count(row.retake.total)
            doing = w.doing_pages.format(doing=doing, n=done, total=total)
        return f'<span class="num">{m.text(doing)}</span>'
    if row.reading is None:
        return ""
    complete = row.reading.phase is ReadPhase.DONE
    words = (
        w.in_this_chat if complete else w.in_this_chat_share.format(percent=m.percent(row.reading.fraction))
    )
    return f'<span class="num in-chat">{m.text(words)}</span>'


def _open_button(document: Document) -> str:
    title = m.text(COMMON().open_document.format(name=document.name))
    return (
        f'<button type="button" class="name open-page" data-action="open-page" data-page="1"'
        f' data-document="{m.text(document.id)}" title="{title}">{m.text(document.name)}</button>'
    )


def _rename_field(document: Document) -> str:
    return (
        '<input class="rename" data-enter="rename-document" data-escape="cancel-rename-document"'
        f' data-document-id="{m.text(document.id)}" value="{m.text(document.name)}" maxlength="255"'
        f' aria-label="{m.text(LIBRARY().new_name.format(name=document.name))}">'
    )


def _buttons(row: Row) -> str:
    w, document = LIBRARY(), row.document
    one, name = {"document_id": document.id}, document.name
    add = _text_again(row)
    if row.reading is None and document.characters:
        title = COMMON().add_to_chat.format(name=name)
        add += m.button("", "add-document", css="icon-button", icon=m.ICON_PLUS, title=title, **one)
    save = (
        _link(f"/originals/{document.id}", w.save_file.format(name=name))
        if document.nbytes is not None
        else _link(f"/texts/{document.id}", w.save_text.format(name=name))
    )
    title = w.rename.format(name=name)
    rename = m.button("", "ask-rename-document", css="icon-button", icon=m.ICON_PEN, title=title, **one)
    title = w.delete.format(name=name)
    delete = m.button("", "ask-delete-document", css="icon-button", icon=m.ICON_BIN, title=title, **one)
    return add + save + rename + delete


def _text_again(row: Row) -> str:
    """The offer to take the text out again where a better one may be had, or to end that."""
    document = row.document
    if row.retake is not None:
        return m.button(
            "", "cancel-retake", css="icon-button", icon=m.ICON_CLOSE, document_id=document.id,
            title=COMMON().leave_as_it_is.format(name=document.name),
        )  # fmt: skip
    if document.nbytes is None:
        return ""
    if document.kind == "pdf" and not document.characters:
        title = COMMON().recognise_text_of.format(name=document.name)
        return m.button(DOCUMENTS().recognise, "recognise", title=title, document_id=document.id)
    if document.can_be_read_again:
        title = LIBRARY().better_text.format(name=document.name)
        return m.button(DOCUMENTS().read_again, "take-newer", title=title, document_id=document.id)
    return ""


def _link(address: str, title: str) -> str:
    return (
        f'<a class="icon-button" href="{m.text(address)}" download aria-label="{m.text(title)}"'
        f' title="{m.text(title)}">{ICON_SAVE}</a>'
    )


def _asking(document_id: str, name: str, usage: DocumentUsage | None) -> str:
    """What deleting it would free, and which chats would be without it."""
    w = LIBRARY()
    freed = w.frees.format(size=m.size(usage.total)) if usage is not None else ""
    chats = ""
    if usage is not None and usage.chats:
        named = ", ".join(w.title.format(title=title) for _, title in usage.chats[:CHATS_NAMED])
        if len(usage.chats) > CHATS_NAMED:
            named = w.chats_and_more.format(chats=named, n=len(usage.chats) - CHATS_NAMED)
        chats = w.chats_use(len(usage.chats), chats=named)
    yes = m.button(COMMON().delete, "delete-document", css="link danger", document_id=document_id)
    no = m.button(COMMON().keep, "keep-document")
    question = m.text(w.ask_delete.format(name=name) + freed + chats)
    return (
        f'<li class="library-row asking" data-cancel="keep-document" data-document="{m.text(document_id)}">'
        f'<span class="question">{question}</span>{yes}{no}</li>'
    )


def _damaged(one: Unreadable, asking: bool) -> str:
    if asking:
        return _asking(one.id, one.name, None)
    delete = m.button(
        "", "ask-delete-document", css="icon-button", icon=m.ICON_BIN,
        title=LIBRARY().delete.format(name=one.name), document_id=one.id,
    )  # fmt: skip
    save = _link(f"/texts/{one.id}", LIBRARY().save_text.format(name=one.name))
    return (
        f'<li class="library-row" data-document="{m.text(one.id)}"><div class="library-main">{m.name(one.name)}'
        f'<div class="line error">{m.text(one.reason)}</div></div>'
        f'<div class="library-actions">{save}{delete}</div></li>'
    )


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d}"
