"""What comes from below the page is said in the reader's language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import app
from app.conversation.errors import ChatError
from app.sentences import Sentence
from app.ui.views import markup as m
from app.ui.words.below import BELOW, ROOMS, told
from app.ui.words.translated import speaking

APP = Path(app.__file__).parent
BELOW_THE_PAGE = ("conversation", "documents", "models", "store")
NEVER_ON_THE_PAGE = {"models/merging.py"}  # a command's
# What the page, a card or a toast shows the message of.
SHOWN = re.compile(
    r"^(Chat\w*|Settings|Unknown\w+|Unreadable\w+|Store|Model)Error$|^(ImportRefused|StoreClosed|UnknownDocument)$"
    r"|^(DownloadCancelled|PaneFailed)$"
)


def modules() -> Iterator[Path]:
    for room in BELOW_THE_PAGE:
        yield from (path for path in sorted((APP / room).rglob("*.py")))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """(what is called, the call) in a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield (
                node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""),
                node,
            )


def placeholders(template: str) -> set[tuple[str, str]]:
    """Names with their formats."""
    return {(name, form or "") for _, name, form, _ in Formatter().parse(template) if name is not None}


def said_below() -> dict[str, str]:
    """Each template that a sentence below the page is made of, with where that is."""
    found: dict[str, str] = {}
    for path in modules():
        for called, call in calls(path):
            if called != "Sentence":
                continue
            where = f"{path.relative_to(APP)}:{call.lineno}"
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
    """Where an error that the page shows is made of a text that is no sentence."""
    return [
        f"{path.name}:{call.lineno}"
        for called, call in calls(path)
        if SHOWN.match(called)
        and call.args
        and isinstance(call.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
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
        assert told(full).startswith("含 12,345 个词元的 a<b.pdf需要 1,234.50 GB 内存")


def test_what_is_not_known_stays_as_it_is() -> None:
    with speaking("de"):
        assert told("No space left on device") == "No space left on device"
        assert told(Sentence("A newer version says {this}.", this="so")) == "A newer version says so."
        of_another_version = next(template for template in BELOW if "{name}" in template)
        assert told(Sentence._made("as it was stored", of_another_version, {})) == "as it was stored"
