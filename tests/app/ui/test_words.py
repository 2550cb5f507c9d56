"""The words of the page: all in `app/ui/words`, none in the modules that draw."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from string import Formatter

import pytest

import app.ui
import app.ui.words
from app import options
from app.paths import assets_dir
from app.ui.about import SAMPLE_QUESTIONS
from app.ui.live import LiveChannel
from app.ui.views import markup as m
from app.ui.words.common import COMMON
from app.ui.words.reader import READER
from app.ui.words.script import SCRIPT
from app.ui.words.translated import LANGUAGES, Language, Plural, Translated, choose, speaking
from tests.app.ui.desk import World

PAGE = Path(app.ui.__file__).parent
VIEWS = PAGE / "views"
MODULES = sorted([path for path in PAGE.glob("*.py") if path.stem != "theme"] + list(VIEWS.glob("*.py")))
# The product's name, a command, names of styles and of things, and the protocols of browsers.
NO_WORDS = {
    "AHN Chat",
    "No text layer",  # how a warning of a document begins, which is told in the page's words
    "reading again",
    "found current",
    "check absent",
    "check doubtful",
    "check here",
    "check elsewhere",
    "in context",
    "looked up",
    "to first token",
    "noopener noreferrer nofollow",
    "private, no-store",
    "attachment; filename*=utf-8''",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    *SAMPLE_QUESTIONS,  # in the language of the sample
    "Not for this page.",  # why a WebSocket is closed: browsers show it to nobody
}
# What these are given is read by no user of the page: styles, shapes, logs, mistakes of ours.
STYLES = {"css", "elem_classes", "icon", "encoding", "level", "policy", "form", "media_type"}
OWN_CALLS = {
    "exception",
    "error",  # of the log
    "debug",
    "icon",
    "AssertionError",
    "TypeError",
    "AttributeError",
    "compile",
    "setdefault",
}
HOLE = "\0"
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt)="(?=[A-Za-z])[^"]*')
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:]? [A-Za-z]{2,}|[A-Za-z]{3,}[.?!]$")
SINGLE = re.compile(r"^[A-Z][a-z]+$")  # of views alone: elsewhere these are names of classes


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of what a module may say: literals, with a hole where something is filled in; no docstrings."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if node in skipped:
            skipped.update(ast.iter_child_nodes(node))
            continue
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                skipped.add(first)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in OWN_CALLS:
                skipped.add(node)
                skipped.update(ast.iter_child_nodes(node))
        elif isinstance(node, ast.Assert):
            skipped.update(ast.walk(node))
        elif isinstance(node, ast.keyword) and node.arg in STYLES:
            skipped.add(node.value)
            skipped.update(ast.walk(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(part for part in node.values if isinstance(part, ast.Constant))
            yield (
                node.lineno,
                "".join(part.value if isinstance(part, ast.Constant) else HOLE for part in node.values),  # type: ignore
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def said(text: str, *, single: bool = True) -> list[str]:
    """What of a piece of HTML, or of plain text, would be read by people."""
    attributes = [found.split('="', 1)[1] for found in SPOKEN.findall(text)]
    without_tags = re.sub(r"<[^>]*>", HOLE, text)
    without_tags = re.sub(r"^[^<>]*>|<[^<>]*$", HOLE, without_tags)
    if '="' in without_tags or "--" in without_tags or "=>" in without_tags:  # of a tag, a style, a script
        without_tags = HOLE
    pieces = [piece.strip() for piece in without_tags.split(HOLE)]
    spoken = [piece for piece in pieces if SENTENCE.search(piece) or (single and SINGLE.search(piece))]
    return [piece for piece in attributes + spoken if piece not in NO_WORDS]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_of_the_page_holds_words_of_its_own(module: Path) -> None:
    found = [
        f"{module.name}:{line}: {piece!r}"
        for line, text in texts(ast.parse(module.read_text("utf-8")))
        for piece in said(text, single=module.parent == VIEWS)
    ]
    assert found == []


def test_words_of_its_own_would_be_found() -> None:
    code = (
        'def draw(n):\n    """Draw it."""\n    a = f"<p>{n} pages were read</p>"\n    b = \'<b title="Send it"\'\n'
        '    c = "Nothing was done."\n    return m.button("Send", css="icon-button faint")\n'
    )
    found = {piece for _, text in texts(ast.parse(code)) for piece in said(text)}
    assert found == {"Nothing was done.", "pages were read", "Send it", "Send"}


# ---- languages


def groups() -> Iterator[tuple[str, Translated[object]]]:
    for module in pkgutil.iter_modules(app.ui.words.__path__):
        for name, value in vars(importlib.import_module(f"app.ui.words.{module.name}")).items():
            if isinstance(value, Translated):
                yield f"{module.name}.{name}", value


def sentences(value: object, name: str) -> Iterator[tuple[str, str]]:
    """(name, sentence) of all that stands in a group: of each form of a plural, each entry of a table."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Plural):
        yield f"{name}.other", value.other
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from sentences(entry, f"{name}[{key}]")
    elif isinstance(value, tuple):
        for index, (_, entry) in enumerate(value):
            yield f"{name}[{index}]", entry
    else:
        raise TypeError(f"{name} is neither a sentence nor a table of them: {value!r}")


