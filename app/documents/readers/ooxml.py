"""What Word and PowerPoint files share: parts that point to each other, and names in one of two namespaces (the usual
and the "strict" one), which are told apart by their local names alone."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from app.documents.faults import Fault
from app.documents.readers import Refused
from app.documents.readers.archive import Archive, Element, resolve
from app.documents.readers.inline import lowered, raised
from app.sentences import Sentence


@dataclass(frozen=True)
class Relation:
    """kind: the last word of its type ("hyperlink"). target: the name of a part, or an address where it leads out."""

    kind: str
    target: str
    external: bool


def relations(archive: Archive, part: str) -> dict[str, Relation]:
    """What a part points to, by the ids that it uses."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in archive:
        return {}
    found = {}
    for element in archive.read_xml(path).iter("{*}Relationship"):
        target, external = element.get("Target", ""), element.get("TargetMode") == "External"
        kind = element.get("Type", "").rpartition("/")[2]
        found[element.get("Id", "")] = Relation(kind, target if external else resolve(part, target), external)
    return found


def main_part(archive: Archive) -> str:
    """The part that is the document itself. Raises Refused where there is none."""
    for relation in relations(archive, "").values():
        if relation.kind == "officeDocument" and relation.target in archive:
            return relation.target
    raise Refused(Fault.BROKEN, detail=Sentence("its main part is missing"))


def local(element: Element) -> str:
    """The element's name without its namespace; "" for a comment or an entity."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element | None, name: str, default: str = "") -> str:
    """The attribute of this local name, whatever its namespace."""
    if element is None:
        return default
    if name in element.attrib:
        return str(element.attrib[name])
    for key, value in element.attrib.items():
        if str(key).endswith("}" + name):
            return str(value)
    return default


def child(element: Element | None, *names: str) -> Element | None:
    """The element at the end of a path of local names; None where there is none."""
    for name in names:
        if element is None:
            return None
        element = element.find(f"{{*}}{name}")
    return element


def value(element: Element | None, *names: str) -> str:
    """The `val` of the element at the end of a path; "" where there is none."""
    return attribute(child(element, *names), "val")


def is_on(element: Element | None, *names: str) -> bool:
    """Whether a switch is there and not off: <w:vanish/> is on, <w:vanish w:val="0"/> off."""
    found = child(element, *names)
    return found is not None and attribute(found, "val", "1") not in ("0", "false", "off", "none")


def whole(text: str, default: int = 0) -> int:
    """`text` as a whole number within reason."""
    try:
        return max(-1_000_000, min(int(text), 1_000_000))
    except ValueError:
        return default


def shown_children(element: Element) -> Iterator[Element]:
    """The children, and of alternatives for older programs the first choice alone."""
    for one in element:
        if local(one) == "AlternateContent":
            chosen = one.find("{*}Choice")
            if chosen is None:
                chosen = one.find("{*}Fallback")
            if chosen is not None:
                yield from shown_children(chosen)
        else:
            yield one


def formula(element: Element) -> str:
    """A formula (oMath) on one line: fractions with a stroke, powers raised."""
    name = local(element)
    if name == "t":
        return element.text or ""
    parts = {local(one): formula(one) for one in element}
    match name:
        case "f":
            return f"{_bracketed(parts.get('num', ''))}/{_bracketed(parts.get('den', ''))}"
        case "sSup":
            return parts.get("e", "") + _power(parts.get("sup", ""), "^")
        case "sSub":
            return parts.get("e", "") + _power(parts.get("sub", ""), "_")
        case "sSubSup":
            return parts.get("e", "") + _power(parts.get("sub", ""), "_") + _power(parts.get("sup", ""), "^")
        case "rad":
            return f"{parts.get('deg', '')}√{_bracketed(parts.get('e', ''))}"
        case "nary":
            sign = attribute(element.find("{*}naryPr/{*}chr"), "val", "∫")
            return (
                sign
                + _power(parts.get("sub", ""), "_")
                + _power(parts.get("sup", ""), "^")
                + " "
                + parts.get("e", "")
            )
        case "d":
            return "(" + ", ".join(formula(one) for one in element.iterfind("{*}e")) + ")"
    return "".join(formula(one) for one in element)


def _power(text: str, sign: str) -> str:
    if not text:
        return ""
    moved = raised(text) if sign == "^" else lowered(text)
    return moved if moved != text else sign + _bracketed(text)


def _bracketed(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
