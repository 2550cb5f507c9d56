"""What a string in a page's content says, by its font: for the few fonts that PDFium has no Unicode for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pypdf._codecs import adobe_glyphs

_UNICODE_CMAPS = {"UTF8": "utf-8", "UTF16": "utf-16-be", "UCS2": "utf-16-be", "UTF32": "utf-32-be"}
_PAIR = re.compile(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>")
_RANGE = re.compile(
    rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<([0-9A-Fa-f\s]+)>|\[([^\]]*)\])", re.DOTALL
)
_SECTION = re.compile(rb"beginbf(char|range)(.*?)endbf", re.DOTALL)
_MOST_CODES = 70_000
_LONGEST = 64  # characters that one code may stand for


class Encoding:
    """Turns a font's codes into text. codes are of `width` bytes, or text of its own encoding where `direct`."""

    def __init__(self, font: Mapping[str, Any]) -> None:
        composite = font.get("/Subtype") == "/Type0"
        encoding = _resolved(font.get("/Encoding"))
        self.vertical = composite and str(encoding).endswith("-V")
        self.width = 2 if composite else 1
        self.direct = _direct(str(encoding)) if composite else ""
        self._texts: dict[int, str] = {}
        if isinstance(encoding, Mapping):
            self._texts = _named(_resolved(encoding.get("/Differences")) or ())
        self._widths, self._usual_width = _widths(font, composite)
        stream = _resolved(font.get("/ToUnicode"))
        if hasattr(stream, "get_data"):
            self._texts |= {
                code: text for code, text in to_unicode(stream.get_data()).items() if text.strip("\0")
            }

    def text(self, code: int) -> str:
        """ "" where it is not known."""
        return self._texts.get(code, "")

    def widths(self, data: bytes) -> list[float]:
        """How far each code of a string moves on, in sizes."""
        step = self.width
        codes = [int.from_bytes(data[at : at + step], "big") for at in range(0, len(data), step)]
        return [self._widths.get(code, self._usual_width) for code in codes]

    def texts(self, data: bytes) -> list[str]:
        """The text of each code of a string."""
        if self.direct:
            return list(data.decode(self.direct, "replace"))
        step = self.width
        codes = [int.from_bytes(data[at : at + step], "big") for at in range(0, len(data), step)]
        if self._texts or step > 1:
            return [
                self.text(code) or (chr(code) if step == 1 and 32 <= code < 127 else "") for code in codes
            ]
        return [chr(code) if 32 <= code < 127 else "" for code in codes]


def _widths(font: Mapping[str, Any], composite: bool) -> tuple[dict[int, float], float]:
    """Widths by code, in sizes, and that of all others. A composite font's are by glyph, which for the fonts that are
    looked at here is the code."""
    widths: dict[int, float] = {}
    if not composite:
        first = _resolved(font.get("/FirstChar", 0))
        for number, width in enumerate(_resolved(font.get("/Widths")) or ()):
            widths[int(first) + number] = float(_resolved(width)) / 1000
        return widths, 0.5
    below = _resolved((_resolved(font.get("/DescendantFonts")) or [{}])[0]) or {}
    entries = [_resolved(item) for item in _resolved(below.get("/W")) or ()]
    at = 0
    while at + 1 < len(entries) and len(widths) < _MOST_CODES:
        first = int(entries[at])
        if isinstance(entries[at + 1], list):
            for number, width in enumerate(entries[at + 1]):
                widths[first + number] = float(_resolved(width)) / 1000
            at += 2
        elif at + 2 < len(entries):
            last = min(int(entries[at + 1]), first + 0xFFFF)
            widths |= dict.fromkeys(range(first, last + 1), float(entries[at + 2]) / 1000)
            at += 3
        else:
            break
    return widths, float(_resolved(below.get("/DW", 1000))) / 1000


def glyph_text(name: str) -> str:
    """The letters that a glyph's name stands for, by Adobe's rules: f_i, T_h.alt, uni00660069, u1F600."""
    return "".join(map(_part_text, name.split(".", 1)[0].split("_")))


def _part_text(part: str) -> str:
    known = adobe_glyphs.get("/" + part)
    if known:
        return str(known)
    if match := re.fullmatch(r"uni((?:[0-9A-F]{4})+)", part):
        digits = match.group(1)
        return "".join(_char(digits[at : at + 4]) for at in range(0, len(digits), 4))
    if match := re.fullmatch(r"u([0-9A-F]{4,6})", part):
        return _char(match.group(1))
    return ""


def _char(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if 0x20 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else ""


def _named(differences: Any) -> dict[int, str]:
    texts = {}
    code = 0
    for item in differences:
        item = _resolved(item)
        if isinstance(item, (int, float)):
            code = int(item)
        else:
            text = glyph_text(str(item).lstrip("/"))
            if text:
                texts[code] = text
            code += 1
    return texts


def _direct(name: str) -> str:
    return next((codec for part, codec in _UNICODE_CMAPS.items() if f"-{part}-" in name), "")


def to_unicode(cmap: bytes) -> dict[int, str]:
    """The texts that a ToUnicode CMap gives to codes."""
    texts: dict[int, str] = {}
    for kind, body in _SECTION.findall(cmap):
        if kind == b"char":
            for code, text in _PAIR.findall(body):
                texts[_number(code)] = _utf16(text)
            continue
        for first, last, start, each in _RANGE.findall(body):
            low, high = _number(first), _number(last)
            if not 0 <= high - low < 0x10000 or len(texts) > _MOST_CODES:
                continue
            if start:
                base = _utf16(start)
                for step in range(high - low + 1 if base else 0):
                    code = ord(base[-1]) + step
                    texts[low + step] = base[:-1] + (chr(code) if code <= 0x10FFFF else "")
            else:
                for step, text in enumerate(re.findall(rb"<([0-9A-Fa-f\s]+)>", each)[: high - low + 1]):
                    texts[low + step] = _utf16(text)
    return texts


def _number(digits: bytes) -> int:
    return int(b"".join(digits.split()) or b"0", 16)


def _utf16(digits: bytes) -> str:
    plain = b"".join(digits.split())[: 4 * _LONGEST].decode("ascii")
    return bytes.fromhex(plain + "0" * (len(plain) % 2)).decode("utf-16-be", "ignore")


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value
