"""The words of the page: all in `app/ui/words`, none in the modules that draw."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.ui

PAGE = Path(app.ui.__file__).parent
VIEWS = PAGE / "views"
MODULES = sorted([path for path in PAGE.glob("*.py") if path.stem != "theme"] + list(VIEWS.glob("*.py")))
# The product's name, a command, names of styles and of things, and the protocols of browsers.
NO_WORDS = {
    "AHN Chat",
    "pip install ahn-chat[ocr]",
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
    "Not for this page.",  # why a WebSocket is closed: browsers show it to nobody
}
# What these are given is read by no user of the page: styles, shapes, logs, mistakes of ours.
STYLES = {"css", "elem_classes", "icon", "encoding", "level", "policy", "form", "media_type"}
OWN_CALLS = {
    "exception",
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
