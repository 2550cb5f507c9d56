"""Bytes to text: which encoding a text is in, and whether it is text at all. Time is linear in the input.

A byte order mark decides; then valid UTF-8, which hardly anything else is; then what the file declares; then evidence
of the language by chardet, on those lines alone that have bytes beyond ASCII.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.sentences import Sentence

# UTF-32 before UTF-16, whose mark is the beginning of UTF-32's.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Names that stand for a larger encoding wherever people use them; as browsers read them.
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
}
_LABELS = {  # that Python has no alias for
    "x-sjis": "cp932",
    "shift-jis": "cp932",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "windows-949": "cp949",
    "ks_c_5601-1987": "cp949",
    "x-gbk": "gb18030",
    "x-euc-jp": "euc_jp",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "big5-hkscs": "big5hkscs",
    "unicode": "utf-16-le",
    "iso-8859-8-i": "iso8859-8",
    "dos-862": "cp862",
}
_SHOWN = {  # what people call them, where that is not Python's name in capitals
    "cp932": "Shift JIS",
    "cp949": "EUC-KR (CP949)",
    "cp950": "Big5",
    "cp874": "Windows-874",
    "mac_roman": "Mac Roman",
    "euc_jp": "EUC-JP",
}

_SAMPLE = 100_000  # bytes that the encoding is guessed from
_NOT_TEXT = re.compile(
    rb"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f]"
)  # controls, less ESC: a screenful of colours is a log
_HOLE = re.compile(rb"\0{64,}")  # what a crash leaves in a log: blocks that were never written
_PLAIN = re.compile("[\t\n\r -~、。，]")
# A letter of ASCII beside one of another script, or beside a sign that no word has.
_FOREIGN = (
    "\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0e00-\u0e7f\u2500-\u259f¢£¤¥¦§¨¬¯±¶¸¼-¾×÷\u2200-\u22ff⌐⌠⌡₧"
)
_MIXED = re.compile(f"[A-Za-z][{_FOREIGN}]|[{_FOREIGN}][A-Za-z]")
_NOTHING = re.compile("[\ufffd\ue000-\uf8ff]")
_HIGH = re.compile(rb"[\x80-\xff]")
_UNUSUAL = re.compile("[^\0-\x7fÄÖÜäöüßàâçéèêëîïôûùœÉÀÇÊáíóúñÁÍÓÚÑ¿¡ãõåÅæøÆØìò€£§°–—‘’“”„…«»]")
_ISO_2022 = re.compile(rb"\x1b(?:\$[@ABC()]|\([IJ])")
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})|<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)


class BinaryContent(ValueError):
    """The bytes are not text."""


class UnknownEncoding(ValueError):
    """The encoding that was asked for is none. The message is its name."""


@dataclass(frozen=True)
class Decoded:
    """text: with the NULs that a log may have dropped. encoding: what the bytes were taken for where that was a guess
    or a wish, as people call it ("Windows-1251"); "" where it is certain."""

    text: str
    encoding: str = ""


def decode(data: bytes, encoding: str = "", declared: str = "") -> Decoded:
    """The text of `data`.

    encoding: what somebody chose, which is obeyed. declared: what the file says of itself, which is followed where the
    bytes allow it. Raises BinaryContent where the bytes cannot be text (controls above 1%), UnknownEncoding for a name
    that Python does not know.
    """
    if encoding:
        name = _python_name(encoding)
        if not name:
            raise UnknownEncoding(encoding)
        return Decoded(_without_nul(data.decode(name, "replace")), encoding)
    for bom, name in _BOMS:
        if data.startswith(bom):
            return Decoded(_checked(data[len(bom) :].decode(name, "replace")))
    wide = _wide(data)
    if wide:
        return Decoded(_checked(data.decode(wide, "replace")), wide.upper())
    data = _HOLE.sub(b"", data).strip(b"\0") if b"\0" in data else data
    controls = sum(1 for _ in _NOT_TEXT.finditer(data))
    if controls * 100 > len(data):
        raise BinaryContent(Sentence("binary data"))
    narrow, name = _narrow(data, declared)
    return Decoded(_without_nul(narrow), shown_name(name) if name else "")


def is_text(head: bytes) -> bool:
    """Whether a file that begins with `head` may be text: the same judgement, on its beginning."""
    if head.startswith(tuple(bom for bom, _ in _BOMS)) or _wide(head):
        return True
    head = _HOLE.sub(b"", head)
    return sum(1 for _ in _NOT_TEXT.finditer(head)) * 100 <= len(head)


def declared_encoding(data: bytes) -> str:
    """What an HTML or XML file says of itself in its first bytes; "" where it does not."""
    match = _DECLARED.search(data[:4096])
    return (match[1] or match[2]).decode("ascii").lower() if match else ""


def shown_name(name: str) -> str:
    """An encoding as people call it: "Windows-1251" for cp1251."""
    name = codecs.lookup(name).name.replace("-", "_") if name else ""
    if name in _SHOWN:
        return _SHOWN[name]
    if re.fullmatch(r"cp125\d", name):
        return f"Windows-{name[2:]}"
    if name.startswith("iso8859_"):
        return f"ISO-8859-{name[8:]}"
    return name.upper().replace("_", "-")


def _python_name(label: str) -> str:
    """Python's name of what `label` means, the larger encoding where two go by one name; "" for none."""
    label = label.strip().lower()
    shown = {shown.lower(): name for name, shown in _SHOWN.items()}
    label = shown.get(label, _LABELS.get(label, label))
    try:
        name = codecs.lookup(label).name
        "".encode(name)  # a codec that makes bytes of bytes is none for text
    except (LookupError, ValueError):
        return ""
    return _LARGER.get(name, name)


