"""Optional content: layers of a page that are switched off, and what of a page lies on them.

Which layers are off when the file is opened stands in the catalogue (ISO 32000-2, 8.11), which pypdf reads. PDFium
shows no such thing of its text, but it tells what is marked, and what is made inactive it leaves out of the text.
Nothing is parsed where no layer is off, which is nearly always.
"""

from __future__ import annotations

import ctypes
import io
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2 as pdfium
from pypdf import PdfReader
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject
from pypdfium2 import raw as pdfium_c

from app.documents.pdf_opening import parser_errors
from app.documents.readers.pdf.pdfium_strings import read_sized_string

_DEEPEST = 20  # of expressions, and of forms within forms
_LONGEST_CONTENT = (
    1_000_000  # bytes of one page, which take seconds; beyond, only the layers' names tell what is off
)
_MOST_OBJECTS = 200_000  # of one page


class HiddenLayers:
    """The layers of one document that are off. `hide` has PDFium leave out what lies on them."""

    def __init__(self, data: bytes) -> None:
        self._off: set[int] = set()  # object numbers of the groups that are off
        self._names: frozenset[str] = frozenset()
        self._reader: PdfReader | None = None
        # The catalogue may lie in a compressed stream, so that the bytes alone cannot tell that there are no layers.
        if not (b"/OCProperties" in data or b"/ObjStm" in data):
            return
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        try:
            reader = PdfReader(io.BytesIO(data))
            self._off = _groups_that_are_off(reader)
            if self._off:
                self._names = _names_only_of(self._off, reader)
                self._reader = reader
        except parser_errors():  # PDFium reads files that pypdf cannot; then every layer counts as shown
            self._off = set()

    def __bool__(self) -> bool:
        """Whether any layer is off."""
        return self._reader is not None

    @property
    def names(self) -> frozenset[str]:
        """What the layers that are off are called, less the names that a layer that is on has too."""
        return self._names

    def hidden_properties(self, index: int) -> frozenset[str]:
        """The names, in the resources of the page (from 0), of marked content that is off: "/L1" in `/OC /L1 BDC`."""
        if self._reader is None:
            return frozenset()
        try:
            return frozenset(self._off_in(_resources(self._reader.pages[index]), "/Properties"))
        except parser_errors():
            return frozenset()

    def hide(self, page: pdfium.PdfPage, index: int) -> int:
        """Have PDFium leave what is off out of the text of `page`, which is the page `index` (from 0). To be called
        before the text page is made. Returns how many objects of the page that are."""
        if self._reader is None:
            return 0
        try:
            resources = _resources(self._reader.pages[index])
            properties = self._off_in(resources, "/Properties")
            forms = self._off_in(resources, "/XObject")
            nested = self._has_nested(resources, 0)
            if not (properties or forms or nested):
                return 0
            marked, drawn = self._operations(index, properties, forms)
        except parser_errors():
            marked, drawn = [], []
        return self._hide_objects(page, marked, drawn)

    def is_hidden(self, membership: Any) -> bool:
        """Whether what belongs to this group or membership dictionary (the value of /OC) is off."""
        return _is_off(membership, self._off, 0)

    def _off_in(self, resources: DictionaryObject, kind: str) -> dict[str, bool]:
        """Names of the properties or XObjects of `resources` that are off."""
        named = _get(resources, kind)
        if not isinstance(named, DictionaryObject):
            return {}
        off = {}
        for name in named:
            value = named.raw_get(name)
            if kind == "/XObject":
                stream = value.get_object()
                value = (
                    stream.raw_get("/OC")
                    if isinstance(stream, DictionaryObject) and "/OC" in stream
                    else None
                )
            if value is not None and self.is_hidden(value):
                off[name] = True
        return off

    def _has_nested(self, resources: DictionaryObject, depth: int) -> bool:
        """Whether a form XObject has layers of its own that are off."""
        forms = _get(resources, "/XObject")
        if depth > _DEEPEST or not isinstance(forms, DictionaryObject):
            return False
        for stream in forms.values():
            stream = stream.get_object()
            inner = _get(stream, "/Resources") if isinstance(stream, DictionaryObject) else None
            if isinstance(inner, DictionaryObject) and (
                self._off_in(inner, "/Properties") or self._has_nested(inner, depth + 1)
            ):
                return True
        return False

    def _operations(
        self, index: int, properties: dict[str, bool], forms: dict[str, bool]
    ) -> tuple[list[bool], list[bool]]:
        """For each marked content of a layer, and for each form XObject drawn, in the page's order: is it off?"""
        assert self._reader is not None
        page = self._reader.pages[index]
        named = _get(_resources(page), "/XObject") or {}
        marked: list[bool] = []
        drawn: list[bool] = []
        if page.get("/Contents") is None:
            return marked, drawn
        content = ContentStream(page["/Contents"].get_object(), self._reader)
        if len(content.get_data()) > _LONGEST_CONTENT:
            return marked, drawn
        for operands, operator in content.operations:
            if operator == b"BDC" and len(operands) == 2 and operands[0] == "/OC":
                marked.append(operands[1] in properties)
            elif operator == b"Do" and operands and _is_form(named, operands[0]):
                drawn.append(operands[0] in forms)
        return marked, drawn

    def _hide_objects(self, page: pdfium.PdfPage, marked: list[bool], drawn: list[bool]) -> int:
        """Make inactive what is off: by the names of the layers, and by the order in which forms are drawn."""
        objects = [
            pdfium_c.FPDFPage_GetObject(page, place)
            for place in range(min(pdfium_c.FPDFPage_CountObjects(page), _MOST_OBJECTS))
        ]
        forms = [item for item in objects if pdfium_c.FPDFPageObj_GetType(item) == pdfium_c.FPDF_PAGEOBJ_FORM]
        off = (
            {_address(form) for form, is_off in zip(forms, drawn, strict=False) if is_off}
            if (len(forms) == len(drawn))
            else set()
        )
        # A membership dictionary has no name that PDFium tells; where all of a page are off, its marks are too.
        all_off = bool(marked) and all(marked)
        return self._hide_marked(objects, off, all_off, 0)

    def _hide_marked(self, objects: Sequence[Any], off: set[int], all_off: bool, depth: int) -> int:
        hidden = 0
        for item in objects:
            if _address(item) in off or self._marked_off(item, all_off):
                pdfium_c.FPDFPageObj_SetIsActive(item, False)
                hidden += 1
            elif depth < _DEEPEST and pdfium_c.FPDFPageObj_GetType(item) == pdfium_c.FPDF_PAGEOBJ_FORM:
                inner = [
                    pdfium_c.FPDFFormObj_GetObject(item, place)
                    for place in range(min(pdfium_c.FPDFFormObj_CountObjects(item), _MOST_OBJECTS))
                ]
                hidden += self._hide_marked(inner, off, all_off, depth + 1)
        return hidden

    def _marked_off(self, item: Any, all_off: bool) -> bool:
        for place in range(pdfium_c.FPDFPageObj_CountMarks(item)):
            mark = pdfium_c.FPDFPageObj_GetMark(item, place)
            if read_sized_string(pdfium_c.FPDFPageObjMark_GetName, mark) != "OC":
                continue
            name = read_sized_string(pdfium_c.FPDFPageObjMark_GetParamStringValue, mark, b"Name")
            if all_off or name in self._names:
                return True
        return False


