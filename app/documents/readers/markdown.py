"""Markdown as it is meant to be seen: headings, lists, tables, code and notes, less its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.documents.model import Block
from app.documents.readers import Parsed, Request, decoded
from app.documents.readers.inline import link, list_item, picture
from app.documents.readers.markup import blocks_of, parse_html
from app.documents.readers.paging import Pager
from app.documents.readers.tables import table_blocks

if TYPE_CHECKING:
    from markdown_it.token import Token

# A picture inside the text is megabytes of letters that nobody reads; without it the parser is quick as well.
_DATA_ADDRESS = re.compile(r"data:[\w/+.;=-]{0,100}?base64,[A-Za-z0-9+/=\s%]*?(?=[)\"'>]|\s\"|$)")
_INLINE_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)[^>]*>")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def read(data: bytes, request: Request) -> Parsed:
    """The sections of a Markdown text. Raises Refused where there is no text."""
    text = decoded(data, request)
    pager = Pager(request.limits)
    pager.add_all(blocks(text.text))
    pages = pager.finish()
    return Parsed(
        len(pages), iter(pages), unit="section", encoding=text.encoding, outline=lambda: pager.outline
    )


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown text (CommonMark with tables, notes and front matter)."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin).use(front_matter_plugin)
    text = _DATA_ADDRESS.sub("#", text.replace("\0", ""))
    yield from _Walk(parser.parse(text)).run()


class _Walk:
    """The blocks of a flat list of tokens, in which each element has a token that opens it and one that closes it."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._lists: list[int | None] = []  # the number of the last item, None for a list without numbers
        self._mark = ""
        self._heading = 0
        self._note = ""
        self._rows: list[list[str]] = []
        self._in_row = False

    def run(self) -> Iterator[Block]:
        for token in self._tokens:
            match token.type:
                case "heading_open":
                    self._heading = int(token.tag[1])
                case "heading_close":
                    self._heading = 0
                case "bullet_list_open":
                    self._lists.append(None)
                case "ordered_list_open":
                    self._lists.append(int(token.attrGet("start") or 1) - 1)
                case "bullet_list_close" | "ordered_list_close":
                    self._lists.pop()
                case "list_item_open":
                    self._next_item()
                case "table_close":
                    yield from table_blocks(self._rows)
                    self._rows = []
                case "tr_open":
                    self._rows.append([])
                    self._in_row = True
                case "tr_close":
                    self._in_row = False
                case "footnote_open":
                    self._note = f"[{token.meta.get('label') or token.meta['id'] + 1}] "
                case "footnote_close":
                    self._note = ""
                case "inline":
                    yield from self._inline(_text(token.children or ()))
                case "fence" | "code_block":
                    yield Block("code", token.content.rstrip("\n"))
                case "front_matter":
                    yield Block("code", token.content)
                case "html_block":
                    yield from _html(token.content)

    def _next_item(self) -> None:
        last = self._lists[-1] if self._lists else None
        if last is not None:
            self._lists[-1] = last + 1
        self._mark = "-" if last is None else f"{last + 1}."

    def _inline(self, text: str) -> Iterator[Block]:
        if self._in_row:
            self._rows[-1].append(text)
        elif not text.strip():
            return
        elif self._heading:
            yield Block("heading", " ".join(text.split()), self._heading)
        elif self._note:
            yield Block("footnote", self._note + text)
        elif self._lists:
            level = len(self._lists)
            yield Block("list_item", list_item(text, self._mark or " ", level), level)
            self._mark = ""
        else:
            yield Block("paragraph", text)


def _text(tokens: Sequence[Token]) -> str:
    """A line of inline tokens as it is read. Links are put in when they close."""
    parts: list[str] = []
    links: list[tuple[int, str]] = []
    hidden = ""  # the tag of a script or style inside a line
    for token in tokens:
        match token.type:
            case "text" | "code_inline":
                if not hidden:
                    parts.append(token.content)
            case "softbreak":
                parts.append(" ")
            case "hardbreak":
                parts.append("\n")
            case "link_open":
                links.append((len(parts), str(token.attrGet("href") or "")))
            case "link_close" if links:
                start, address = links.pop()
                parts[start:] = [link("".join(parts[start:]), address)]
            case "image":
                parts.append(picture(_text(token.children or ())))
            case "footnote_ref":
                parts.append(f"[{token.meta.get('label') or token.meta['id'] + 1}]")
            case "html_inline":
                tag = _INLINE_TAG.match(token.content)
                name = tag[2].lower() if tag else ""
                if name == "br":
                    parts.append("\n")
                elif name == "img":
                    parts += [block.text for block in _html(token.content)]
                elif name in ("script", "style"):
                    hidden = "" if tag and tag[1] else name
    return re.sub(r"(?<! ) *\n *", "\n", "".join(parts))


def _html(text: str) -> list[Block]:
    text = _COMMENT.sub("", text)
    return blocks_of(parse_html(text)) if text.strip() else []
