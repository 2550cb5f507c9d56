"""What a document's card offers beside its reading: a better text, another encoding, text recognition, its warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.installation import added_by
from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.documents import DOCUMENTS

WARNINGS_SHOWN = 3


Doing = Literal["recognising", "reading again"]


def doing_words(doing: Doing) -> str:
    """What is being done, in the words of the page."""
    return DOCUMENTS().recognising if doing == "recognising" else DOCUMENTS().reading_again


@dataclass(frozen=True)
class Retake:
    """A document's text on its way out of its file once more."""

    doing: Doing
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Extras:
    """What there is to say of one document, and to do.

    revision: of the text that this is about. newer: a better text is there, or can be had. pages_to_recognise: for
    which text recognition is offered; it can be had where `recognition` is true. choosing: the encodings are shown to
    choose from.
    """

    revision: int = 0
    encoding: str = ""
    newer: bool = False
    warnings: tuple[str, ...] = ()
    pages_to_recognise: tuple[int, ...] = ()
    recognition: bool = False
    can_take_again: bool = False
    choosing: bool = False
    retake: Retake | None = None


NOTHING = Extras()


def lines(document_id: str, name: str, extras: Extras, encodings: Mapping[str, str]) -> str:
    """The lines of a card, below how far its document is read."""
    drawn = [
        f'<div class="line warn">{m.text(sentence)}</div>' for sentence in extras.warnings[:WARNINGS_SHOWN]
    ]
    if extras.encoding:
        drawn.append(_encoding(document_id, name, extras, encodings))
    if extras.retake is not None:
        return "".join([*drawn, _retake(document_id, name, extras.retake)])
    if extras.newer:
        w = DOCUMENTS()
        title = w.read_again_title.format(name=name)
        take = m.button(w.read_again, "take-newer", title=title, document_id=document_id)
        drawn.append(m.line(f"<span>{m.text(w.better_text)}</span>", take))
    if extras.pages_to_recognise:
        drawn.append(offer(document_id, name, extras))
    return "".join(drawn)


def offer(document_id: str, name: str, extras: Extras) -> str:
    """The offer of text recognition, or where it is to be had."""
    w, pages = DOCUMENTS(), COMMON().pages(len(extras.pages_to_recognise))
    if not extras.recognition:
        told = m.text(w.recognition_missing.format(pages=pages))
        return f'<div class="line quiet">{told} <code>{m.text(added_by("ocr"))}</code></div>'
    title = w.recognise_pages_of.format(pages=pages, name=name)
    button = m.button(w.recognise, "recognise", title=title, document_id=document_id)
    return m.line(f"<span>{m.text(w.no_right_text.format(pages=pages))}</span>", button)


def _encoding(document_id: str, name: str, extras: Extras, encodings: Mapping[str, str]) -> str:
    w = DOCUMENTS()
    if not extras.choosing:
        change = (
            m.button(
                w.change,
                "choose-encoding",
                title=w.change_title.format(name=name),
                document_id=document_id,
            )
            if extras.can_take_again and extras.retake is None
            else ""
        )
        shown = encodings.get(extras.encoding.lower(), "")
        kind = f"{shown} ({extras.encoding})" if shown else extras.encoding
        words = m.text(w.read_as.format(encoding=kind))
        return m.line(f'<span class="name" title="{m.text(kind)}">{words}</span>', change)
    choices = "".join(
        m.button(label, "set-encoding", css="choice", document_id=document_id, encoding=encoding)
        for encoding, label in encodings.items()
    )
    keep = m.button(COMMON().keep, "keep-encoding", title=w.keep_encoding)
    label = m.text(w.encoding_of.format(name=name))
    return (
        m.line(f"<span>{m.text(w.read_as_instead.format(encoding=extras.encoding))}</span>", keep)
        + f'<div class="choices" data-cancel="keep-encoding" role="group" aria-label="{label}">{choices}</div>'
    )


def _retake(document_id: str, name: str, retake: Retake) -> str:
    w, doing = DOCUMENTS(), doing_words(retake.doing)
    done, total = m.count(retake.done), m.count(retake.total)
    pages = COMMON().page_of.format(n=done, total=total) if retake.total else ""
    cancel = m.button(
        "", "cancel-retake", css="icon-button", icon=m.ICON_CLOSE, document_id=document_id,
        title=COMMON().leave_as_it_is.format(name=name),
    )  # fmt: skip
    bar = (
        m.progress(retake.done / retake.total, label=w.doing_label.format(name=name, doing=doing))
        if retake.total
        else '<div class="meter busy"><span class="fill"></span></div>'
    )
    return f"{bar}{m.line(f'<span>{m.text(doing)}</span>', pages + cancel)}"


def no_longer_told(warnings: Sequence[str], pages_without_text: Sequence[int]) -> tuple[str, ...]:
    """The document's warnings less the one about missing text, where the card says that in a line of its own."""
    return tuple(
        sentence for sentence in warnings if not (pages_without_text and sentence.startswith("No text layer"))
    )