def _groups_that_are_off(reader: PdfReader) -> set[int]:
    """Object numbers of the layers that a viewer does not show when it opens the file."""
    properties = _get(reader.trailer["/Root"].get_object(), "/OCProperties")
    configuration = _get(properties, "/D")
    if not isinstance(properties, DictionaryObject) or not isinstance(configuration, DictionaryObject):
        return set()
    groups = set(_numbers(properties, "/OCGs"))
    off = set(groups) if configuration.get("/BaseState") == "/OFF" else set()
    off -= set(_numbers(configuration, "/ON"))
    off |= set(_numbers(configuration, "/OFF"))
    for usage in _get(configuration, "/AS") or ():
        usage = usage.get_object()
        if not isinstance(usage, DictionaryObject) or usage.get("/Event") != "/View":
            continue
        for number in _numbers(usage, "/OCGs"):
            group = reader.get_object(number)
            view = _get(_get(group, "/Usage"), "/View")
            state = view.get("/ViewState") if isinstance(view, DictionaryObject) else None
            if "/View" in (_get(usage, "/Category") or ()) and state in ("/ON", "/OFF"):
                (off.discard if state == "/ON" else off.add)(number)
    return off


def _names_only_of(off: set[int], reader: PdfReader) -> frozenset[str]:
    groups = set(_numbers(_get(reader.trailer["/Root"].get_object(), "/OCProperties"), "/OCGs")) | off
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for number in groups:
        group = reader.get_object(number)
        if isinstance(group, DictionaryObject):
            names[number in off].add(str(group.get("/Name", "")))
    return frozenset(names[True] - names[False])


def _is_off(membership: Any, off: set[int], depth: int) -> bool:
    """A group by its number, a membership dictionary by its expression or its groups and their policy."""
    if isinstance(membership, IndirectObject) and membership.idnum in off:
        return True
    values = membership.get_object() if membership is not None else None
    if depth > _DEEPEST or not isinstance(values, DictionaryObject) or values.get("/Type") != "/OCMD":
        return False
    expression = _get(values, "/VE")
    if isinstance(expression, ArrayObject) and expression:
        return not _is_true(expression, off, depth + 1)
    if "/OCGs" not in values:
        return False
    single = values.raw_get("/OCGs")
    groups = single.get_object()
    members = list(groups) if isinstance(groups, ArrayObject) else [single]
    states = [_is_off(group, off, depth + 1) for group in members if group is not None]
    if not states:
        return False
    match values.get("/P", "/AnyOn"):
        case "/AllOn":
            return any(states)
        case "/AnyOff":
            return not any(states)
        case "/AllOff":
            return not all(states)
    return all(states)


def _is_true(expression: Any, off: set[int], depth: int) -> bool:
    """The value of a visibility expression: a group, or [/And …], [/Or …], [/Not …]."""
    values = expression.get_object()
    if depth > _DEEPEST or not isinstance(values, ArrayObject) or not values:
        return not _is_off(expression, off, depth)
    rest = (_is_true(item, off, depth + 1) for item in values[1:])
    match values[0]:
        case "/Not":
            return not next(rest, False)
        case "/Or":
            return any(rest)
    return all(rest)


def _is_form(named: Any, name: Any) -> bool:
    return name in named and named[name].get_object().get("/Subtype") == "/Form"


def _get(values: Any, key: str) -> Any:
    """The value itself where `values` is a dictionary that has it, else None."""
    if not isinstance(values, DictionaryObject) or key not in values:
        return None
    return values[key].get_object()


def _numbers(values: Any, key: str) -> Iterator[int]:
    for item in _get(values, key) or ():
        if isinstance(item, IndirectObject):
            yield item.idnum


def _resources(page: Any) -> DictionaryObject:
    """The page's resources, which it may have from a node above."""
    for _ in range(_DEEPEST):
        if isinstance(resources := _get(page, "/Resources"), DictionaryObject):
            return resources
        page = _get(page, "/Parent")
    return DictionaryObject()


def _address(item: Any) -> int:
    return ctypes.addressof(item.contents)
