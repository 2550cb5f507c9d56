"""Answers, which are Markdown from a model, as HTML that loses nothing and runs nothing.

What looks like a tag is text and shown as such. Pictures are named, not fetched. Stretches of the answer can be marked
(what a check found, where a citation stands); they are given by their offsets in the Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from app.ui.words.chat import CHAT
from app.ui.words.translated import Language, spoken

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

# Marks travel through the renderer as characters of a private plane, two a mark, and become tags afterwards.
_PLANE = 0xF0000
_MOST_MARKS = 0x7000
_PRIVATE = re.compile("[\U000f0000-\U000ffffd]")
_IN_ADDRESS = re.compile("%F3%B[0-9A-F](?:%[89AB][0-9A-F]){2}")  # the same, as they stand in a link's address
_TASK_BOX = re.compile('<input class="task-list-item-checkbox"( checked="checked")?[^>]*>')
_TAG = re.compile(r"(<[^>]*>)")


@dataclass(frozen=True)
class Mark:
    """text[start:end] gets the CSS class `css`; `after` is HTML put behind it, such as a citation's number."""

    start: int
    end: int
    css: str = ""
    title: str = ""
    after: str = ""


def to_html(markdown: str, marks: tuple[Mark, ...] = ()) -> str:
    """The HTML of an answer. Marks may overlap; each wraps the text it covers, whatever tags lie in between."""
    return _to_html(markdown, marks, spoken())


@lru_cache(maxsize=512)
def _to_html(markdown: str, marks: tuple[Mark, ...], language: Language) -> str:
    """Also by its language: boxes and pictures are named in it."""
    source = _PRIVATE.sub("\ufffd", markdown)
    drawn = _TASK_BOX.sub(_task_box, _renderer().render(_marked_source(source, marks[:_MOST_MARKS])))
    # What is wider than the page is scrolled, also by the keyboard.
    return _with_marks(drawn.replace("<pre>", '<pre tabindex="0">'), marks)


def plain(text: str) -> str:
    """Text as it was typed, with its line ends and spaces."""
    return f'<span class="typed">{escape(text, quote=True)}</span>'


def _marked_source(source: str, marks: Sequence[Mark]) -> str:
    places: list[tuple[int, int, str]] = []
    for index, mark in enumerate(marks):
        start, end = max(mark.start, 0), min(mark.end, len(source))
        if start <= end:
            places += [(start, 1, chr(_PLANE + 2 * index)), (end, 0, chr(_PLANE + 2 * index + 1))]
    pieces, last = [], 0
    for place, _, character in sorted(places):
        pieces += [source[last:place], character]
        last = place
    return "".join([*pieces, source[last:]])


def _with_marks(html: str, marks: Sequence[Mark]) -> str:
    if not marks:
        return html
    shown: list[str] = []
    active: list[Mark] = []
    for part in _TAG.split(html):
        if part.startswith("<"):
            shown.append(_IN_ADDRESS.sub("", _PRIVATE.sub("", part)))  # inside of a tag it marks nothing
            continue
        last = 0
        for found in _PRIVATE.finditer(part):
            shown.append(_wrapped(part[last : found.start()], active))
            last = found.end()
            index, closes = divmod(ord(found.group()) - _PLANE, 2)
            if not closes:
                active.append(marks[index])
            else:
                if marks[index] in active:
                    active.remove(marks[index])
                shown.append(marks[index].after)
        shown.append(_wrapped(part[last:], active))
    return "".join(shown)


def _wrapped(text: str, active: Sequence[Mark]) -> str:
    named = [mark for mark in active if mark.css]
    if not named or not text.strip():
        return text
    title = "; ".join(dict.fromkeys(mark.title for mark in named if mark.title))
    attribute = f' title="{escape(title, quote=True)}"' if title else ""
    return (
        f'<span class="{escape(" ".join(mark.css for mark in named), quote=True)}"{attribute}>{text}</span>'
    )


@cache
def _renderer() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    renderer = MarkdownIt("commonmark", {"html": False, "breaks": True, "highlight": _highlighted})
    renderer.enable(["table", "strikethrough"])
    renderer.disable("autolink")  # "Anna <anna@example.org>" would lose its brackets
    renderer.use(tasklists_plugin)
    renderer.use(
        dollarmath_plugin, renderer=_formula, double_inline=True, allow_space=False, allow_digits=False
    )
    renderer.inline.ruler.before("emphasis", "underscores", _underscores)
    renderer.add_render_rule("image", _picture)
    renderer.add_render_rule("link_open", _link)
    renderer.add_render_rule("table_open", lambda *_: '<div class="table-wrap" tabindex="0"><table>\n')
    renderer.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return renderer


def _task_box(found: re.Match[str]) -> str:
    """A box that is drawn alike in both themes, where a disabled field is not."""
    label, box = (CHAT().done, "☑") if found.group(1) else (CHAT().not_done, "☐")
    return f'<span class="task-box" role="img" aria-label="{escape(label)}">{box}</span>'


def _underscores(state: StateInline, silent: bool) -> bool:
    """Underscores are letters: a model writes `__init__` and `a_b_c` far more often than it stresses words so."""
    end = state.pos
    while end < state.posMax and state.src[end] == "_":
        end += 1
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _highlighted(code: str, language: str, attributes: str) -> str:
    """Code with its words in colours; as it is where the language is not known."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if _PRIVATE.search(code):  # a mark inside of code: colours would part its characters
        return escape(code)
    try:
        lexer = get_lexer_by_name(language) if language else None
    except ClassNotFound:
        lexer = None
    return escape(code) if lexer is None else highlight(code, lexer, HtmlFormatter(nowrap=True))


def _formula(source: str, options: dict[str, Any]) -> str:
    """A formula as MathML, which browsers draw by themselves; as it was written where it is none."""
    from latex2mathml import exceptions
    from latex2mathml.converter import convert

    # They have no base of their own; the other three are what its parser ends in on some half a formula.
    own = [
        error
        for error in vars(exceptions).values()
        if isinstance(error, type) and issubclass(error, Exception)
    ]
    mistakes: tuple[type[Exception], ...] = (*own, IndexError, KeyError, ValueError)
    display = bool(options.get("display_mode"))
    try:
        return str(convert(_PRIVATE.sub("", source), display="block" if display else "inline"))
    except mistakes:
        fence = "$$" if display else "$"
        return escape(f"{fence}{source}{fence}")


def _picture(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A picture's name and address: fetching it would tell somebody that this answer is being read."""
    token = tokens[index]
    name = renderer.renderInlineAsText(token.children or [], options, env) or CHAT().picture
    return f'<span class="picture">[{escape(name)}: {escape(str(token.attrGet("src") or ""))}]</span>'


def _link(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """Links open beside the page and do not tell where they were clicked."""
    tokens[index].attrSet("target", "_blank")
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return str(renderer.renderToken(tokens, index, options, env))
