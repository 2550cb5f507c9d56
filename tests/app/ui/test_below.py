"""What comes from below the page is said in the reader's language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

import app
from ahn_core import embedded, zoo
from ahn_core.weights.errors import NoRoomError
from app.conversation.errors import ChatError
from app.documents.faults import Fault, Limits, document_error
from app.documents.readers.pdf.health import document_warnings
from app.models.loading import no_room, why_not_loaded
from app.sentences import Sentence, from_json
from app.ui.views import markup as m
from app.ui.views import status
from app.ui.views.status import Loading
from app.ui.words.below import BELOW, ROOMS, told
from app.ui.words.translated import speaking

APP = Path(app.__file__).parent
BELOW_THE_PAGE = ("conversation", "documents", "models", "store")
EMBEDDED = Path(embedded.__file__).parent  # the core's own, whose errors keep their templates
OF_THE_CORE = "error.template"
NEVER_ON_THE_PAGE = {"models/merging.py"}  # a command's
# What the page, a card or a toast shows the message of.
SHOWN = re.compile(
    r"^(Chat\w*|Settings|Unknown\w+|Unreadable\w+|Store|Model)Error$|^(ImportRefused|StoreClosed|UnknownDocument)$"
    r"|^(Document|Helper)Error$|^(ExtractionCancelled|HelperStopped|RequestFailed|DownloadCancelled|PaneFailed)$"
)
PARTS = ("detail", "warnings", "message")  # arguments that are shown


def modules() -> Iterator[Path]:
    yield APP / "acceleration.py"
    for room in BELOW_THE_PAGE:
        yield from (path for path in sorted((APP / room).rglob("*.py")))


@cache
def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """(what is called, the call) in a module."""
    return [
        (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""), node)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]


def placeholders(template: str) -> set[tuple[str, str]]:
    """Names with their formats."""
    return {(name, form or "") for _, name, form, _ in Formatter().parse(template) if name is not None}


def said_below() -> dict[str, str]:
    """Each template that a sentence below the page is made of, with where that is."""
    found: dict[str, str] = {}
    makers = [(path, "Sentence") for path in modules()] + [
        (path, "ZooError") for path in sorted(EMBEDDED.glob("*.py"))
    ]
    for path, maker in makers:
        for called, call in calls(path):
            if called != maker or ast.unparse(call.args[0]) == OF_THE_CORE:
                continue
            where = f"{path.name}:{call.lineno}"
            template = call.args[0]
            assert isinstance(template, ast.Constant) and isinstance(template.value, str), (
                f"{where}: no literal"
            )
            given = {keyword.arg for keyword in call.keywords}
            assert None in given or given == {name for name, _ in placeholders(template.value)}, where
            found[template.value] = where
    return found


def test_every_sentence_from_below_has_a_german_and_a_chinese_form() -> None:
    found = said_below()
    assert len(found) > 140
    assert {where: template for template, where in found.items() if template not in BELOW} == {}
    assert [template for template in BELOW if template not in found] == [], "said no longer"
    assert len(BELOW) == sum(map(len, ROOMS)), "the same sentence in two rooms"


def test_other_languages_fill_in_the_same_values() -> None:
    for template, others in BELOW.items():
        for other in others:
            assert placeholders(other) == placeholders(template), other
            assert other.strip()


def bare(path: Path) -> list[str]:
    """Where an error that the page shows, or a part of one, is made of a text that is no sentence."""
    return [
        f"{path.name}:{call.lineno}"
        for called, call in calls(path)
        for part in [
            *(call.args[:1] if SHOWN.match(called) else []),
            *(keyword.value for keyword in call.keywords if keyword.arg in PARTS),
        ]
        for text in (part.elts if isinstance(part, ast.Tuple) else [part])
        if isinstance(text, ast.JoinedStr | ast.BinOp) or (isinstance(text, ast.Constant) and text.value)
    ]


def test_errors_that_the_page_shows_are_made_of_sentences() -> None:
    shown = [path for path in modules() if str(path.relative_to(APP)) not in NEVER_ON_THE_PAGE]
    assert [where for path in shown for where in bare(path)] == []


def test_an_error_made_of_a_bare_text_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "room.py"
    path.write_text(
        'raise ChatError(f"{n} is wrong")\nraise StoreError("wrong")\nraise ModelError(Sentence("fine"))\n'
    )
    assert bare(path) == ["room.py:1", "room.py:2"]


def test_a_sentence_is_told_with_its_numbers_in_the_language_that_is_spoken() -> None:
    full = Sentence(
        "{what} takes {needed:,.2f} GB of memory, and {free:,.2f} GB can be had, so nothing was read; close other "
        "programs, or {remedy} in Settings.",
        what=Sentence("{name} with its {tokens:,} tokens", name="a<b.pdf", tokens=12345),
        needed=1234.5,
        free=0.25,
        remedy=Sentence("choose a smaller window"),
    )
    assert told(full) == full
    with speaking("de"):
        assert told(str(ChatError(full))) == (
            "a<b.pdf mit seinen 12.345 Tokens braucht 1.234,50 GB Speicher, und 0,25 GB sind zu haben; nichts wurde "
            "gelesen; schließen Sie andere Programme, oder wählen Sie ein kleineres Fenster (Einstellungen)."
        )
        assert m.text(ChatError(full)).startswith("a&lt;b.pdf mit seinen 12.345 Tokens")
    with speaking("zh"):
        assert told(full).startswith("含 12,345 个词元的 a<b.pdf：需要 1,234.50 GB 内存")


def test_what_is_not_known_stays_as_it_is() -> None:
    with speaking("de"):
        assert told("No space left on device") == "No space left on device"
        assert told(Sentence("A newer version says {this}.", this="so")) == "A newer version says so."
        of_another_version = next(template for template in BELOW if "{name}" in template)
        stored = {"text": "as it was stored", "sentence": of_another_version, "values": {}}
        assert told(from_json(stored)) == "as it was stored"


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_a_document_is_told_in_german(fault: Fault) -> None:
    detail = Sentence("a PNG picture") if fault is Fault.BINARY else Sentence("its list of chapters is empty")
    told_so = str(document_error(fault, "a.pdf", Limits(), value=1_234_567, detail=detail))
    with speaking("de"):
        german = told(told_so)
    assert re.search(r"a\.pdf wurde nicht hinzugefügt: [A-Z„]|darum wurde es nicht hinzugefügt", german)
    assert not re.search(r"\b(the|and|its|of|was|picture|chapters)\b|1,234", german)


def test_a_page_warning_is_told_with_all_its_parts() -> None:
    (warning,) = document_warnings({number: ["No text layer: so"] for number in (1, 2, 3, 7)})
    assert warning.startswith("No text layer on pages 1-3, 7: they are pictures")
    with speaking("de"):
        assert told(warning) == (
            "Keine Textebene auf den Seiten 1-3, 7: Sie sind Bilder, von denen nichts gelesen wurde; eine "
            "Texterkennung (OCR) liest vielleicht, was gedruckt ist."
        )
    with speaking("zh"):
        assert told(warning).startswith("第 1-3, 7 页没有文字层：这些页是图片")


def test_a_model_that_is_too_large_and_an_error_of_others_are_told_in_german() -> None:
    error = NoRoomError(
        "7B", 30_000_000_000, "cpu", 8_000_000_000, [("int8", 7_500_000_000), ("int4", 4_100_000_000)]
    )
    assert no_room(error) == str(error)
    with speaking("de"):
        assert told(no_room(error)) == (
            "Die Gewichte von 7B brauchen in diesem Zahlenformat 30,0 GB, und auf cpu sind 8,0 GB frei; nichts wurde "
            "geladen: Als int8 (7,5 GB) oder int4 (4,1 GB) passten sie."
        )
        assert "Das Modell konnte nicht geladen werden: header too large." in status.loading_line(
            Loading(error="header too large")
        )
        offline = zoo.ZooError(
            "The embedded model ({size:.0f} MB) could not be fetched because the package index did not answer: check "
            "the network or pip's proxy settings, and start again.",
            size=1234.5,
        )
        assert "Das eingebaute Modell (1234 MB) konnte nicht" in status.loading_line(
            Loading(error=why_not_loaded(offline))
        )
        assert "konnte nicht geladen werden: MemoryError." in status.loading_line(
            Loading(error=why_not_loaded(MemoryError()))
        )
    assert ">header too large<" in status.loading_line(Loading(error="header too large"))
