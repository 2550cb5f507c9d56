"""The parts of a zip archive, with limits on what they unpack to, and XML that can neither reach out nor blow up.

Nothing is ever written: a part's name is a key, not a path.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, TypeAlias
from urllib.parse import unquote

from lxml import etree

from app.documents.faults import Fault
from app.documents.readers import Refused
from app.sentences import Sentence

_ITS_XML = Sentence("its XML")
_MIB = 1024 * 1024
MAX_UNPACKED = 1024 * _MIB  # all parts that are read, together
_MAX_PART = 512 * _MIB
_MAX_PARTS = 100_000
_MAX_RATIO = 400  # text of one repeated row packs 200 to 1; a bomb packs 1,000 to 1
_RATIO_FROM = 8 * _MIB  # below that the ratio does no harm

Element: TypeAlias = Any  # of lxml, whose types are in a package that is not its own


class Archive:
    """A zip archive in memory. Raises Refused for one that is damaged, encrypted or unpacks to too much."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
            raise Refused(Fault.BROKEN, detail=Sentence("its list of parts cannot be read")) from error
        self._parts = {_key(info.filename): info for info in self._zip.infolist()}
        if len(self._zip.infolist()) > _MAX_PARTS:
            raise Refused(Fault.UNPACKS, detail=Sentence("{count:,} parts", count=len(self._zip.infolist())))
        self._unpacked = 0

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._parts

    def names(self) -> Iterator[str]:
        """The names of all parts, in the archive's order."""
        return iter(self._parts)

    def check_all(self) -> None:
        """Refuse the archive by what it says of itself: for a library that unpacks everything on its own."""
        for info in self._parts.values():
            self._check(info, info.file_size)
            self._unpacked += info.file_size
            if self._unpacked > MAX_UNPACKED:
                raise Refused(
                    Fault.UNPACKS, detail=Sentence("more than {size:,} MB", size=MAX_UNPACKED // _MIB)
                )
        self._unpacked = 0

    def refuse_entities(self) -> None:
        """Refuse the archive if a part that is XML declares anything: for a library whose parser would believe it."""
        for name in self._parts:
            if name.lower().endswith((".xml", ".rels", ".vml")):
                part = self.read(name)
                if any(
                    "<!DOCTYPE".encode(encoding) in part for encoding in ("ascii", "utf-16-le", "utf-16-be")
                ):
                    raise Refused(
                        Fault.BROKEN,
                        detail=Sentence(
                            "its part {part} declares entities", part=posixpath.basename(name)[:60]
                        ),
                    )
        self._unpacked = 0

    def read(self, name: str) -> bytes:
        """The bytes of a part. Raises KeyError for one that is not there."""
        info = self._parts[_key(name)]
        if info.flag_bits & 1:
            raise Refused(Fault.ENCRYPTED)
        self._check(info, info.file_size)
        room = min(_MAX_PART, MAX_UNPACKED - self._unpacked)
        try:
            with self._zip.open(info) as part:
                data = part.read(room + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
            raise Refused(
                Fault.BROKEN,
                detail=Sentence("its part {part} cannot be unpacked", part=posixpath.basename(name)[:60]),
            ) from error
        if len(data) > room:
            raise Refused(Fault.UNPACKS, detail=Sentence("more than {size:,} MB", size=room // _MIB))
        self._unpacked += len(data)
        return data

    def read_xml(self, name: str) -> Element:
        """The root of a part that is XML. Raises KeyError for one that is not there."""
        return parse_xml(self.read(name), posixpath.basename(name))

    def _check(self, info: zipfile.ZipInfo, size: int) -> None:
        if size > _MAX_PART or (size > _RATIO_FROM and size > _MAX_RATIO * max(info.compress_size, 1)):
            raise Refused(
                Fault.UNPACKS,
                detail=Sentence(
                    "{size:,} MB out of {packed:.1f} MB", size=size // _MIB, packed=info.compress_size / _MIB
                ),
            )


def parse_xml(data: bytes, what: str = _ITS_XML, *, recover: bool = False) -> Element:
    """The root element. Entities are not put in, nothing is fetched, and what is not well formed is refused (or read as
    far as it goes, with `recover`)."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(Fault.BROKEN, detail=Sentence("{part} is not well formed", part=what)) from error
    if root is None:
        raise Refused(Fault.BROKEN, detail=Sentence("{part} is not well formed", part=what))
    return root


def resolve(base: str, target: str) -> str:
    """The name of the part that `target` means where it stands in the part `base`, without its fragment."""
    target = unquote(target.partition("#")[0])
    if target.startswith("/"):
        return _key(target)
    return _key(posixpath.join(posixpath.dirname(base), target) if target else base)


def _key(name: str) -> str:
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")
