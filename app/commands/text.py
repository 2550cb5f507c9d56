"""`ahn-chat text FILE`: what was understood of a document, on standard output; warnings on standard error."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.commands.actions import counted
from app.options import CommandFailed, OptionError

if TYPE_CHECKING:
    from app.documents import Extracted, Page


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat text`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat text",
        description="Print the text of a document page by page, as the model and the search get it.",
        allow_abbrev=False,
    )
    result.add_argument("file", metavar="FILE", help="the document; after --, a name may begin with a hyphen")
    result.add_argument("--pages", metavar="N-M", help="print these pages only: 7, 3-7, 3-, or 1,4,9-12")
    result.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object: pages with blocks and places, outline, warnings",
    )
    result.add_argument(
        "--encoding", default="", metavar="NAME", help="take the bytes of a text for this (default: find out)"
    )
    return result


def main(argv: Sequence[str]) -> int:
    """Print the text; returns the exit status. Raises CommandFailed or OptionError with one sentence."""
    from app.documents import DocumentError, extract

    arguments = parser().parse_args(argv)
    wanted = parse_pages(arguments.pages) if arguments.pages is not None else None
    try:
        document = extract(arguments.file, encoding=arguments.encoding, follow=True)
    except DocumentError as error:
        raise CommandFailed(str(error)) from error
    last = len(document.layout)
    if wanted is not None and all(first > last for first, _ in wanted):
        raise OptionError(
            f"--pages is {arguments.pages}, but {document.name} has {counted(last, document.unit)} only."
        )
    pages = [
        page
        for page in document.layout
        if wanted is None or any(first <= page.number <= end for first, end in wanted)
    ]
    if arguments.json:
        print(json.dumps(as_json(document, pages), ensure_ascii=False, indent=1))
    else:
        _print_pages(document, pages)
    return 0


def parse_pages(text: str) -> list[tuple[int, int]]:
    """The ranges of "3-7" or "1,4,9-" as first and last pages. Raises OptionError."""
    ranges = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:(-)\s*(\d{1,9})?)?\s*", part)
        first = int(match.group(1)) if match else 0
        last = first if match and not match.group(2) else int(match.group(3) or 10**9) if match else 0
        if not 1 <= first <= last:
            raise OptionError(
                f"--pages is {text!r}, but must be page numbers from 1 such as 7, 3-7, 3- or 1,4,9-12."
            )
        ranges.append((first, last))
    return ranges


def as_json(document: Extracted, pages: Sequence[Page]) -> dict[str, Any]:
    """What `--json` prints: `pages` of the document, and what is known of all of it. Places are in points from the top
    left corner of the page as shown."""
    return {
        "name": document.name,
        "kind": document.kind,
        "unit": document.unit,
        "encoding": document.encoding,
        "page_count": len(document.layout),
        "pages": [_page_as_json(page) for page in pages],
        "outline": [
            {"title": entry.title, "page": entry.page, "level": entry.level} for entry in document.outline
        ],
        "warnings": list(document.warnings),
    }


def _page_as_json(page: Page) -> dict[str, Any]:
    blocks = []
    for block in page.blocks:
        values: dict[str, Any] = {"kind": block.kind, "text": block.text}
        if block.level:
            values["level"] = block.level
        if block.box is not None:
            values["box"] = [round(place, 1) for place in block.box]
        if block.origin != "text":
            values["origin"] = block.origin
        if block.continues:
            values["continues"] = True
        blocks.append(values)
    return {
        "number": page.number,
        "label": page.label,
        "width": round(page.width, 1),
        "height": round(page.height, 1),
        "text": page.text,
        "blocks": blocks,
        "warnings": list(page.warnings),
    }


def _print_pages(document: Extracted, pages: Sequence[Page]) -> None:
    for warning in document.warnings:
        print(f"{document.name}: {warning}", file=sys.stderr)
    for number, page in enumerate(pages):
        print(("\n" if number else "") + _heading(document, page) + "\n")
        if page.text:
            print(page.text)
        sys.stdout.flush()  # so that warnings stand at their page on a terminal
        for warning in page.warnings:
            print(f"{document.name}, page {page.number:,}: {warning}", file=sys.stderr)


def _heading(document: Extracted, page: Page) -> str:
    """The line above a page: "— page 4 —", or with the label that is printed on it "— page iv (4) —"."""
    if document.unit == "page":
        return f"— page {page.label} ({page.number}) —" if page.label else f"— page {page.number} —"
    return f"— {page.label or f'{document.unit} {page.number}'} —"
