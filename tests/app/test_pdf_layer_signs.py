"""Whether a PDF may have layers is told by its bytes, so that few files need a second reader."""

from __future__ import annotations

import zlib

from app.documents.readers.pdf.layer_signs import may_have_layers


def packed(text: bytes, entries: bytes = b"/Filter /FlateDecode") -> bytes:
    data = zlib.compress(text)
    return b"7 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Length %d %s >>\nstream\n%s\nendstream\nendobj\n" % (
        len(data),
        entries,
        data,
    )


def test_layers_are_named_in_the_bytes_or_in_compressed_objects() -> None:
    assert not may_have_layers(b"%PDF-1.7 1 0 obj << /Type /Catalog >> endobj")
    assert may_have_layers(b"%PDF-1.7 1 0 obj << /Type /Catalog /OCProperties 2 0 R >> endobj")
    assert not may_have_layers(packed(b"1 0 << /Type /Catalog >>"))
    assert may_have_layers(packed(b"1 0 << /Type /Catalog >>") + packed(b"1 0 << /OCProperties 2 0 R >>"))


def test_what_cannot_be_looked_into_may_have_some() -> None:
    plain = packed(b"1 0 << /Type /Catalog >>")
    assert may_have_layers(plain + b"trailer << /Encrypt 9 0 R >>")
    assert may_have_layers(plain.replace(b"stream\n", b"stream\nxx", 1))
    assert may_have_layers(plain + b"<< /Type /ObjStm /Extends 7 0 R")
    assert may_have_layers(packed(b" " * 5_000_000))
