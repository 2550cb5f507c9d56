"""Ways to spoil a file. Each takes the bytes of a good one and a source of chance, and returns other bytes."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence

Mutation = Callable[[bytes, random.Random], bytes]

_EXTREMES = (b"0", b"-1", b"1", b"255", b"65536", b"2147483647", b"2147483648", b"-2147483649",
             b"18446744073709551616", b"99999999999999999999", b"1e308", b"0.00000001", b"NaN")  # fmt: skip
_BITS_OF_FORMATS = (
    b"<<", b">>", b"endobj", b"endstream", b"/Kids [2 0 R]", b"(", b")", b"<", b">", b"</", b"/>", b"<!--", b"]]>",
    b"<![CDATA[", b"<!DOCTYPE x [", b"&#0;", b"&#x110000;", b"\\bin9999999", b"{", b"}", b"{\\*", b"\\u-1?",
    b"\r\n\r\n", b"--", b'"', b"|", b"```", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"[[", b"\\",
    b"#+BEGIN_SRC", b".. include:: /etc/passwd\n", b".. raw:: html\n\n   <x>\n", b"PK\x03\x04", b"%PDF-1.7", b"=",
)  # fmt: skip
_NESTING = ((b"[", b"]"), (b"{", b"}"), (b"<<", b">>"), (b"(", b")"), (b"<b>", b"</b>"), (b"> ", b""), (b"- ", b""),
            (b"<div>", b""), (b"{\\b ", b"}"), (b"*", b"*"), (b"![", b"](x)"))  # fmt: skip
_MIB = 1024 * 1024


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    """Some bits are the other way round."""
    changed = bytearray(data)
    for _ in range(2 ** chance.randrange(7)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut_off(data: bytes, chance: random.Random) -> bytes:
    """The file ends early."""
    return data[: chance.randrange(1, len(data) + 1)]


def cut_out(data: bytes, chance: random.Random) -> bytes:
    """A stretch is missing."""
    start, end = _stretch(data, chance)
    return data[:start] + data[end:] or data[:1]


def overwrite(data: bytes, chance: random.Random) -> bytes:
    """A stretch holds noise, zeros or ones."""
    start, end = _stretch(data, chance)
    filling = chance.choice((chance.randbytes(end - start), bytes(end - start), b"\xff" * (end - start)))
    return data[:start] + filling + data[end:]


def repeat(data: bytes, chance: random.Random) -> bytes:
    """A stretch comes many times, up to some megabytes."""
    start, end = _stretch(data, chance)
    times = min(2 ** chance.randrange(1, 16), 4 * _MIB // (end - start) + 1)
    return data[:start] + data[start:end] * times + data[end:]


def swap_stretches(data: bytes, chance: random.Random) -> bytes:
    """Two stretches have changed places."""
    a, b, c, d = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def put_in(data: bytes, chance: random.Random) -> bytes:
    """Pieces of some format's grammar stand where they do not belong."""
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(data) + 1)
        data = data[:place] + chance.choice(_BITS_OF_FORMATS) + data[place:]
    return data


def change_numbers(data: bytes, chance: random.Random) -> bytes:
    """Some numbers are extreme."""
    numbers = list(re.finditer(rb"\d+", data))
    if not numbers:
        return flip_bits(data, chance)
    for found in sorted(
        chance.sample(numbers, min(len(numbers), chance.randrange(1, 5))), key=lambda m: -m.start()
    ):
        data = data[: found.start()] + chance.choice(_EXTREMES) + data[found.end() :]
    return data


def nest(data: bytes, chance: random.Random) -> bytes:
    """A bracket is opened thousands of times, and closed as often or never."""
    opening, closing = chance.choice(_NESTING)
    depth, place = 10 ** chance.randrange(2, 6), chance.randrange(len(data) + 1)
    return data[:place] + opening * depth + closing * (depth * chance.randrange(2)) + data[place:]


def long_line(data: bytes, chance: random.Random) -> bytes:
    """A line has no end."""
    letter = chance.choice(
        (b" ", b"a", b"\t", b"|", b",", b"#", b"`", b"_", b"\xc3\xa4", b"\xe2\x80\x8d", b"-")
    )
    place = chance.randrange(len(data) + 1)
    return data[:place] + letter * chance.choice((10_000, 200_000, 2_000_000)) + data[place:]


# PDF


def _streams(data: bytes) -> list[re.Match[bytes]]:
    return list(re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL))


def swap_objects(data: bytes, chance: random.Random) -> bytes:
    """Two objects have each other's numbers."""
    found = list(re.finditer(rb"(?<!\d)(\d+) 0 obj", data))
    if len(found) < 2:
        return flip_bits(data, chance)
    one, two = sorted(chance.sample(found, 2), key=lambda match: match.start())
    return data[: one.start(1)] + two[1] + data[one.end(1) : two.start(1)] + one[1] + data[two.end(1) :]


def change_references(data: bytes, chance: random.Random) -> bytes:
    """Objects refer to others, or to themselves."""
    found = list(re.finditer(rb"(\d+) 0 R", data))
    if not found:
        return flip_bits(data, chance)
    for match in sorted(
        chance.sample(found, min(len(found), chance.randrange(1, 6))), key=lambda m: -m.start()
    ):
        data = data[: match.start(1)] + b"%d" % chance.randrange(1, 12) + data[match.end(1) :]
    return data


