"""RTF documents: text in the code page of each font, headings by their styles, tables, lists, links and notes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace

from app.documents.faults import Fault
from app.documents.model import BlockKind
from app.documents.readers import Parsed, Refused, Request
from app.documents.readers.inline import link, list_item, lowered, raised
from app.documents.readers.paging import Pager
from app.documents.readers.rtf_words import ASIDE, CHARSETS, CODE_PAGES, KNOWN, LETTERS, SIGNS, SKIPPED, TOKEN
from app.documents.readers.tables import table_blocks
from app.sentences import Sentence

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_ADDRESS = re.compile(r'HYPERLINK\s+"([^"]+)"')
_MAX_DEPTH = 10_000  # groups within groups


def read(data: bytes, request: Request) -> Parsed:
    """The sections of a document. Raises Refused for a damaged one."""
    pager = Pager(request.limits)
    reader = _Reader(pager)
    reader.run(data.decode("latin-1"))
    pages = pager.finish()
    return Parsed(
        len(pages), iter(pages), unit="section", outline=lambda: pager.outline, warnings=reader.warnings
    )


@dataclass(frozen=True)
class _State:
    """What a group sets and its end takes back."""

    place: str = "text"  # "text", "skip", "fonttbl", "stylesheet", "fldinst", "listtext", "atnauthor"
    encoding: str = "cp1252"
    skips: int = 1  # signs after a \u that stand for it in old programs
    hidden: bool = False
    deleted: bool = False
    raised: int = 0  # 1 above the line, -1 below
    style: int = 0
    outline: int = -1
    level: int = 0
    in_table: bool = False


@dataclass
class _Buffer:
    """Text that is being put together. kind: of the block that it becomes where it stands aside."""

    kind: BlockKind | None = None
    parts: list[str] = field(default_factory=list)


@dataclass
class _Field:
    depth: int
    code: str = ""
    start: int = -1
    buffer: _Buffer | None = None


class _Reader:
    def __init__(self, pager: Pager) -> None:
        self._pager = pager
        self._state = _State()
        self._stack: list[_State] = []
        self._code_page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        self._styles: dict[int, int] = {}  # the level of a heading by the number of its style
        self._style_name = ""
        self._bytes = bytearray()
        self._buffers = [_Buffer()]
        self._buffer_depths: list[int] = []
        self._fields: list[_Field] = []
        self._star = False
        self._to_skip = 0
        self._mark = ""
        self._notes: list[tuple[BlockKind, str]] = []
        self._note_count = self._notes_begun = 0
        self._author = ""
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._merged: list[bool] = []
        self._merges_next = False
        self._left_out = {"hidden": False, "deleted": False}

    def warnings(self) -> list[str]:
        """What was left out."""
        warnings: list[str] = []
        if self._left_out["deleted"]:
            warnings.append(
                Sentence("Text that was deleted with tracked changes is left out; what was inserted is read.")
            )
        if self._left_out["hidden"]:
            warnings.append(Sentence("Text that is formatted as hidden is left out."))
        return warnings

    def run(self, text: str) -> None:
        """Read the whole file, whose bytes are the letters of `text`."""
        place = 0
        while match := TOKEN.match(text, place):
            place = match.end()
            word, number, byte, sign, brace, letters = match.groups()
            if byte or letters:
                self._letters(bytes((int(byte, 16),)) if byte else letters.encode("latin-1"))
                continue
            self._spell()
            if brace == "{":
                self._open()
            elif brace == "}":
                self._close()
                if not self._stack:
                    break
            elif word == "bin":
                place += max(0, int(number or 0))
            elif word:
                self._word(word, int(number) if number else None)
            elif sign == "*":
                self._star = True
            elif sign is not None:
                self._sign(sign)
        self._spell()
        while self._stack:  # cut off
            self._close()
        self._end_paragraph()
        self._end_table()

    # -- groups --------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if len(self._stack) > _MAX_DEPTH:
            raise Refused(Fault.BROKEN, detail=Sentence("its groups are nested too deeply"))
        self._stack.append(self._state)
        self._star, self._to_skip = False, 0

    def _close(self) -> None:
        depth = len(self._stack)
        if self._state.place == "stylesheet" and self._style_name:
            if match := _HEADING.search(self._style_name):
                self._styles[self._state.style] = int(match[1])
            elif 0 <= self._state.outline < 9:
                self._styles[self._state.style] = self._state.outline + 1
        self._style_name = ""
        if self._fields and self._fields[-1].depth == depth:
            self._end_field()
        if self._buffer_depths and self._buffer_depths[-1] == depth:
            self._buffer_depths.pop()
            buffer = self._buffers.pop()
            text = " ".join("".join(buffer.parts).split())
            if buffer.kind == "comment" and self._author:
                text, self._author = f"{self._author}: {text}", ""
            if buffer.kind and text:
                self._notes.append((buffer.kind, text))
        if self._stack:
            self._state = self._stack.pop()
        self._to_skip = 0

    def _end_field(self) -> None:
        ended = self._fields.pop()
        address = _ADDRESS.search(ended.code)
        if address and ended.buffer is not None and ended.buffer in self._buffers:
            parts = ended.buffer.parts
            parts[ended.start :] = [link("".join(parts[ended.start :]), address[1])]

    # -- words ---------------------------------------------------------------------------------------------------

    def _word(self, word: str, number: int | None) -> None:
        star, self._star = self._star, False
        if word in SKIPPED or (star and word not in KNOWN and word not in ASIDE):
            self._set(place="skip")
            return
        if self._state.place == "skip":
            return
        if word in ASIDE:
            self._aside(word)
            return
        if word in LETTERS:
            self._say(LETTERS[word])
        elif not self._font_word(word, number) and not self._paragraph_word(word, number):
            self._other_word(word, number)

    def _aside(self, word: str) -> None:
        """A note, a comment or a running head begins; a note without a number in the text gets one."""
        if word == "footnote":
            self._notes_begun += 1
            if self._note_count < self._notes_begun:
                self._note_count = self._notes_begun
                self._say(f"[{self._note_count}]")
        self._buffers.append(_Buffer(ASIDE[word]))
        self._buffer_depths.append(len(self._stack))
        if word == "footnote":
            self._buffers[-1].parts.append(f"[{self._note_count}] ")

    def _font_word(self, word: str, number: int | None) -> bool:
        match word:
            case "ansicpg":
                self._code_page = _known(f"cp{number}", "cp1252") if number != 65001 else "utf-8"
                self._set(encoding=self._code_page)
            case "ansi" | "mac" | "pc" | "pca":
                self._code_page = CODE_PAGES[word]
                self._set(encoding=self._code_page)
            case "fonttbl" | "stylesheet" | "fldinst" | "listtext" | "atnauthor":
                self._set(place=word)
            case "pntext":
                self._set(place="listtext")
            case "f":
                self._font = number or 0
                if self._state.place != "fonttbl":
                    self._set(encoding=self._fonts.get(self._font, self._code_page))
            case "fcharset":
                if self._state.place == "fonttbl":
                    charset = number or 0
                    self._fonts[self._font] = (
                        self._code_page if charset <= 1 else CHARSETS.get(charset, self._code_page)
                    )
            case "uc":
                self._set(skips=max(0, min(number if number is not None else 1, 10)))
            case "plain":
                self._set(hidden=False, deleted=False, raised=0)
            case "v":
                self._set(hidden=number != 0)
            case "deleted":
                self._set(deleted=number != 0)
            case "super":
                self._set(raised=1 if number != 0 else 0)
            case "sub":
                self._set(raised=-1 if number != 0 else 0)
            case "nosupersub":
                self._set(raised=0)
            case _:
                return False
        return True

    def _paragraph_word(self, word: str, number: int | None) -> bool:
        match word:
            case "par" | "sect":
                if len(self._buffers) > 1:
                    self._say("\n")
                elif self._state.in_table:
                    self._say(" ")
                else:
                    self._end_paragraph()
            case "page":
                if len(self._buffers) == 1 and not self._state.in_table:
                    self._end_paragraph()
                    self._pager.start()
            case "pard":
                self._set(style=0, outline=-1, level=0, in_table=False)
            case "s":
                self._set(style=number or 0)
            case "outlinelevel":
                self._set(outline=number if number is not None else -1)
            case "ilvl":
                self._set(level=number or 0)
            case "intbl":
                self._set(in_table=True)
            case "cell":
                self._end_cell()
            case "nestcell":
                self._say(" ")
            case "trowd":
                self._merged, self._merges_next = [], False
            case "clvmrg":
                self._merges_next = True
            case "cellx":
                self._merged.append(self._merges_next)
                self._merges_next = False
            case "row":
                self._end_row()
            case _:
                return False
        return True

    def _other_word(self, word: str, number: int | None) -> None:
        match word:
            case "u" if number is not None:
                self._say(chr(number & 0xFFFF))
                self._to_skip = self._state.skips
            case "field":
                self._fields.append(_Field(len(self._stack)))
            case "fldrslt" if self._fields:
                self._fields[-1].buffer = self._buffers[-1]
                self._fields[-1].start = len(self._buffers[-1].parts)
            case "pict":
                self._say("[picture]")
                self._set(place="skip")
            case "chftn" if len(self._buffers) == 1:
                self._note_count += 1
                self._say(f"[{self._note_count}]")

    def _set(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]

    # -- letters -------------------------------------------------------------------------------------------------

    def _sign(self, sign: str) -> None:
        if self._to_skip:
            self._to_skip -= 1
        elif sign in ("\n", "\r"):
            self._paragraph_word("par", None)
        else:
            self._say(SIGNS.get(sign, ""))

    def _letters(self, data: bytes) -> None:
        """Bytes in the code page of the font, two of which may be one letter."""
        if self._to_skip:
            skipped = min(self._to_skip, len(data))
            self._to_skip -= skipped
            data = data[skipped:]
        self._bytes += data

    def _spell(self) -> None:
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self._say(data.decode(self._state.encoding, "replace"))

    def _say(self, text: str) -> None:
        state = self._state
        match state.place:
            case "skip" | "fonttbl":
                return
            case "stylesheet":
                self._style_name += text
                return
            case "fldinst":
                if self._fields:
                    self._fields[-1].code += text
                return
            case "listtext":
                self._mark += text
                return
            case "atnauthor":
                self._author += text
                return
        if state.hidden or state.deleted:
            self._left_out["hidden" if state.hidden else "deleted"] |= bool(text.strip())
            return
        if state.raised:
            text = raised(text) if state.raised > 0 else lowered(text)
        self._buffers[-1].parts.append(text)

    # -- blocks --------------------------------------------------------------------------------------------------

    def _take(self) -> str:
        text = "".join(self._buffers[0].parts)
        self._buffers[0].parts.clear()
        # Letters beyond the first 65,536 come as two halves.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _end_paragraph(self) -> None:
        text = self._take()
        mark, self._mark = self._mark.strip(), ""
        if text.strip():
            self._end_table()
            level = self._styles.get(self._state.style, 0)
            if not level and 0 <= self._state.outline < 9:
                level = self._state.outline + 1
            if level:
                self._pager.heading(f"{mark} {text}" if mark[:1].isalnum() else text, level)
            elif mark:
                mark = mark if mark[:1].isalnum() or mark[:1] == "(" else "-"
                self._pager.add(
                    "list_item", list_item(text, mark, self._state.level + 1), self._state.level + 1
                )
            else:
                self._pager.add("paragraph", text)
        self._end_notes()

    def _end_notes(self) -> None:
        if not self._rows and not self._cells:
            for kind, text in self._notes:
                self._pager.add(kind, text)
            self._notes.clear()

    def _end_cell(self) -> None:
        if len(self._buffers) == 1:
            mark, self._mark = self._mark.strip(), ""
            self._cells.append(f"{mark} {self._take()}" if mark else self._take())

    def _end_row(self) -> None:
        cells, self._cells = self._cells, []
        for column, merged in enumerate(self._merged[: len(cells)]):
            if merged and self._rows and column < len(self._rows[-1]) and not cells[column].strip():
                cells[column] = self._rows[-1][column]
        if cells:
            self._rows.append(cells)

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        if self._cells:
            rows.append(self._cells)
            self._cells = []
        if rows:
            self._pager.add_all(table_blocks(rows))
            self._end_notes()


def _known(name: str, default: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return default