def of_language(group: Translated[object], language: Language) -> dict[str, str]:
    spoken = group.of(language)
    return dict(
        pair
        for entry in fields(spoken)
        for pair in sentences(getattr(spoken, entry.name), entry.name)  # type: ignore
    )


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("language", ["de", "zh"])
def test_every_language_has_every_sentence_with_the_same_placeholders(language: Language) -> None:
    compared = 0
    for name, group in groups():
        english, other = of_language(group, "en"), of_language(group, language)
        assert english.keys() == other.keys(), name
        for key, sentence in english.items():
            assert placeholders(sentence) == placeholders(other[key]), f"{name}.{key}"
            assert other[key].strip(), f"{name}.{key} is empty"
            compared += 1
    assert compared > 350


@pytest.mark.parametrize("language", ["de", "zh"])
def test_sentences_are_translated(language: Language) -> None:
    same = [
        f"{name}.{key}"
        for name, group in groups()
        for key, sentence in of_language(group, "en").items()
        if len(re.findall("[a-z]{2,}", re.sub(r"\{\w+\}|<[^>]*>", "", sentence))) > 2
        and sentence == of_language(group, language)[key]
    ]
    assert same == []


def test_singular_forms_ask_for_nothing_that_the_plural_does_not_have() -> None:
    for name, group in groups():
        for language in LANGUAGES:
            spoken = group.of(language)
            for entry in fields(spoken):  # type: ignore
                value = getattr(spoken, entry.name)
                if isinstance(value, Plural):
                    assert placeholders(value.one) | {"n"} == placeholders(value.other) | {"n"}, (
                        f"{name}.{entry.name}"
                    )


def test_a_language_is_spoken_by_who_asked_for_it_alone() -> None:
    assert COMMON().delete == "Delete" and m.count(1234567) == "1,234,567"
    with speaking("de"):
        assert COMMON().delete == "Löschen"
        assert m.size(52_428_800) == "52,4 MB" and m.count(1234567) == "1.234.567"
        assert COMMON().pages(1) == "1 Seite" and COMMON().pages(1200) == "1.200 Seiten"
        with speaking("zh"):
            assert m.duration(4000) == "1 小时 7 分钟"
    assert m.duration(130) == "2 min"


@pytest.mark.parametrize(
    ("wanted", "language"),
    [
        (["de-AT", "en"], "de"),
        (["fr", "zh-Hans-CN"], "zh"),
        (["fr"], "en"),
        ([], "en"),
        (["EN_us", "de"], "en"),
    ],
)
def test_the_first_language_that_the_page_speaks_is_chosen(wanted: list[str], language: Language) -> None:
    assert choose(wanted) == language


def test_the_command_offers_the_languages_of_the_page() -> None:
    assert options.LANGUAGES == LANGUAGES


def test_a_page_is_drawn_and_answers_in_its_language(world: World) -> None:
    tab = world.open()
    tab.language = "de"
    channel = LiveChannel(world.handlers)
    parts = channel.changes(tab)["parts"]
    assert "Dokument hinzufügen" in parts["documents"] and "Tastenkürzel" in parts["top"]
    assert "Nachschlagen" not in parts["status"] and "im Kontext" in parts["status"]
    world.act("reader-turn", by="1")
    assert [notice.sentence for notice in tab.take_notices()] == [READER.german.none_open]


def test_scripts_get_their_words_in_every_language() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted((assets_dir() / "ui").glob("*.js")))
    used = set(re.findall(r"\bwords\.(?!js\b)(\w+)", text))
    assert used == {entry.name for entry in fields(SCRIPT.english)}