def change_stream(data: bytes, chance: random.Random) -> bytes:
    """What a compressed stream holds is spoilt, not its compression."""
    found = _streams(data)
    if not found:
        return flip_bits(data, chance)
    match = chance.choice(found)
    try:
        plain, pack = zlib.decompress(match[1]), zlib.compress
    except zlib.error:
        plain, pack = match[1], bytes
    spoilt = pack(chance.choice(_BYTES)(plain or b" ", chance))
    return data[: match.start(1)] + spoilt + data[match.end(1) :]


def nest_streams(data: bytes, chance: random.Random) -> bytes:
    """A stream is compressed many times over, or unpacks to hundreds of megabytes."""
    found = _streams(data)
    if not found:
        return flip_bits(data, chance)
    match = chance.choice(found)
    times = chance.randrange(1, 40)
    content = bytes(chance.choice((1, 50, 400)) * _MIB) if chance.random() < 0.3 else match[1]
    for _ in range(min(times, 3) if len(content) > _MIB else times):
        content = zlib.compress(content, 1)
    filters = b"/Filter [%s] " % (b"/FlateDecode " * (times + 1))
    head = data[: match.start()]
    opening = head.rfind(b"<<")
    head = head[: opening + 2] + filters + head[opening + 2 :] if opening >= 0 else head
    return head + b"stream\n" + content + data[match.end(1) :]


# Archives


def _members(data: bytes) -> list[tuple[zipfile.ZipInfo, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info, archive.read(info)) for info in archive.infolist()]


def _packed(members: Sequence[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for info, content in members:
            archive.writestr(info, content, compress_type=info.compress_type)
    return target.getvalue()


def change_member(data: bytes, chance: random.Random) -> bytes:
    """What one part of an archive holds is spoilt, and packed properly again."""
    members = _members(data)
    place = chance.randrange(len(members))
    info, content = members[place]
    members[place] = (info, chance.choice(_BYTES)(content or b" ", chance))
    return _packed(members)


def swap_members(data: bytes, chance: random.Random) -> bytes:
    """Two parts have each other's contents, or one is missing."""
    members = _members(data)
    one, two = chance.sample(range(len(members)), 2)
    if chance.random() < 0.3:
        del members[one]
    else:
        (a, x), (b, y) = members[one], members[two]
        members[one], members[two] = (a, y), (b, x)
    return _packed(members)


def bomb(data: bytes, chance: random.Random) -> bytes:
    """A part unpacks to hundreds of megabytes, holds the archive itself, or text that a parser blows up."""
    members = _members(data)
    texts = [
        place for place, (info, _) in enumerate(members) if info.filename.endswith(("ml", "rels", "opf"))
    ]
    place = chance.choice(texts or list(range(len(members))))
    info, content = members[place]
    info.compress_type = zipfile.ZIP_DEFLATED
    kind = chance.randrange(5)
    if kind == 0:
        content = content[:200] + b" " * chance.choice((20, 300)) * _MIB
    elif kind == 1:
        content = data
    elif kind == 2:
        entities = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
        content = b'<!DOCTYPE x [<!ENTITY e0 "ha">' + entities + b"]>" + content.replace(b"<", b"&e11;<", 3)
    elif kind == 3:
        tags = re.findall(rb"<([\w:]+)[ >]", content) or [b"a"]
        tag, depth = chance.choice(tags), chance.choice((1_000, 100_000))
        content = content[: len(content) // 2] + b"<" + tag + b">" * 1 + (b"<" + tag + b">") * depth
    else:
        extra = [(zipfile.ZipInfo(f"x/{n}.xml"), b"<a/>") for n in range(chance.choice((100, 20_000)))]
        return _packed([*members, *extra])
    members[place] = (info, content)
    return _packed(members)


def _stretch(data: bytes, chance: random.Random) -> tuple[int, int]:
    length = min(len(data), 2 ** chance.randrange(1, 12))
    start = chance.randrange(len(data) - length + 1)
    return start, start + length


_BYTES: tuple[Mutation, ...] = (
    flip_bits, cut_off, cut_out, overwrite, repeat, swap_stretches, put_in, change_numbers, nest, long_line,
)  # fmt: skip
_PDF: tuple[Mutation, ...] = (swap_objects, change_references, change_stream, change_stream, nest_streams)
_ARCHIVE: tuple[Mutation, ...] = (change_member, change_member, change_member, swap_members, bomb)


def mutate(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    """Other bytes, and the names of what was done to them: one mutation, or two or three on top of each other."""
    names = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        special = _ARCHIVE if data.startswith(b"PK") else _PDF if data.startswith(b"%PDF") else ()
        chosen = chance.choice(special) if special and chance.random() < 0.6 else chance.choice(_BYTES)
        try:
            data = chosen(data, chance)
        except (
            zipfile.BadZipFile,
            zlib.error,
            ValueError,
            EOFError,
            NotImplementedError,
            RuntimeError,
            OSError,
        ):
            continue  # the one before has spoilt the archive too far
        names.append(chosen.__name__)
    return data, "+".join(names) or "nothing"
