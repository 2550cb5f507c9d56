"""`ahn-chat eval extraction`: how well PDFs are read, against poppler's `pdftotext`, which is installed apart.

For each file: words found and words that pdftotext does not have, the order of those found, pages a second, and which
warnings came. Order: of the words that both have; better: page by page by pdftotext's plain output or by that of
`pdftotext -layout`, as the plain one reads tables column by column. `--corpus` takes the files that
`assets/evaluation/extraction.json` names out of a folder in which Debian's packages were unpacked
(`apt-get download PACKAGE; dpkg-deb -x PACKAGE.deb FOLDER`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from app import options, paths
from app.documents import DocumentError, Extracted, extract
from app.evaluation.words import Comparison, compare_pages
from app.options import CommandFailed
from app.progress import ProgressLine

_REFERENCE_SECONDS = 300


@dataclass(frozen=True)
class Manual:
    """A file of the corpus. package: of Debian; path: inside of it; language: ISO 639-1."""

    package: str
    path: str
    language: str


def parser() -> argparse.ArgumentParser:
    """The flags of `ahn-chat eval extraction`."""
    result = argparse.ArgumentParser(
        prog="ahn-chat eval extraction",
        description="Compare how PDFs are read with what poppler's pdftotext finds in them.",
        allow_abbrev=False,
    )
    result.add_argument("measure", choices=("extraction",), help=argparse.SUPPRESS)
    result.add_argument("files", nargs="*", metavar="FILE", help="PDFs")
    result.add_argument(
        "--corpus", metavar="FOLDER", help="take the listed manuals from the packages unpacked in this folder"
    )
    result.add_argument(
        "--pages",
        type=options.whole_number,
        metavar="N",
        help="also list the N pages of each file that differ most",
    )
    result.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return result


def main(argv: Sequence[str]) -> int:
    """Compare every file; returns the exit status. Raises CommandFailed with one sentence."""
    arguments = parser().parse_args(argv)
    files = [Path(file) for file in arguments.files]
    if arguments.corpus:
        files += corpus_files(Path(arguments.corpus))
    if not files:
        raise CommandFailed("No PDF was named, so there is nothing to compare: name some, or give --corpus.")
    if shutil.which("pdftotext") is None:
        raise CommandFailed(
            "The program pdftotext, which the text is compared with, is not installed: install poppler-utils."
        )
    progress = ProgressLine(sys.stderr)
    try:
        reports = [report(file, progress, arguments.pages or 0) for file in files]
    finally:
        progress.clear()
    print(json.dumps(reports, indent=1, ensure_ascii=False) if arguments.json else table(reports))
    return 0


def corpus() -> list[Manual]:
    """The manuals that are measured."""
    values = json.loads((paths.assets_dir() / "evaluation" / "extraction.json").read_text("utf-8"))
    return [Manual(**manual) for manual in values]


def corpus_files(folder: Path) -> list[Path]:
    """The corpus's files below `folder`, in which each package may have a folder of its own. Raises CommandFailed."""
    found, missing = [], []
    for manual in corpus():
        places = [folder / manual.path, folder / manual.package / manual.path]
        place = next((place for place in places if place.exists()), None)
        if place is None:
            missing.append(manual.package)
        else:
            found.append(place)
    if missing:
        packages = " ".join(dict.fromkeys(missing))
        raise CommandFailed(
            f"{len(missing)} of the listed manuals are not in {folder}, so the table would not be whole: "
            f"`apt-get download {packages}` and unpack each with `dpkg-deb -x`."
        )
    return found


def report(file: Path, progress: ProgressLine, worst: int) -> dict[str, Any]:
    """One file's figures, as JSON values; `error` alone where it cannot be read."""
    progress(f"{file.name}: reading")
    began = time.perf_counter()
    try:
        extracted = extract(file, follow=True)
    except DocumentError as error:
        return {"file": file.name, "error": str(error)}
    seconds = time.perf_counter() - began
    progress(f"{file.name}: pdftotext")
    ours = [everything(extracted, n) for n in range(len(extracted.layout))]
    pages = compare_pages(reference_pages(file), ours)
    by_rows = compare_pages(reference_pages(file, "-layout"), ours)
    total = reduce(add, pages, Comparison(0, 0, 0, 0))
    order = sorted(range(len(pages)), key=lambda n: pages[n].found - pages[n].reference - pages[n].extra)
    return {
        "file": file.name,
        "pages": len(extracted.layout),
        "seconds": round(seconds, 2),
        "pages_per_second": round(len(extracted.layout) / seconds, 1),
        "words": total.reference,
        "found": total.found / max(total.reference, 1),
        "extra": total.extra / max(total.ours, 1),
        "order": total.in_order / max(total.found, 1),
        "order_better": sum(map(_better_order, pages, by_rows)) / max(total.found, 1),
        "warnings": list(extracted.warnings),
        "page_warnings": {
            str(page.number): list(page.warnings) for page in extracted.layout if page.warnings
        },
        "worst_pages": [{"page": n + 1, **_counts(pages[n])} for n in order[:worst]],
    }


def everything(extracted: Extracted, index: int) -> str:
    """A page with its running head and foot, which pdftotext gives too."""
    return "\n\n".join(block.text for block in extracted.layout[index].blocks)


def _better_order(plain: Comparison, by_rows: Comparison) -> int:
    """Words in order by that output of pdftotext which agrees better: by columns, or line by line across the page, as
    tables are read here."""
    return max(plain.in_order, min(by_rows.in_order, plain.found))


def reference_pages(file: Path, *flags: str) -> list[str]:
    """What pdftotext finds on each page. Raises CommandFailed where it fails."""
    run = subprocess.run(
        ["pdftotext", "-enc", "UTF-8", *flags, str(file), "-"],
        capture_output=True,
        timeout=_REFERENCE_SECONDS,
        check=False,
    )
    if run.returncode:
        message = run.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CommandFailed(
            f"pdftotext could not read {file} ({message[-1] if message else run.returncode}), so there is nothing to "
            "compare it with: leave it out."
        )
    return run.stdout.decode("utf-8", "replace").split("\f")[:-1]


def table(reports: Sequence[dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [
        f"{'file':<34}{'pages':>6}{'pages/s':>9}{'words':>9}{'found':>8}{'extra':>8}{'order':>8}{'better':>8}  warnings"
    ]
    for values in reports:
        if "error" in values:
            lines.append(f"{values['file'][:33]:<34}{values['error']}")
            continue
        warnings = len(values["warnings"]) + sum(map(len, values["page_warnings"].values()))
        lines.append(
            f"{values['file'][:33]:<34}{values['pages']:>6}{values['pages_per_second']:>9.1f}{values['words']:>9,}"
            f"{values['found']:>8.1%}{values['extra']:>8.1%}{values['order']:>8.1%}"
            f"{values['order_better']:>8.1%}  {warnings or '–'}"
        )
        lines += [
            f"    page {page['page']}: {page['found']} of {page['reference']} words found, {page['extra']} extra"
            for page in values["worst_pages"]
        ]
    return "\n".join(lines)


def _counts(comparison: Comparison) -> dict[str, int]:
    return {
        "reference": comparison.reference,
        "ours": comparison.ours,
        "found": comparison.found,
        "extra": comparison.extra,
        "in_order": comparison.in_order,
    }
