"""Texts of ten scripts, written by other programs, come back letter for letter."""

from __future__ import annotations

import email.policy
import html
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


def printed_by_chromium(path: Path, lines: list[str]) -> None:
    """A PDF of paragraphs, or skips."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("Chromium is not installed")
    source = path.with_suffix(".html")
    paragraphs = "".join(f"<p dir=auto>{html.escape(line)}</p>" for line in lines)
    source.write_text(
        f"<!doctype html><meta charset=utf-8><body style='font: 11pt DejaVu Sans'>{paragraphs}", "utf-8"
    )
    subprocess.run(
        [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"),
            *(f"--user-data-dir={path.parent / 'profile'}", f"--print-to-pdf={path}", str(source)),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )


def with_fonts(texts: dict[str, str]) -> list[str]:
    """The texts of the languages (ISO 639-1) that some font on this machine has letters for."""
    if shutil.which("fc-list") is None:
        pytest.skip("fontconfig is not installed, so which languages can be printed is not known")
    run = ["fc-list", "--format=%{family}"]
    return [
        text
        for language, text in texts.items()
        if subprocess.run([*run, f":lang={language}"], capture_output=True, check=True).stdout
    ]


def test_printed_by_chromium(tmp_path: Path) -> None:
    codes = ("de", "el", "ru", "he", "ar", "hi", "th", "zh-cn", "ja", "ko")
    texts = dict(zip(codes, LINES, strict=True))
    # Vowel signs, a letter that parts words without a space, ligatures of two letters, letters with two accents.
    vowels = {
        "ar": "قال: الوَقتُ مِن ذَهَبٍ، والسَّلامُ عليكم (١٢٣) في 2024.",
        "he": "כָּל הָעוֹלָם כֻּלּוֹ גֶּשֶׁר צַר מְאֹד.",
        "fa": "چاپ کتاب‌ها معمولاً طول می‌کشد.",
        "vi": "Việt Nam: đường phố, ề ế ộ ữ",
    }
    # Short lines from right to left have others between them: two of these look like one paragraph.
    vowels = {"ar": vowels["ar"], "vi": vowels["vi"], "he": vowels["he"], **texts, "fa": vowels["fa"]}
    lines = [*with_fonts(texts), *with_fonts(vowels)]
    printed_by_chromium(tmp_path / "ten.pdf", lines)
    read_lines = read(tmp_path / "ten.pdf")
    assert [line for line in lines if line not in read_lines] == []


def test_written_by_fpdf2(tmp_path: Path) -> None:
    from fpdf import FPDF

    font = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if not font.exists():
        pytest.skip("the font DejaVu Sans is not installed")
    lines = [TEXTS[language][0] for language in ("German", "Greek", "Russian")]
    document = FPDF()
    document.add_page()
    document.add_font("DejaVu", fname=str(font))
    document.set_font("DejaVu", size=11)
    for line in lines:
        document.multi_cell(0, 6, line, new_x="LMARGIN", new_y="NEXT", align="L")
        document.ln(6)
    document.output(str(tmp_path / "three.pdf"))
    assert read(tmp_path / "three.pdf") == lines
