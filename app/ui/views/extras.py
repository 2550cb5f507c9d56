"""What a document's card offers beside its reading: a better text, another encoding, text recognition, its warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.ui.views import markup as m

WARNINGS_SHOWN = 3


@dataclass(frozen=True)
class Retake:
    """A document's text on its way out of its file once more. doing: "recognising" or "reading again"."""

    doing: str
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
        take = m.button(
            "Read again",
            "take-newer",
            title=f"Read {name} again with the better text",
            document_id=document_id,
        )
        drawn.append(m.line("<span>better text available</span>", take))
    if extras.pages_to_recognise:
        drawn.append(offer(document_id, name, extras))
    return "".join(drawn)


def offer(document_id: str, name: str, extras: Extras) -> str:
    """The offer of text recognition, or where it is to be had."""
    pages = m.plural(len(extras.pages_to_recognise), "page")
    if not extras.recognition:
        return (
            f'<div class="line quiet">Text recognition could read {pages}; install it with '
            "<code>pip install ahn-chat[ocr]</code>.</div>"
        )
    button = m.button(
        "Recognise",
        "recognise",
        title=f"Recognise the text of {pages} of {name}",
        document_id=document_id,
    )
    return m.line(f"<span>no right text on {pages}</span>", button)


def _encoding(document_id: str, name: str, extras: Extras, encodings: Mapping[str, str]) -> str:
    if not extras.choosing:
        change = (
            m.button(
                "Change", "choose-encoding", title=f"Read {name} in another encoding", document_id=document_id
            )
            if extras.can_take_again and extras.retake is None
            else ""
        )
        shown = encodings.get(extras.encoding.lower(), "")
        kind = f"{shown} ({extras.encoding})" if shown else extras.encoding
        return m.line(f'<span class="name" title="{m.text(kind)}">read as {m.text(kind)}</span>', change)
    choices = "".join(
        m.button(label, "set-encoding", css="choice", document_id=document_id, encoding=encoding)
        for encoding, label in encodings.items()
    )
    keep = m.button("Keep", "keep-encoding", title="Keep the encoding as it is")
    return (
        m.line(f"<span>read as {m.text(extras.encoding)}; instead as</span>", keep)
        + f'<div class="choices" role="group" aria-label="Encoding of {m.text(name)}">{choices}</div>'
    )


def _retake(document_id: str, name: str, retake: Retake) -> str:
    pages = f"page {m.count(retake.done)} of {m.count(retake.total)}" if retake.total else ""
    cancel = m.button(
        "", "cancel-retake", css="icon-button", icon=m.ICON_CLOSE, document_id=document_id,
        title=f"Cancel: leave {name} as it is",
    )  # fmt: skip
    bar = (
        m.progress(retake.done / retake.total, label=f"{name}: {retake.doing}")
        if retake.total
        else '<div class="meter busy"><span class="fill"></span></div>'
    )
    return f"{bar}{m.line(f'<span>{m.text(retake.doing)}</span>', pages + cancel)}"


def no_longer_told(warnings: Sequence[str], pages_without_text: Sequence[int]) -> tuple[str, ...]:
    """The document's warnings less the one about missing text, where the card says that in a line of its own."""
    return tuple(
        sentence for sentence in warnings if not (pages_without_text and sentence.startswith("No text layer"))
    )
