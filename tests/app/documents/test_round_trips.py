"""Texts of ten scripts, written by other programs, come back letter for letter."""

from __future__ import annotations

import email.policy
import shutil
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from app.documents import extract
from tests.app.documents.samples import TEN_SCRIPTS, TEXTS
from tests.app.documents_support import nothing_left_running  # noqa: F401  (a fixture that is always used)

LINES = [TEXTS[language][0] for language in TEN_SCRIPTS]


def read(path: Path) -> list[str]:
    """The texts of all blocks, as they stand."""
    return [block.text for page in extract(path).layout for block in page.blocks]


def by_python_docx(path: Path) -> None:
    import docx

    document = docx.Document()
    for line in LINES:
        document.add_paragraph(line)
    document.save(str(path))


def by_python_pptx(path: Path) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    presentation = Presentation()
    for line in LINES:
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        slide.shapes.add_textbox(0, 0, Inches(5), Inches(2)).text_frame.text = line
    presentation.save(str(path))


def by_mail(path: Path) -> None:
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "Ten scripts"
    message.set_content("\n\n".join(LINES))
    path.write_bytes(message.as_bytes())


@pytest.mark.parametrize(
    ("suffix", "write"), [(".docx", by_python_docx), (".pptx", by_python_pptx), (".eml", by_mail)]
)
def test_written_by_other_libraries(tmp_path: Path, suffix: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / f"ten{suffix}")
    assert set(LINES) <= set(read(tmp_path / f"ten{suffix}"))


def test_written_by_openpyxl(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for language, line in zip(TEN_SCRIPTS, LINES, strict=True):
        book.active.append([language, line])
    book.save(tmp_path / "ten.xlsx")
    rows = {row.split("\n")[0] for row in read(tmp_path / "ten.xlsx")}
    assert rows == {f"| {language} | {line} |" for language, line in zip(TEN_SCRIPTS, LINES, strict=True)}


@pytest.fixture(scope="module")
def pandoc() -> str:
    program = shutil.which("pandoc")
    if program is None:
        pytest.skip("pandoc is not installed")
    return program


@pytest.mark.parametrize("suffix", ["html", "epub", "docx", "odt", "rtf", "rst", "org", "md"])
def test_written_by_pandoc(tmp_path: Path, pandoc: str, suffix: str) -> None:
    source = "# Ten scripts\n\n" + "\n\n".join(LINES) + "\n\n| Language | Text |\n|---|---|\n"
    source += "".join(
        f"| {language} | {line[:20].strip()} |\n" for language, line in zip(TEN_SCRIPTS, LINES, strict=True)
    )
    target = tmp_path / f"ten.{suffix}"
    extra = ["--wrap=none", *{"html": ["--metadata", "title=Ten"], "md": ["--to", "gfm"]}.get(suffix, [])]
    subprocess.run(
        [pandoc, "--from", "gfm", "--standalone", *extra, "--output", str(target)],
        input=source.encode(),
        check=True,
    )
    texts = read(target)
    assert "Ten scripts" in texts
    assert [line for line in texts if line in LINES] == LINES
    rows = [
        f"| {language} | {line[:20].strip()} |" for language, line in zip(TEN_SCRIPTS, LINES, strict=True)
    ]
    assert [line for line in texts if line in rows] == rows