def _narrow(data: bytes, declared: str) -> tuple[str, str]:
    """The text of `data` that has no wide characters, and the encoding, "" where that is certain."""
    if _ISO_2022.search(data):
        for name in ("iso2022_jp_2004", "iso2022_jp_ext", "iso2022_kr"):
            try:
                return data.decode(name), name
            except ValueError:
                continue
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    # One bad byte in a long UTF-8 text must not turn every umlaut into two signs.
    lenient = data.decode("utf-8", "replace")
    beyond_ascii = len(lenient) - sum(map(str.isascii, lenient))
    if lenient.count("\ufffd") * 10 < beyond_ascii:
        return lenient, ""
    name = _python_name(declared) if declared else ""
    if name and _bad_share(text := data.decode(name, "replace"), data) < 0.005:
        return text, ""
    name = _guess(data)
    return data.decode(name, "replace"), name


def _guess(data: bytes) -> str:
    """The likeliest encoding of bytes that are no UTF-8, by the letters that it makes of them."""
    import chardet  # tables of a few megabytes

    sample = _sample(data)
    found = [str(one["encoding"]) for one in chardet.detect_all(sample, max_bytes=2 * _SAMPLE)]
    candidates = [name for label in found if (name := _python_name(label)) and not name.startswith("utf")]
    if "cp1252" not in candidates:
        candidates.append("cp1252")
    western = sample.decode("cp1252", "replace")
    if len(sample) < 16 and len(_HIGH.findall(sample)) < 4 and not _UNUSUAL.search(western):
        return "cp1252"  # too little to go by, and the commonest has a meaning for it
    # The first with few impossible words: "Größe" may be one, "Gr÷▀e" is none.
    oddities = {name: _oddities(sample.decode(name, "replace")) for name in candidates}
    name = next(
        (name for name in candidates if oddities[name] <= 0.1),
        min(candidates, key=lambda name: oddities[name]),
    )
    if sample.decode(name, "replace") == western:
        name = "cp1252"  # the same letters by the name that people know
    if name == "cp1252" and any(byte in data for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")):
        return "latin-1"  # which gives these a meaning, although none that anybody sees
    return name


def _sample(data: bytes) -> bytes:
    """The beginnings of the lines that have bytes beyond ASCII, with what stands before those."""
    sample = bytearray()
    place = 0
    while len(sample) < _SAMPLE and (match := _HIGH.search(data, place)):
        first = max(place, match.start() - 200)
        start = max(first, data.rfind(b"\n", first, match.start()) + 1)
        end = data.find(b"\n", match.end(), match.end() + 2_000)
        place = end + 1 if end >= 0 else match.end() + 2_000
        sample += data[start:place]
    return bytes(sample)


def _oddities(text: str) -> float:
    """Of the letters beyond ASCII, how many show that the text was taken for the wrong encoding."""
    beyond = len(text) - sum(map(str.isascii, text))
    return (text.count("\ufffd") + sum(1 for _ in _MIXED.finditer(text))) / max(beyond, 1)


def _bad_share(text: str, data: bytes) -> float:
    """How many of the bytes beyond ASCII became nothing, or letters that nobody has given a meaning."""
    return sum(1 for _ in _NOTHING.finditer(text)) / max(sum(1 for _ in _HIGH.finditer(data)), 1)


def _wide(data: bytes) -> str:
    """UTF-16 or UTF-32 without a byte order mark: "utf-16-le" and so on, "" for neither.

    Two or four bytes a character put NULs at one place of each: those of every line end and space, and of all letters
    in Latin.
    """
    nuls = data.count(0)
    if not nuls:
        return ""
    head = data[: _SAMPLE - _SAMPLE % 4]
    whole = head[: len(head) - len(head) % 4]
    if len(whole) >= 4 and len(data) % 4 == 0:
        for name, place in (("utf-32-le", 3), ("utf-32-be", 0)):
            if not any(whole[place::4]) and _decodes(whole, name):
                return name
    without = head.replace(b"\0", b"")
    if nuls * 20 < len(data) and _is_utf8(without) and len(_NOT_TEXT.findall(without)) * 100 <= len(without):
        return ""  # a log that was cut, not two bytes a character
    whole = head[: len(head) - len(head) % 2]
    shares = {name: _plain_share(whole.decode(name, "replace")) for name in ("utf-16-le", "utf-16-be")}
    name, other = sorted(shares, key=lambda name: shares[name], reverse=True)
    return name if shares[name] > max(0.004, 2 * shares[other]) and _decodes(whole, name) else ""


def _plain_share(text: str) -> float:
    """How much of `text` is spaces, line ends, ASCII and the full stops of Chinese and Japanese."""
    return len(_PLAIN.findall(text)) / max(len(text), 1)


def _decodes(data: bytes, name: str) -> bool:
    """Whether these are wide characters that people write, and few others."""
    try:
        text = codecs.getincrementaldecoder(name)("strict").decode(data)
    except UnicodeDecodeError:
        return False
    # Controls, private use and the rows of rare scripts: what comes of bytes that are something else.
    odd = sum(
        1 for c in text if c < " " and c not in "\t\n\r\f" or "\ue000" <= c <= "\uf8ff" or c == "\ufffe"
    )
    return odd * 50 < len(text)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _checked(text: str) -> str:
    controls = sum(text.count(chr(code)) for code in range(1, 32) if chr(code) not in "\t\n\r\f\b\x1b")
    if (controls + text.count("\0")) * 100 > len(text):
        raise BinaryContent(Sentence("binary data"))
    return _without_nul(text)


def _without_nul(text: str) -> str:
    return text.replace("\0", "")


def names() -> Iterator[str]:
    """The encodings that a person may choose from, the likeliest first."""
    yield "UTF-8"
    yield "UTF-16"
    for name in [
        "cp1252",
        "cp1250",
        "cp1251",
        "cp1253",
        "cp1254",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "cp874",
        "iso8859-2",
        "iso8859-5",
        "iso8859-7",
        "iso8859-15",
        "koi8-r",
        "koi8-u",
        "cp437",
        "cp850",
        "cp852",
        "cp866",
        "mac_roman",
        "mac_cyrillic",
        "cp932",
        "euc_jp",
        "iso2022_jp",
        "gb18030",
        "cp950",
        "cp949",
    ]:
        yield shown_name(name)
